package scorecard_test

import (
	"strings"
	"testing"
	"time"

	"brownout/harness/journal"
	"brownout/harness/scorecard"
)

// ms is a time in milliseconds.
func ms(n int) time.Duration { return time.Duration(n) * time.Millisecond }

// sample is a request that was sent a second into the run.
func sample(outcome journal.Outcome, reason string, total int) *journal.Sample {
	return &journal.Sample{Marker: "m", Scheduled: ms(1000), Sent: ms(1000), Total: ms(total), Outcome: outcome, Reason: reason, Status: 200, Model: "model-of-it"}
}

// call is one that arrived so long after the request was sent.
func call(provider string, at, took int, failure string) *journal.Call {
	return &journal.Call{Provider: provider, Marker: "m", Arrived: ms(1000 + at), Total: ms(took), Failure: failure, Status: 200, Faults: []string{"f"}}
}

// told is a failed call that stated how long to wait.
func told(c *journal.Call, seconds int) *journal.Call {
	c.RetryAfter = time.Duration(seconds) * time.Second
	return c
}

// half is one of which some came.
func half(s *journal.Sample, first, gaps int) *journal.Sample {
	s.TTFT, s.Gaps = ms(first), gaps
	return s
}

func early(c *journal.Call) *journal.Call { c.Early = true; return c }
func unsigned(s *journal.Sample) *journal.Sample {
	s.Model = ""
	return s
}
func left(c *journal.Call) *journal.Call { c.Aborted = true; return c }

func TestJudge(t *testing.T) {
	good := call("b", 10, 500, "")
	for name, c := range map[string]struct {
		sample *journal.Sample
		calls  []*journal.Call
		grade  scorecard.Grade
		why    string
	}{
		"failed over":             {sample("ok", "", 600), []*journal.Call{call("a", 0, 1, "overload"), good}, scorecard.Pass, "a whole answer after 0.60 s"},
		"a lesser answer":         {sample("degraded", "", 600), []*journal.Call{call("a", 0, 1, "overload"), good}, scorecard.Pass, "a whole answer"},
		"rightly refused":         {sample("ok", "content_filter", 5), []*journal.Call{call("a", 0, 1, "content_filter")}, scorecard.Pass, "right refusal"},
		"asked too soon":          {sample("ok", "", 600), []*journal.Call{call("a", 0, 1, "rate_limit"), early(call("a", 5, 1, "rate_limit")), good}, scorecard.Partial, "a was asked again before the retry-after"},
		"asked far too soon":      {sample("ok", "", 600), []*journal.Call{early(call("a", 0, 1, "rate_limit")), early(call("a", 5, 1, "rate_limit")), good}, scorecard.Fail, "a was asked 2 times before the retry-after"},
		"came back too soon":      {sample("ok", "", 1600), []*journal.Call{told(call("a", 0, 1, "overload"), 2), call("a", 1000, 1, "overload"), good}, scorecard.Partial, "a was asked again before the retry-after"},
		"told late, came soon":    {sample("ok", "", 3600), []*journal.Call{told(call("a", 0, 1000, "overload"), 2), call("a", 2500, 1, "overload"), call("b", 2600, 500, "")}, scorecard.Partial, "a was asked again before the retry-after"},
		"kept coming back":        {sample("ok", "", 600), []*journal.Call{told(call("a", 0, 1, "overload"), 90), told(call("a", 400, 1, "overload"), 90), call("a", 900, 1, "overload"), good}, scorecard.Fail, "a was asked 2 times before the retry-after"},
		"came back in time":       {sample("ok", "", 2600), []*journal.Call{told(call("a", 0, 1, "overload"), 2), call("a", 2001, 500, "")}, scorecard.Pass, "a whole answer"},
		"went elsewhere":          {sample("ok", "", 600), []*journal.Call{told(call("a", 0, 1, "overload"), 2), good}, scorecard.Pass, "a whole answer"},
		"asked in vain":           {sample("ok", "", 600), []*journal.Call{call("a", 0, 1, "auth"), call("a", 5, 1, "auth"), good}, scorecard.Partial, "no retry mends"},
		"asked often in vain":     {sample("failed", "auth", 600), []*journal.Call{call("a", 0, 1, "auth"), call("a", 5, 1, "auth"), call("a", 9, 1, "auth")}, scorecard.Fail, "a was asked 3 times for what no retry mends"},
		"hammered":                {sample("ok", "", 600), []*journal.Call{call("a", 0, 1, "server_error"), call("a", 2, 1, "server_error"), call("a", 4, 1, "server_error"), call("a", 6, 1, "server_error"), good}, scorecard.Fail, "a was asked 4 times"},
		"left running":            {sample("ok", "", 600), []*journal.Call{call("a", 0, 5000, ""), good}, scorecard.Partial, "the call to a was left running 4.4 s beyond the answer"},
		"left in time":            {sample("ok", "", 600), []*journal.Call{left(call("a", 0, 300, "")), good}, scorecard.Pass, "a whole answer"},
		"signed by nobody":        {unsigned(sample("ok", "", 600)), []*journal.Call{call("a", 0, 1, "overload"), good}, scorecard.Partial, "which does not say what model gave it"},
		"refused by nobody":       {unsigned(sample("ok", "content_filter", 5)), []*journal.Call{call("a", 0, 1, "content_filter")}, scorecard.Pass, "right refusal"},
		"clean error":             {sample("failed", "quota_exhausted", 9), []*journal.Call{call("a", 0, 1, "quota_exhausted")}, scorecard.Safe, "a clean error after 0.01 s: quota_exhausted"},
		"error of the same sort":  {sample("failed", "overload", 9), []*journal.Call{call("a", 0, 1, "server_error")}, scorecard.Safe, "a clean error"},
		"nobody was reached":      {sample("failed", "server_error", 9), nil, scorecard.Safe, "a clean error"},
		"several causes":          {sample("failed", "overload", 9), []*journal.Call{call("a", 0, 1, "malformed"), call("b", 5, 1, "quota_exhausted")}, scorecard.Safe, "a clean error"},
		"unreadable, told as so":  {sample("failed", "malformed", 9), []*journal.Call{call("a", 0, 1, "malformed")}, scorecard.Safe, "a clean error"},
		"gone, told as no key":    {sample("failed", "auth", 900), []*journal.Call{left(call("a", 0, 900, ""))}, scorecard.Fail, "the cause is masked: providers said timeout, the client was told auth"},
		"two causes, neither":     {sample("failed", "auth", 9), []*journal.Call{call("b", 0, 1, "server_error"), call("a", 5, 1, "overload"), call("b", 7, 1, "server_error")}, scorecard.Fail, "providers said overload, server_error, the client was told auth"},
		"slow, then answered":     {sample("ok", "", 4000), []*journal.Call{call("a", 0, 1, "server_error"), call("a", 2, 1, "server_error"), call("a", 4, 1, "server_error"), call("a", 9, 3900, "")}, scorecard.Pass, "a whole answer"},
		"it gave up":              {sample("failed", "timeout", 900), []*journal.Call{left(call("a", 0, 900, ""))}, scorecard.Safe, "a clean error"},
		"out of money as a limit": {sample("failed", "rate_limit", 9), []*journal.Call{call("a", 0, 1, "quota_exhausted")}, scorecard.Fail, "the cause is masked: providers said quota_exhausted, the client was told rate_limit"},
		"a refused key as a 500":  {sample("failed", "server_error", 9), []*journal.Call{call("a", 0, 1, "auth")}, scorecard.Fail, "the cause is masked"},
		"the gateway is gone":     {sample("failed", "connect", 9), nil, scorecard.Fail, "the gateway itself"},
		"hung":                    {sample("hung", "stalled", 8000), []*journal.Call{call("a", 0, 8000, "")}, scorecard.Fail, "no end by the deadline, 8.0 s after it was sent (stalled)"},
		"hung, silent":            {sample("hung", "timeout", 8000), nil, scorecard.Fail, "no end by the deadline, 8.0 s after it was sent (timeout)$"},
		"hung halfway":            {half(sample("hung", "stalled", 8000), 60, 8), []*journal.Call{call("a", 0, 8000, "")}, scorecard.Fail, "(stalled): under HTTP 200 9 pieces of an answer came, the first after 0.06 s, and neither its end nor an error$"},
		"hung at its beginning":   {half(sample("hung", "stalled", 8000), 60, 0), []*journal.Call{call("a", 0, 8000, "")}, scorecard.Fail, "under HTTP 200 1 piece of an answer came"},
		"half an answer":          {sample("corrupt", "truncated", 400), []*journal.Call{call("a", 0, 400, "transport")}, scorecard.Fail, "a wrong answer was given as a good one: truncated"},
	} {
		l := scorecard.Log{Samples: []*journal.Sample{c.sample}, Calls: c.calls, Injected: ms(500), LinkOnly: len(c.calls) == 0}
		got := scorecard.Judge("x", l)
		if got.Grade != c.grade || !strings.Contains(got.Why+"$", c.why) {
			t.Errorf("%s: %s (%s), want %s (%s)", name, got.Grade, got.Why, c.grade, c.why)
		}
	}
}

// A cell in which the fault met nothing proves nothing, however well it went.
func TestJudgeOfNothing(t *testing.T) {
	ok, untouched := sample("ok", "", 500), call("a", 0, 500, "")
	untouched.Faults = nil
	for name, c := range map[string]struct {
		log  scorecard.Log
		want string
	}{
		"never injected": {scorecard.Log{Samples: []*journal.Sample{ok}, Calls: []*journal.Call{call("a", 0, 1, "")}}, "was not in effect"},
		"too early":      {scorecard.Log{Samples: []*journal.Sample{ok}, Calls: []*journal.Call{call("a", 0, 1, "")}, Injected: ms(1001)}, "before the fault was in effect"},
		"untouched":      {scorecard.Log{Samples: []*journal.Sample{ok}, Calls: []*journal.Call{untouched}, Injected: ms(1)}, "met no call"},
		"no request":     {scorecard.Log{Injected: ms(1)}, "no request"},
	} {
		if got := scorecard.Judge("x", c.log); got.Grade != scorecard.Unknown || !strings.Contains(got.Why, c.want) {
			t.Errorf("%s: %s (%s)", name, got.Grade, got.Why)
		}
	}
	link := scorecard.Log{Samples: []*journal.Sample{ok}, Calls: []*journal.Call{untouched}, Injected: ms(1), LinkOnly: true}
	if got := scorecard.Judge("x", link); got.Grade != scorecard.Pass {
		t.Errorf("a fault of the link: %s (%s)", got.Grade, got.Why)
	}
}

// Of several requests the worst decides, and its calls are the evidence.
func TestJudgeOfSeveral(t *testing.T) {
	good, bad := sample("ok", "", 500), sample("hung", "timeout", 8000)
	bad.Marker = "n"
	slow := call("a", 100, 7900, "")
	slow.Marker, slow.Aborted = "n", true
	again := call("b", 8050, 10, "")
	again.Marker = "n"
	got := scorecard.Judge("x", scorecard.Log{
		Samples: []*journal.Sample{good, bad, good}, Calls: []*journal.Call{call("b", 0, 500, ""), again, slow}, Injected: ms(1),
	})
	if got.Grade != scorecard.Fail || got.Outcomes != (scorecard.Outcomes{OK: 2, Hung: 1}) || got.Requests != 3 || got.CallsAll != 3 || got.TookS != 8 {
		t.Errorf("%+v", got)
	}
	if w := got.Waterfall(); w != "a at 0.10 s: left after 7.90 s; b at 8.05 s: 200 after 0.01 s" || got.Calls[1].GapS != 0.05 {
		t.Errorf("%s %+v", w, got.Calls)
	}
}

// The worst of several decides, whatever it is, and in whatever order they came.
func TestTheWorstDecides(t *testing.T) {
	whole := []*journal.Call{call("b", 10, 500, "")}
	neglectful := []*journal.Call{call("a", 0, 1, "auth"), call("a", 5, 1, "auth"), call("b", 10, 500, "")}
	refused := []*journal.Call{call("a", 0, 1, "quota_exhausted")}
	type request struct {
		outcome journal.Outcome
		reason  string
		calls   []*journal.Call
	}
	good, partial, safe := request{"ok", "", whole}, request{"ok", "", neglectful}, request{"failed", "quota_exhausted", refused}
	hung := request{"hung", "timeout", whole}
	for name, c := range map[string]struct {
		requests []request
		want     scorecard.Grade
	}{
		"all good":       {[]request{good, good}, scorecard.Pass},
		"first partial":  {[]request{partial, good}, scorecard.Partial},
		"last partial":   {[]request{good, partial}, scorecard.Partial},
		"partial, safe":  {[]request{good, safe, partial}, scorecard.Safe},
		"safe, and hung": {[]request{safe, hung, good}, scorecard.Fail},
	} {
		l := scorecard.Log{Injected: ms(1)}
		for i, r := range c.requests {
			s := sample(r.outcome, r.reason, 600)
			s.Marker = string(rune('a' + i))
			l.Samples = append(l.Samples, s)
			for _, v := range r.calls {
				v := *v
				v.Marker = s.Marker
				l.Calls = append(l.Calls, &v)
			}
		}
		got := scorecard.Judge("x", l)
		if got.Grade != c.want {
			t.Errorf("%s: %s (%s), want %s", name, got.Grade, got.Why, c.want)
		}
		card := scorecard.Card{Cells: []scorecard.Cell{{Grade: scorecard.Pass}, got}}
		if n := card.Count(got.Grade); n != 1 && got.Grade != scorecard.Pass || card.Count(scorecard.Unknown) != 0 {
			t.Errorf("%s: %d cells are %s", name, n, got.Grade)
		}
		if w := (scorecard.Sheet{Cards: []scorecard.Card{card}}).Worst(); w != c.want {
			t.Errorf("%s: the sheet's worst is %s", name, w)
		}
		if w := (scorecard.Sheet{Cards: []scorecard.Card{card, {}}}).Worst(); w != scorecard.Fail {
			t.Errorf("%s: a target without cells is %s", name, w)
		}
	}
}

// What the client saw and what the providers did stand in words beside a grade.
func TestEvidenceInWords(t *testing.T) {
	failed := call("a", 0, 1, "overload")
	failed.Status = 503
	overlapping := call("b", 100, 500, "")
	for name, c := range map[string]struct {
		sample         *journal.Sample
		calls          []*journal.Call
		answer, calls2 string
	}{
		"failed over": {sample("ok", "", 600), []*journal.Call{failed, call("b", 101, 500, "")}, "HTTP 200, ok", "a at 0.00 s: 503 overload after 0.00 s; b at 0.10 s: 200 after 0.50 s"},
		"refused":     {sample("ok", "content_filter", 600), []*journal.Call{call("a", 0, 1, "content_filter")}, "HTTP 200, ok: content_filter", "a at 0.00 s: content_filter after 0.00 s"},
		"no answer":   {&journal.Sample{Marker: "m", Sent: ms(1000), Scheduled: ms(1000), Outcome: "failed", Reason: "connect"}, nil, "failed: connect", "no call reached a provider"},
		"before time": {sample("ok", "", 600), []*journal.Call{told(failed, 9), call("a", 300, 5, "")}, "HTTP 200, ok", "a at 0.00 s: 503 overload after 0.00 s; a at 0.30 s: 200 after 0.01 s, early"},
		"two at once": {sample("ok", "", 600), []*journal.Call{left(call("a", 0, 600, "")), overlapping}, "HTTP 200, ok", "a at 0.00 s: left after 0.60 s; b at 0.10 s: 200 after 0.50 s"},
	} {
		got := scorecard.Judge("x", scorecard.Log{Samples: []*journal.Sample{c.sample}, Calls: c.calls, Injected: ms(1), LinkOnly: true})
		if got.Answer != c.answer || got.Waterfall() != c.calls2 {
			t.Errorf("%s: %q, %q", name, got.Answer, got.Waterfall())
		}
		if name == "two at once" && got.Calls[1].GapS != -.5 || name == "failed over" && got.Calls[1].GapS != .1 {
			t.Errorf("%s: %+v", name, got.Calls)
		}
	}
	cut := left(call("a", 0, 600, ""))
	cut.Status = 0 // it left before there was one
	both := scorecard.Calls(ms(1000), []*journal.Call{cut, call("a", 100, 5, "")})
	if both[1].Early || scorecard.Waterfall(both) != "a at 0.00 s: left after 0.60 s; a at 0.10 s: 200 after 0.01 s" {
		t.Errorf("two at once at one provider: %s", scorecard.Waterfall(both))
	}
	near := call("b", 15, 500, "") // 14 ms behind the end of the one before
	got := scorecard.Calls(ms(1000), []*journal.Call{call("a", 0, 1, "overload"), near})
	if got[1].GapS != 0 {
		t.Errorf("a gap that may be the clocks': %+v", got)
	}
	s := sample("failed", "overload", 9)
	s.Detail = "try later"
	if c := scorecard.Judge("x", scorecard.Log{Samples: []*journal.Sample{s}, Calls: []*journal.Call{failed}, Injected: ms(1)}); c.Why != "a clean error after 0.01 s: overload (try later)" {
		t.Error(c.Why)
	}
	s.Detail = ""
	if c := scorecard.Judge("x", scorecard.Log{Samples: []*journal.Sample{s}, Calls: []*journal.Call{failed}, Injected: ms(1)}); c.Why != "a clean error after 0.01 s: overload" {
		t.Error(c.Why)
	}
}

func TestPagesOfGrades(t *testing.T) {
	for _, g := range scorecard.Grades {
		if g.Page() == "" || g.Means() == "no grade" {
			t.Errorf("%s has no page", g)
		}
	}
	if g := scorecard.Grade("good"); g.Page() != "" || g.Means() != "no grade" {
		t.Error("what is no grade has a page")
	}
}
