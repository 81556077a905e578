package router

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"time"

	"brownout/chance"
	"brownout/plan"
)

// migration moves the calls for one model to another: a share of them, which
// grows from none, and none any more once the new model fails too much oftener
// than the old one. A call that the new model fails is still answered by the
// old one.
type migration struct {
	plan.Migration
	began time.Time

	mu       sync.Mutex
	from, to outcomes
	back     bool // it has been taken back
}

// outcomes are the latest results of a model, of which the errors are counted.
type outcomes struct {
	failed []bool
	next   int
	errors int
}

// put takes in a result; only the latest of them count, as many as most.
func (o *outcomes) put(failed bool, most int) {
	if len(o.failed) < most {
		o.failed = append(o.failed, false)
		o.next = len(o.failed) - 1
	} else {
		o.next %= most
		if o.failed[o.next] {
			o.errors--
		}
	}
	o.failed[o.next] = failed
	o.next++
	if failed {
		o.errors++
	}
}

// share is that of errors; 0 where nothing is known.
func (o *outcomes) share() float64 {
	if len(o.failed) == 0 {
		return 0
	}
	return float64(o.errors) / float64(len(o.failed))
}

// defaults of a migration that are no setting's of their own.
const (
	defaultRollback = 0.1
	defaultMinCalls = 20
)

// migrations is the mitigation.
func migrations(r *engine) *stage {
	if len(r.set.Migration) == 0 {
		return nil
	}
	list := keep(r, "migration", r.set.Migration, func() []*migration {
		var list []*migration
		for _, m := range r.set.Migration {
			m.RollbackAt, m.MinCalls = cmp.Or(m.RollbackAt, defaultRollback), cmp.Or(m.MinCalls, defaultMinCalls)
			list = append(list, &migration{Migration: m, began: time.Now()})
		}
		return list
	})
	return &stage{
		resolve: func(c *call, asked string) string {
			for _, m := range list {
				if m.From != asked {
					continue
				}
				c.moving = m
				if c.moved = m.takes(c); c.moved {
					return m.To
				}
			}
			return asked
		},
		choose: func(c *call, cands []candidate) []candidate {
			if !c.moved {
				return cands
			}
			return c.moving.choose(c, cands)
		},
		attempt: func(c *call, _ *attempt) trial {
			if c.moving == nil {
				return trial{}
			}
			return trial{ended: func(a *attempt) { c.moving.saw(c, a) }}
		},
	}
}

// takes tells whether a request is of the share that moves. All requests of a
// workflow are, or none.
func (m *migration) takes(c *call) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	share := m.Share
	if gone := time.Since(m.began); gone < m.Ramp {
		share *= float64(gone) / float64(m.Ramp)
	}
	who := cmp.Or(c.terms.workflow, c.marker)
	return !m.back && chance.Key{Seed: c.r.seed, Marker: who, Purpose: "migration of " + m.From}.Hit(share)
}

// choose has those asked first who have the new model, and behind each of them
// the old one.
func (m *migration) choose(c *call, cands []candidate) []candidate {
	out := make([]candidate, 0, len(cands)+1)
	rest := make([]candidate, 0, len(cands))
	for i := range cands {
		if v := cands[i]; v.has(m.To) && v.model == m.To {
			out = append(out, v)
		} else {
			rest = append(rest, v)
		}
	}
	if len(out) == 0 {
		return cands
	}
	for i := range cands {
		if b := cands[i].backend; b.has(m.From) && cands[i].model != m.From {
			out = append(out, c.candidate(b, m.From))
		}
	}
	return append(out, rest...)
}

// saw takes in how an attempt ended, and takes the migration back where the new
// model is too bad. Only what speaks against a model counts against it.
func (m *migration) saw(c *call, a *attempt) {
	failed := false
	if a.fail != nil {
		says := conductFor(a.fail.Kind).says
		failed = says == unhealthy || says == condemned
	}
	if a.lost || a.fail != nil && !failed {
		return
	}
	m.mu.Lock()
	most := 2 * m.MinCalls
	switch a.cand.model {
	case m.From:
		m.from.put(failed, most)
	case m.To:
		m.to.put(failed, most)
	}
	old, new := m.from.share(), m.to.share()
	roll := !m.back && len(m.to.failed) >= m.MinCalls && new > old+m.RollbackAt
	m.back = m.back || roll
	m.mu.Unlock()
	if roll {
		c.r.tell(Decision{What: RolledBack, Provider: a.cand.Name, Detail: fmt.Sprintf(
			"%q fails %.0f %% of its calls and %q %.0f %%: all calls go to that one again", m.To, 100*new, m.From, 100*old)})
	}
}

// migrations checks them.
func (c *checker) migrations(list []plan.Migration) {
	var from []string
	for _, m := range list {
		switch {
		case m.From == "" || m.To == "" || m.From == m.To:
			c.bad("migration", "a migration has no from or no to, or both are one model; give two models")
		case m.Share <= 0 || m.Share > 1:
			c.bad("migration", "the share %v of %q is none; give a number above 0 and up to 1", m.Share, m.From)
		case m.RollbackAt < 0 || m.RollbackAt > 1:
			c.bad("migration", "rollback_error_rate %v is no share; give a number from 0 to 1", m.RollbackAt)
		case m.Ramp < 0 || m.MinCalls < 0:
			c.bad("migration", "ramp or min_calls of %q is negative; give at least 0", m.From)
		case slices.Contains(from, m.From):
			c.bad("migration", "%q is moved twice; keep one", m.From)
		}
		from = append(from, m.From)
	}
}
