package score

import (
	"math"
	"testing"
	"testing/quick"

	"brownout/plan"
)

func fullParts() *Parts {
	var p Parts
	for i, w := range weightsOf(plan.Weights{}) {
		p[i] = Part{Name: PartNames[i], Known: true, Value: 1, Weight: w}
	}
	return &p
}

func TestWeightedByHand(t *testing.T) {
	tests := []struct {
		name string
		edit func(p *Parts)
		want float64
	}{
		{"all kept", func(*Parts) {}, 100},
		{"availability lost", func(p *Parts) { p[partAvailability].Value = 0 }, 19.95},
		{"recovery lost", func(p *Parts) { p[partRecovery].Value = 0 }, 63.10},
		{"cost lost", func(p *Parts) { p[partCost].Value = 0 }, 79.43},
		{"all lost", func(p *Parts) {
			for i := range p {
				p[i].Value = 0
			}
		}, 1},
		{"half of availability and of recovery", func(p *Parts) { p[partAvailability].Value, p[partRecovery].Value = .5, .5 }, 100 * math.Pow(.5, .45)},
		{"an unknown part gives its weight to the others", func(p *Parts) {
			p[partAvailability].Value = .5
			p[partLatency] = Part{Weight: .15}
		}, 100 * math.Pow(.5, .35/.85)},
		{"more than promised is not rewarded", func(p *Parts) { p[partCost].Value = 5 }, 100},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := fullParts()
			tt.edit(p)
			if got, ok := weighted(p); !ok || math.Abs(got-tt.want) > .01 {
				t.Errorf("weighted = %.3f, %v; want %.3f", got, ok, tt.want)
			}
		})
	}
	if got, ok := weighted(new(Parts)); ok {
		t.Errorf("a score of %v from no known part", got)
	}
}

func TestNinesAttained(t *testing.T) {
	tests := []struct{ share, promised, want float64 }{
		{1, .99, 1}, // no failure: attained, however few requests
		{.99, .99, 1},
		{.999, .99, 1}, // capped
		{.9, .99, .5},
		{0, .99, 0},
		{.99999, 1, 1}, // a promise of 1 counts as five nines
		{.99, 1, .4},
		{.5, 0, 1}, // nothing promised
	}
	for _, tt := range tests {
		if got := ninesAttained(tt.share, tt.promised); math.Abs(got-tt.want) > 1e-9 {
			t.Errorf("ninesAttained(%v, %v) = %v, want %v", tt.share, tt.promised, got, tt.want)
		}
	}
}

// A sketch must order values and stay within 1/32 of them.
func TestSketchIsWithinThreePercent(t *testing.T) {
	within := func(v uint32) bool {
		v %= 1 << sketchTop
		m := float64(sketchMiddle(sketchBucket(uint64(v))))
		return math.Abs(m-float64(v)) <= float64(v)/32+.5
	}
	if err := quick.Check(within, nil); err != nil {
		t.Error(err)
	}
	last := -1
	for v := uint64(0); v < 1<<16; v++ {
		b := sketchBucket(v)
		if b < last || b > last+1 {
			t.Fatalf("bucket of %d is %d, after %d", v, b, last)
		}
		last = b
	}
	if got := sketchBucket(1 << 62); got != sketchBuckets-1 {
		t.Errorf("a huge value is in bucket %d", got)
	}
}
