package score

import (
	"cmp"
	"slices"
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
	marker   string
	recorded time.Duration // its end
	arrived  time.Duration
	provider int // index in the plan
	before   int // place of the previous call of this marker, or -1
	good     bool
	used     bool
	event    *journal.Call
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

// after are the calls that ended after t.
func (j *joins) after(t time.Duration) []*joined {
	var out []*joined
	for n := j.calls.first; n < j.calls.next; n++ {
		if c := j.calls.at(n); c.event.Arrived+c.event.Total > t {
			out = append(out, c)
		}
	}
	return out
}

// of is every call of a marker that is still known, by arrival. The marker is
// forgotten: no other request has it.
func (j *joins) of(marker string) []*joined {
	n, known := j.newest[marker]
	if !known {
		return nil
	}
	delete(j.newest, marker)
	var calls []*joined
	for ; n >= 0 && j.calls.has(n); n = j.calls.at(n).before {
		calls = append(calls, j.calls.at(n))
	}
	slices.SortStableFunc(calls, func(a, b *joined) int { return cmp.Compare(a.arrived, b.arrived) })
	return calls
}

// behind is the call behind a good answer: the last to end that answered whole,
// else the last that was made at all (a stream may be put together from
// pieces); nil where no call was made for it.
func behind(calls []*joined) *joined {
	var last *joined
	for _, c := range calls {
		if last == nil || c.good && !last.good || c.good == last.good && c.recorded >= last.recorded {
			last = c
		}
	}
	return last
}

// shared is the call behind an answer to a marker that several requests share:
// each good call stands behind one of them, the oldest first. What is left over
// was answered from a cache; it is nil then.
func (j *joins) shared(s *journal.Sample) *joined {
	n, known := j.newest[s.Marker]
	sent := max(s.Sent, s.Scheduled)
	var found *joined
	for known && n >= 0 && j.calls.has(n) {
		c := j.calls.at(n)
		if c.recorded < sent-SendSlack {
			break // this call and all before it had ended
		}
		if c.good && !c.used && c.arrived >= sent-SendSlack && c.arrived <= s.Scheduled+s.Total+SendSlack {
			found = c
		}
		n = c.before
	}
	if found != nil {
		found.used = true
	}
	return found
}
