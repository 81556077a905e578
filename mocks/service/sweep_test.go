package service

import (
	"math"
	"slices"
	"strconv"
	"testing"
	"time"

	"brownout/chance"
	"brownout/mocks/presets"
)

// sweepCase is a server and the load that it is swept with.
type sweepCase struct {
	preset         string
	what           string // in words
	prompt, answer int    // median tokens of a call
	rates          []float64
}

// The sweeps of docs/gpu-sweep.md. Lengths are lognormal with sigma 0.5 around
// medians of the order of a chat's; arrivals are a Poisson process.
var sweepCases = []sweepCase{
	{
		preset: "vllm", what: "bound by its batch: the cache is large, the sequences are many",
		prompt: 200, answer: 200, rates: []float64{2, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 60},
	},
	{
		preset: "vllm-24gb", what: "bound by its KV cache: sequences are thrown out before the batch is full",
		prompt: 1000, answer: 300, rates: []float64{0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.5, 3},
	},
}

// sweepFor is how long calls come; the first part is warm-up.
const (
	sweepFor  = 150 * time.Second
	sweepWarm = 30 * time.Second
)

// sweepPoint is what a server did at one offered rate.
type sweepPoint struct {
	offered     float64       // calls per second
	served      float64       // calls per second that ended while calls came
	tokens      float64       // answer tokens per second
	first50     time.Duration // time to first token
	first95     time.Duration
	each50      time.Duration // time per token after the first, of a call
	running     float64       // mean sequences in the batch
	waiting     int           // in the queue when the last call came
	kv          float64       // mean share of the cache in use
	preemptions uint64
}

// sweep runs one replica of a preset at one rate in simulated time. Calls that
// come after the warm-up are measured, to their end.
func sweep(t testing.TB, c sweepCase, rate float64) sweepPoint {
	t.Helper()
	spec, ok := presets.Get(c.preset)
	if !ok {
		t.Fatalf("no preset %q", c.preset)
	}
	p, err := newGPUParams(spec.Service)
	if err != nil {
		t.Fatal(err)
	}
	e := newEngine(&p)
	out := sweepPoint{offered: rate}
	var all, seqs []*sequence // seqs: those that are measured
	var running, kv float64
	before, measured := uint64(0), false
	move := func(to time.Time) {
		for e.stepping && !e.stepEnd.After(to) {
			end := e.stepEnd
			e.advance(end)
			if d := e.stepEnd.Sub(end).Seconds(); e.stepping && end.Sub(epoch) > sweepWarm {
				running += d * float64(len(e.running))
				kv += d * e.usage()
			}
		}
	}
	at := 0.0
	for i := 0; ; i++ {
		k := chance.Key{Seed: 1, Provider: c.preset, Marker: strconv.Itoa(i)}
		draw := func(purpose string, median int) int {
			k.Purpose = purpose
			return max(1, int(k.Lognormal(float64(median), 0.5)))
		}
		k.Purpose = "gap"
		at -= math.Log(1-k.Uniform()) / rate
		now := epoch.Add(time.Duration(at * float64(time.Second)))
		if now.Sub(epoch) > sweepFor {
			break
		}
		move(now)
		if !measured && now.Sub(epoch) > sweepWarm {
			measured, before = true, e.generated
		}
		s := &sequence{prompt: draw("prompt", c.prompt), want: draw("answer", c.answer), ready: make(chan struct{}, 1)}
		e.arrive(now, s)
		all = append(all, s)
		if measured {
			seqs = append(seqs, s)
		}
	}
	last := epoch.Add(sweepFor)
	move(last)
	seconds := (sweepFor - sweepWarm).Seconds()
	out.tokens = float64(e.generated-before) / seconds
	out.running, out.kv = running/seconds, kv/seconds // idle time counts as empty
	out.preemptions, out.waiting = e.preemptions, e.waiting.n
	for e.stepping {
		e.advance(e.stepEnd)
	}
	ended := 0
	for _, s := range all {
		if s.last.Sub(epoch) > sweepWarm && !s.last.After(last) {
			ended++
		}
	}
	out.served = float64(ended) / seconds
	var first, each []time.Duration
	for _, s := range seqs {
		first = append(first, s.first.Sub(s.arrived))
		if s.done > 1 {
			each = append(each, s.last.Sub(s.first)/time.Duration(s.done-1))
		}
	}
	slices.Sort(first)
	slices.Sort(each)
	at95 := func(l []time.Duration, q float64) time.Duration { return l[int(q*float64(len(l)-1))] }
	out.first50, out.first95, out.each50 = at95(first, .5), at95(first, .95), at95(each, .5)
	return out
}

// Saturation emerges: throughput follows the offered rate and then flattens;
// past the knee the time to first token explodes while throughput stands.
func TestSaturationEmerges(t *testing.T) {
	for _, c := range sweepCases {
		t.Run(c.preset, func(t *testing.T) {
			var points []sweepPoint
			for _, r := range c.rates {
				points = append(points, sweep(t, c, r))
			}
			low, high := points[0], points[len(points)-1]
			before := points[len(points)-2]
			if low.served < 0.8*low.offered || low.served > 1.2*low.offered {
				t.Errorf("at %v calls a second %v were served", low.offered, low.served)
			}
			if high.served > 0.9*high.offered {
				t.Errorf("at %v calls a second %v were served: not saturated", high.offered, high.served)
			}
			if r := high.tokens / before.tokens; r < 0.9 || r > 1.1 {
				t.Errorf("throughput past the knee went from %v to %v tokens a second", before.tokens, high.tokens)
			}
			if high.first95 < 50*low.first95 {
				t.Errorf("time to first token p95 went from %v to %v only", low.first95, high.first95)
			}
			if low.preemptions != 0 {
				t.Errorf("%d preemptions at a low rate", low.preemptions)
			}
			if c.preset == "vllm-24gb" && (high.preemptions == 0 || high.kv < 0.9) {
				t.Errorf("a server bound by its cache had %d preemptions at %v of it", high.preemptions, high.kv)
			}
		})
	}
}

// BenchmarkGPUSweep runs the sweeps and reports what docs/gpu-sweep.md shows.
func BenchmarkGPUSweep(b *testing.B) {
	for _, c := range sweepCases {
		for _, r := range c.rates {
			b.Run(c.preset+"/"+strconv.FormatFloat(r, 'g', -1, 64)+"rps", func(b *testing.B) {
				var p sweepPoint
				for b.Loop() {
					p = sweep(b, c, r)
				}
				b.ReportMetric(p.served, "served/s")
				b.ReportMetric(p.tokens, "tokens/s")
				b.ReportMetric(p.first50.Seconds()*1e3, "ttft-p50-ms")
				b.ReportMetric(p.first95.Seconds()*1e3, "ttft-p95-ms")
				b.ReportMetric(p.kv*100, "kv-%")
				b.ReportMetric(float64(p.preemptions), "preemptions")
			})
		}
	}
}
