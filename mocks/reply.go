package mocks

import (
	"slices"
	"strings"

	"brownout/mocks/answer"
	"brownout/mocks/wire"
)

// reply is what one answer says, token by token: the text of a marker, in JSON
// mode with the rest of an object around it, or calls of functions.
type reply struct {
	gen    answer.Gen
	token  int    // of gen, said next
	skip   int    // bytes of it that the prompt's prefill has said already
	cut    int    // bytes of the last token that a stop sequence takes away
	end    int    // of gen's tokens, the first that is not said
	before string // said before gen's tokens, as a token of its own; "" once said
	after  string // said behind them likewise
	calls  *toolCalls
	tokens int    // said in all
	buf    []byte // in which next puts tokens together
	finish wire.Finish

	stopped string // the stop sequence that ends it, or ""
}

// compose decides what is answered: calls of functions where toolsToCall says
// so, else the text of the marker in the length that the prompt asks for, from
// where a prefill ends, up to the first stop sequence; at most as many tokens
// as the request allows, or the model's own limit.
func (c *call) compose() *reply {
	limit := c.model.MaxOutput
	if m := c.req.MaxTokens; m > 0 && (limit == 0 || m < limit) {
		limit = m
	}
	t := c.met.Tamper
	if tools := c.toolsToCall(); len(tools) > 0 && !t.silences() {
		r := &reply{calls: c.newToolCalls(tools), finish: wire.FinishToolCalls}
		r.tokens = r.calls.tokens()
		if limit > 0 && r.tokens > limit {
			r.tokens, r.finish = limit, wire.FinishLength
		}
		return r
	}
	marker, words, prefill := c.obs.Marker, askedWords(c.req.LastUser()), c.req.Prefill()
	whom, _ := answer.FindAddress(c.req.LastUser())
	r := &reply{gen: answer.NewGen(marker, words).To(whom), finish: wire.FinishStop}
	r.end = r.gen.Tokens()
	if c.req.JSON {
		r.before, r.after = jsonAround(c.req.Schema, marker)
		prefill = r.resumeJSON(prefill)
	}
	offset := 0
	if prefill != "" {
		// What is no beginning of the answer is ignored, and the answer given whole.
		offset, _ = r.gen.Continue(prefill)
		r.token, r.skip = r.gen.At(offset)
	}
	if t != nil {
		r.tamper(t, c.req.JSON)
	}
	if len(c.req.Stop) > 0 {
		r.stopAt(offset, c.req.Stop)
	}
	if limit > 0 {
		r.limit(limit)
	}
	if t.silences() {
		r.silence(t)
	}
	r.tokens = r.count()
	return r
}

// tamper makes the reply say what a fault has it say, within the object in JSON
// mode.
func (r *reply) tamper(t *Tamper, object bool) {
	if t.Swap {
		r.gen = r.gen.Otherwise()
	}
	if object && r.after != "" {
		r.before, r.after = r.before+insideString(t.Before), insideString(t.After)+r.after
		return
	}
	r.before, r.after = t.Before+r.before, r.after+t.After
}

// silences tells whether an answer does not say what it has to say.
func (t *Tamper) silences() bool {
	return t != nil && (t.Empty || t.Refusal || t.Instead != "")
}

// silence has the reply end early, or say nothing at all, or something else.
func (r *reply) silence(t *Tamper) {
	said := 0
	if t.Refusal {
		r.finish, r.stopped = wire.FinishContentFilter, ""
		said = int(float64(r.count()) * min(1, max(0, t.RefusalAt)))
	} else {
		r.finish, r.stopped = wire.FinishStop, ""
	}
	if t.Refusal && said == r.count() {
		return
	}
	r.after, r.cut = "", 0
	if r.before != "" && said > 0 {
		said--
	} else {
		r.before = ""
	}
	r.end = min(r.end, r.token+said)
	if !t.Refusal {
		r.before = t.Instead
	}
}

// count is how many tokens the reply still has to say.
func (r *reply) count() int { return count(r.before) + r.end - r.token + count(r.after) }

// count is how many tokens before or after are.
func count(s string) int {
	if s == "" {
		return 0
	}
	return 1
}

// stopAt ends the reply before the first of the stop sequences. It needs the
// whole text, so it costs memory where somebody asks for it.
func (r *reply) stopAt(offset int, stops []string) {
	text := r.before + string(r.gen.AppendFrom(nil, offset)) + r.after
	at := len(text)
	for _, s := range stops {
		if i := strings.Index(text[:at], s); i >= 0 && s != "" {
			at, r.stopped = i, s
		}
	}
	if at == len(text) {
		return
	}
	if at < len(r.before) {
		r.before, r.after, r.end = r.before[:at], "", r.token
		return
	}
	if behind := len(text) - len(r.after); at >= behind {
		r.after = r.after[:at-behind]
		return
	}
	at -= len(r.before)
	r.after = ""
	token, within := r.gen.At(offset + at)
	r.end = token
	if within > 0 && at > 0 {
		r.end, r.cut = token+1, len(r.gen.Token(token))-within
	}
}

// limit ends the reply after so many tokens, if it is longer.
func (r *reply) limit(most int) {
	room := most - count(r.before)
	switch texts := r.end - r.token; {
	case texts > room:
		r.end, r.cut, r.after = r.token+room, 0, ""
	case texts == room && r.after != "":
		r.after = ""
	default:
		return
	}
	r.finish = wire.FinishLength
}

// next says n more tokens of a text. One whole word costs no allocation.
func (r *reply) next(n int) string {
	if n == 1 && r.skip == 0 && r.before == "" && r.token < r.end-1 {
		r.token++
		return r.gen.Token(r.token - 1)
	}
	b := slices.Grow(r.buf[:0], 6*n+2*answer.MaxID+len(r.before)+len(r.after))
	if r.before != "" && n > 0 {
		b = append(b, r.before...)
		r.before = ""
		n--
	}
	if texts := min(n, r.end-r.token); texts > 0 {
		start := len(b)
		b = r.gen.AppendTokens(b, r.token, r.token+texts)
		b = append(b[:start], b[start+r.skip:]...)
		r.token, r.skip = r.token+texts, 0
		if r.token == r.end {
			b = b[:len(b)-r.cut]
		}
		n -= texts
	}
	if n > 0 {
		b = append(b, r.after...)
	}
	r.buf = b
	return string(b)
}

// whole says all of a text.
func (r *reply) whole() string {
	if r.tokens == 0 {
		return ""
	}
	return r.next(r.tokens)
}

// say writes the tokens from and up to, but not with, to into a stream.
func (r *reply) say(out wire.StreamWriter, from, to int) error {
	if r.calls == nil {
		return out.Text(r.next(to - from))
	}
	return r.calls.say(out, from, to)
}
