package service

import (
	"container/list"
	"context"
	"sync"
)

// queue is a line of callers, served first come, first served. Its owner's
// mutex guards it.
type queue struct{ list.List }

// place is one caller's place in a queue.
type place struct {
	turn chan error // buffered: the answer, once
	in   *queue
	at   *list.Element
}

// join takes the last place.
func (q *queue) join() *place {
	p := &place{turn: make(chan error, 1)}
	q.take(p)
	return p
}

// take gives the last place of q to a caller who has left another queue.
func (q *queue) take(p *place) { p.in, p.at = q, q.PushBack(p) }

// leave takes the head out, who is still to be answered; nil: nobody waits.
func (q *queue) leave() *place {
	head := q.Front()
	if head == nil {
		return nil
	}
	return q.Remove(head).(*place)
}

// next lets the head of the queue in, and tells whether there was one.
func (q *queue) next() bool {
	p := q.leave()
	if p == nil {
		return false
	}
	p.turn <- nil
	return true
}

// wait waits for the answer. A caller that ctx calls away leaves its queue; one
// that was let in at that moment hands back what it was given. The caller does
// not hold mu, handBack is called with it.
func (p *place) wait(ctx context.Context, mu *sync.Mutex, handBack func()) error {
	select {
	case err := <-p.turn:
		return err
	case <-ctx.Done():
	}
	mu.Lock()
	defer mu.Unlock()
	select {
	case err := <-p.turn:
		if err == nil {
			handBack()
		}
	default:
		p.in.Remove(p.at)
	}
	return context.Cause(ctx)
}
