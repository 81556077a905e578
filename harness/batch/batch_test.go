package batch_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"brownout/harness/batch"
	"brownout/plan"
)

// record is what a batch did.
type record struct {
	mu           sync.Mutex
	order        []int
	runs, most   int
	cores, peak  float64
	slots        map[int]bool
	doubleBooked bool
}

func play(ctx context.Context, jobs []batch.Job, l batch.Limits) (*record, time.Duration) {
	r := &record{slots: map[int]bool{}}
	start := time.Now()
	batch.Run(ctx, jobs, l, func(ctx context.Context, job, slot int) {
		r.mu.Lock()
		r.order = append(r.order, job)
		r.runs, r.cores = r.runs+1, r.cores+jobs[job].Cores
		r.most, r.peak = max(r.most, r.runs), max(r.peak, r.cores)
		r.doubleBooked = r.doubleBooked || r.slots[slot] || slot >= max(l.Runs, 1)
		r.slots[slot] = true
		r.mu.Unlock()
		select {
		case <-time.After(jobs[job].Length):
		case <-ctx.Done():
		}
		r.mu.Lock()
		r.runs, r.cores = r.runs-1, r.cores-jobs[job].Cores
		r.slots[slot] = false
		r.mu.Unlock()
	})
	return r, time.Since(start)
}

func TestRunsKeepTheLimits(t *testing.T) {
	s := time.Second
	// No two end at one time, so that what begins next is never a tie.
	jobs := []batch.Job{{.25, 10 * s}, {.5, 41 * s}, {.25, 20 * s}, {3, 5 * s}, {.25, 22 * s}}
	tests := []struct {
		name   string
		limits batch.Limits
		order  []int
		most   int
		took   time.Duration
	}{
		{"one at a time, in order", batch.Limits{}, []int{0, 1, 2, 3, 4}, 1, 98 * s},
		{"two at a time, the longest first", batch.Limits{Runs: 2}, []int{0, 1, 2, 3, 4}, 2, 51 * s},
		{"as the cores allow: the loud one alone", batch.Limits{Runs: 9, Cores: 1}, []int{0, 1, 2, 3, 4}, 3, 46 * s},
		{"the loud one too", batch.Limits{Runs: 9, Cores: 9}, []int{0, 1, 2, 3, 4}, 5, 41 * s},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, took := play(t.Context(), jobs, tt.limits)
				order := slices.Clone(r.order)
				if tt.most > 1 {
					// Those that begin at once do so in any order.
					if tt.most < len(jobs) && order[len(order)-1] != 3 {
						t.Errorf("order %v: the shortest is not last", order)
					}
					slices.Sort(order)
				}
				if !slices.Equal(order, tt.order) || r.most != tt.most || took != tt.took || r.doubleBooked {
					t.Errorf("order %v, %d at once, %s, double %t; want %v, %d, %s", r.order, r.most, took, r.doubleBooked, tt.order, tt.most, tt.took)
				}
				if l := tt.limits.Cores; l > 0 && r.peak > max(l, 3) {
					t.Errorf("%.2f cores at once", r.peak)
				}
			})
		})
	}
}

func TestNothingBeginsAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
		defer cancel()
		jobs := slices.Repeat([]batch.Job{{Length: 10 * time.Second}}, 6)
		r, took := play(ctx, jobs, batch.Limits{Runs: 2})
		if len(r.order) != 4 || took != 15*time.Second {
			t.Errorf("%d began, and it took %s", len(r.order), took)
		}
	})
}

func TestCostTellsQuietFromLoud(t *testing.T) {
	p := func(rate float64, kind string) *plan.Plan {
		m := plan.DefaultMix[kind]
		return &plan.Plan{Load: plan.Load{
			Profile:  []plan.Point{{Rate: rate}, {At: 10 * time.Second, Rate: 2 * rate}, {At: 30 * time.Second, Rate: rate}, {At: time.Minute, Rate: 1e6}},
			Duration: 30 * time.Second, Mix: []plan.Mix{m},
		}}
	}
	quiet, streams, loud := batch.Cost(p(10, plan.KindChat), false), batch.Cost(p(10, plan.KindStream), false), batch.Cost(p(2000, plan.KindChat), false)
	if !(quiet.Cores < streams.Cores && streams.Cores < loud.Cores) || quiet.Cores > .1 || loud.Cores < 1 {
		t.Errorf("%v, %v, %v", quiet, streams, loud)
	}
	if want := 34500 * time.Millisecond; quiet.Length != want {
		t.Errorf("length %s, want %s", quiet.Length, want)
	}
	if own := batch.Cost(p(10, plan.KindChat), true); own.Cores < quiet.Cores+.1 || own.Cores > .5 || own.Length != quiet.Length {
		t.Errorf("with a process of its own %v, without %v", own, quiet)
	}
}
