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

// The interval of the total is a percentile of a local block bootstrap
// (Paparoditis and Politis, 2002): each second of a window is drawn anew from
// the seconds around it. Whole seconds, because requests of one second share
// their luck; from around it, because a window has a course: a first second of
// failures must not be drawn into its end. All parts are computed again from
// what was drawn. What is taken as it is: the steady state that windows are
// compared with, and the requests under way at the injection.
//
// A bootstrap knows no bad luck that the run did not have: where failures are
// rare, and where a failover hangs on a few requests, it is too narrow, and so
// is what it is made of. BenchmarkCoverage tells how often it holds the mean of
// many runs; of several seeds Student's t is the better interval.
const (
	Resamples = 200
	blockLen  = int(time.Second / SliceWidth)
	// blockReach is how many seconds before and after its own a second is drawn from.
	blockReach = 3
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
	during, after := make([]blocks, len(windows)), make([]blocks, len(windows))
	for i, w := range windows {
		during[i], after[i] = blocksOf(w.during.slices), blocksOf(w.after.slices)
	}
	d := draws(resampleSeed)
	totals := make([]float64, 0, Resamples)
	drawn := slices.Clone(known)
	for range Resamples {
		for i, w := range windows {
			drawn[i].Parts = known[i].Parts
			b.redraw(w, &drawn[i], during[i].draw(&d), after[i].draw(&d))
		}
		totals = append(totals, b.totalOf(drawn).Total)
	}
	slices.Sort(totals)
	b.interval = [2]float64{totals[Resamples/40], totals[Resamples-1-Resamples/40]}
	b.bootstrap = true
}

// blocks are the slices of a stretch, put together by whole seconds.
type blocks struct {
	slices []slice
	sums   []slice // of each second
}

func blocksOf(in []slice) blocks {
	out := blocks{slices: in}
	for second := range slices.Chunk(in, blockLen) {
		out.sums = append(out.sums, sum(second))
	}
	return out
}

func sum(in []slice) slice {
	out := slice{relative: new(sketch)}
	for i := range in {
		out.tally.plus(in[i].tally)
		out.spend.calls += in[i].spend.calls
		out.spend.early += in[i].spend.early
		out.spend.costUSD += in[i].spend.costUSD
		out.relative.plus(in[i].relative)
	}
	return out
}

// drawn is a stretch as it might have been.
type drawn struct {
	slices []slice
	sum    slice
}

// draw puts into the place of each second one of those around it. Where the
// stretch ends within a second, that one may be in another's place, and the rest
// of that is empty.
func (s blocks) draw(d *draws) drawn {
	out := drawn{slices: make([]slice, len(s.slices))}
	sums := make([]slice, len(s.sums))
	for i := range s.sums {
		from, to := max(0, i-blockReach), min(len(s.sums)-1, i+blockReach)
		j := from + d.intN(to-from+1)
		sums[i] = s.sums[j]
		copy(out.slices[i*blockLen:min(len(out.slices), (i+1)*blockLen)], s.slices[j*blockLen:min(len(out.slices), (j+1)*blockLen)])
	}
	out.sum = sum(sums)
	return out
}

// redraw replaces the parts of a window that are known by those of a drawn one.
func (b *Board) redraw(w *window, out *Window, during, after drawn) {
	p := &out.Parts
	put := func(part int, value float64) {
		if p[part].Known {
			p[part].Value = value
		}
	}
	struck := during.sum.tally
	struck.plus(w.caught)
	a := struck.Availability()
	if after.sum.tally.Total >= MinSamples {
		a = min(a, after.sum.tally.Availability())
	}
	put(partAvailability, ninesAttained(a, p[partAvailability].Promised))
	at, ok := failover(during.slices, b.lasted(w), b.promise.Availability)
	put(partFailover, untilAttained(p[partFailover].Promised, at, ok, w.off))
	if p[partRecovery].Known {
		at, ok = recovery(after.slices, b.watched(w), b.promise.Availability, &b.steady)
		put(partRecovery, untilAttained(p[partRecovery].Promised, at, ok, b.watched(w) >= w.end()-w.cleared))
		// As in assessRecovery, too short a horizon cannot tell that it never came.
		p[partRecovery].Known = ok || b.watched(w) >= b.promise.Recovery
	}
	if during.sum.relative.n > 0 {
		put(partLatency, ratioAttained(b.promise.LatencyFactor, float64(during.sum.relative.quantile(.95))/ratioScale))
	}
	whole := struck
	whole.plus(after.sum.tally)
	put(partIntegrity, ninesAttained(whole.Integrity(), p[partIntegrity].Promised))
	put(partEfficiency, ratioAttained(p[partEfficiency].Promised, during.sum.spend.perRequest(during.sum.tally.Total)))
	if p[partCost].Promised > 0 && during.sum.tally.good() > 0 {
		put(partCost, ratioAttained(p[partCost].Promised, during.sum.spend.perGood(during.sum.tally)))
	}
	out.Score, out.Scored = 0, false
	if p[partAvailability].Known {
		out.Score, out.Scored = weighted(p)
	}
}
