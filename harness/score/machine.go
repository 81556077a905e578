package score

import "brownout/harness/journal"

// machine gathers how the harness itself was doing.
type machine struct {
	out     Instrument
	ticks   int
	late    int // seconds, the first excluded, whose dispatch lag was above MaxLagP99
	cpuSum  float64
	dropped uint64
}

func (m *machine) fold(e *journal.Instrument) {
	m.ticks++
	m.cpuSum += e.CPU
	m.dropped = max(m.dropped, e.Dropped)
	if m.ticks > 1 && e.LagP99 > MaxLagP99 {
		m.late++
	}
	o := &m.out
	o.Hits += e.Hits
	o.LagP50 = max(o.LagP50, e.LagP50)
	o.LagP99 = max(o.LagP99, e.LagP99)
	o.LagMax = max(o.LagMax, e.LagMax)
	o.CPUMax = max(o.CPUMax, e.CPU)
	o.RSSMax = max(o.RSSMax, e.RSS)
	o.InFlight = e.InFlight
	o.InFlightMax = max(o.InFlightMax, e.InFlight)
	o.Goroutines = e.Goroutines
	o.OpenFDs = max(o.OpenFDs, e.OpenFDs)
	if e.Saturated {
		o.Saturated++
	}
}

func (m *machine) snapshot(h journal.Host) Instrument {
	out := m.out
	out.FDLimit = h.FDLimit
	out.Dropped = m.dropped
	if m.ticks > 0 {
		out.CPUMean = m.cpuSum / float64(m.ticks)
	}
	return out
}

// lateShare is the share of seconds, the first excluded, that were dispatched
// late.
func (m *machine) lateShare() float64 {
	if m.ticks < 2 {
		return 0
	}
	return float64(m.late) / float64(m.ticks-1)
}
