package service

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"brownout/plan"
)

// edge is a device: a few slots, each decoding one answer token by token; a
// model that must be in memory first; and a case that warms up under load.
type edge struct {
	pace
	slots     int
	room      int // of the queue while a model loads
	loadTime  time.Duration
	keepAlive time.Duration // 0: for ever
	refuse    bool          // calls that find no model are refused
	warm      bool          // models begin in memory
	most      int           // models in memory at once; 0: no bound
	restarted time.Time     // when a server that refuses began to load its models anew
	heat      heat

	mu     sync.Mutex
	busy   int
	queue  queue // for a slot; without bound, as both llama.cpp and Ollama have it
	active map[*edgeTurn]struct{}
	models map[string]*loaded
	later  []*loaded // those that wait for another to leave memory, in their order
}

// loaded is a model that is in memory, or on its way there.
type loaded struct {
	ready   time.Time // when it is, or was, in memory
	used    time.Time // when it was last asked or answering
	waiting queue     // calls for it while it loads
	users   int       // calls that hold it in memory
}

func newEdge(p pace, s plan.Service) (*edge, error) {
	factor := s.ThrottleFactor
	if factor == 0 {
		factor = 1
	}
	switch {
	case s.Slots < 1:
		return nil, fmt.Errorf("service model %q needs slots >= 1, not %d", s.Model, s.Slots)
	case s.MaxLoaded < 0:
		return nil, fmt.Errorf("service model %q needs max_loaded >= 0, not %d", s.Model, s.MaxLoaded)
	case s.Queue < 0 || s.ColdStart < 0 || s.KeepAlive < 0 || s.ThrottleAfter < 0:
		return nil, fmt.Errorf("service model %q needs a queue and times that are not negative", s.Model)
	case !(factor >= 1) || math.IsInf(factor, 1):
		return nil, fmt.Errorf("service model %q needs throttle_factor >= 1", s.Model)
	}
	refuse, err := refuses(s)
	if err != nil {
		return nil, err
	}
	return &edge{
		pace: p, slots: s.Slots, room: s.Queue, loadTime: s.ColdStart, keepAlive: s.KeepAlive, refuse: refuse, warm: s.Warm, most: s.MaxLoaded,
		heat:   heat{after: s.ThrottleAfter, factor: factor, strain: 1},
		active: map[*edgeTurn]struct{}{}, models: map[string]*loaded{},
	}, nil
}

// refuses tells what becomes of calls that find no model in memory.
func refuses(s plan.Service) (bool, error) {
	switch s.Cold {
	case "", plan.ColdWait:
		return false, nil
	case plan.ColdRefuse:
		return true, nil
	}
	return false, fmt.Errorf("service model %q: cold is %q, not %q or %q", s.Model, s.Cold, plan.ColdWait, plan.ColdRefuse)
}

// Admit implements Model.
func (e *edge) Admit(ctx context.Context, j Job) (Turn, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	arrived := time.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	m := e.model(j.Model, arrived)
	if err := e.enter(ctx, m, arrived); err != nil {
		return nil, err
	}
	now := time.Now()
	e.settle(now)
	t := &edgeTurn{
		e: e, m: m, timing: j.Timing, tokens: j.Tokens, start: now,
		spent: Spent{Queue: now.Sub(arrived), Load: max(0, m.ready.Sub(arrived))},
	}
	t.next = now.Add(t.slowed(j.Timing.FirstToken, now))
	e.active[t] = struct{}{}
	return t, nil
}

// enter waits for the model and for a slot, and keeps the model in memory. The
// caller holds mu, which is let go of meanwhile.
func (e *edge) enter(ctx context.Context, m *loaded, now time.Time) error {
	loading := m.ready.After(now)
	var p *place
	switch {
	case loading && e.refuse:
		return ErrLoading
	case loading && m.waiting.Len() >= max(1, e.room): // whoever makes it load may wait for it
		return ErrFull
	case loading:
		p = m.waiting.join()
	case e.busy < e.slots:
		e.settle(now)
		e.busy++
		m.users++
		return nil
	default:
		p = e.queue.join()
	}
	m.users++
	e.mu.Unlock()
	err := p.wait(ctx, &e.mu, e.handOver)
	e.mu.Lock()
	if err != nil {
		e.leave(m)
	}
	return err
}

// model is the state of a model, which is being loaded from now on if it was
// not in memory. The caller holds mu.
func (e *edge) model(id string, now time.Time) *loaded {
	m := e.models[id]
	switch {
	case m == nil && e.warm && e.hasRoom(nil, now):
		m = &loaded{ready: now, used: now}
		e.models[id] = m
	case m == nil:
		m = &loaded{}
		e.models[id] = m
		if e.restarted.IsZero() {
			e.bringUp(m, now)
		} else {
			m.ready = e.restarted.Add(e.loadTime)
			m.used = m.ready
		}
	case e.gone(m, now):
		e.bringUp(m, now)
	}
	return m
}

// bringUp begins to load a model, as soon as there is room for it. The caller
// holds mu.
func (e *edge) bringUp(m *loaded, now time.Time) {
	if !e.makeRoom(m, now) {
		m.ready = now.Add(never)
		e.later = append(e.later, m)
		return
	}
	m.ready, m.used = now.Add(e.loadTime), now.Add(e.loadTime)
	time.AfterFunc(e.loadTime, func() { e.letIn(m) })
}

// never is how far off a load is that cannot begin yet.
const never = 100 * 365 * 24 * time.Hour

// hasRoom tells whether m can be in memory beside the others that are there, or
// on their way. The caller holds mu.
func (e *edge) hasRoom(m *loaded, now time.Time) bool {
	n := 0
	for _, o := range e.models {
		if o != m && !e.gone(o, now) && !slices.Contains(e.later, o) {
			n++
		}
	}
	return e.most == 0 || n < e.most
}

// makeRoom takes the model out of memory that has been idle for longest, if m
// needs its room, and tells whether there is room. Ollama does so; a model that
// is answering stays. The caller holds mu.
func (e *edge) makeRoom(m *loaded, now time.Time) bool {
	if e.hasRoom(m, now) {
		return true
	}
	oldest := ""
	for id, o := range e.models {
		if o != m && o.users == 0 && !o.ready.After(now) && !e.gone(o, now) && (oldest == "" || o.used.Before(e.models[oldest].used)) {
			oldest = id
		}
	}
	if oldest == "" {
		return false
	}
	delete(e.models, oldest)
	return true
}

// next begins to load the first of the models that wait for room and are still
// wanted. The caller holds mu.
func (e *edge) next(now time.Time) {
	for len(e.later) > 0 {
		m := e.later[0]
		e.later = e.later[1:]
		if m.users == 0 { // everybody has left
			maps.DeleteFunc(e.models, func(_ string, o *loaded) bool { return o == m })
			continue
		}
		if !e.makeRoom(m, now) {
			e.later = slices.Insert(e.later, 0, m)
			return
		}
		e.bringUp(m, now)
	}
}

// letIn lets the calls that waited for a model into the slots, or has them wait
// for one, in their order.
func (e *edge) letIn(m *loaded) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for p := m.waiting.leave(); p != nil; p = m.waiting.leave() {
		if e.busy < e.slots && e.queue.Len() == 0 {
			e.settle(time.Now())
			e.busy++
			p.turn <- nil
		} else {
			e.queue.take(p)
		}
	}
}

// gone tells whether an idle model has left memory.
func (e *edge) gone(m *loaded, now time.Time) bool {
	return m.users == 0 && e.keepAlive > 0 && now.Sub(m.used) >= e.keepAlive && !m.ready.After(now)
}

// leave ends a call's hold on its model. The caller holds mu.
func (e *edge) leave(m *loaded) {
	m.users--
	m.used = time.Now()
	if m.users == 0 {
		e.next(m.used)
	}
}

// handOver gives a slot to the head of the queue, or frees it. The caller holds
// mu.
func (e *edge) handOver() {
	e.settle(time.Now())
	if !e.queue.next() {
		e.busy--
	}
}

// settle brings all answers and the device's heat up to now; it goes before
// every change of how many slots are busy. The caller holds mu.
func (e *edge) settle(now time.Time) {
	for t := range e.active {
		t.advance(now)
	}
	e.heat.settle(now, float64(e.busy)/float64(e.slots))
}

// Gauge implements Model.
func (e *edge) Gauge() Gauge {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := time.Now()
	g := Gauge{Busy: e.busy, Waiting: e.queue.Len(), Slots: e.slots, Slow: e.slow(now)}
	g.Loading = e.refuse && e.restarted.Add(e.loadTime).After(now)
	for _, m := range e.models {
		g.Waiting += m.waiting.Len()
		g.Loading = g.Loading || e.refuse && m.ready.After(now)
	}
	return g
}

// Loaded implements Keeper.
func (e *edge) Loaded() map[string]time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	now, out := time.Now(), map[string]time.Time{}
	for id, m := range e.models {
		switch {
		case m.ready.After(now) || e.gone(m, now):
		case e.keepAlive == 0:
			out[id] = time.Time{}
		case m.users > 0:
			out[id] = now.Add(e.keepAlive)
		default:
			out[id] = m.used.Add(e.keepAlive)
		}
	}
	return out
}

// Unload implements Unloader.
func (e *edge) Unload() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.warm = false
	if e.refuse { // it is the whole server that starts anew, and nobody waits for it
		e.restarted = time.Now()
	}
	for id, m := range e.models {
		if !m.ready.After(time.Now()) {
			delete(e.models, id)
		}
	}
}

// Cold implements Unloader.
func (e *edge) Cold(model string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	m, now := e.models[model], time.Now()
	switch {
	case m == nil && !e.restarted.IsZero(): // the server loads them all by itself
		return e.restarted.Add(e.loadTime).After(now)
	case m == nil:
		return !e.warm
	}
	return m.ready.After(now) || e.gone(m, now)
}

// SetStrain implements Strained.
func (e *edge) SetStrain(s Strain) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.settle(time.Now())
	e.heat.strain = max(1, s.Slow)
}

// slow is the time per token over that of a cold device. The caller holds mu.
func (e *edge) slow(at time.Time) float64 {
	return e.heat.slow(at, float64(e.busy)/float64(e.slots))
}
