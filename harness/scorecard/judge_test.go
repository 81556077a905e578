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
	return &journal.Sample{Marker: "m", Scheduled: ms(1000), Sent: ms(1000), Total: ms(total), Outcome: outcome, Reason: reason, Status: 200}
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

func early(c *journal.Call) *journal.Call { c.Early = true; return c }
func left(c *journal.Call) *journal.Call  { c.Aborted = true; return c }

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
		"kept coming back":        {sample("ok", "", 600), []*journal.Call{told(call("a", 0, 1, "overload"), 90), told(call("a", 400, 1, "overload"), 90), call("a", 900, 1, "overload"), good}, scorecard.Fail, "a was asked 2 times before the retry-after"},
		"came back in time":       {sample("ok", "", 2600), []*journal.Call{told(call("a", 0, 1, "overload"), 2), call("a", 2001, 500, "")}, scorecard.Pass, "a whole answer"},
		"went elsewhere":          {sample("ok", "", 600), []*journal.Call{told(call("a", 0, 1, "overload"), 2), good}, scorecard.Pass, "a whole answer"},
		"asked in vain":           {sample("ok", "", 600), []*journal.Call{call("a", 0, 1, "auth"), call("a", 5, 1, "auth"), good}, scorecard.Partial, "no retry mends"},
		"asked often in vain":     {sample("failed", "auth", 600), []*journal.Call{call("a", 0, 1, "auth"), call("a", 5, 1, "auth"), call("a", 9, 1, "auth")}, scorecard.Fail, "a was asked 3 times for what no retry mends"},
		"hammered":                {sample("ok", "", 600), []*journal.Call{call("a", 0, 1, "server_error"), call("a", 2, 1, "server_error"), call("a", 4, 1, "server_error"), call("a", 6, 1, "server_error"), good}, scorecard.Fail, "a was asked 4 times"},
		"left running":            {sample("ok", "", 600), []*journal.Call{call("a", 0, 5000, ""), good}, scorecard.Partial, "the call to a was left running 4.4 s beyond the answer"},
		"left in time":            {sample("ok", "", 600), []*journal.Call{left(call("a", 0, 300, "")), good}, scorecard.Pass, "a whole answer"},
		"clean error":             {sample("failed", "quota_exhausted", 9), []*journal.Call{call("a", 0, 1, "quota_exhausted")}, scorecard.Safe, "a clean error after 0.01 s: quota_exhausted"},
		"error of the same sort":  {sample("failed", "overload", 9), []*journal.Call{call("a", 0, 1, "server_error")}, scorecard.Safe, "a clean error"},
		"nobody was reached":      {sample("failed", "server_error", 9), nil, scorecard.Safe, "a clean error"},
		"it gave up":              {sample("failed", "timeout", 900), []*journal.Call{left(call("a", 0, 900, ""))}, scorecard.Safe, "a clean error"},
		"out of money as a limit": {sample("failed", "rate_limit", 9), []*journal.Call{call("a", 0, 1, "quota_exhausted")}, scorecard.Fail, "the cause is masked: providers said quota_exhausted, the client was told rate_limit"},
		"a refused key as a 500":  {sample("failed", "server_error", 9), []*journal.Call{call("a", 0, 1, "auth")}, scorecard.Fail, "the cause is masked"},
		"the gateway is gone":     {sample("failed", "connect", 9), nil, scorecard.Fail, "the gateway itself"},
		"hung":                    {sample("hung", "stalled", 8000), []*journal.Call{call("a", 0, 8000, "")}, scorecard.Fail, "no end by the deadline, 8.0 s after it was sent (stalled)"},
		"half an answer":          {sample("corrupt", "truncated", 400), []*journal.Call{call("a", 0, 400, "transport")}, scorecard.Fail, "a wrong answer was given as a good one: truncated"},
	} {
		l := scorecard.Log{Samples: []*journal.Sample{c.sample}, Calls: c.calls, Injected: ms(500), LinkOnly: len(c.calls) == 0}
		got := scorecard.Judge("x", l)
		if got.Grade != c.grade || !strings.Contains(got.Why, c.why) {
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
