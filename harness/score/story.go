package score

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"brownout/harness/journal"
)

// Story explains a run in sentences: what came of it, why, what each fault
// window tells, and what to do next. It says nothing that the snapshot does
// not hold.
type Story struct {
	Verdict string   // what came of the run
	Why     []string // the reasons
	Windows []Chapter
	Next    []string // what to do about it
}

// Chapter is what one window tells.
type Chapter struct {
	Fault   string
	Heading string   // whom it met, and when
	Told    []string // what users met with
	Losses  []Charge // the dearest first
}

// Charge is a Loss in words.
type Charge struct {
	Loss
	Text string // what was attained and what was promised
	Look string // what to look at; may be empty
}

// Story tells the snapshot in words.
func (s *Snapshot) Story() Story {
	t := Story{Verdict: s.verdictSentence()}
	for _, r := range s.Reasons {
		t.Why = append(t.Why, strings.TrimPrefix(r, "inconclusive: "))
	}
	for _, w := range s.Windows {
		t.Windows = append(t.Windows, s.chapter(w))
	}
	t.Next = s.next()
	return t
}

func (s *Snapshot) verdictSentence() string {
	with := ""
	if s.Score.Scored {
		with = fmt.Sprintf(" with %s of 100 points", downTo(s.Score.Total))
	}
	missed := 0
	for _, e := range s.Expectations {
		if !e.Pass {
			missed++
		}
	}
	all := uint64(len(s.Expectations))
	switch {
	case s.Verdict == Fail && s.ViolationCount > 0:
		return "Failed by a veto, whatever the score: a sensitive request went where it must not."
	case s.Verdict == Fail:
		return fmt.Sprintf("Failed%s: %d of %s missed.", with, missed, plural(all, "expectation"))
	case s.Verdict == Pass && all == 0:
		return "Passed" + with + ": the scenario expects nothing in particular."
	case s.Verdict == Pass:
		return fmt.Sprintf("Passed%s: %s met.", with, plural(all, "expectation"))
	case s.Verdict == Inconclusive:
		return "Inconclusive: the instrument doubts this run, so that neither its good nor its bad figures prove anything."
	}
	return "The run has not ended."
}

// downTo writes points rounded down: 79.96 is not 80.
func downTo(points float64) string { return fmt.Sprintf("%.1f", float64(int(points*10))/10) }

func (s *Snapshot) chapter(w Window) Chapter {
	c := Chapter{Fault: w.Fault}
	name := w.Kind
	if w.Fault != w.Kind {
		name = w.Fault + " (" + w.Kind + ")"
	}
	whom := strings.Join(w.On, ", ")
	if w.Injected == 0 && w.During.Total == 0 {
		c.Heading = fmt.Sprintf("%s on %s was never injected.", name, whom)
		return c
	}
	c.Heading = fmt.Sprintf("%s on %s from %s", name, whom, seconds(w.Injected))
	if w.Cleared > 0 {
		c.Heading += fmt.Sprintf(" to %s; its recovery was watched until %s.", seconds(w.Cleared), seconds(w.End))
	} else {
		c.Heading += " on; it was not cleared."
	}
	c.Told = append(c.Told, "While it lasted "+met(w.During)+".")
	if w.Caught.Total > 0 {
		c.Told = append(c.Told, "Already under way when it struck: "+met(w.Caught)+".")
	}
	if w.After.Total > 0 {
		c.Told = append(c.Told, "In the recovery horizon "+met(w.After)+".")
	}
	if p := w.Parts[partFailover]; p.Known {
		c.Told = append(c.Told, failoverTold(w))
	}
	if p := w.Parts[partRecovery]; p.Known {
		c.Told = append(c.Told, recoveryTold(w))
	}
	for _, l := range w.Losses() {
		c.Losses = append(c.Losses, Charge{Loss: l, Text: w.Parts[l.Part].words(), Look: s.look(w, l.Part)})
	}
	return c
}

// met tells what became of some requests.
func met(t Tally) string {
	var parts []string
	for _, o := range journal.Outcomes {
		if n := t.Count(o); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, o))
		}
	}
	if len(parts) == 0 {
		return "no request was sent"
	}
	return fmt.Sprintf("%s: %s; %s available", plural(t.Total, "request"), strings.Join(parts, ", "), percent(t.Availability()))
}

func failoverTold(w Window) string {
	switch {
	case w.FailedOver && w.TimeToFailover == 0:
		return "Users were served as promised all the time, but for moments."
	case w.FailedOver:
		return "Users were served as promised again " + seconds(w.TimeToFailover) + " after the injection."
	}
	return "Users were not served as promised again before the fault was cleared."
}

func recoveryTold(w Window) string {
	switch {
	case w.Recovered && w.TimeToRecover == 0:
		return "Traffic, latency and cost were back at steady state at once."
	case w.Recovered:
		return "Traffic, latency and cost were back at steady state " + seconds(w.TimeToRecover) + " after the clearance."
	}
	return "Traffic, latency and cost were not back at steady state when the horizon ended."
}

// words writes a part as attained against promised.
func (p Part) words() string {
	bound := "at most "
	if p.Unit == UnitShare {
		bound = "at least "
	}
	text := p.figure(p.Attained) + ", promised " + bound + p.figure(p.Promised)
	if p.Note != "" {
		text += " (" + p.Note + ")"
	}
	return text
}

func (p Part) figure(v float64) string {
	switch p.Unit {
	case UnitShare:
		return percent(v)
	case UnitTime:
		return seconds(time.Duration(v * float64(time.Second)))
	case UnitSteady:
		return fmt.Sprintf("%.2f x steady state", v)
	case UnitCost:
		return fmt.Sprintf("$%.3g an answer", v)
	case UnitCalls:
		return fmt.Sprintf("%.2f calls a request", v)
	}
	return fmt.Sprintf("%.3g", v)
}

// look tells where the loss of a part can be seen.
func (s *Snapshot) look(w Window, part int) string {
	switch part {
	case partAvailability, partIntegrity:
		return s.lookAtRequests(w, part == partIntegrity)
	case partFailover:
		return s.lookAtTimeouts(w)
	case partLatency:
		return s.lookAtLatency(w)
	case partRecovery:
		return s.lookAtShares(w)
	case partEfficiency:
		if n := s.Tracing.Early; n > 0 {
			return fmt.Sprintf("%s of the whole run came before a retry-after that the provider had stated, and count twice.", plural(n, "call"))
		}
		return "See how many attempts a request had, and whether retries in place could be failovers."
	case partCost:
		return s.lookAtCost()
	}
	return ""
}

// injectionSlack is how long before its record a fault may have been in effect.
const injectionSlack = 500 * time.Millisecond

// lookAtRequests names what the bad requests of a window met with.
func (s *Snapshot) lookAtRequests(w Window, corrupt bool) string {
	var reasons []string
	first := ""
	for _, t := range s.Failures {
		at := t.Sample.Scheduled
		if at+t.Sample.Total < w.Injected-injectionSlack || at > w.End || corrupt != (t.Outcome == journal.Corrupt) {
			continue
		}
		if first == "" {
			first = t.Sample.Marker
		}
		what := t.Sample.Reason
		if what == "" {
			what = string(t.Outcome)
		}
		if !slices.Contains(reasons, what) {
			reasons = append(reasons, what)
		}
	}
	if first == "" {
		return ""
	}
	return fmt.Sprintf("The bad ones met with: %s. Begin with request %s.", strings.Join(reasons, ", "), first)
}

// lookAtTimeouts compares what users waited with the router's own patience.
func (s *Snapshot) lookAtTimeouts(w Window) string {
	if !w.FailedOver {
		return "Nobody took over: see which providers were left, and whether the target was told of them."
	}
	if r := s.Plan.Router; s.Plan.Target == "bundled" && r.FirstTokenTimeout > 0 {
		return fmt.Sprintf("The router waits %s for a first token before it moves on, and its breaker opens after %s.", seconds(r.FirstTokenTimeout), plural(uint64(max(0, r.Breaker.MinCalls)), "call"))
	}
	return "See how long an attempt may take before the target moves on, and after how many failures it stops asking."
}

// lookAtLatency names the kind of request that was slowest against its deadline.
func (s *Snapshot) lookAtLatency(w Window) string {
	missed := uint64(0)
	kind := ""
	for _, r := range s.ByRequest {
		if r.Missed > missed {
			missed, kind = r.Missed, r.Request
		}
	}
	text := "Steady state had a p95 of " + seconds(s.Steady.LatencyP95) + "."
	if missed > 0 {
		text += fmt.Sprintf(" %s of kind %s missed their deadline in the whole run.", plural(missed, "request"), kind)
	}
	if len(w.On) < len(s.Plan.Providers) {
		text += " See whether attempts at " + strings.Join(w.On, ", ") + " or the providers that took over cost the time."
	}
	return text
}

// lookAtShares names the provider whose share of the traffic differs most from
// that of steady state at the end of the run.
func (s *Snapshot) lookAtShares(w Window) string {
	if s.T < w.End || len(s.Steady.Shares) == 0 || slices.ContainsFunc(s.Windows, func(o Window) bool { return o.End > w.End }) {
		return "" // the end of the run tells nothing of this window
	}
	text, most := "", ShareTolerance
	for _, l := range s.Providers {
		before := s.Steady.Shares[l.Name]
		if d := max(before-l.RecentShare, l.RecentShare-before); d > most {
			most = d
			text = fmt.Sprintf("At the end %s served %s of the traffic, in steady state %s.", l.Name, percent(l.RecentShare), percent(before))
		}
	}
	return text
}

// lookAtCost names who billed the most.
func (s *Snapshot) lookAtCost() string {
	all, most, name := 0.0, 0.0, ""
	for _, l := range s.Providers {
		all += l.CostUSD
		if l.CostUSD > most {
			most, name = l.CostUSD, l.Name
		}
	}
	if all == 0 {
		return ""
	}
	text := fmt.Sprintf("%s billed $%.2f of $%.2f in the whole run.", name, most, all)
	if s.Tracing.WastedUSD > 0 {
		text += fmt.Sprintf(" $%.2f of it went to calls that completed no good answer.", s.Tracing.WastedUSD)
	}
	return text
}

// remedies are what helps against each doubt, by words of its reason.
var remedies = [...]struct{ doubt, remedy string }{
	{"steady state was never reached", "Give the run more time before its first fault, or less load: see which requests failed before it."},
	{"was never injected", "See that the fault's time or condition comes before the load ends."},
	{"not seen in effect", "Run it again; where it stays so, see the provider's state in the journal."},
	{"never touched a request", "See that the fault's provider is asked at all: the order of the router, the share and model of the fault."},
	{"too few samples", "Raise the load or let the fault last longer: load.rate and the fault's \"for\"."},
	{"the harness was the bottleneck", "Run it alone on the machine, with less load or fewer runs side by side."},
	{"events were lost", "Run it again with less load."},
	{"was interrupted", "Let it run to its end."},
	{"ended by an error", "Mend what the error says and run it again."},
}

// next says what to do: about doubts, missed expectations and the dearest part.
func (s *Snapshot) next() []string {
	var out []string
	add := func(text string) {
		if !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	for _, reason := range s.Reasons {
		for _, r := range remedies {
			if strings.Contains(reason, r.doubt) {
				add(r.remedy)
			}
		}
	}
	if s.ViolationCount > 0 && len(s.Violations) > 0 {
		v := s.Violations[0]
		add(fmt.Sprintf("See how request %s came to %s: its mix entry says who may have it.", v.Marker, v.Provider))
	}
	var dearest Loss
	where := ""
	for _, w := range s.Windows {
		if ls := w.Losses(); len(ls) > 0 && ls[0].Points > dearest.Points {
			dearest, where = ls[0], w.Fault
		}
	}
	if where != "" {
		name := PartNames[dearest.Part]
		add(fmt.Sprintf("Most is to be gained from %s under %s (%.1f points): brownout report RUN --trace %s shows what it was computed from.", name, where, dearest.Points, name))
	}
	return out
}
