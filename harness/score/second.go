package score

import "time"

// second is one second of the run while it may still change, and after.
type second struct {
	out    Second
	good   []uint64 // calls answered well, by provider; nil once sealed
	ttft   *sketch  // microseconds; nil: none, or sealed
	total  *sketch
	sealed bool
}

// secondOf returns the second that a time falls in.
func (b *Board) secondOf(t time.Duration) *second {
	return b.second(int(max(0, t) / time.Second))
}

func (b *Board) second(i int) *second {
	for len(b.seconds) <= i {
		at := time.Duration(len(b.seconds)) * time.Second
		s := second{out: Second{At: at, Faults: b.active}, good: make([]uint64, len(b.lanes))}
		if at < b.plan.Load.Duration {
			s.out.Offered = b.plan.Load.Rate(at + time.Second/2)
		}
		b.seconds = append(b.seconds, s)
	}
	return &b.seconds[i]
}

func (s *second) sample(o observed, k *kind) {
	s.out.Tally.add(o)
	if s.sealed || !o.answered || k == nil {
		return
	}
	into := &s.total
	if k.stream {
		into = &s.ttft
	}
	if *into == nil {
		*into = new(sketch)
	}
	(*into).add(micros(o.figure))
}

func (s *second) call(c seen) {
	s.out.Calls++
	s.out.CostUSD += c.costUSD
	if c.good && c.provider >= 0 && !s.sealed {
		s.good[c.provider]++
	}
}

// scored notes the run's score as known at the second's end.
func (s *second) scored(t Total) {
	s.out.Score = t.Total
	if !t.Scored {
		return
	}
	s.out.Parts = make([]float64, len(t.Parts))
	for i, p := range t.Parts {
		s.out.Parts[i] = -1
		if p.Known {
			s.out.Parts[i] = p.Value
		}
	}
}

// figures fills in what is computed from the sketches and counts.
func (s *second) figures() Second {
	out := s.out
	if s.sealed {
		return out
	}
	out.TTFTP95 = time.Duration(s.ttft.quantile(.95)) * time.Microsecond
	out.TotalP95 = time.Duration(s.total.quantile(.95)) * time.Microsecond
	out.Share = shares(s.good)
	if out.Share == nil {
		out.Share = make([]float64, len(s.good))
	}
	return out
}

// seal drops the sketches of seconds to which nothing can come any more, so
// that memory stays flat.
func (b *Board) seal() {
	for b.sealed < len(b.seconds) && b.secondEnd(b.sealed)+b.longest+2*time.Second < b.now {
		s := &b.seconds[b.sealed]
		s.out = s.figures()
		s.sealed, s.good, s.ttft, s.total = true, nil, nil, nil
		b.sealed++
	}
}
