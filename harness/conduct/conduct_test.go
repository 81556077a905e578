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
	unmet := func(at int) *journal.Call { c := early(at); c.Faults = nil; return c }
	untouched := call("q", "a", 0, 5, "")
	for name, c := range map[string]struct {
		board  conduct.Board
		events []journal.Event
		want   conduct.Verdict
		says   string
	}{
		"well behaved":     {conduct.Board{}, []journal.Event{call("q", "a", 0, 5, "overload"), call("q", "b", 9, 5, "")}, conduct.Pass, ""},
		"hammering":        {conduct.Board{}, []journal.Event{early(0), early(10), early(20)}, conduct.Fail, "1 request hammered a provider"},
		"in vain, once":    {conduct.Board{}, []journal.Event{call("q", "a", 0, 5, "auth"), call("q", "a", 9, 5, "auth")}, conduct.Pass, ""},
		"in vain, often":   {conduct.Board{}, []journal.Event{call("q", "a", 0, 5, "auth"), call("q", "a", 9, 5, "auth"), call("q", "a", 19, 5, "auth")}, conduct.Fail, "hammered"},
		"too many calls":   {conduct.Board{MostCalls: 1.5}, []journal.Event{call("q", "a", 0, 5, "overload"), call("q", "b", 9, 5, "")}, conduct.Fail, "2.00 calls per request"},
		"private":          {conduct.Board{}, []journal.Event{call("q", "a", 0, 5, "overload"), &journal.Violation{What: "privacy", Detail: "a is cloud"}}, conduct.Fail, "veto: 1 private prompt was shown"},
		"though untouched": {conduct.Board{}, []journal.Event{unmet(0), unmet(10), unmet(20)}, conduct.Fail, "1 request hammered a provider"},
		"nothing came":     {conduct.Board{}, nil, conduct.Inconclusive, "no call reached a provider"},
		"nothing was met":  {conduct.Board{}, []journal.Event{untouched}, conduct.Inconclusive, "no fault met any of its calls"},
	} {
		r := folded(&c.board, c.events...)
		if r.Verdict != c.want || !strings.Contains(strings.Join(r.Reasons, "; "), c.says) {
			t.Errorf("%s: %s, %q", name, r.Verdict, r.Reasons)
		}
		if r.Requests == 0 && r.CallsPerRequest != 0 {
			t.Errorf("%s: %v calls per request", name, r.CallsPerRequest)
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

// Which calls belong together does not depend on the order in which they were
// told, and an answer ends a request where it ends, not where it began.
func TestRequestsByTheirTimes(t *testing.T) {
	for name, c := range map[string]struct {
		calls []journal.Event
		want  []int // calls of each request, by their first call
	}{
		"told late":                    {[]journal.Event{call("q", "b", 300, 100, ""), call("q", "a", 0, 10, "overload")}, []int{2}},
		"asked anew, told late":        {[]journal.Event{call("q", "a", 500, 100, ""), call("q", "a", 0, 100, "")}, []int{1, 1}},
		"while it was answered":        {[]journal.Event{call("q", "a", 0, 300, ""), call("q", "b", 100, 400, "")}, []int{2}},
		"behind the earlier of two":    {[]journal.Event{call("q", "a", 0, 900, ""), call("q", "b", 100, 100, ""), call("q", "a", 400, 9, "")}, []int{2, 1}},
		"behind the end of the first":  {[]journal.Event{call("q", "a", 0, 300, ""), call("q", "b", 100, 800, ""), call("q", "a", 400, 9, "")}, []int{2, 1}},
		"at its end":                   {[]journal.Event{call("q", "a", 0, 300, ""), call("q", "a", 300, 9, "")}, []int{1, 1}},
		"two prompts, the later first": {[]journal.Event{call("p", "a", 700, 10, "overload"), call("p", "b", 800, 9, ""), call("q", "a", 0, 9, "")}, []int{1, 2}},
		"a redirect is no answer":      {[]journal.Event{&journal.Call{Marker: "q", Provider: "a", Status: 302, Total: ms(1)}, call("q", "a", 5, 9, "")}, []int{2}},
		"nor is a failure under a 200": {[]journal.Event{&journal.Call{Marker: "q", Provider: "a", Status: 200, Failure: "cut", Total: ms(1)}, call("q", "a", 5, 9, "")}, []int{2}},
	} {
		r := folded(&conduct.Board{}, c.calls...)
		most := slices.Max(c.want)
		if r.Requests != len(c.want) || r.MostCalls != most {
			t.Errorf("%s: %d requests, at most %d calls of one, want %v", name, r.Requests, r.MostCalls, c.want)
		}
	}
}

// Requests to look at are told once each and by their times, the worst first
// come first; whoever did nothing wrong is told where none asked more often.
func TestStories(t *testing.T) {
	r := folded(&conduct.Board{},
		call("vain", "a", 900, 5, "auth"), call("vain", "a", 910, 5, "auth"), call("vain", "a", 920, 5, "auth"), call("vain", "b", 930, 5, ""),
		call("twice", "a", 100, 5, "auth"), call("twice", "a", 110, 5, "auth"),
		call("once", "a", 50, 5, ""),
	)
	var told []string
	for _, s := range r.Stories {
		told = append(told, s.Marker+": "+s.Why)
	}
	if got := strings.Join(told, "; "); got != "twice: a was asked again after an error that no retry mends; vain: a was asked 3 times for what no retry mends" {
		t.Error(got)
	}
	if r.Useless != 3 || len(r.Advice) != 1 || r.Advice[0] != "1 request was repeated otherwise than is advised" || r.Reasons[0] != "1 request hammered a provider" {
		t.Errorf("%d useless, %q, %q", r.Useless, r.Advice, r.Reasons)
	}
	// The same prompt, asked anew, with more calls than the one that hammered.
	r = folded(&conduct.Board{}, call("q", "a", 0, 5, "auth"), call("q", "a", 10, 5, "auth"), call("q", "b", 20, 5, ""),
		call("q", "a", 100, 5, "overload"), call("q", "b", 110, 5, "overload"), call("q", "a", 120, 5, "overload"), call("q", "b", 130, 5, ""))
	if len(r.Stories) != 2 || r.Stories[1].Why != "the most calls" || r.Stories[1].AtS != .1 {
		t.Errorf("%+v", r.Stories)
	}
	var many []journal.Event
	for i := range 30 {
		m := string(rune('A' + i))
		many = append(many, call(m, "a", 10*i, 1, "auth"), call(m, "a", 10*i+2, 1, "auth"))
	}
	if r = folded(&conduct.Board{}, many...); len(r.Stories) != 20 || r.Stories[0].Marker != "A" || r.Requests != 30 {
		t.Errorf("%d stories, the first of %s", len(r.Stories), r.Stories[0].Marker)
	}
	if r = folded(&conduct.Board{}, call("q", "a", 0, 5, "overload"), call("p", "b", 9, 5, "")); len(r.Stories) > 0 || len(r.Advice) > 0 {
		t.Errorf("told of for nothing: %+v, %q", r.Stories, r.Advice)
	}
	// Two that began in one moment are two.
	r = folded(&conduct.Board{}, call("q", "a", 0, 5, "auth"), call("q", "a", 10, 5, "auth"), call("q", "a", 20, 5, "auth"),
		call("p", "a", 0, 5, "overload"), call("p", "b", 5, 5, "overload"), call("p", "a", 15, 5, "overload"), call("p", "b", 25, 5, ""))
	if len(r.Stories) != 2 || r.Stories[1].Marker != "p" {
		t.Errorf("%+v", r.Stories)
	}
	// One that never stops is told by its beginning.
	many = many[:0]
	for i := range 70 {
		many = append(many, call("q", "a", i, 1, "overload"))
	}
	if s := folded(&conduct.Board{}, many...).Stories; len(s) != 1 || len(s[0].Calls) != 50 || s[0].CallsAll != 70 {
		t.Errorf("%+v", s)
	}
}

// More calls than a program makes are not kept, and not judged as if they were
// all.
func TestTooManyCalls(t *testing.T) {
	b := conduct.Board{}
	gone := call("q", "a", 0, 5, "")
	gone.Aborted, gone.Faults = true, []string{"down"}
	r := folded(&b, gone)
	if r.Verdict != conduct.Pass {
		t.Fatalf("%s %q", r.Verdict, r.Reasons)
	}
	for range 999_999 {
		b.Fold(journal.Record{Event: gone})
	}
	if r = b.Report(); r.Verdict != conduct.Pass || r.Calls != 1_000_000 {
		t.Errorf("%s, %d calls: %q", r.Verdict, r.Calls, r.Reasons)
	}
	b.Fold(journal.Record{Event: gone})
	b.Fold(journal.Record{Event: gone})
	if r = b.Report(); r.Verdict != conduct.Inconclusive || r.Calls != 1_000_000 || !strings.Contains(r.Reasons[0], "more than 1000000 calls came") {
		t.Errorf("%s, %d calls: %q", r.Verdict, r.Calls, r.Reasons)
	}
}

// What providers saw is counted for each, and a stream that was left only where
// something had come of it.
func TestCountedByProvider(t *testing.T) {
	left := func(stream bool, ttft int) *journal.Call {
		c := call("l", "b", 5000, 100, "")
		c.Aborted, c.Stream, c.TTFT = true, stream, ms(ttft)
		return c
	}
	read := call("s", "a", 7000, 100, "")
	read.Stream, read.TTFT, read.Faults = true, ms(20), []string{"down", "nobody"}
	r := folded(&conduct.Board{}, left(true, 0), left(false, 30), left(true, 30), read, call("q", "a", 0, 5, "overload"))
	a, b := r.Providers[0], r.Providers[1]
	if r.AbandonedStreams != 1 || b.Aborted != 3 || b.Good != 0 || len(b.Errors) != 0 || a.Good != 1 || a.Errors["overload"] != 1 || r.Faults[0].Touched != 2 {
		t.Errorf("%d streams left; %+v, %+v, %+v", r.AbandonedStreams, a, b, r.Faults)
	}
	if r = folded(&conduct.Board{MostCalls: 2}, call("q", "a", 0, 5, "overload"), call("q", "b", 9, 5, "")); r.Verdict != conduct.Pass {
		t.Errorf("as many calls as are allowed: %s %q", r.Verdict, r.Reasons)
	}
}

// A fault that was not confirmed was not in effect; one that nobody planned is
// nobody's; and one that acts on the path alone needs no call that tells of it.
func TestFaultsInEffect(t *testing.T) {
	started := func(linkOnly bool) *journal.RunStarted {
		return &journal.RunStarted{Plan: plan.Plan{Providers: []plan.Provider{{Name: "a"}}, Faults: []plan.Fault{{Name: "down", LinkOnly: linkOnly}}}}
	}
	on := &journal.FaultOn{Name: "down", Confirmed: true}
	for name, c := range map[string]struct {
		events []journal.Event
		want   conduct.Verdict
		says   string
	}{
		"confirmed":     {[]journal.Event{started(false), on, call("q", "a", 0, 5, "overload")}, conduct.Pass, ""},
		"not confirmed": {[]journal.Event{started(false), &journal.FaultOn{Name: "down"}, call("q", "a", 0, 5, "")}, conduct.Inconclusive, "ended before the first fault"},
		"of another":    {[]journal.Event{started(false), &journal.FaultOn{Name: "up", Confirmed: true}, &journal.FaultOff{Name: "up"}, call("q", "a", 0, 5, "")}, conduct.Inconclusive, "ended before the first fault"},
		"on the link":   {[]journal.Event{started(true), on, call("q", "a", 0, 5, "")}, conduct.Pass, ""},
		"link, no way":  {[]journal.Event{started(true), on}, conduct.Inconclusive, "turned away on their path"},
		"link, none":    {[]journal.Event{started(true)}, conduct.Inconclusive, "no call reached a provider: does the program"},
		"link, not yet": {[]journal.Event{started(true), call("q", "a", 0, 5, "")}, conduct.Inconclusive, "ended before the first fault"},
		"no faults":     {[]journal.Event{&journal.RunStarted{Plan: plan.Plan{Providers: []plan.Provider{{Name: "a"}}}}, call("q", "a", 0, 5, "")}, conduct.Pass, ""},
		"another's call": {[]journal.Event{
			&journal.RunStarted{Plan: plan.Plan{Providers: []plan.Provider{{Name: "a"}}, Faults: []plan.Fault{{Name: "cut", LinkOnly: true}, {Name: "down"}}}},
			on, call("q", "a", 0, 5, ""),
		}, conduct.Inconclusive, "no fault met any of its calls"},
	} {
		var b conduct.Board
		for i, e := range c.events {
			b.Fold(journal.Record{Seq: uint64(i + 1), T: ms(i), Event: e})
		}
		b.Fold(journal.Record{Seq: 9, T: ms(9), Event: &journal.FaultOff{Name: "down"}})
		r := b.Report()
		if r.Verdict != c.want || !strings.Contains(strings.Join(r.Reasons, "; "), c.says) {
			t.Errorf("%s: %s, %q", name, r.Verdict, r.Reasons)
		}
		if n := len(r.Faults); n > 0 && (r.Faults[n-1].ClearedS == nil || *r.Faults[n-1].ClearedS != .009) {
			t.Errorf("%s: %+v", name, r.Faults)
		}
	}
}
