package score_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"brownout/harness/journal"
	"brownout/harness/score"
	"brownout/plan"
)

// byHand is the same run with its faults made by hand instead of planned.
func byHand(rs []journal.Record) []journal.Record {
	rs = slices.Clone(rs)
	start := *rs[0].Event.(*journal.RunStarted)
	faults := start.Plan.Faults
	start.Plan.Faults = nil
	rs[0].Event = &start
	for i, r := range rs {
		if e, ok := r.Event.(*journal.FaultOn); ok {
			on := *e
			for j := range faults {
				if faults[j].Name == e.Name {
					on.Made = &faults[j]
				}
			}
			rs[i].Event = &on
		}
	}
	return rs
}

// A fault that a person makes is a window like others: the same run has the
// same score, whether its fault was planned or made by hand.
func TestFaultMadeByHandIsAWindowLikeOthers(t *testing.T) {
	for name, m := range map[string]*sim{"eventful": eventful(), "quiet": newSim(), "slow": slowRequests()} {
		t.Run(name, func(t *testing.T) {
			// Costs that add up without rounding.
			whole := m.request
			m.request = func(at time.Duration, r *request) {
				if whole != nil {
					whole(at, r)
				}
				for i := range r.calls {
					r.calls[i].CostUSD = 1. / 1024
				}
			}
			// The record of an injection comes a little after it was asked for.
			rs := m.records()
			for i := range rs {
				if _, ok := rs[i].Event.(*journal.FaultOn); ok {
					rs[i].T += 30 * ms
				}
			}
			slices.SortStableFunc(rs, func(a, b journal.Record) int { return int(a.T - b.T) })
			planned, made := fold(rs), fold(byHand(rs))
			for i := range made.Windows {
				if !made.Windows[i].ByHand || planned.Windows[i].ByHand {
					t.Errorf("window %d: by hand %v, planned one %v", i, made.Windows[i].ByHand, planned.Windows[i].ByHand)
				}
				made.Windows[i].ByHand = false
			}
			if made.ByHand() != len(planned.Plan.Faults) {
				t.Errorf("%d things by hand", made.ByHand())
			}
			for what, pair := range map[string][2]any{
				"windows": {planned.Windows, made.Windows}, "score": {planned.Score, made.Score}, "steady state": {planned.Steady, made.Steady},
				"verdict": {planned.Verdict, made.Verdict}, "reasons": {planned.Reasons, made.Reasons}, "faults": {planned.Plan.Faults, made.Plan.Faults},
				"seconds": {planned.Seconds, made.Seconds},
			} {
				if !reflect.DeepEqual(pair[0], pair[1]) {
					t.Errorf("%s\nplanned %+v\nby hand %+v", what, pair[0], pair[1])
				}
			}
		})
	}
}

// slowRequests is a run in which many requests are under way when the fault
// strikes.
func slowRequests() *sim {
	m := newSim()
	m.request = func(_ time.Duration, r *request) { r.took = 900 * ms }
	return m
}

// A fault that is cleared by hand ends there, and its horizon begins.
func TestFaultClearedByHand(t *testing.T) {
	m := newSim()
	rs := m.records()
	for i, r := range rs {
		if e, ok := r.Event.(*journal.FaultOff); ok {
			off := *e
			off.Lasted = 4 * s
			rs[i].Event, rs[i].T = &off, 14*s
		}
	}
	slices.SortStableFunc(rs, func(a, b journal.Record) int { return int(a.T - b.T) })
	sn := fold(rs)
	w := sn.Windows[0]
	if w.Cleared != 14*s || w.End != 24*s || sn.Plan.Faults[0].For != 4*s || sn.ByHand() != 1 {
		t.Errorf("cleared %s, end %s, lasts %s, %d by hand", w.Cleared, w.End, sn.Plan.Faults[0].For, sn.ByHand())
	}
	if m.plan.Faults[0].For != 10*s {
		t.Error("the plan that was given was changed")
	}
}

// A fault that begins in the horizon of another on the same provider ends it.
func TestFaultMadeByHandCutsAHorizon(t *testing.T) {
	m := newSim()
	made := plan.Fault{Name: "second", Kind: "overload", On: []string{"alpha"}, At: 23 * s, For: 4 * s, Horizon: 15 * s, Share: 1}
	m.extra = []journal.Record{
		{T: 23*s + 20*ms, Event: &journal.FaultOn{Name: "second", Fault: "overload", On: made.On, Confirmed: true, Made: &made}},
		{T: 27 * s, Event: &journal.FaultOff{Name: "second", Fault: "overload", On: made.On, Confirmed: true}},
	}
	sn := m.snapshot()
	if got := sn.Windows[0].End; got != 23*s {
		t.Errorf("the first horizon ends at %s", got)
	}
	if got := sn.Windows[1].End; got != 30*s {
		t.Errorf("the second horizon ends at %s", got)
	}
	made.On = []string{"beta"}
	if got := m.snapshot().Windows[0].End; got != 30*s {
		t.Errorf("another provider's fault cut the horizon to %s", got)
	}
}

// What else is done by hand becomes part of the plan and of the log.
func TestLoadAndRouterChangedByHand(t *testing.T) {
	m := newSim()
	before := m.plan
	profile := m.plan.Load.Held(12*s, 7).Profile
	change := plan.Change{At: 13 * s, Off: []string{"breaker"}}
	m.extra = []journal.Record{
		{T: 12 * s, Event: &journal.LoadChanged{Profile: profile, Text: "load held at 7/s"}},
		{T: 13 * s, Event: &journal.RouterChanged{Change: change, ByHand: true}},
		{T: 14 * s, Event: &journal.RouterChanged{Change: plan.Change{At: 14 * s, On: []string{"retries"}}}},
		{T: 15 * s, Event: &journal.RouterChanged{Change: plan.Change{At: 15 * s, On: []string{"breaker"}}, ByHand: true, Detail: "it would not"}},
		{T: 16 * s, Event: &journal.Gauge{Provider: "rack", Busy: 3, KVCache: .5}},
	}
	sn := m.snapshot()
	if !reflect.DeepEqual(sn.Plan.Load.Profile, profile) || !reflect.DeepEqual(sn.Plan.Changes, []plan.Change{change}) {
		t.Errorf("profile %v, changes %v", sn.Plan.Load.Profile, sn.Plan.Changes)
	}
	if got := sn.Seconds[11].Offered; got != 40 {
		t.Errorf("offered before: %v", got)
	}
	if got := sn.Seconds[20].Offered; got != 7 {
		t.Errorf("offered after: %v", got)
	}
	// What could not be done is no act; what the plan switched is nobody's.
	acts := []score.Act{
		{T: 12 * s, Text: "load held at 7/s", ByHand: true}, {T: 13 * s, Text: "router: breaker off", ByHand: true}, {T: 14 * s, Text: "router: retries on"},
	}
	if !reflect.DeepEqual(sn.Acts, acts) || sn.ByHand() != 2 {
		t.Errorf("%d by hand, acts %+v", sn.ByHand(), sn.Acts)
	}
	if !reflect.DeepEqual(m.plan, before) {
		t.Error("the plan that was given was changed")
	}
	if g := sn.Providers[2].Gauge; g == nil || g.Busy != 3 || sn.Providers[0].Gauge != nil {
		t.Errorf("gauges %+v, %+v", g, sn.Providers[0].Gauge)
	}
	if got := sn.Providers[0].Breaker; got != "off" {
		t.Errorf("breaker %q after it was switched off", got)
	}
	var log strings.Builder
	for _, l := range sn.Log {
		log.WriteString(l.Level + " " + l.Text + "\n")
	}
	for _, want := range []string{
		"info by hand: load held at 7/s\n", "info by hand: router: breaker off\n", "info router: retries on\n",
		"warn by hand: router: breaker on, which could not be done: it would not\n",
	} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, log.String())
		}
	}
}

// The parts of the score have a trend, too.
func TestSecondsKeepTheParts(t *testing.T) {
	sn := eventful().snapshot()
	last := sn.Seconds[29]
	if sn.Seconds[5].Parts != nil || len(last.Parts) != len(score.PartNames) {
		t.Fatalf("parts %v, %v", sn.Seconds[5].Parts, last.Parts)
	}
	if got := last.Parts[0]; got <= 0 || got >= 1 {
		t.Errorf("availability %v", got)
	}
}
