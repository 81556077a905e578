package score

import (
	"fmt"
	"time"
)

// window returns what is known of a window now. It is computed again only
// where something was counted or time has passed in it.
func (b *Board) window(w *window) Window {
	var length time.Duration
	switch {
	case !w.on:
	case !w.off:
		length = b.now - w.injected
	default:
		length = min(b.now, w.end()) - w.cleared
	}
	if w.stale || length != w.length || w.active(b) != w.known.Active {
		w.length, w.stale = length, false
		w.known = b.assess(w)
	}
	return w.known
}

func (w *window) active(b *Board) bool { return w.on && !w.off && b.finished == nil }

// assess computes a window's figures, its seven parts and its score.
func (b *Board) assess(w *window) Window {
	out := Window{
		Fault: w.fault.Name, Kind: w.fault.Kind, On: w.fault.On,
		Injected: w.injected, Cleared: w.cleared, End: w.end(),
		Active: w.active(b), Confirmed: w.confirmed, ByHand: w.byHand,
		During: w.during.tally, After: w.after.tally, Caught: w.caught,
		Availability:    w.struck().Availability(),
		LatencyP95:      w.figure.duration(95),
		WaitP95:         min(w.waits.duration(95), time.Duration(w.waits.max)*time.Microsecond), // buckets round up
		CallsPerRequest: w.during.spend.perRequest(w.during.tally.Total),
		CostPerGood:     w.during.spend.perGood(w.during.tally),
	}
	out.Touched, out.TouchedBy = b.touched(w)
	for i, name := range PartNames {
		out.Parts[i] = Part{Name: name, Weight: b.weights[i], Unit: partUnits[i], Note: notStruck}
	}
	if !w.on {
		return out
	}
	b.assessAvailability(w, &out.Parts[partAvailability])
	b.assessFailover(w, &out)
	b.assessLatency(w, &out)
	b.assessIntegrity(w, &out.Parts[partIntegrity])
	b.assessRecovery(w, &out)
	b.assessEfficiency(&out)
	b.assessCost(w, &out)
	if out.Parts[partAvailability].Known {
		out.Score, out.Scored = weighted(&out.Parts)
	}
	return out
}

// touched sums the calls that met the window's fault and names whose they were.
func (b *Board) touched(w *window) (all uint64, by []ProviderCalls) {
	for i, n := range w.touched {
		if n > 0 {
			all += n
			by = append(by, ProviderCalls{Provider: b.plan.Providers[i].Name, Calls: n})
		}
	}
	return all, by
}

// struck are the requests that the fault could hurt while it lasted: those
// scheduled in it, and those under way when it struck, which no scheduled time
// would charge to it.
func (w *window) struck() Tally {
	t := w.during.tally
	t.plus(w.caught)
	return t
}

// tooFew makes a part unknown until the window has a handful of requests.
func tooFew(t Tally, p *Part) bool {
	p.Known = t.Total >= MinKnown
	if !p.Known {
		p.Note = plural(t.Total, "request") + " so far while the fault lasts, " + plural(MinKnown, "request") + " are needed"
	}
	return !p.Known
}

// assessAvailability takes the lower of the fault and its recovery horizon.
func (b *Board) assessAvailability(w *window, p *Part) {
	p.Promised = b.promise.Availability
	if tooFew(w.during.tally, p) {
		return
	}
	t := w.struck()
	p.Attained = t.Availability()
	p.Note = "mean outcome value while the fault lasted, " + plural(t.Total, "request")
	if w.caught.Total > 0 {
		p.Note += fmt.Sprintf(", %d of them under way when it struck", w.caught.Total)
	}
	if a := w.after.tally; a.Total >= MinSamples && a.Availability() < p.Attained {
		p.Attained = a.Availability()
		p.Note = "mean outcome value in the recovery horizon, " + plural(a.Total, "request")
	}
	p.Value = ninesAttained(p.Attained, p.Promised)
}

// assessFailover counts a failover that never came as lost. While the fault
// still lasts the time passed so far stands in for it.
func (b *Board) assessFailover(w *window, out *Window) {
	p := &out.Parts[partFailover]
	p.Promised = b.promise.Failover.Seconds()
	length := b.lasted(w)
	if tooFew(w.during.tally, p) {
		return
	}
	if !w.off && length < FailoverSpan {
		p.Known = false
		p.Note = "the fault has lasted less than " + seconds(FailoverSpan)
		return
	}
	out.TimeToFailover, out.FailedOver = failover(w.during.slices, length, b.promise.Availability)
	p.Attained = out.TimeToFailover.Seconds()
	p.Value = untilAttained(p.Promised, out.TimeToFailover, out.FailedOver, w.off)
	switch {
	case out.FailedOver && out.TimeToFailover == 0:
		p.Note = "the outcome never fell below the slo for long"
	case out.FailedOver:
		p.Note = "the outcome was back at the slo after this time"
	case w.off:
		p.Note = "the outcome was not back at the slo before the fault cleared"
	default:
		p.Note = "the outcome is not back at the slo yet"
	}
}

// assessLatency compares the p95 of relative latencies. It is a factor and no
// time: what users waited, in seconds, is the window's WaitP95.
func (b *Board) assessLatency(w *window, out *Window) {
	p := &out.Parts[partLatency]
	p.Promised = b.promise.LatencyFactor
	if tooFew(w.during.tally, p) {
		return
	}
	if w.relative.count() == 0 {
		p.Known, p.Note = false, "there is no steady state to compare with"
		return
	}
	p.Attained = float64(w.relative.at(95)) / ratioScale
	p.Value = ratioAttained(p.Promised, p.Attained)
	p.Note = "p95 of each request over the steady p95 of its kind; users waited " + seconds(out.WaitP95) + " at p95"
}

// assessIntegrity counts corrupt answers over the whole window: an answer that
// was spoilt while the fault lasted may be served long after.
func (b *Board) assessIntegrity(w *window, p *Part) {
	p.Promised = b.promise.Integrity
	if tooFew(w.during.tally, p) {
		return
	}
	whole := w.struck()
	whole.plus(w.after.tally)
	p.Attained = whole.Integrity()
	p.Value = ninesAttained(p.Attained, p.Promised)
	p.Note = plural(whole.Corrupt, "corrupt answer") + " among " + plural(whole.Total, "request") + " of the whole window"
}

// assessRecovery leaves the part unknown where the horizon is too short to say
// that a promise was broken: before the promised time has passed, or where the
// fault outlasts the load.
func (b *Board) assessRecovery(w *window, out *Window) {
	p := &out.Parts[partRecovery]
	p.Promised = b.promise.Recovery.Seconds()
	switch {
	case !w.off:
		p.Note = "the fault has not cleared"
		return
	case b.steady.tally.Total == 0:
		p.Note = "there is no steady state to come back to"
		return
	}
	passed, horizon := b.watched(w), out.End-w.cleared
	at, ok := recovery(w.after.slices, passed, b.promise.Availability, &b.steady)
	out.TimeToRecover, out.Recovered = at, ok
	p.Known, p.Attained = ok || passed >= b.promise.Recovery, at.Seconds()
	p.Value = untilAttained(p.Promised, at, ok, passed >= horizon)
	switch {
	case ok:
		p.Note = "shares, latency, cost and outcome were back at steady state after this time"
	case horizon < b.promise.Recovery:
		p.Note = "the recovery horizon of " + seconds(horizon) + " is too short to judge the promise"
	case passed < horizon:
		p.Note = "not back at steady state yet"
	default:
		p.Note = "not back at steady state by the end of the recovery horizon"
	}
}

// lasted is how long the fault has lasted.
func (b *Board) lasted(w *window) time.Duration {
	if w.off {
		return w.cleared - w.injected
	}
	return b.now - w.injected
}

// watched is how much of the recovery horizon has passed.
func (b *Board) watched(w *window) time.Duration { return min(b.now, w.end()) - w.cleared }

func (b *Board) assessEfficiency(out *Window) {
	p := &out.Parts[partEfficiency]
	p.Promised, p.Attained = b.promise.CallsPerRequest, out.CallsPerRequest
	if tooFew(out.During, p) {
		return
	}
	p.Value = ratioAttained(p.Promised, p.Attained)
	p.Note = "calls that arrived while the fault lasted, early ones counted again, over requests"
}

// assessCost compares with steady state. Where steady state was free (all of it
// self-hosted) free stays attained, and anything else has nothing to be
// compared with.
func (b *Board) assessCost(w *window, out *Window) {
	p := &out.Parts[partCost]
	base := b.steady.calls.perGood(b.steady.tally)
	p.Promised, p.Attained = b.promise.CostFactor*base, out.CostPerGood
	if tooFew(out.During, p) {
		return
	}
	billed := w.during.spend.costUSD
	switch {
	case out.During.good() == 0 && billed > 0:
		p.Value, p.Note = 0, "calls were billed, but nobody got an answer"
	case out.During.good() == 0:
		p.Known, p.Note = false, "nobody got an answer, and nothing was billed"
	case base == 0 && billed > 0:
		p.Known, p.Note = false, "steady state was free of charge, so there is nothing to compare with"
	case base == 0:
		p.Value, p.Note = 1, "free of charge, as in steady state"
	default:
		p.Value = ratioAttained(p.Promised, p.Attained)
		p.Note = fmt.Sprintf("%.2f x steady state", p.Attained/base)
	}
}
