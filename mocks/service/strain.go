package service

import "time"

// Strain is what faults do to a service while they last. The zero Strain does
// nothing.
type Strain struct {
	Replicas int     // replicas lost: their calls end with ErrLost (gpu) or are still answered (managed)
	KV       float64 // share of the KV-cache blocks taken away, 0..1 (gpu)
	Slow     float64 // every token takes so many times as long; 0 means 1 (gpu, edge)
	Capacity int     // calls served at once without mutual harm, where fewer than otherwise; 0: as otherwise (cloud, slots, gpu)
}

// Add is both strains at once.
func (s Strain) Add(o Strain) Strain {
	s.Replicas += o.Replicas
	s.KV = min(1, s.KV+o.KV)
	if o.Slow > 0 {
		s.Slow = max(1, s.Slow) * o.Slow
	}
	if o.Capacity > 0 && (s.Capacity == 0 || o.Capacity < s.Capacity) {
		s.Capacity = o.Capacity
	}
	return s
}

// Strained is a Model that faults can put under strain.
type Strained interface {
	Model
	// SetStrain puts the service under a strain, in place of the one before.
	SetStrain(Strain)
	// Feels tells whether the service has every weakness that the strain is on.
	Feels(Strain) bool
}

// Unloader is a Model that can be made cold.
type Unloader interface {
	Model
	// Unload takes the models out of memory, or all replicas away, so that the
	// next call meets a cold start. Calls in progress go on.
	Unload()
}

// SetStrain implements Strained.
func (g *gpu) SetStrain(s Strain) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	for _, r := range g.replicas {
		r.advance(now)
	}
	g.params.slow = s.Slow
	alive := max(0, len(g.replicas)-max(0, s.Replicas))
	g.params.sequences = g.sequences
	if s.Capacity > 0 {
		g.params.sequences = max(1, min(g.sequences, s.Capacity/max(1, alive)))
	}
	for i, r := range g.replicas {
		r.shrink(int(float64(g.params.blocks) * (1 - min(1, max(0, s.KV)))))
		if i >= alive && i < g.alive {
			r.lose()
		}
	}
	g.alive = alive
}

// Feels implements Strained: a GPU server has all the weaknesses there are.
func (g *gpu) Feels(Strain) bool { return true }

// SetStrain implements Strained.
func (c *cloud) SetStrain(s Strain) { c.strained.Store(int64(s.Capacity)) }

// Feels implements Strained.
func (c *cloud) Feels(s Strain) bool { return s == Strain{Capacity: s.Capacity} }

// SetStrain implements Strained.
func (s *slots) SetStrain(strain Strain) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.size = s.own
	if strain.Capacity > 0 {
		s.size = min(s.own, strain.Capacity)
	}
	for s.busy < s.size && s.queue.next() {
		s.busy++
	}
}

// Feels implements Strained.
func (s *slots) Feels(strain Strain) bool { return strain == Strain{Capacity: strain.Capacity} }

// Feels implements Strained.
func (m *managed) Feels(s Strain) bool { return s == Strain{Replicas: s.Replicas} }

// Feels implements Strained.
func (e *edge) Feels(s Strain) bool { return s == Strain{Slow: s.Slow} }
