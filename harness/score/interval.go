package score

import (
	"math"
	"slices"
	"time"
)

// Wilson is the 95 % score interval of a share: of n worth out of that many
// (Wilson, 1927). Of values that are not only 0 and 1 it is an upper bound of the
// width. Of none out of none nothing is known: it is all of 0 to 1.
func Wilson(n float64, of uint64) (low, high float64) {
	if of == 0 {
		return 0, 1
	}
	const z = 1.959964
	t := float64(of)
	p := n / t
	mid := (p + z*z/(2*t)) / (1 + z*z/t)
	half := z / (1 + z*z/t) * math.Sqrt(max(0, p*(1-p))/t+z*z/(4*t*t))
	return max(0, mid-half), min(1, mid+half)
}

// The interval of the total is a percentile bootstrap over one-second blocks
// (Efron and Tibshirani, 1993; blocks, because requests of one second share
// their luck). Availability, latency, integrity, efficiency and cost are drawn
// anew; failover and recovery are single events and keep their value.
const (
	Resamples = 200
	blockLen  = int(time.Second / SliceWidth)
	// resampleSeed is fixed: the same records give the same interval.
	resampleSeed = 0x62726f776e6f7574
)

// draws is SplitMix64 (Steele, Lea and Flood, 2014).
type draws uint64

func (d *draws) intN(n int) int {
	*d += 0x9e3779b97f4a7c15
	x := uint64(*d)
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return int((x ^ x>>31) % uint64(n))
}

// resample computes the interval of the total, once, when the run is over.
func (b *Board) resample() {
	var windows []*window
	var known []Window
	for _, w := range b.windows {
		if w.on {
			windows = append(windows, w)
			known = append(known, b.window(w))
		}
	}
	if !b.totalOf(known).Scored {
		return
	}
	during := make([][]slice, len(windows))
	after := make([][]slice, len(windows))
	for i, w := range windows {
		during[i], after[i] = blocks(w.during.slices), blocks(w.after.slices)
	}
	d := draws(resampleSeed)
	totals := make([]float64, 0, Resamples)
	drawn := slices.Clone(known)
	for range Resamples {
		for i := range windows {
			drawn[i].Parts = known[i].Parts
			one, two := d.sum(during[i]), d.sum(after[i])
			b.redraw(&drawn[i], &one, &two)
		}
		totals = append(totals, b.totalOf(drawn).Total)
	}
	slices.Sort(totals)
	b.interval = [2]float64{totals[Resamples/40], totals[Resamples-1-Resamples/40]}
	b.bootstrap = true
}

// blocks adds slices up to whole seconds.
func blocks(in []slice) []slice {
	out := make([]slice, 0, len(in)/blockLen+1)
	for i := range in {
		if i%blockLen == 0 {
			out = append(out, slice{relative: new(sketch)})
		}
		out[len(out)-1].plus(&in[i])
	}
	return out
}

// sum adds up as many blocks as there are, drawn with replacement.
func (d *draws) sum(blocks []slice) slice {
	out := slice{relative: new(sketch)}
	for range blocks {
		out.plus(&blocks[d.intN(len(blocks))])
	}
	return out
}

func (s *slice) plus(o *slice) {
	s.tally.plus(o.tally)
	s.spend.calls += o.spend.calls
	s.spend.early += o.spend.early
	s.spend.costUSD += o.spend.costUSD
	s.relative.plus(o.relative)
}

// redraw replaces the parts of a window that a drawn sample gives anew.
func (b *Board) redraw(w *Window, during, after *slice) {
	w.Scored = false
	p := &w.Parts
	struck := during.tally
	struck.plus(w.Caught) // one event, like failover: not drawn anew
	if p[partAvailability].Known && struck.Total > 0 {
		a := struck.Availability()
		if after.tally.Total >= MinSamples {
			a = min(a, after.tally.Availability())
		}
		p[partAvailability].Value = ninesAttained(a, p[partAvailability].Promised)
	}
	if p[partLatency].Known && during.relative.n > 0 {
		p[partLatency].Value = ratioAttained(b.promise.LatencyFactor, float64(during.relative.quantile(.95))/ratioScale)
	}
	if p[partIntegrity].Known {
		whole := struck
		whole.plus(after.tally)
		p[partIntegrity].Value = ninesAttained(whole.Integrity(), p[partIntegrity].Promised)
	}
	if p[partEfficiency].Known {
		p[partEfficiency].Value = ratioAttained(p[partEfficiency].Promised, during.spend.perRequest(during.tally.Total))
	}
	if p[partCost].Known && p[partCost].Promised > 0 && during.tally.good() > 0 {
		p[partCost].Value = ratioAttained(p[partCost].Promised, during.spend.perGood(during.tally))
	}
	if p[partAvailability].Known {
		w.Score, w.Scored = weighted(p)
	}
}
