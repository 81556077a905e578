package service

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"brownout/plan"
)

// managed is an endpoint that somebody else runs: replicas of so many slots
// each, behind one queue, whose number follows the load. It scales as a
// concurrency autoscaler does (Knative's KPA; that the managed services work
// alike is unverified): wanted is calls in the system over the target, rounded
// up. More are started at once and are ready after a delay; fewer are kept only
// after they have sufficed for a while.
type managed struct {
	pace
	slots, room int
	least, most int
	target      float64 // calls in the system per replica
	scaleUp     time.Duration
	coldStart   time.Duration
	scaleDown   time.Duration // 0: never
	refuse      bool

	mu       sync.Mutex
	ready    int // replicas
	starting int
	lost     int // of most, to a fault
	taken    int // of those, how many were ready
	busy     int
	queue    queue
	down     *time.Timer // runs while fewer replicas than ready suffice
	peak     int         // the most that were wanted since it was set
}

func newManaged(p pace, s plan.Service) (*managed, error) {
	target := s.TargetConcurrency
	if target == 0 {
		target = float64(s.Slots)
	}
	cold := s.ColdStart
	if cold == 0 {
		cold = s.ScaleUpDelay
	}
	start := s.Replicas
	if start == 0 {
		start = s.MinReplicas
	}
	switch {
	case s.Slots < 1:
		return nil, fmt.Errorf("service model %q needs slots >= 1, not %d", s.Model, s.Slots)
	case s.MaxReplicas < 1 || s.MinReplicas < 0 || s.MinReplicas > s.MaxReplicas || start < 0 || start > s.MaxReplicas:
		return nil, fmt.Errorf("service model %q needs 0 <= min_replicas, replicas <= max_replicas and max_replicas >= 1", s.Model)
	case !(target > 0) || math.IsInf(target, 1):
		return nil, fmt.Errorf("service model %q needs target_concurrency > 0", s.Model)
	case s.Queue < 0 || s.ScaleUpDelay < 0 || cold < 0 || s.ScaleDownAfter < 0:
		return nil, errors.New("service queues and delays must not be negative")
	}
	refuse, err := refuses(s)
	if err != nil {
		return nil, err
	}
	return &managed{
		pace: p, slots: s.Slots, room: s.Queue, least: s.MinReplicas, most: s.MaxReplicas, target: target,
		scaleUp: s.ScaleUpDelay, coldStart: cold, scaleDown: s.ScaleDownAfter, refuse: refuse, ready: start,
	}, nil
}

// Admit implements Model.
func (m *managed) Admit(ctx context.Context, j Job) (Turn, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	arrived := time.Now()
	m.mu.Lock()
	cold := m.ready == 0
	room := m.room
	if cold {
		room = max(1, room) // whoever makes a replica start may wait for it
	}
	switch {
	case m.busy < m.ready*m.slots && m.queue.Len() == 0:
		m.busy++
		m.scale(0)
		m.mu.Unlock()
		return startPaced(j, arrived, m.release), nil
	case cold && m.refuse:
		m.scale(1)
		m.mu.Unlock()
		return nil, ErrLoading
	case m.queue.Len() >= room:
		m.scale(1)
		m.mu.Unlock()
		return nil, ErrFull
	}
	place := m.queue.join()
	m.scale(0)
	m.mu.Unlock()
	if err := place.wait(ctx, &m.mu, m.handOver); err != nil {
		return nil, err
	}
	t := startPaced(j, arrived, m.release)
	if cold {
		t.spent.Load = t.spent.Queue
	}
	return t, nil
}

func (m *managed) release() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.handOver()
}

// handOver gives the slot to the head of the queue, or frees it. The caller
// holds mu.
func (m *managed) handOver() {
	m.busy--
	m.letIn()
	m.scale(0)
}

// letIn lets as many in as there are free slots. The caller holds mu.
func (m *managed) letIn() {
	for m.busy < m.ready*m.slots && m.queue.next() {
		m.busy++
	}
}

// scale starts what is missing, and sees to it that what is not needed goes.
// refused are calls that were turned away, which count as load. The caller
// holds mu.
func (m *managed) scale(refused int) {
	most := max(0, m.most-m.lost)
	wanted := int(math.Ceil(float64(m.busy+m.queue.Len()+refused) / m.target))
	wanted = min(max(wanted, m.least), most)
	for m.ready+m.starting < wanted {
		m.starting++
		delay := m.scaleUp
		if m.ready == 0 {
			delay = m.coldStart
		}
		time.AfterFunc(delay, m.arrive)
	}
	switch {
	case wanted >= m.ready || m.scaleDown == 0:
		if m.down != nil {
			m.down.Stop()
			m.down = nil
		}
	case m.down == nil:
		m.peak = wanted
		var timer *time.Timer
		timer = time.AfterFunc(m.scaleDown, func() { m.sink(&timer) })
		m.down = timer
	default:
		m.peak = max(m.peak, wanted)
	}
}

// arrive is the moment a replica becomes ready.
func (m *managed) arrive() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.starting--
	m.ready = min(m.ready+1, max(0, m.most-m.lost))
	m.letIn()
	m.scale(0)
}

// sink takes the replicas away that were not needed for a while. Calls in
// progress at them are still answered.
func (m *managed) sink(timer **time.Timer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down != *timer { // called off in the same moment
		return
	}
	m.down = nil
	m.ready = min(m.ready, m.peak)
	m.scale(0)
}

// Gauge implements Model.
func (m *managed) Gauge() Gauge {
	m.mu.Lock()
	defer m.mu.Unlock()
	return Gauge{
		Busy: m.busy, Waiting: m.queue.Len(), Slots: m.ready * m.slots, Replicas: m.ready,
		Loading: m.refuse && m.ready == 0,
	}
}

// Unload implements Unloader: all replicas are gone, and begin anew if there
// is or comes a need.
func (m *managed) Unload() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ready = 0
	m.scale(0)
}

// Cold implements Unloader.
func (m *managed) Cold(string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.ready == 0
}

// SetStrain implements Strained.
func (m *managed) SetStrain(s Strain) {
	m.mu.Lock()
	defer m.mu.Unlock()
	before := min(m.lost, m.most)
	m.lost = max(0, s.Replicas)
	// Those that go were ready, and those that come back are: it is a machine
	// that is gone and returns, not a change of the scaling's bounds.
	gone := min(m.lost, m.most) - before
	if gone > 0 {
		m.taken += min(gone, m.ready)
		m.ready = max(0, m.ready-gone)
	} else {
		back := min(-gone, m.taken)
		m.taken -= back
		m.ready += back
	}
	m.ready = min(m.ready, max(0, m.most-m.lost))
	m.letIn()
	m.scale(0)
}
