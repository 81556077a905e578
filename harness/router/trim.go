package router

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"brownout/mocks/wire"
	"brownout/plan"
)

// mostTrims bounds how often one request is trimmed: each time more goes.
const mostTrims = 3

// trims tells whether prompts may be trimmed at all.
func (c *call) trims() bool {
	set := &c.r.set
	return set.has("context_fallback") && set.ContextFallback.Trim != plan.TrimOff && c.embed == nil
}

// roomFor turns a request whose prompt was too long for one model to somebody
// with room for it, or trims it, by what the settings prefer. It returns false
// where neither can be.
func (c *call) roomFor(a *attempt) bool {
	if c.r.set.ContextFallback.Prefer == plan.PreferTrim && c.trim(a) {
		return true
	}
	return c.longer(a) || c.trim(a)
}

// trim leaves turns of the conversation out until the rest fits into the
// context of the model that has refused it, which is asked again then.
func (c *call) trim(a *attempt) bool {
	if !c.trims() || c.join != nil || c.cuts >= mostTrims {
		return false
	}
	limit, asked := sizesIn(a.fail) // what the provider says outweighs what a catalogue says of it
	if limit == 0 && !c.fits(a.cand.info.Context) {
		limit = a.cand.info.Context
	}
	now := tokensOf(a.req.Messages)
	room := float64(now) * trimUnknown // of an unknown context it is known that less fits
	if limit > 0 {
		room = float64(c.room(limit))
		if prompt := asked - max(a.req.MaxTokens, 1); prompt > limit/4 {
			room *= float64(now) / float64(prompt) // as this provider counts
		}
		for range c.cuts { // it counts more than it says
			room *= trimUnknown
		}
	}
	if !c.cutTo(int(room * trimMargin)) {
		return false
	}
	a.cand.spent = false
	c.r.tell(Decision{What: Trimmed, Provider: a.cand.Name, Marker: c.marker, Detail: fmt.Sprintf("%d of %d turns are left out, the %s first, after %s", c.trimmed, len(c.req.Messages), c.r.set.ContextFallback.Trim, a.veil.conceal(a.fail.Error()))})
	return true
}

// fits tells whether the prompt as it is should fit into a context, so that the
// catalogue that says so is wrong.
func (c *call) fits(context int) bool { return tokensOf(c.req.Messages) < c.room(context) }

// sizesIn are the size of the context and of the prompt with its answer, in
// tokens, in a provider's words: every dialect's refusal names both, and the
// second is the larger one. 0: not told.
func sizesIn(f *wire.Failure) (limit, asked int) {
	if f.LimitValue > 0 {
		return f.LimitValue, f.Asked
	}
	const least = 64 // what is smaller is a part of something else
	for _, m := range plainNumber.FindAllStringSubmatch(f.Message, -1) {
		n, err := strconv.Atoi(strings.ReplaceAll(m[1], ",", ""))
		if err != nil || n < least {
			continue
		}
		if limit == 0 || n < limit {
			limit = n
		}
		asked = max(asked, n)
	}
	if limit == asked { // which of them it is, is not told
		return 0, 0
	}
	return limit, asked
}

// plainNumber is a whole number that is no part of a name.
var plainNumber = regexp.MustCompile(`(?:^|[\s(=:>])(\d{2,9}|\d{1,3}(?:,\d{3})+)(?:[\s).,;]|$)`)

const (
	trimMargin  = 0.97 // tokens are estimates
	trimUnknown = 0.7
)

// room is how many tokens of a context are left for the prompt.
func (c *call) room(limit int) int {
	answer := c.req.MaxTokens
	if answer == 0 {
		answer = min(limit/4, 1024)
	}
	return limit - answer
}

// trimAhead trims a prompt that is sure not to fit into the context of anybody
// who may be asked, or of the first where trimming is preferred: nobody has to
// refuse it first.
func (c *call) trimAhead() {
	if !c.trims() {
		return
	}
	best := 0
	for i := range c.cands {
		info := c.cands[i].info
		if !c.tooLong(info) {
			return
		}
		if best = max(best, info.Context); c.r.set.ContextFallback.Prefer == plan.PreferTrim {
			break
		}
	}
	if best > 0 && c.cutTo(int(float64(c.room(best))*trimMargin)) {
		c.r.tell(Decision{What: Trimmed, Marker: c.marker, Detail: fmt.Sprintf("%d of %d turns are left out, the %s first: the longest context has %d tokens", c.trimmed, len(c.req.Messages), c.r.set.ContextFallback.Trim, best)})
	}
}

// cutTo leaves turns out until so many tokens are left; false where that cannot
// be. It begins from the client's own conversation each time.
func (c *call) cutTo(room int) bool {
	kept := cut(c.req.Messages, c.r.set.ContextFallback.Trim, room)
	if kept == nil {
		return false
	}
	c.kept, c.trimmed = kept, len(c.req.Messages)-len(kept)
	c.cuts++
	return true
}

// cut is a conversation without as many turns as it takes to come down to so
// many tokens; nil where that cannot be. System prompts stay, and so do the last
// question and what was said since, but for calls of functions whose results
// have been followed by further calls. A call goes with its results, and a
// question with its answer. With plan.TrimMiddle the first question stays too.
func cut(turns []wire.Message, how string, room int) []wire.Message {
	units := unitsOf(turns)
	if how == plan.TrimMiddle {
		if i := slices.IndexFunc(units, func(u unit) bool { return turns[u.from].Role == "user" }); i >= 0 {
			units = slices.Delete(units, i, i+1)
		}
	}
	total, gone := tokensOf(turns), make([]bool, len(turns))
	for _, u := range units {
		if total <= room {
			break
		}
		for i := u.from; i < u.to; i++ {
			if turns[i].Role != "system" {
				gone[i] = true
				total -= tokensOf(turns[i : i+1])
			}
		}
	}
	kept := make([]wire.Message, 0, len(turns))
	for i, m := range turns {
		if !gone[i] {
			kept = append(kept, m)
		}
	}
	if total > room || len(kept) == len(turns) {
		return nil
	}
	return kept
}

// unit is what of a conversation goes or stays as one.
type unit struct{ from, to int }

// unitsOf lists what may go, the oldest first.
func unitsOf(turns []wire.Message) (all []unit) {
	last := len(turns)
	for i, m := range turns {
		if m.Role == "user" {
			last = i
		}
	}
	if last == len(turns) {
		return nil // nobody asks anything
	}
	from := 0
	for i := 1; i <= last; i++ {
		if turns[i].Role == "user" {
			all = append(all, unit{from, i})
			from = i
		}
	}
	return append(all, callsIn(turns, last+1)...)
}

// callsIn lists the calls of functions from a turn on, each with its results,
// but for the last of them, which is still worked on.
func callsIn(turns []wire.Message, from int) (all []unit) {
	for i := from; i < len(turns); i++ {
		if len(turns[i].ToolCalls) == 0 {
			continue
		}
		to := i + 1
		for to < len(turns) && turns[to].Role == "tool" {
			to++
		}
		all = append(all, unit{i, to})
		i = to - 1
	}
	return all[:max(0, len(all)-1)]
}

// tokensOf estimates the tokens of turns: one for each word, or for every four
// bytes where that is more, and a few for each turn.
func tokensOf(turns []wire.Message) (n int) {
	const perTurn = 4
	estimate := func(s string) int { return max(wire.Words(s), (len(s)+3)/4) }
	for i := range turns {
		n += perTurn + estimate(turns[i].Text)
		for _, t := range turns[i].ToolCalls {
			n += estimate(t.Name) + estimate(t.Arguments)
		}
	}
	return n
}
