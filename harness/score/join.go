package score

import (
	"strings"
	"time"

	"brownout/harness/journal"
)

// queue is a first-in, first-out ring that grows to the most it ever held.
// Items are also reached by their place: the nth item ever pushed.
type queue[T any] struct {
	ring        []T
	first, next int // places of the oldest item and of the next one
}

func (q *queue[T]) len() int       { return q.next - q.first }
func (q *queue[T]) at(n int) *T    { return &q.ring[n&(len(q.ring)-1)] }
func (q *queue[T]) oldest() *T     { return q.at(q.first) }
func (q *queue[T]) has(n int) bool { return n >= q.first && n < q.next }

func (q *queue[T]) push(v T) int {
	if q.len() == len(q.ring) {
		grown := make([]T, max(64, 2*len(q.ring)))
		for n := q.first; n < q.next; n++ {
			grown[n&(len(grown)-1)] = *q.at(n)
		}
		q.ring = grown
	}
	*q.at(q.next) = v
	q.next++
	return q.next - 1
}

func (q *queue[T]) pop() {
	var zero T
	*q.oldest() = zero
	q.first++
}

// joins finds the calls behind a request by its marker. It forgets a call once
// no sample can ask for it, so it is bounded by rate × deadline.
type joins struct {
	calls  queue[joined]
	newest map[string]int // marker -> place of its latest call
}

// joined is a call as far as joining needs it.
type joined struct {
	marker     string
	recorded   time.Duration // its end
	arrived    time.Duration
	provider   int // index in the plan
	before     int // place of the previous call of this marker, or -1
	good       bool
	used       bool
	model      string
	prompt     int // tokens
	completion int // tokens that were sent
}

// behind is what the calls behind an answer tell of it.
type behind struct {
	called    bool // there was one
	provider  int  // of the one that answered: index in the plan
	model     string
	misbilled bool // the answer names another model, or other tokens, than any call that can have given it
}

func (j *joins) add(c joined) {
	if j.newest == nil {
		j.newest = make(map[string]int)
	}
	c.before = -1
	if n, ok := j.newest[c.marker]; ok {
		c.before = n
	}
	j.newest[c.marker] = j.calls.push(c)
}

// expire forgets calls recorded before t.
func (j *joins) expire(t time.Duration) {
	for j.calls.len() > 0 && j.calls.oldest().recorded < t {
		c := j.calls.oldest()
		if j.newest[c.marker] == j.calls.first {
			delete(j.newest, c.marker)
		}
		j.calls.pop()
	}
}

// answered are the calls behind a good answer. The one that gave it is the last
// that answered the marker whole, else the last that was made at all (a stream
// may be put together from pieces). The marker is forgotten: no other request
// has it.
func (j *joins) answered(s *journal.Sample) (out behind) {
	n, known := j.newest[s.Marker]
	if !known {
		return out
	}
	delete(j.newest, s.Marker)
	var pieces []*joined
	good, billed := false, false
	for m := n; m >= 0 && j.calls.has(m); m = j.calls.at(m).before {
		c := j.calls.at(m)
		if c.good && !good || !out.called {
			out = behind{called: true, provider: c.provider, model: c.model}
		}
		switch {
		case c.good:
			good = true
			billed = billed || c.billed(s)
		case c.completion > 0:
			pieces = append(pieces, c)
		}
	}
	out.misbilled = good && !billed && !j.continued(n, s, pieces)
	return out
}

// billed tells whether an answer says the truth about the call that gave it. An
// answer that says nothing says nothing wrong.
func (c *joined) billed(s *journal.Sample) bool {
	return c.named(s) && (s.Prompt == 0 && s.Completion == 0 || s.Prompt == c.prompt && s.Completion == c.completion)
}

// named tells whether an answer names the call's model. Gateways may put the
// provider's name before it.
func (c *joined) named(s *journal.Sample) bool {
	return s.Model == "" || s.Model == c.model || bare(s.Model) == bare(c.model)
}

func bare(model string) string { return model[strings.LastIndexByte(model, '/')+1:] }

// continued tells whether the bill of a stream is that of a call that went on
// where others broke off: its prompt is longer than theirs, because it holds
// what they had said. Nobody prescribes whether their tokens are in the bill.
func (j *joins) continued(n int, s *journal.Sample, pieces []*joined) bool {
	for ; n >= 0 && j.calls.has(n); n = j.calls.at(n).before {
		c := j.calls.at(n)
		most, prompts, goesOn := c.completion, c.prompt == s.Prompt, false
		for _, p := range pieces {
			if p.prompt < c.prompt {
				goesOn = true
				most += p.completion
				prompts = prompts || p.prompt == s.Prompt
			}
		}
		if c.good && goesOn && prompts && c.named(s) && s.Completion >= c.completion && s.Completion <= most {
			return true
		}
	}
	return false
}

// shared is answered for a marker that several requests share: each good call
// stands behind one of them, the oldest first. What is left over was answered
// from a cache.
func (j *joins) shared(s *journal.Sample) (out behind) {
	n, known := j.newest[s.Marker]
	sent := max(s.Sent, s.Scheduled)
	found, billed := -1, false
	for known && n >= 0 && j.calls.has(n) {
		c := j.calls.at(n)
		if c.recorded < sent-SendSlack {
			break // this call and all before it had ended
		}
		if c.good && c.arrived >= sent-SendSlack && c.arrived <= s.Scheduled+s.Total+SendSlack {
			billed = billed || c.billed(s)
			if !c.used {
				found = n
			}
		}
		n = c.before
	}
	if found < 0 {
		return out
	}
	c := j.calls.at(found)
	c.used = true
	return behind{called: true, provider: c.provider, model: c.model, misbilled: !billed}
}
