package scenarios

import (
	"fmt"
	"math"
	"time"

	"brownout/plan"
)

// What a run needs to be worth scoring.
const (
	minSteady  = 5 * time.Second // before the first fault
	minFault   = 3 * time.Second
	minHorizon = 3 * time.Second
)

// doubts warns of what is allowed but unlikely to be meant. It runs on plans
// without errors.
func (d *document) doubts() {
	for i, f := range d.faults {
		label := fmt.Sprintf("fault %q", f.Name)
		if i == 0 { // they are in the order of time
			if f.At < minSteady {
				d.warn(f.node.find(f.timeKey()), fmt.Sprintf("%s: begins after %s, too early to know what is steady", label, f.At), fmt.Sprintf("leave at least %s before the first fault", minSteady))
			}
		}
		if f.round > 0 {
			continue // told of the first
		}
		if f.For < minFault {
			d.warn(f.node.find("for"), fmt.Sprintf("%s: lasts %s, too short to score", label, f.For), fmt.Sprintf("let it last at least %s", minFault))
		}
		d.sparse(f)
		switch h := d.horizonOf(f.Name); {
		case f.When != nil: // only the run can tell
		case f.Clear() > d.plan.Load.Duration:
			d.warn(f.node.find("for"), fmt.Sprintf("%s: ends at %s, after the load (%s), so that no recovery is seen", label, f.Clear(), d.plan.Load.Duration), "shorten it or lengthen the load")
		case h < minHorizon:
			d.warn(f.node.find("horizon"), fmt.Sprintf("%s: leaves %s to watch the recovery, too short to score", label, h), fmt.Sprintf("leave at least %s before the next fault on its providers and before the load's end", minHorizon))
		}
		if s, ok := f.Params["announced_for"].(string); ok {
			if until, err := time.ParseDuration(s); err == nil && until >= f.For {
				d.warn(f.node.find("announced_for"), fmt.Sprintf("%s: lasts %s and announces for %s, so that nothing is ever retired", label, f.For, until), "let it last longer than announced_for")
			}
		}
	}
	d.crowding()
	d.unmeasurable()
}

func (d *document) horizonOf(fault string) time.Duration {
	for _, f := range d.plan.Faults {
		if f.Name == fault {
			return f.Horizon
		}
	}
	return 0
}

// crowding compares what is offered at the peak with what the providers that
// may serve it can serve, faults aside: all of the load, and each kind that may
// not go everywhere.
func (d *document) crowding() {
	peak := d.peak()
	weights := 0.0
	for _, m := range d.plan.Load.Mix {
		weights += m.Weight
	}
	words := 0.0
	for i, m := range d.plan.Load.Mix {
		part := m.Weight / weights
		words += part * float64(m.Tokens)
		if len(m.Allow) == 0 && len(m.Regions) == 0 {
			continue
		}
		entry := d.root.find("load", "mix")
		if i < len(entry.items) {
			entry = entry.items[i]
		}
		rate := d.capacity(float64(m.Tokens), float64(m.Prompt), m)
		switch {
		case rate == 0:
			d.warn(entry, fmt.Sprintf("[load] mix %q: no provider may serve it", m.Kind), "widen allow or regions, or add such a provider")
		case rate < peak*part:
			d.warn(entry, fmt.Sprintf("[load] mix %q: %.0f requests per second at the peak, and the providers that may serve it manage about %.0f", m.Kind, peak*part, rate), "lower its weight or add slots")
		}
	}
	if rate := d.capacity(words, 40, plan.Mix{}); rate < peak {
		load := d.root.find("load", "profile")
		if d.root.find("load").table["rate"] != nil {
			load = d.root.find("load", "rate")
		}
		d.warn(load, fmt.Sprintf("[load]: %.0f requests per second at the peak, and all providers together manage about %.0f", peak, rate), "lower the rate, or raise limits or slots")
	}
}

// peak is the highest rate of the profile within the load's duration.
func (d *document) peak() float64 {
	l := d.plan.Load
	peak := max(l.Rate(0), l.Rate(l.Duration))
	for _, p := range l.Profile {
		if p.At <= l.Duration {
			peak = max(peak, p.Rate)
		}
	}
	return peak
}

// capacity is a rough rate, in requests per second, of the providers that may
// serve m: slots over the median time of an answer, within the limits.
func (d *document) capacity(tokens, prompt float64, m plan.Mix) float64 {
	total := 0.0
	for _, p := range d.plan.Providers {
		if len(m.Allow) > 0 && !contains(m.Allow, p.Class) || len(m.Regions) > 0 && !contains(m.Regions, p.Region) {
			continue
		}
		rate := math.Inf(1)
		took, slots := p.Service.Busy(tokens, prompt)
		if slots > 0 && took > 0 {
			rate = float64(slots) / took
		}
		l := p.Limits
		if l.Concurrency > 0 && took > 0 {
			rate = min(rate, float64(l.Concurrency)/took)
		}
		if l.RequestsPerMinute > 0 {
			rate = min(rate, float64(l.RequestsPerMinute)/60)
		}
		if l.TokensPerMinute > 0 && tokens+prompt > 0 {
			rate = min(rate, float64(l.TokensPerMinute)/60/(tokens+prompt))
		}
		total += rate
	}
	return total
}
