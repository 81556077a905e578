package score

import "time"

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

// answered is the provider behind a good answer: the last that answered the
// marker whole, else the last that was called at all (a stream may be put
// together from pieces). ok is false where no call was made for it. The marker
// is forgotten: no other request has it.
func (j *joins) answered(marker string) (provider int, ok bool) {
	n, known := j.newest[marker]
	if !known {
		return 0, false
	}
	delete(j.newest, marker)
	for ; n >= 0 && j.calls.has(n); n = j.calls.at(n).before {
		c := j.calls.at(n)
		if c.good {
			return c.provider, true
		}
		if !ok {
			provider, ok = c.provider, true
		}
	}
	return provider, ok
}

// shared is answered for a marker that several requests share: each good call
// stands behind one of them, the oldest first. What is left over was answered
// from a cache.
func (j *joins) shared(marker string, sent time.Duration) (provider int, ok bool) {
	n, known := j.newest[marker]
	found := -1
	for known && n >= 0 && j.calls.has(n) {
		c := j.calls.at(n)
		if c.recorded < sent-SendSlack {
			break // this call and all before it had ended
		}
		if c.good && !c.used && c.arrived >= sent-SendSlack {
			found = n
		}
		n = c.before
	}
	if found < 0 {
		return 0, false
	}
	c := j.calls.at(found)
	c.used = true
	return c.provider, true
}
