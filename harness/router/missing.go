package router

import (
	"fmt"
	"sync"

	"brownout/mocks/wire"
)

// missing is what was found to be missing in providers' answers: a field has
// another name, or is gone. It is told once, with what is done without it. An
// answer that is whole goes on to the client; tokens that were not counted are
// estimated, because half a count misleads whoever reckons with it. One that is
// not whole is its provider's failure, here as ever.
type missing struct {
	mu   sync.Mutex
	told map[missingKey]bool
}

type missingKey struct {
	provider, model string
	stream          bool
	what            string
}

// maxMissing bounds what is remembered.
const maxMissing = 1024

// nameless are the dialects whose answers do not say who gave them.
var nameless = map[string]bool{"bedrock": true}

// tell tells that something is missing, once.
func (m *missing) tell(c *call, a *attempt, what, done string) {
	k := missingKey{a.cand.Name, a.cand.model, c.req.Stream, what}
	m.mu.Lock()
	before := m.told[k]
	if len(m.told) >= maxMissing {
		clear(m.told)
	}
	m.told[k] = true
	m.mu.Unlock()
	if before {
		return
	}
	form := "its answers"
	if k.stream {
		form = "its streams"
	}
	c.r.tell(Decision{What: APIChanged, Provider: k.provider, Marker: c.marker, Detail: fmt.Sprintf("%s have no %s: %s", form, what, done)})
}

// answer looks at a whole answer.
func (m *missing) answer(c *call, a *attempt, w *wire.Answer) *wire.Failure {
	if a.unnamed && !nameless[a.cand.Dialect] {
		m.tell(c, a, "model", "who gave them cannot be checked")
	}
	size := len(w.Text)
	for i := range w.ToolCalls {
		size += len(w.ToolCalls[i].Name) + len(w.ToolCalls[i].Arguments)
	}
	m.words(c, a, size, w.Finish, w.Usage)
	w.Usage = m.counted(c, a, size, w.Usage)
	a.usage = w.Usage
	return nil
}

// failed is told of an attempt that has failed.
func (m *missing) failed(c *call, a *attempt) {
	if what := a.fail.Missing; what != "" {
		m.tell(c, a, what, "they count as its failures")
	}
}

// words looks at an answer in which none were found. Who bills tokens for it has
// said something, where nobody looks for it. Whether an empty answer is a
// failure is validation's to say.
func (m *missing) words(c *call, a *attempt, size int, f wire.Finish, u wire.Usage) {
	if size == 0 && u.Completion > 0 && !mayBeEmpty(a.req, f) {
		m.tell(c, a, "text", "they are empty, and tokens are billed for them")
	}
}

// counted fills in the tokens that a provider did not count.
func (m *missing) counted(c *call, a *attempt, size int, u wire.Usage) wire.Usage {
	none := u == (wire.Usage{})
	if u.Prompt == 0 {
		u.Prompt = max(1, promptSize(a.req)/bytesPerToken)
		a.guessed = true
	}
	if u.Completion == 0 && size > 0 {
		u.Completion = max(1, size/bytesPerToken)
		if most := a.req.MaxTokens; most > 0 {
			u.Completion = min(u.Completion, most)
		}
		a.guessed = true
	}
	switch {
	case !a.guessed:
	case none:
		m.tell(c, a, "usage", "tokens are estimated")
	default:
		m.tell(c, a, "whole usage", "the tokens that are not counted are estimated")
	}
	return u
}

// flow looks at a streamed one.
func (m *missing) flow(c *call, a *attempt) flow {
	s := &a.watched
	*s = missingStream{m: m, c: c, a: a}
	if c.join != nil {
		s.size = len(c.join.delivered) // by others; what repeats it is not seen here
	}
	return s
}

// missingStream looks at a stream, and lets all of it pass.
type missingStream struct {
	m    *missing
	c    *call
	a    *attempt
	size int // bytes of text and calls so far
}

func (s *missingStream) text(piece string) (string, *wire.Failure) {
	s.size += len(piece)
	return piece, nil
}

func (s *missingStream) model(string) *wire.Failure { return nil }

func (s *missingStream) toolCall(d wire.ToolCallDelta) { s.size += len(d.Name) + len(d.Arguments) }

func (s *missingStream) counted(wire.Usage) {}

// end looks at what the stream has said in all.
func (s *missingStream) end(f wire.Finish) (string, *wire.Failure) {
	u := s.a.up
	if !u.said && !nameless[s.a.cand.Dialect] {
		s.m.tell(s.c, s.a, "model", "who gave them cannot be checked")
	}
	s.m.words(s.c, s.a, s.size, f, u.usage)
	u.usage = s.m.counted(s.c, s.a, s.size, u.usage)
	return "", nil
}
