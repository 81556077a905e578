package score_test

import (
	"fmt"
	"testing"
	"time"

	"brownout/chance"
	"brownout/harness/journal"
	"brownout/harness/score"
)

// A world is a run of which everything is known: how likely a request is to
// fail in each second of the fault. u is that second's own luck.
type world struct {
	name  string
	fails func(second int, u float64) float64
}

func worlds() []world {
	return []world{
		{"steady trouble", func(int, float64) float64 { return .03 }},
		{"bad seconds", func(_ int, u float64) float64 {
			if u < .2 {
				return .15
			}
			return 0
		}},
		{"a slow failover", func(second int, _ float64) float64 {
			if second == 0 {
				return .6
			}
			return 0
		}},
		{"half an outage", func(int, float64) float64 { return .3 }},
		{"seconds of outage", func(_ int, u float64) float64 {
			if u < .2 {
				return 1
			}
			return 0
		}},
		{"rare failures", func(int, float64) float64 { return .004 }},
	}
}

// run is the total of one run in that world.
func (w world) run(seed uint64) score.Total {
	m := newSim()
	m.plan.Promise.LatencyFactor = 1.2
	m.request = func(at time.Duration, r *request) {
		of := func(purpose string) chance.Key {
			return chance.Key{Seed: seed, Marker: at.String(), Purpose: purpose}
		}
		median, fails := 100.0, 0.0
		if during(at) {
			second := int((at - 10*s) / s)
			luck := chance.Key{Seed: seed, Marker: fmt.Sprint(second), Purpose: "second"}
			median, fails = 150, w.fails(second, luck.Uniform())
		}
		r.took = time.Duration(of("took").Lognormal(median, .3) * float64(ms))
		if of("fails").Hit(fails) {
			r.outcome = journal.Failed
		}
	}
	return m.snapshot().Score
}

// coverage is how often the intervals of so many runs hold their mean, which is
// what many seeds would come to.
func (w world) coverage(runs int) (share, mean, width float64) {
	all := make([]score.Total, runs)
	for i := range all {
		all[i] = w.run(uint64(i + 1))
		mean += all[i].Total / float64(runs)
		width += (all[i].High - all[i].Low) / float64(runs)
	}
	for _, t := range all {
		if t.Low <= mean && mean <= t.High {
			share += 1 / float64(runs)
		}
	}
	return share, mean, width
}

// An interval that took a lucky failover for granted would hold the mean of
// these runs once in ten.
func TestIntervalHoldsWhatOtherSeedsGive(t *testing.T) {
	if share, mean, width := worlds()[0].coverage(10); share < .6 || width > 60 {
		t.Errorf("%.0f %% of intervals hold the mean of %.1f; they are %.1f points wide", 100*share, mean, width)
	}
}

// BenchmarkCoverage measures how honest the interval is. It should hold the
// mean of many runs in 95 % of them.
func BenchmarkCoverage(b *testing.B) {
	for _, w := range worlds() {
		b.Run(w.name, func(b *testing.B) {
			var share, width float64
			for b.Loop() {
				share, _, width = w.coverage(300)
			}
			b.ReportMetric(100*share, "%covered")
			b.ReportMetric(width, "points")
		})
	}
}
