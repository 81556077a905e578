package router

import (
	"unicode/utf8"

	"brownout/mocks/wire"
)

// guardScan judges one answer as it streams. Text passes at once until a word
// comes up by which a mark of poison begins; from there it is held back until
// the mark is complete, or cannot be one. So ordinary text is not delayed, and
// the telling part of a poisoned one is never delivered.
type guardScan struct {
	g    *guardrail
	req  *wire.Request
	past []byte // delivered, at least the last lookBack bytes
	pend string // held back
	fail *wire.Failure

	found func(*wire.Failure) // told of poison; nil: nobody
}

// scan begins to judge an answer to req, which is only read.
func (g *guardrail) scan(req *wire.Request) *guardScan { return &guardScan{g: g, req: req} }

// text takes in what came and returns what may go on. After a failure nothing
// goes on any more.
func (s *guardScan) text(piece string) (string, *wire.Failure) {
	s.pend += piece
	return s.pass(false)
}

// end returns what was held back, when the answer is whole.
func (s *guardScan) end(wire.Finish) (string, *wire.Failure) { return s.pass(true) }

// pass delivers what can be judged.
func (s *guardScan) pass(ended bool) (string, *wire.Failure) {
	if s.fail != nil {
		return "", s.fail
	}
	keep := len(s.pend)
	if len(s.g.always) > 0 {
		keep = s.unfixed(ended)
	}
	if s.fail == nil {
		keep = min(keep, s.fixed(ended))
	}
	if s.fail != nil {
		s.pend = ""
		if s.found != nil {
			s.found(s.fail)
		}
		return "", s.fail
	}
	out := s.pend[:keep]
	s.pend = s.pend[keep:]
	s.remember(out)
	return out, nil
}

// remember takes in what was delivered.
func (s *guardScan) remember(out string) {
	if s.past == nil {
		s.past = make([]byte, 0, 2*lookBack) // as much as most answers have
	}
	s.past = append(s.past, out...)
	if len(s.past) > 4*lookBack {
		s.past = append(s.past[:0], s.past[len(s.past)-lookBack:]...)
	}
}

// fixed tries the rules whose triggers came up, and returns up to where the
// text is clear of them.
func (s *guardScan) fixed(ended bool) int {
	whole := ""
	for i := range len(s.pend) {
		for _, t := range s.g.byByte[s.pend[i]] {
			rest := s.pend[i:]
			if !beginsWith(rest, t.word) {
				if !ended && len(rest) < len(t.word) && beginsWith(t.word, lowered(rest)) {
					return i // it may become one
				}
				continue
			}
			if whole == "" {
				whole = string(s.past) + s.pend
			}
			if !s.try(&s.g.rules[t.rule], whole, ended || len(rest) >= s.g.rules[t.rule].longest) {
				return i
			}
			if s.fail != nil {
				return 0
			}
			if !ended && len(rest) < s.g.rules[t.rule].longest {
				return i // more may make it one
			}
		}
	}
	return len(s.pend)
}

// unfixed tries the rules that may begin with anything, and returns up to
// where the text need not be held back for them.
func (s *guardScan) unfixed(ended bool) int {
	whole := string(s.past) + s.pend
	for i := range s.g.always {
		s.try(&s.g.always[i], whole, true)
		if s.fail != nil {
			return 0
		}
	}
	if ended {
		return len(s.pend)
	}
	keep := max(0, len(s.pend)-s.g.hold)
	for keep > 0 && !utf8.RuneStart(s.pend[keep]) {
		keep--
	}
	return keep
}

// try looks for a rule's matches that reach into what is not delivered yet.
// A match that touches the end is left for later unless final; then try
// returns false.
func (s *guardScan) try(r *guardRule, whole string, final bool) bool {
	for _, at := range r.match.FindAllStringIndex(whole, -1) {
		switch {
		case at[1] <= len(s.past):
			continue
		case at[1] == len(whole) && !final:
			return false
		}
		if s.fail = r.judge(whole[at[0]:at[1]], s.req); s.fail != nil {
			return true
		}
	}
	return true
}
