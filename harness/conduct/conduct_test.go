package conduct_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"brownout/harness/conduct"
	"brownout/harness/journal"
	"brownout/plan"
)

func ms(n int) time.Duration { return time.Duration(n) * time.Millisecond }

// call is one of a prompt, at a provider.
func call(marker, provider string, at, took int, failure string) *journal.Call {
	c := &journal.Call{Marker: marker, Provider: provider, Arrived: ms(at), Total: ms(took), Failure: failure, Status: 200}
	if failure != "" {
		c.Status, c.Faults = 503, []string{"down"}
	}
	return c
}

func folded(b *conduct.Board, events ...journal.Event) *conduct.Report {
	all := append([]journal.Event{
		&journal.RunStarted{Plan: plan.Plan{Scenario: "s", Title: "S", Providers: []plan.Provider{{Name: "a"}, {Name: "b"}}, Faults: []plan.Fault{{Name: "down", Kind: "overload", On: []string{"a"}}}}},
		&journal.FaultOn{Name: "down", Confirmed: true},
	}, events...)
	for i, e := range all {
		b.Fold(journal.Record{Seq: uint64(i + 1), T: ms(i), Event: e})
	}
	return b.Report()
}

// A call that repeats one which was not answered is a retry; one that comes
// after an answer asks anew, whatever its words.
func TestLogicalRequests(t *testing.T) {
	hedge := call("q2", "b", 1100, 900, "")
	hedge.Aborted, hedge.Stream, hedge.TTFT = true, true, ms(200)
	left := call("q3", "a", 3000, 500, "")
	left.Aborted = true
	r := folded(&conduct.Board{},
		call("q1", "a", 0, 10, "overload"), call("q1", "a", 60, 10, "overload"), call("q1", "b", 100, 400, ""),
		call("q1", "b", 600, 400, ""),         // the same again, after its answer
		call("q2", "a", 1000, 500, ""), hedge, // two at once
		left,
		call("q4", "a", 4000, 10, "overload"),
	)
	if r.Requests != 5 || r.Answered != 3 || r.GaveUp != 1 || r.Abandoned != 1 || r.Moved != 2 || r.Calls != 8 || r.MostCalls != 3 || r.CallsPerRequest != 1.6 {
		t.Errorf("%+v", r)
	}
	if r.AbandonedStreams != 1 || r.Touched != 3 || r.Faults[0].Touched != 3 || r.Providers[0].Errors["overload"] != 3 || r.Providers[1].Good != 2 {
		t.Errorf("%+v", r)
	}
	if r.Verdict != conduct.Pass || len(r.Stories) != 1 || r.Stories[0].Marker != "q1" || len(r.Stories[0].Calls) != 3 {
		t.Errorf("%s %v %+v", r.Verdict, r.Reasons, r.Stories)
	}
	if !slices.ContainsFunc(r.Advice, func(s string) bool { return strings.HasPrefix(s, "1 stream was left") }) {
		t.Errorf("advice %q", r.Advice)
	}
}

func TestVerdicts(t *testing.T) {
	early := func(at int) *journal.Call { c := call("q", "a", at, 5, "rate_limit"); c.Early = true; return c }
	untouched := call("q", "a", 0, 5, "")
	for name, c := range map[string]struct {
		board  conduct.Board
		events []journal.Event
		want   conduct.Verdict
		says   string
	}{
		"well behaved":    {conduct.Board{}, []journal.Event{call("q", "a", 0, 5, "overload"), call("q", "b", 9, 5, "")}, conduct.Pass, ""},
		"hammering":       {conduct.Board{}, []journal.Event{early(0), early(10), early(20)}, conduct.Fail, "1 request hammered a provider"},
		"in vain, once":   {conduct.Board{}, []journal.Event{call("q", "a", 0, 5, "auth"), call("q", "a", 9, 5, "auth")}, conduct.Pass, ""},
		"in vain, often":  {conduct.Board{}, []journal.Event{call("q", "a", 0, 5, "auth"), call("q", "a", 9, 5, "auth"), call("q", "a", 19, 5, "auth")}, conduct.Fail, "hammered"},
		"too many calls":  {conduct.Board{MostCalls: 1.5}, []journal.Event{call("q", "a", 0, 5, "overload"), call("q", "b", 9, 5, "")}, conduct.Fail, "2.00 calls per request"},
		"private":         {conduct.Board{}, []journal.Event{call("q", "a", 0, 5, "overload"), &journal.Violation{What: "privacy", Detail: "a is cloud"}}, conduct.Fail, "veto: 1 private prompt was shown"},
		"nothing came":    {conduct.Board{}, nil, conduct.Inconclusive, "no call reached a provider"},
		"nothing was met": {conduct.Board{}, []journal.Event{untouched}, conduct.Inconclusive, "no fault met any of its calls"},
	} {
		r := folded(&c.board, c.events...)
		if r.Verdict != c.want || !strings.Contains(strings.Join(r.Reasons, "; "), c.says) {
			t.Errorf("%s: %s, %q", name, r.Verdict, r.Reasons)
		}
	}
}

// One prompt that was shown to two is one prompt, and two who must not see it.
func TestWhoWasShownWhat(t *testing.T) {
	seen := func(marker, provider string) journal.Event {
		return &journal.Violation{What: "privacy", Marker: marker, Provider: provider, Detail: provider + " is cloud"}
	}
	for want, events := range map[string][]journal.Event{
		"veto: 1 private prompt was shown to a; the first: a is cloud":      {seen("q", "a")},
		"veto: 1 private prompt was shown to a, b; the first: a is cloud":   {seen("q", "a"), seen("q", "b")},
		"veto: 2 private prompts were shown to b, a; the first: b is cloud": {seen("q", "b"), seen("p", "a"), seen("p", "b")},
	} {
		events = append(events, call("q", "a", 0, 5, "overload"), call("q", "b", 9, 5, ""))
		if r := folded(&conduct.Board{}, events...); r.Verdict != conduct.Fail || len(r.Reasons) != 1 || r.Reasons[0] != want {
			t.Errorf("%s, %q, want %q", r.Verdict, r.Reasons, want)
		}
	}
}

// A retry-after binds the request that was told it, also where no rate limit
// told it to all.
func TestCallsBeforeTheirTime(t *testing.T) {
	told := func(marker string, at int) *journal.Call {
		c := call(marker, "a", at, 5, "overload")
		c.RetryAfter = ms(2000)
		return c
	}
	r := folded(&conduct.Board{},
		told("soon", 0), call("soon", "a", 400, 5, ""),
		told("late", 1000), call("late", "a", 3100, 5, ""),
		told("gone", 4000), call("gone", "b", 4100, 5, ""),
		call("other", "a", 4200, 5, ""),
	)
	if r.Early != 1 || r.Providers[0].Early != 1 || r.Providers[1].Early != 0 || r.Requests != 4 || len(r.Advice) == 0 {
		t.Errorf("%d early: %+v", r.Early, r)
	}
	if s := r.Stories[0]; s.Marker != "soon" || !s.Calls[1].Early || s.Calls[0].Early {
		t.Errorf("%+v", s)
	}
}

func TestBeforeTheFirstFault(t *testing.T) {
	var b conduct.Board
	b.Fold(journal.Record{Seq: 1, Event: &journal.RunStarted{Plan: plan.Plan{Providers: []plan.Provider{{Name: "a"}}, Faults: []plan.Fault{{Name: "down"}}}}})
	b.Fold(journal.Record{Seq: 2, Event: call("q", "a", 0, 5, "")})
	if r := b.Report(); r.Verdict != conduct.Inconclusive || !strings.Contains(r.Reasons[0], "had ended before the first fault") || r.Faults[0].InjectedS != nil {
		t.Errorf("%s %q", r.Verdict, r.Reasons)
	}
	if r := (&conduct.Board{}).Report(); r.Verdict != conduct.Inconclusive {
		t.Errorf("a journal without its plan: %s", r.Verdict)
	}
}
