package router

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"brownout/mocks/wire"
)

// guardrail knows the marks of a poisoned answer. It is made once and used by
// all requests at once.
//
// It judges by patterns, so it is a net and no proof: it catches what
// injections, exfiltration by link and leaked keys look like in the wild, at
// the price of a look at each byte. What the client said itself is never held
// against the answer that repeats it.
type guardrail struct {
	rules  []guardRule
	byByte [256][]trigger // triggers by their first byte, small or capital
	always []guardRule    // rules without a trigger: they are tried on every piece
	hold   int            // bytes held back for those
}

// guardRule is one mark of poison.
type guardRule struct {
	name     string         // what is wrong, for messages
	triggers []string       // lower case; a match holds at least one, and what stands before it does no harm
	match    *regexp.Regexp // on the text from some way before the trigger
	longest  int            // bytes from a trigger to the match's end, at most
	secret   bool           // what matches is not repeated in messages
	harmless func(match string) bool
}

type trigger struct {
	word string
	rule int
}

// lookBack is how much delivered text is remembered to judge what follows it,
// in bytes.
const lookBack = 256

// newGuardrail is the built-in rules with patterns of the operator's own: of
// canaries that mark another tenant's data, of names that must not come up.
// Where a pattern does not begin with fixed text, hold bytes of each stream
// are held back for it, so hold is how long its matches may be.
func newGuardrail(patterns []*regexp.Regexp, hold int) *guardrail {
	g := &guardrail{rules: builtInRules(), hold: min(max(hold, 16), lookBack)}
	for _, p := range patterns {
		r := guardRule{name: "what the pattern " + p.String() + " forbids", match: p, longest: g.hold, secret: true}
		if prefix, _ := p.LiteralPrefix(); len(prefix) >= 3 {
			r.triggers = []string{lowered(prefix)}
			g.rules = append(g.rules, r)
		} else {
			g.always = append(g.always, r)
		}
	}
	for i, r := range g.rules {
		for _, w := range r.triggers {
			g.byByte[w[0]] = append(g.byByte[w[0]], trigger{w, i})
			if up := w[0]; 'a' <= up && up <= 'z' {
				up -= 'a' - 'A'
				g.byByte[up] = append(g.byByte[up], trigger{w, i})
			}
		}
	}
	return g
}

// poisonGuard is the mitigation.
func poisonGuard(r *engine) *stage {
	g := keep(r, "guardrail", r.set.Guardrail, func() *guardrail { return newGuardrail(r.set.forbidden, r.set.Guardrail.Hold) })
	return &stage{
		answer: func(c *call, a *attempt, w *wire.Answer) *wire.Failure {
			return c.guarded(a, g.whole(c.req, w))
		},
		flow: func(c *call, a *attempt) flow {
			s := g.scan(c.req)
			s.found = func(fail *wire.Failure) { _ = c.guarded(a, fail) }
			if c.join != nil {
				s.remember(string(c.join.delivered))
			}
			return s
		},
	}
}

// guarded tells of what the guardrail refused.
func (c *call) guarded(a *attempt, fail *wire.Failure) *wire.Failure {
	if fail != nil {
		c.r.tell(Decision{What: Guarded, Provider: a.cand.Name, Marker: c.marker, Detail: a.veil.conceal(fail.Message)})
	}
	return fail
}

// whole judges an answer that is there at once, calls of functions included.
func (g *guardrail) whole(req *wire.Request, a *wire.Answer) *wire.Failure {
	texts := []string{a.Text}
	for _, t := range a.ToolCalls {
		texts = append(texts, t.Arguments)
	}
	for _, s := range texts {
		scan := g.scan(req)
		if _, fail := scan.text(s); fail != nil {
			return fail
		}
		if _, fail := scan.end(a.Finish); fail != nil {
			return fail
		}
	}
	return nil
}

// judge tells whether a match is poison: not where it is harmless or the
// client's own words.
func (r *guardRule) judge(match string, req *wire.Request) *wire.Failure {
	if r.harmless != nil && r.harmless(match) {
		return nil
	}
	said := strings.TrimSpace(strings.TrimLeft(match, "\n.!?:;>*#- \t"))
	if slices.ContainsFunc(req.Messages, func(m wire.Message) bool {
		return m.Role != "tool" && strings.Contains(lowered(m.Text), lowered(said))
	}) {
		return nil
	}
	why := "the answer carries " + r.name
	if !r.secret {
		why += fmt.Sprintf(" (%q)", excerpt(said))
	}
	return &wire.Failure{Kind: wire.FailMalformed, Message: "guardrail: " + why}
}

// lowered makes ASCII letters small, and keeps every byte in its place.
func lowered(s string) string {
	b := []byte(s)
	for i := range b {
		b[i] = small(b[i])
	}
	return string(b)
}

func small(b byte) byte {
	if 'A' <= b && b <= 'Z' {
		return b + 'a' - 'A'
	}
	return b
}

// beginsWith tells whether s begins with a word in small letters, whatever the case
// of its own ASCII letters.
func beginsWith(s, word string) bool {
	if len(s) < len(word) {
		return false
	}
	for i := range len(word) {
		if small(s[i]) != word[i] {
			return false
		}
	}
	return true
}
