package router

import (
	"context"
	"errors"
	"sync"

	"brownout/mocks/wire"
)

// flights let identical requests share one call while it is under way. The
// first to board leads: it makes the call and says aloud what comes. The
// others follow: they hear from the beginning what was said, then each word as
// it is said, then the answer. Any of them may leave at any time.
type flights struct {
	mu sync.Mutex
	by map[digest]*flight
}

func newFlights() *flights { return &flights{by: map[digest]*flight{}} }

// maxCrashes is after how many failed leaders everybody is told the failure.
// One more try is worth it, since the first leader may have had little time
// left; a queue of followers who try one after the other would be a retry
// storm in slow motion.
const maxCrashes = 2

// flight is one shared call.
type flight struct {
	group *flights
	key   digest

	// The group's lock comes first where both are needed.
	mu      sync.Mutex
	changed chan struct{} // closed at the next change
	model   string        // who answers, as the first leader was told
	said    []byte        // the answer's text so far; only grows
	tools   []wire.ToolCallDelta
	answer  *wire.Answer  // the end of it: this
	fail    *wire.Failure // or that
	leader  *seat         // nil: a follower is to take over
	join    *repeat       // where the leader began after others were served: what they have
	crashes int
	aboard  int
	alone   func() // called when the leader, whose client has left, has nobody to go on for
}

// seat is one request's place in a flight. It is used by one goroutine.
type seat struct {
	f     *flight
	leads bool
	at    int // bytes heard
	calls int // pieces of calls of functions heard
	off   bool
}

// heard is what a follower is told next. Exactly one of the last three ends
// its following: then the seat is given up, but for lead.
type heard struct {
	model  string // who answers, as far as it is known
	text   string
	tools  []wire.ToolCallDelta
	answer *wire.Answer  // whole; text and tools are what of it was not heard before
	fail   *wire.Failure // of the call; who has heard some of the answer must be told that it broke off
	lead   bool          // the leader is gone or failed: make the call now, as the leader does, from the beginning
}

// errAlone is the cause with which a shared call ends that nobody waits for.
var errAlone = errors.New("everybody who waited for the answer has left")

// board takes a seat in the flight of k. Who leads must end it with land,
// crash or leave; who follows must call next until it ends, or leave.
func (g *flights) board(k digest) (s *seat, leads bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	f := g.by[k]
	if f == nil {
		f = &flight{group: g, key: k, changed: make(chan struct{})}
		g.by[k] = f
		f.leader = &seat{f: f, leads: true}
		f.aboard = 1
		return f.leader, true
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.aboard++
	return &seat{f: f}, false
}

// followers counts those who wait for the leader's answer beside itself.
func (s *seat) followers() int {
	s.f.mu.Lock()
	defer s.f.mu.Unlock()
	return s.f.aboard - 1
}

// signal wakes those who wait for a change. The lock is held.
func (f *flight) signal() {
	close(f.changed)
	f.changed = make(chan struct{})
}

// introduce says who answers, by the leader: the last one to be named goes on
// with what others have said.
func (s *seat) introduce(model string) {
	s.f.mu.Lock()
	defer s.f.mu.Unlock()
	if model != "" {
		s.f.model = model
	}
}

// goOn has a new leader say only what was not said before. It has heard all
// of that.
func (s *seat) goOn() {
	s.f.mu.Lock()
	defer s.f.mu.Unlock()
	s.f.join = nil
}

// text says the next words, by the leader. Where followers were served by an
// earlier leader, this one's words must repeat those; the failure says where
// they do not, and is to be crashed with.
func (s *seat) text(words string) *wire.Failure {
	f := s.f
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.say(words)
}

func (f *flight) say(words string) *wire.Failure {
	if f.join != nil {
		rest, fail := f.join.text(words)
		if fail != nil {
			return fail
		}
		words = rest
	}
	if words != "" {
		f.said = append(f.said, words...)
		f.signal()
	}
	return nil
}

// toolCall says a piece of a call of a function, by the leader.
func (s *seat) toolCall(d wire.ToolCallDelta) {
	s.f.mu.Lock()
	defer s.f.mu.Unlock()
	s.f.tools = append(s.f.tools, d)
	s.f.signal()
}

// land ends the flight with the leader's whole answer. What of it was not said
// yet is said with it; a text that does not go on from what was said is a
// failure, as of text, and ends nothing.
func (s *seat) land(a *wire.Answer) *wire.Failure {
	f := s.f
	f.group.mu.Lock()
	defer f.group.mu.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	rest := &repeat{due: f.said}
	words, fail := rest.text(a.Text)
	if fail == nil {
		_, fail = rest.end(a.Finish)
	}
	if fail != nil {
		return fail
	}
	f.said = append(f.said, words...)
	if len(f.tools) == 0 {
		for i, t := range a.ToolCalls {
			f.tools = append(f.tools, wire.ToolCallDelta{Index: i, ID: t.ID, Name: t.Name, Arguments: t.Arguments})
		}
	}
	if f.model == "" {
		f.model = a.Model
	}
	f.answer = a
	f.end()
	s.drop()
	return nil
}

// crash ends the leader's part with a failure. Where forAll says that it would
// fail for anybody (the request is at fault), or enough leaders have failed, or
// calls of functions were said, which cannot be joined, all are told;
// otherwise one of the followers leads.
func (s *seat) crash(fail *wire.Failure, forAll bool) {
	f := s.f
	f.group.mu.Lock()
	defer f.group.mu.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.crashes++; forAll || f.crashes >= maxCrashes || len(f.tools) > 0 {
		f.fail = fail
		f.end()
	}
	s.drop()
}

// leave gives the seat up, whoever's it is; one follower leads where it was
// the leader's and the flight has not ended. It may be called more than once.
func (s *seat) leave() {
	f := s.f
	f.group.mu.Lock()
	defer f.group.mu.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	if s.off {
		return
	}
	if s.leads && len(f.tools) > 0 && f.answer == nil && f.fail == nil {
		f.fail = &wire.Failure{Kind: wire.FailTransport, Message: "the call that was shared was given up in the middle of a call of a function"}
		f.end()
	}
	s.drop()
}

// end takes the flight off the board. Both locks are held.
func (f *flight) end() {
	if f.group.by[f.key] == f {
		delete(f.group.by, f.key)
	}
	f.signal()
}

// drop frees the seat. Both locks are held.
func (s *seat) drop() {
	f := s.f
	if s.off {
		return
	}
	s.off = true
	f.aboard--
	if f.leader == s {
		f.leader, f.alone = nil, nil
		f.signal()
	}
	if f.aboard == 0 {
		f.end()
	}
	if f.aboard == 1 && f.leader != nil && f.alone != nil {
		f.alone()
	}
}

// next waits for what a follower has not heard yet. The error is ctx's, and
// the seat is given up then.
func (s *seat) next(ctx context.Context) (heard, error) {
	for {
		h, changed := s.listen()
		if changed == nil {
			if h.answer != nil || h.fail != nil {
				s.leave()
			}
			return h, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			s.leave()
			return heard{}, context.Cause(ctx)
		}
	}
}

// listen takes what there is to hear; changed is what to wait for where there
// is nothing.
func (s *seat) listen() (h heard, changed <-chan struct{}) {
	f := s.f
	f.mu.Lock()
	defer f.mu.Unlock()
	if s.at < len(f.said) || s.calls < len(f.tools) || f.answer != nil || f.fail != nil {
		h = heard{model: f.model, text: string(f.said[s.at:]), tools: f.tools[s.calls:len(f.tools):len(f.tools)], answer: f.answer, fail: f.fail}
		s.at, s.calls = len(f.said), len(f.tools)
		return h, nil
	}
	if f.leader == nil {
		f.leader, s.leads = s, true
		f.join = &repeat{due: f.said}
		return heard{lead: true}, nil
	}
	return heard{}, f.changed
}

// shared is the context for the leader's call: ctx, but that it outlives the
// leader's client while somebody follows. It still ends at ctx's deadline,
// with the cause late. Stop frees it.
func (s *seat) shared(ctx context.Context, late error) (out context.Context, stop context.CancelFunc) {
	out, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	end := func() {}
	if at, ok := ctx.Deadline(); ok {
		out, end = context.WithDeadlineCause(out, at, late)
	}
	detach := context.AfterFunc(ctx, func() {
		s.f.mu.Lock()
		defer s.f.mu.Unlock()
		switch {
		case s.off || errors.Is(ctx.Err(), context.DeadlineExceeded):
		case s.f.aboard > 1:
			s.f.alone = func() { cancel(errAlone) }
		default:
			cancel(context.Cause(ctx))
		}
	})
	return out, func() {
		detach()
		end()
		cancel(context.Canceled)
	}
}
