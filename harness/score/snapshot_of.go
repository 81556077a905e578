package score

// Snapshot tells all that is known now. It copies what may still change and
// shares what cannot, and changes nothing itself.
func (b *Board) Snapshot() *Snapshot {
	s := &Snapshot{Seq: b.seq, T: b.now, Skipped: b.skipped, Verdict: Pending, Log: b.log.last()}
	if b.run == nil {
		return s
	}
	s.RunID, s.Started, s.Plan, s.Acts = b.run.RunID, b.run.Started, b.plan, b.acts[:len(b.acts):len(b.acts)]
	s.Versions, s.Host, s.Phase = b.run.Versions, b.run.Host, b.phase
	if f := b.finished; f != nil {
		s.Finished, s.Interrupted, s.Error = true, f.Interrupted, f.Error
	}
	s.Windows = make([]Window, len(b.windows))
	for i, w := range b.windows {
		s.Windows[i] = b.window(w)
	}
	s.Score = b.totalOf(s.Windows)
	s.Steady = b.steady.snapshot(b)
	s.Requests = b.total
	s.ByRequest = make([]RequestStats, len(b.kinds))
	for i := range b.kinds {
		s.ByRequest[i] = b.kinds[i].snapshot()
	}
	s.Seconds = make([]Second, len(b.seconds))
	for i := range b.seconds {
		s.Seconds[i] = b.seconds[i].figures()
	}
	s.Providers = make([]Lane, len(b.lanes))
	var recent uint64
	for i := range b.lanes {
		recent += uint64(b.lanes[i].recently(b.now).good)
	}
	for i := range b.lanes {
		s.Providers[i] = b.lanes[i].snapshot(b.now, b.good, recent)
	}
	kept := b.breaches.kept
	s.Violations = kept[:len(kept):len(kept)]
	s.ViolationCount = b.breaches.count
	s.Workflows = b.workflows.out
	s.Instrument = b.machine.snapshot(b.run.Host)
	s.Target = b.target.snapshot()
	s.Tracing, s.Failures, s.Recent = b.traces.snapshot()
	s.Expectations = make([]Expectation, len(b.plan.Expect))
	for i, e := range b.plan.Expect {
		s.Expectations[i] = b.expect(e, i, s)
	}
	s.Verdict, s.Reasons = b.verdict(s)
	return s
}

func (k *kind) snapshot() RequestStats {
	out := k.out
	out.TTFT, out.Total, out.Gap = k.ttft.quantiles(), k.total.quantiles(), k.gap.quantiles()
	return out
}
