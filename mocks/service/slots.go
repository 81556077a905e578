package service

import (
	"context"
	"fmt"
	"sync"
	"time"

	"brownout/plan"
)

// slots is bounded: so many calls at once, so many more in a queue that is
// served first come, first served, and the rest refused.
type slots struct {
	pace
	own, room int

	mu    sync.Mutex
	size  int // own, or less under a strain
	busy  int
	queue queue
}

func newSlots(p pace, s plan.Service) (*slots, error) {
	switch {
	case s.Slots < 1:
		return nil, fmt.Errorf("service model %q needs slots >= 1, not %d", s.Model, s.Slots)
	case s.Queue < 0:
		return nil, fmt.Errorf("service model %q needs queue >= 0, not %d", s.Model, s.Queue)
	}
	return &slots{pace: p, own: s.Slots, size: s.Slots, room: s.Queue}, nil
}

// Admit implements Model.
func (s *slots) Admit(ctx context.Context, j Job) (Turn, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	arrived := time.Now()
	s.mu.Lock()
	if s.busy < s.size { // the queue is empty then: release hands slots over
		s.busy++
		s.mu.Unlock()
		return startPaced(j, arrived, s.release), nil
	}
	if s.queue.Len() >= s.room {
		s.mu.Unlock()
		return nil, ErrFull
	}
	place := s.queue.join()
	s.mu.Unlock()
	if err := place.wait(ctx, &s.mu, s.handOver); err != nil {
		return nil, err
	}
	return startPaced(j, arrived, s.release), nil
}

func (s *slots) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handOver()
}

// handOver gives the slot to the head of the queue, or frees it. The caller
// holds mu.
func (s *slots) handOver() {
	if s.busy > s.size || !s.queue.next() {
		s.busy--
	}
}

// Gauge implements Model.
func (s *slots) Gauge() Gauge {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Gauge{Busy: s.busy, Waiting: s.queue.Len(), Slots: s.size}
}
