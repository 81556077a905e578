package score

import "fmt"

// Doubt is a rule by which a run says that it proves nothing.
type Doubt struct {
	Name string
	When string // what it doubts, with its threshold
	rule func(*Board, *Snapshot) []string
}

// Doubts lists the rules, in the order in which their reasons are told. The
// thresholds are constants of formula.go.
func Doubts() []Doubt {
	return []Doubt{
		{"end", "the run was interrupted, or ended by an error", doubtEnd},
		{"steady state", fmt.Sprintf("before the first fault, after %s of warm-up, there were less than %s or %d requests, or availability was below the promise",
			seconds(Warmup), seconds(MinSteady), MinSteadyRequests), doubtSteady},
		{"injection", "a fault was not injected, or not seen in effect", doubtInjection},
		{"touch", fmt.Sprintf("a fault met no call; of a network fault: its providers had no call in the %s before it", seconds(LinkLookback)), doubtTouch},
		{"samples", fmt.Sprintf("less than %d requests fell in the time of a fault", MinSamples), doubtSamples},
		{"dispatch", fmt.Sprintf("in more than %s of the seconds requests left more than %s late (p99), the first second left out", percent(MaxLateSeconds), seconds(MaxLagP99)), doubtDispatch},
		{"in flight", "the cap on requests in flight (load.workers) was reached", doubtWorkers},
		{"events", "events were lost because the recorder could not keep up", doubtEvents},
		{"CPU", fmt.Sprintf("the harness used more than %s of all cores on average", percent(MaxCPUShare)), doubtCPU},
		{"files", fmt.Sprintf("more than %s of the limit on file descriptors were open", percent(MaxFDShare)), doubtFiles},
	}
}

// verdict decides in this order: a violation, or a target that crashed, fails
// the run whatever else came of it; a doubt makes it inconclusive, since neither its good nor its bad
// figures prove anything; a missed expectation fails it.
func (b *Board) verdict(s *Snapshot) (Verdict, []string) {
	var veto, doubt, missed []string
	if n := b.breaches.count; n > 0 {
		v := b.breaches.kept[0]
		veto = append(veto, fmt.Sprintf("veto: %s; the first: %s reached %s (%s)", plural(n, v.What+" violation"), v.Marker, v.Provider, v.Detail))
	}
	if crash := b.target.crash(); crash != "" {
		veto = append(veto, "the target crashed: "+crash)
	}
	if !s.Finished {
		return Pending, veto
	}
	for _, d := range Doubts() {
		doubt = append(doubt, d.rule(b, s)...)
	}
	for _, e := range s.Expectations {
		if !e.Pass {
			missed = append(missed, "expected "+e.Expr+", got "+e.Text)
		}
	}
	reasons := append(append(veto, doubt...), missed...)
	switch {
	case len(veto) > 0:
		return Fail, reasons
	case len(doubt) > 0:
		return Inconclusive, reasons
	case len(missed) > 0:
		return Fail, reasons
	}
	return Pass, nil
}

func doubtEnd(_ *Board, s *Snapshot) []string {
	switch {
	case s.Error != "":
		return []string{"inconclusive: the run ended by an error: " + s.Error}
	case s.Interrupted:
		return []string{"inconclusive: the run was interrupted"}
	}
	return nil
}

func doubtSteady(b *Board, _ *Snapshot) []string {
	if len(b.windows) == 0 {
		return nil // nothing is compared with it
	}
	if lack := b.steady.lack(b); lack != "" {
		return []string{"inconclusive: steady state was never reached: " + lack}
	}
	return nil
}

// doubtInjection: a fault that waits for a condition which never held has done
// what it says, as long as another one was injected.
func doubtInjection(b *Board, s *Snapshot) []string {
	var out []string
	injected := false
	for _, w := range s.Windows {
		injected = injected || w.Injected > 0
	}
	for i, w := range s.Windows {
		when := b.windows[i].fault.When
		switch {
		case when != nil && w.Injected == 0 && injected:
		case when != nil && w.Injected == 0 && !s.Interrupted:
			out = append(out, "inconclusive: fault "+w.Fault+" was never injected: "+when.String()+" never held, and there was no other fault")
		case w.Injected == 0 && !s.Interrupted:
			out = append(out, "inconclusive: fault "+w.Fault+" was never injected")
		case w.Injected > 0 && !w.Confirmed:
			out = append(out, "inconclusive: fault "+w.Fault+" was not seen in effect after it was injected")
		}
	}
	return out
}

func doubtTouch(b *Board, s *Snapshot) []string {
	var out []string
	for i, w := range s.Windows {
		if w.Injected == 0 || w.Touched > 0 {
			continue
		}
		why := "no call met it"
		if b.windows[i].fault.LinkOnly {
			why = "its providers got no call in the " + seconds(LinkLookback) + " before it"
		}
		out = append(out, "inconclusive: fault "+w.Fault+" never touched a request: "+why)
	}
	return out
}

func doubtSamples(_ *Board, s *Snapshot) []string {
	var out []string
	for _, w := range s.Windows {
		if w.Injected > 0 && w.During.Total < MinSamples {
			out = append(out, fmt.Sprintf("inconclusive: too few samples: %s fell in the time of fault %s, %d are needed",
				plural(w.During.Total, "request"), w.Fault, MinSamples))
		}
	}
	return out
}

func doubtDispatch(b *Board, s *Snapshot) []string {
	if late := b.machine.lateShare(); late > MaxLateSeconds {
		return []string{fmt.Sprintf("inconclusive: the harness was the bottleneck: in %s of seconds the dispatch lag's p99 was above %s (worst: %s)",
			percent(late), seconds(MaxLagP99), seconds(s.Instrument.LagP99))}
	}
	return nil
}

func doubtWorkers(_ *Board, s *Snapshot) []string {
	if n := s.Instrument.Saturated; n > 0 {
		return []string{"inconclusive: the harness was the bottleneck: the cap on requests in flight was reached in " + plural(uint64(n), "second")}
	}
	return nil
}

func doubtEvents(_ *Board, s *Snapshot) []string {
	if n := s.Instrument.Dropped; n > 0 {
		return []string{"inconclusive: " + plural(n, "event") + " were lost because the recorder's queue was full"}
	}
	return nil
}

func doubtCPU(_ *Board, s *Snapshot) []string {
	if cores := float64(s.Host.CPUs); cores > 0 && s.Instrument.CPUMean > MaxCPUShare*cores {
		return []string{fmt.Sprintf("inconclusive: the harness was the bottleneck: it used %.1f of %d cores on average", s.Instrument.CPUMean, s.Host.CPUs)}
	}
	return nil
}

func doubtFiles(_ *Board, s *Snapshot) []string {
	if limit := s.Instrument.FDLimit; limit > 0 && float64(s.Instrument.OpenFDs) > MaxFDShare*float64(limit) {
		return []string{fmt.Sprintf("inconclusive: the harness was the bottleneck: %d of %d file descriptors were open", s.Instrument.OpenFDs, limit)}
	}
	return nil
}
