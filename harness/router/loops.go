package router

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"brownout/mocks/wire"
)

// loopLimits are the bounds of one workflow. 0 is no bound.
type loopLimits struct {
	calls   int           // requests in window
	repeats int           // of one and the same request in window, or of one step in a row within a conversation, beyond the first
	window  time.Duration // above 0
}

// loops stops agents that call without end. A workflow is what its client
// calls so; requests that name none are not counted, but a conversation that
// turns in circles is seen in itself.
type loops struct {
	limits loopLimits

	mu  sync.Mutex
	lru *simplelru.LRU[trailID, *trail]
}

// trail is what a workflow did lately.
type trail struct {
	steps []step // within the window, oldest first
}

// trailID names a workflow: the client's word for it, and whose word that is.
type trailID struct{ of, workflow string }

type step struct {
	at time.Time
	is digest
}

// maxTrails bounds how many workflows are remembered. The one that is
// forgotten is the one that has not called for longest, so never the one that
// calls without end.
const maxTrails = 20_000

func newLoops(l loopLimits) *loops {
	lru, _ := simplelru.NewLRU[trailID, *trail](maxTrails, nil) // fails only on a size below 1
	return &loops{limits: l, lru: lru}
}

// step counts a request of a workflow, or tells why it may not be made; then
// it is not counted. The status is 403, because official SDKs ask again by
// themselves after a 429, which would be more of the same.
func (l *loops) step(of, workflow string, req *wire.Request, is digest) *wire.Failure {
	b := l.limits
	if n := circles(req.Messages); b.repeats > 0 && n > b.repeats+1 {
		return looping("the conversation has called the same functions in the same way %d times in a row; %d are allowed (loop_limit.repeats)", n, b.repeats+1)
	}
	if workflow == "" {
		return nil
	}
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	who := trailID{of, workflow}
	t, ok := l.lru.Get(who)
	if !ok {
		t = &trail{}
		l.lru.Add(who, t)
	}
	t.steps = slices.DeleteFunc(t.steps, func(s step) bool { return now.Sub(s.at) >= b.window })
	same := 0
	for _, s := range t.steps {
		if s.is == is {
			same++
		}
	}
	switch {
	case b.calls > 0 && len(t.steps) >= b.calls:
		return looping("workflow %q has made %d requests within %s, as many as are allowed (loop_limit.calls_per_workflow); the next is possible in %v",
			workflow, len(t.steps), shortDuration(b.window), (b.window - now.Sub(t.steps[0].at)).Round(time.Second))
	case b.repeats > 0 && same > b.repeats:
		return looping("workflow %q has made the same request %d times within %s; %d are allowed (loop_limit.repeats)", workflow, same, shortDuration(b.window), b.repeats+1)
	}
	t.steps = append(t.steps, step{now, is})
	return nil
}

func looping(format string, args ...any) *wire.Failure {
	return &wire.Failure{Kind: wire.FailPermission, Message: fmt.Sprintf("agent loop stopped: "+format, args...)}
}

// longestCircle is of how many steps a circle may be to be seen as one.
const longestCircle = 4

// circles counts how often a conversation has, at its end, done the same again:
// called the same functions with the same arguments, in a circle of up to
// longestCircle steps. 0 where its last step called none.
func circles(turns []wire.Message) int {
	var did []string
	for _, m := range turns {
		switch {
		case len(m.ToolCalls) > 0:
			var s string
			for _, c := range m.ToolCalls {
				s += fmt.Sprintf("%q(%q)", c.Name, c.Arguments)
			}
			did = append(did, s)
		case m.Role == "user":
			did = did[:0] // somebody else has a say in it
		}
	}
	most := min(len(did), 1)
	for size := 1; size <= longestCircle && size <= len(did); size++ {
		last := did[len(did)-size:]
		n := 1
		for end := len(did) - size; end >= size && slices.Equal(did[end-size:end], last); end -= size {
			n++
		}
		most = max(most, n)
	}
	return most
}
