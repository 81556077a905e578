package service

import "time"

// Strain is what faults do to a service while they last. The zero Strain does
// nothing.
type Strain struct {
	Replicas int     // replicas lost: their calls end with ErrLost (gpu) or are still answered (managed)
	KV       float64 // share of the KV-cache blocks taken away, 0..1 (gpu)
	Slow     float64 // every token takes so many times as long; 0 means 1 (gpu, edge)
}

// Strained is a Model that faults can put under strain.
type Strained interface {
	Model
	// SetStrain puts the service under a strain, in place of the one before.
	SetStrain(Strain)
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
	for i, r := range g.replicas {
		r.shrink(int(float64(g.params.blocks) * (1 - min(1, max(0, s.KV)))))
		if i >= alive && i < g.alive {
			r.lose()
		}
	}
	g.alive = alive
}
