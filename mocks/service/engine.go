package service

import (
	"slices"
	"time"
)

// engine is one replica of a GPU server with continuous batching, after vLLM's
// V1 scheduler (vllm/v1/core/sched/scheduler.py): in each step every running
// sequence gets one token, or the next chunk of its prompt; waiting sequences
// join first come, first served, while there is room in the batch, in the
// step's token budget and in the KV cache; when the cache is exhausted the
// sequence that joined last is thrown out and computed anew later.
//
// It is a simulator: it has no clock and no goroutine. Its owner tells it the
// time, and guards it. Between two steps' ends nothing can happen, so it is
// moved from one to the next.
type engine struct {
	p *gpuParams

	waiting  line
	running  []*sequence // in the order in which they joined
	free     int         // blocks of the KV cache
	capacity int         // blocks there are, less those a fault has taken
	stepping bool
	stepEnd  time.Time

	preemptions, promptTokens, generated uint64
}

// sequence is one call in an engine.
type sequence struct {
	prompt, want int // tokens
	done         int // tokens generated
	computed     int // tokens whose keys and values are in the cache
	chunk        int // tokens that the present step computes
	blocks       int // of the cache
	over         bool
	counted      bool // its prompt is in promptTokens

	arrived time.Time
	joined  time.Time // when it was first put into a batch
	first   time.Time // when its first token was ready
	last    time.Time // when its last token so far was

	ready      chan struct{} // told of each new token where asked; capacity 1
	each       bool          // every token matters, not only the last
	err        error         // why it ended early
	prev, next *sequence     // in the waiting line
	queued     bool
}

// line is the waiting queue: sequences leave it from the front or, when their
// caller gives up, from anywhere; those thrown out of the cache come back to
// the front.
type line struct {
	head, tail *sequence
	n          int
}

func (l *line) pushBack(s *sequence) {
	s.prev, s.next, s.queued = l.tail, nil, true
	if l.tail != nil {
		l.tail.next = s
	} else {
		l.head = s
	}
	l.tail = s
	l.n++
}

func (l *line) pushFront(s *sequence) {
	s.prev, s.next, s.queued = nil, l.head, true
	if l.head != nil {
		l.head.prev = s
	} else {
		l.tail = s
	}
	l.head = s
	l.n++
}

func (l *line) remove(s *sequence) {
	if s.prev != nil {
		s.prev.next = s.next
	} else {
		l.head = s.next
	}
	if s.next != nil {
		s.next.prev = s.prev
	} else {
		l.tail = s.prev
	}
	s.prev, s.next, s.queued = nil, nil, false
	l.n--
}

func newEngine(p *gpuParams) *engine {
	return &engine{p: p, free: p.blocks, capacity: p.blocks}
}

// load is how many sequences it has.
func (e *engine) load() int { return e.waiting.n + len(e.running) }

// usage is the share of the KV cache in use.
func (e *engine) usage() float64 {
	if e.capacity == 0 {
		return 1
	}
	return float64(e.capacity-e.free) / float64(e.capacity)
}

// arrive takes in a sequence at a time that is not before the last step's
// start. The step in progress is not changed by it.
func (e *engine) arrive(now time.Time, s *sequence) {
	e.advance(now)
	s.arrived = now
	e.waiting.pushBack(s)
	if !e.stepping {
		e.begin(now)
	}
}

// leave takes a sequence out that is not over, at once.
func (e *engine) leave(now time.Time, s *sequence) {
	e.advance(now)
	if s.over {
		return
	}
	s.over = true
	if s.queued {
		e.waiting.remove(s)
		return
	}
	e.release(s)
	e.running = slices.DeleteFunc(e.running, func(r *sequence) bool { return r == s })
}

// advance moves the engine to now.
func (e *engine) advance(now time.Time) {
	for e.stepping && !e.stepEnd.After(now) {
		e.finish()
		e.begin(e.stepEnd)
	}
}

// begin schedules a step that starts at now, if there is anything to do.
func (e *engine) begin(now time.Time) {
	before := e.preemptions
	for e.free < 0 && len(e.running) > 0 { // the cache has shrunk
		e.throwOut()
	}
	budget, decoding, prefilling, scheduled := e.p.batchTokens, 0, 0, 0
	for i := 0; i < len(e.running); i++ {
		s := e.running[i]
		s.chunk = 0
		if budget == 0 {
			continue
		}
		n := min(s.prompt+s.done-s.computed, budget)
		if !e.roomFor(i, s, n) {
			break // s itself was the last one, and is thrown out
		}
		s.chunk = n
		budget -= n
		scheduled++
		if s.prompt+s.done-s.computed == 1 && s.done > 0 {
			decoding++
		} else {
			prefilling += n
		}
	}
	// A step that throws sequences out takes none in.
	for e.preemptions == before && e.waiting.head != nil && budget > 0 && len(e.running) < e.p.sequences {
		s := e.waiting.head
		n := min(s.prompt+s.done, budget)
		if !e.reserve(s, n) {
			break
		}
		e.waiting.remove(s)
		e.running = append(e.running, s)
		if s.joined.IsZero() {
			s.joined = now
		}
		s.chunk = n
		budget -= n
		scheduled++
		prefilling += n
	}
	e.stepping = scheduled > 0
	e.stepEnd = now.Add(e.p.step(decoding, prefilling))
}

// roomFor finds blocks for n more tokens of the running sequence number i,
// throwing out later ones, the last first. It fails where s had to go itself.
func (e *engine) roomFor(i int, s *sequence, n int) bool {
	for !e.reserve(s, n) {
		e.throwOut()
		if len(e.running) == i {
			return false
		}
	}
	return true
}

// throwOut moves the sequence that joined last out of the cache, to the front
// of the queue. It is one that the step being scheduled has not reached.
func (e *engine) throwOut() {
	last := len(e.running) - 1
	s := e.running[last]
	e.running[last] = nil
	e.running = e.running[:last]
	e.release(s)
	e.preemptions++
	s.computed, s.chunk = 0, 0
	e.waiting.pushFront(s)
}

// reserve takes the blocks that n more tokens of s need. A sequence that is
// larger than the whole cache has the whole of it, and then no more: a real
// server does not start with a context that long.
func (e *engine) reserve(s *sequence, n int) bool {
	need := min(e.p.blocksOf(s.computed+n), max(1, e.capacity)) - s.blocks
	if need <= 0 {
		return true
	}
	if need > e.free {
		return false
	}
	e.free -= need
	s.blocks += need
	return true
}

func (e *engine) release(s *sequence) {
	e.free += s.blocks
	s.blocks = 0
}

// finish ends the step in progress: what it computed is in the cache, and
// sequences all of whose tokens are there get one more.
func (e *engine) finish() {
	kept := e.running[:0]
	for _, s := range e.running {
		s.computed += s.chunk
		if s.chunk > 0 && s.computed == s.prompt+s.done {
			e.token(s)
		}
		s.chunk = 0
		if s.over {
			e.release(s)
			continue
		}
		kept = append(kept, s)
	}
	clear(e.running[len(kept):])
	e.running = kept
}

func (e *engine) token(s *sequence) {
	if !s.counted {
		s.counted = true
		e.promptTokens += uint64(s.prompt)
	}
	if s.done == 0 {
		s.first = e.stepEnd
	}
	s.done++
	s.last = e.stepEnd
	e.generated++
	s.over = s.done >= s.want
	if s.each || s.over {
		s.tell()
	}
}

// tell wakes the sequence's caller.
func (s *sequence) tell() {
	select {
	case s.ready <- struct{}{}:
	default:
	}
}

// shrink sets how many blocks the cache has. What does not fit any more is
// thrown out when the next step is scheduled.
func (e *engine) shrink(blocks int) {
	e.free += blocks - e.capacity
	e.capacity = blocks
}

// lose ends all sequences: the replica is gone.
func (e *engine) lose() {
	e.stepping = false
	for s := e.waiting.head; s != nil; s = e.waiting.head {
		e.waiting.remove(s)
		e.drop(s)
	}
	for _, s := range e.running {
		e.release(s)
		e.drop(s)
	}
	clear(e.running)
	e.running = e.running[:0]
}

func (e *engine) drop(s *sequence) {
	s.over, s.err = true, ErrLost
	s.tell()
}
