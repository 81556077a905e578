package router

import (
	"math"
	"time"

	"brownout/chance"
)

// weighted gives each candidate its share of first places, and of the next
// ones among those left. Each draws by itself and by the request's marker: a
// request whose first choice goes away finds the others in the order they were
// in. Source: Efraimidis and Spirakis, "Weighted random sampling with a
// reservoir" (2006), in its form with exponential draws.
func weighted(c *call, cands []candidate) {
	sortBy(cands, func(v *candidate) float64 {
		w := c.weight(v)
		if w <= 0 {
			return math.Inf(1)
		}
		return -math.Log(1-c.draw(v.Name, "weighted")) / w
	})
}

// weight is a candidate's share by the settings: 1 where they are silent, 0
// where it is only for when nobody else is left.
func (c *call) weight(v *candidate) float64 {
	if w, given := c.r.set.Weights[v.Name]; given {
		return w
	}
	return 1
}

// draw is a number in [0, 1) that is the same for the same request, provider
// and purpose.
func (c *call) draw(provider, purpose string) float64 {
	return chance.Key{Seed: c.r.seed, Provider: provider, Marker: c.marker, Purpose: purpose}.Uniform()
}

// leastOutstanding asks first whoever has the fewest calls in progress, with
// the one to come, for each unit of its weight. Equals take turns by the
// requests' markers.
func leastOutstanding(c *call, cands []candidate) {
	sortBy(cands, func(v *candidate) float64 { return c.draw(v.Name, "tie") })
	sortBy(cands, func(v *candidate) float64 {
		w := c.weight(v)
		if w <= 0 {
			return math.Inf(1)
		}
		return float64(v.inFlight.Load()+1) / w
	})
}

// quickest draws two candidates by the request's marker and asks the one with
// the lower expected wait first; the rest follow by theirs. Asking always the
// fastest would send everybody to it at once and make it the slowest.
// Sources: Mitzenmacher, "The Power of Two Choices in Randomized Load
// Balancing" (2001); Finagle's balancer, which is P2C over PeakEwma.
func quickest(c *call, cands []candidate) {
	if len(cands) < 2 {
		return
	}
	i := c.drawOf("first choice", len(cands))
	j := c.drawOf("second choice", len(cands)-1)
	if j >= i {
		j++
	}
	if a, b := c.expectedWait(&cands[i]), c.expectedWait(&cands[j]); b < a || b == a && j < i {
		i = j
	}
	first := cands[i]
	copy(cands[1:i+1], cands[:i])
	cands[0] = first
	sortBy(cands[1:], c.expectedWait)
}

// drawOf is a keyed number in [0, k).
func (c *call) drawOf(purpose string, k int) int {
	return min(k-1, int(c.draw("", purpose)*float64(k)))
}

// expectedWait is the latency that is expected of a candidate times the calls
// that share it. Who was never seen is tried at once while idle, and left
// alone until that call has shown something.
func (c *call) expectedWait(v *candidate) float64 {
	load := v.inFlight.Load()
	latency := v.stats.expected(c.req.Stream)
	if latency <= 0 {
		if load == 0 {
			return 0
		}
		return math.MaxFloat64
	}
	return float64(latency) * float64(load+1)
}

// peak is an average of latencies that goes up to a peak at once and comes
// down from it slowly, weighted by the time between samples, so that a
// provider that turns slow is avoided from its first slow answer on. While
// nobody calls it sinks, so that who was slow once is tried again. Source:
// Finagle's PeakEwma load metric.
type peak struct {
	cost float64 // ns
	at   time.Time
}

// fade is the time in which a peak loses 63 % of its weight. Finagle's default
// of 10 s would leave a provider that was ten times as slow as its peers alone
// for 23 s after it is well again; with this it is tried after 7.
const fade = 3 * time.Second

// observe takes in an answer.
func (p *peak) observe(now time.Time, took time.Duration) {
	if v := float64(took); p.at.IsZero() || v > p.cost {
		p.cost = v
	} else {
		w := p.keep(now)
		p.cost = p.cost*w + v*(1-w)
	}
	p.at = now
}

// value is the present average; 0 where nothing was seen yet.
func (p *peak) value(now time.Time) time.Duration {
	if p.at.IsZero() {
		return 0
	}
	return max(1, time.Duration(p.cost*p.keep(now)))
}

// keep is the weight of the past after the time since the last sample.
func (p *peak) keep(now time.Time) float64 {
	return math.Exp(-float64(max(0, now.Sub(p.at))) / float64(fade))
}
