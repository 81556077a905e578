package score

import "time"

// steadyState gathers what the run looked like before the first fault, warm-up
// excluded. Requests and calls count that had ended when the injection was due:
// the fault may have met those that were still under way, and it is recorded
// only once it was seen in effect.
type steadyState struct {
	until    time.Duration // when the first injection is due
	over     bool          // the first fault was injected, as recorded
	ended    time.Duration // when
	frozen   bool          // what windows are compared with is fixed
	tally    Tally
	figure   latencies
	calls    spend
	costGood float64   // once frozen, USD per good answer
	shares   []float64 // once frozen, of good calls by provider; nil: there were none
}

// spend is what a stretch of the run cost.
type spend struct {
	calls   uint64
	early   uint64 // calls before a stated retry-after had passed
	costUSD float64
	served  []uint64 // good calls by provider; nil where nobody asks
}

func (s *spend) add(c seen) {
	s.calls++
	if c.early {
		s.early++
	}
	s.costUSD += c.costUSD
	if c.good && c.provider >= 0 && s.served != nil {
		s.served[c.provider]++
	}
}

// perRequest is the retry amplification, with early calls counted again.
func (s *spend) perRequest(requests uint64) float64 {
	if requests == 0 {
		return 0
	}
	return float64(s.calls+s.early) / float64(requests)
}

// perGood is the billed cost of a good answer, 0 where there was none.
func (s *spend) perGood(t Tally) float64 {
	if t.good() == 0 {
		return 0
	}
	return s.costUSD / float64(t.good())
}

func (s *steadyState) sample(k *kind, o observed) {
	if o.at < Warmup {
		return
	}
	s.tally.add(o)
	if o.answered {
		s.figure.add(o.figure)
		k.steady.add(o.figure)
	}
}

// holds tells whether what ended at a time may belong to steady state.
func (s *steadyState) holds(end time.Duration) bool { return !s.over && end <= s.until }

func (s *steadyState) call(c seen) {
	if c.arrived >= Warmup && s.holds(c.ended) {
		s.calls.add(c)
	}
}

// forget takes calls out of it again that were counted.
func (s *steadyState) forget(calls []*joined) {
	for _, c := range calls {
		if c.arrived < Warmup || !s.holds(c.event.Arrived+c.event.Total) {
			continue
		}
		s.calls.calls--
		if c.event.Early {
			s.calls.early--
		}
		s.calls.costUSD -= c.event.CostUSD
		if c.good && s.calls.served != nil {
			s.calls.served[c.provider]--
		}
	}
}

// freeze fixes the figures that windows are compared with. It happens at the
// first request of a window, by when every one that had ended before the
// injection has been counted.
func (s *steadyState) freeze(b *Board) {
	if s.frozen {
		return
	}
	s.frozen = true
	for i := range b.kinds {
		b.kinds[i].p95 = b.kinds[i].steady.duration(95)
	}
	s.costGood = s.calls.perGood(s.tally)
	s.shares = shares(s.calls.served)
	for _, w := range b.windows {
		w.stale = true
	}
}

// shares turns counts into shares, nil where all are zero.
func shares(counts []uint64) []float64 {
	var sum uint64
	for _, c := range counts {
		sum += c
	}
	if sum == 0 {
		return nil
	}
	out := make([]float64, len(counts))
	for i, c := range counts {
		out[i] = float64(c) / float64(sum)
	}
	return out
}

// snapshot tells the steady state as known so far.
func (s *steadyState) snapshot(b *Board) Steady {
	out := Steady{
		Requests:        s.tally.Total,
		Availability:    s.tally.Availability(),
		LatencyP95:      s.figure.duration(95),
		CallsPerRequest: s.calls.perRequest(s.tally.Total),
		CostPerGood:     s.calls.perGood(s.tally),
		Shares:          make(map[string]float64, len(b.lanes)),
	}
	for i, v := range shares(s.calls.served) {
		out.Shares[b.lanes[i].out.Name] = v
	}
	out.Reached = s.lack(b) == ""
	return out
}

// lack says what a steady state is missing, or "".
func (s *steadyState) lack(b *Board) string {
	length := b.now
	if s.over {
		length = min(s.ended, s.until)
	}
	switch {
	case length-Warmup < MinSteady:
		return "only " + seconds(max(0, length-Warmup)) + " of it after the warm-up, " + seconds(MinSteady) + " are needed"
	case s.tally.Total < MinSteadyRequests:
		return plural(s.tally.Total, "request") + " in it, " + plural(MinSteadyRequests, "request") + " are needed"
	case s.tally.Availability() < b.promise.Availability:
		return "availability was " + percent(s.tally.Availability()) + ", below the promised " + percent(b.promise.Availability)
	}
	return ""
}
