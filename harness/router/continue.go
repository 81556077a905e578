package router

import (
	"bytes"
	"regexp"
	"strings"

	"brownout/mocks/wire"
	"brownout/plan"
)

// joint is where a stream that broke is joined with another provider's: by
// prefill, where that model goes on with a partial answer, or by splice, where
// it is asked again and what was delivered is skipped word by word.
type joint struct {
	mode      string // plan.ContinueAuto and so on
	delivered []byte // so far
	tokens    int    // of it, as far as known
	prompt    int    // tokens of the prompt, as the first provider said; 0: it did not
	count     int    // joins made
	by        string // who went on, as "provider/model", in their order
}

// leastPrefill is the length in bytes below which a delivered text is asked
// for again rather than handed over: too short to tell a continuation from an
// answer that begins anew, and cheap to make again.
const leastPrefill = 24

// resume goes on with a broken stream on another provider. It returns the
// failure for the client where that cannot be.
func (c *call) resume(u *upstream, t *told, fail *wire.Failure) (*reply, *wire.Failure) {
	set := &c.r.set
	if c.gone() || c.left() <= leastBudget || !set.failover || !set.has("continuation") ||
		len(t.calls) > 0 || c.join != nil && c.join.count >= set.Continuation.Most {
		return nil, c.torn(u, fail)
	}
	if c.join == nil {
		c.join = &joint{mode: set.Continuation.Mode, prompt: u.usage.Prompt}
	}
	j := c.join
	j.count++
	j.delivered = t.text
	if u.made.onward != nil && u.made.onward.anew == nil {
		j.tokens += u.tokens
	} else {
		j.tokens = u.tokens
	}
	if how := conductFor(fail.Kind); !how.again || c.others(u.by) > 0 {
		u.by.spent = true
	}
	if j.mode == plan.ContinuePrefill {
		c.onlyPartial()
	}
	before := len(c.causes) + 1
	c.causes = append(c.causes, cause{u.by.backend, fail})
	rep, _ := c.forward()
	if rep == nil {
		f := c.torn(u, fail)
		for _, v := range c.causes[before:] {
			f.Message += "; to go on: " + v.String()
		}
		return nil, f
	}
	how := plan.ContinueSplice
	if rep.made.prefill {
		how = plan.ContinuePrefill
	}
	j.wentOn(rep.by)
	c.r.tell(Decision{What: Continued, Provider: rep.by.Name, Marker: c.marker, Detail: "by " + how + ", after " + u.by.Name + ": " + fail.Error()})
	return rep, nil
}

// onlyPartial leaves only those who go on with a partial answer.
func (c *call) onlyPartial() {
	for i := range c.cands {
		if v := &c.cands[i]; !takesPartial(v) {
			v.spent = true
		}
	}
}

// wentOn notes who went on.
func (j *joint) wentOn(by *candidate) {
	if j.by != "" {
		j.by += ", "
	}
	j.by += by.Name + "/" + by.model
}

// blank is the white space between words.
const blank = " \n\t"

// hand gives the delivered text to a model that goes on with it, but for one
// that is torn where nobody may go on: it ends within what must not be shown.
func (j *joint) hand(a *attempt, req *wire.Request, torn bool) {
	a.prefill = !torn && j.mode != plan.ContinueSplice && len(j.delivered) >= leastPrefill && takesPartial(a.cand)
	if !a.prefill {
		return
	}
	// Anthropic refuses a partial answer that ends in white space, and others
	// go on from it less well.
	begun, turns := req.Prefill(), req.Messages
	if begun != "" {
		turns = turns[:len(turns)-1]
	}
	partial := wire.Message{Role: "assistant", Text: strings.TrimRight(begun+string(j.delivered), blank)}
	req.Messages = append(turns[:len(turns):len(turns)], partial)
	if req.MaxTokens > 0 {
		req.MaxTokens = max(1, req.MaxTokens-j.tokens)
	}
}

// flow lets through only what was not delivered yet.
func (j *joint) flow(a *attempt) flow {
	if !a.prefill {
		return &repeat{due: j.delivered}
	}
	trimmed := bytes.TrimRight(j.delivered, blank)
	a.onward = &onward{due: j.delivered, space: j.delivered[len(trimmed):]}
	return a.onward
}

// usage is that of the whole answer, as it was delivered, and of nothing that
// was said in vain: the client pays for one prompt and each word once. Who
// said all of it anew has counted that; to what went on by prefill belongs what
// was delivered before. The prompt of who was handed that had it in it. j is
// nil where there was no join.
func (j *joint) usage(u *upstream) wire.Usage {
	v := u.usage
	if j == nil || u.made.onward == nil {
		return v
	}
	if u.made.onward.anew == nil {
		v.Completion += j.tokens
	}
	v.Prompt = max(0, v.Prompt-j.tokens)
	if j.prompt > 0 {
		v.Prompt = j.prompt
	}
	return v
}

// repeat is a splice: it swallows an answer as long as it says what was
// delivered, byte by byte, and fails where it says something else.
type repeat struct{ due []byte }

func (r *repeat) text(s string) (string, *wire.Failure) {
	n := min(len(s), len(r.due))
	if string(r.due[:n]) != s[:n] {
		return "", &wire.Failure{Kind: kindMismatch, Message: "the new answer does not repeat what was delivered"}
	}
	r.due = r.due[n:]
	return s[n:], nil
}

func (r *repeat) end(wire.Finish) (string, *wire.Failure) {
	// White space at the end may have led to what was refused behind it.
	if len(bytes.TrimRight(r.due, blank)) > 0 {
		return "", &wire.Failure{Kind: kindMismatch, Message: "the new answer is shorter than what was delivered"}
	}
	return "", nil
}

// onward passes on what a model says that was handed the delivered text, and
// becomes a splice where the model begins anew all the same.
type onward struct {
	due   []byte // what was delivered
	space []byte // the white space at its end, which was not handed over
	held  []byte // said so far, as long as it may be the beginning
	known bool   // it is decided
	anew  *repeat
}

func (o *onward) text(s string) (string, *wire.Failure) {
	switch {
	case o.anew != nil:
		return o.anew.text(s)
	case o.known:
		return s, nil
	}
	o.held = append(o.held, s...)
	n := min(len(o.held), leastPrefill)
	if bytes.Equal(o.held[:n], o.due[:n]) {
		if n < leastPrefill {
			return "", nil
		}
		o.known, o.anew = true, &repeat{due: o.due}
		return o.anew.text(string(o.held))
	}
	return o.release(), nil
}

// release passes on what was held, without white space that was delivered.
func (o *onward) release() string {
	o.known = true
	return string(bytes.TrimPrefix(o.held, o.space))
}

func (o *onward) end(f wire.Finish) (string, *wire.Failure) {
	switch {
	case o.anew != nil:
		return o.anew.end(f)
	case o.known:
		return "", nil
	}
	return o.release(), nil
}

// refusesPrefill matches the Claude models that take no partial answer: from
// 4.6 on. Source: Anthropic's documentation of prefill, 2026.
var refusesPrefill = regexp.MustCompile(`claude-[a-z]+-(4-[6-9]|[5-9])`)

// takesPartial tells whether a candidate goes on with a partial answer. OpenAI and
// Gemini take one for a turn of the conversation and may begin anew.
func takesPartial(v *candidate) bool {
	if v.whole {
		return false
	}
	switch v.Dialect {
	case "vllm", "llamacpp", "mistral", "deepseek", "ollama":
		return true
	case "anthropic":
		return !refusesPrefill.MatchString(v.model)
	case "bedrock":
		return strings.Contains(v.model, "claude") && !refusesPrefill.MatchString(v.model)
	}
	return false
}
