package service_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"brownout/mocks/service"
	"brownout/plan"
)

var epoch = time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)

// take asks for n tokens and ends the call at once.
func take(q *service.Quota, n int, at time.Time) (service.Levels, *service.Refusal) {
	l, r := q.Take(n, at)
	if r == nil {
		q.Done()
	}
	return l, r
}

func TestRequestBucketDrainsRefusesAndRefills(t *testing.T) {
	q := service.NewQuota(plan.Limits{RequestsPerMinute: 60}, epoch) // one a second, ten at once
	for i := range 10 {
		l, r := take(q, 5, epoch)
		if r != nil {
			t.Fatalf("request %d refused: %+v", i+1, r)
		}
		if want := (service.Level{Limit: 60, Remaining: 9 - i, Reset: time.Duration(i+1) * time.Second}); l.Requests != want {
			t.Errorf("after request %d: %+v, want %+v", i+1, l.Requests, want)
		}
		if l.Tokens != (service.Level{}) {
			t.Errorf("a bucket without limit says %+v", l.Tokens)
		}
	}
	_, r := take(q, 5, epoch.Add(250*time.Millisecond))
	want := service.Refusal{Limit: service.LimitRequests, Value: 60, Asked: 1, RetryAfter: 750 * time.Millisecond}
	if r == nil || *r != want {
		t.Fatalf("eleventh request: %+v, want %+v", r, want)
	}
	if _, r := take(q, 5, epoch.Add(999*time.Millisecond)); r == nil {
		t.Error("let in a millisecond before its time")
	}
	if _, r := take(q, 5, epoch.Add(time.Second)); r != nil {
		t.Errorf("refused although its retry-after has passed: %+v", r)
	}
}

func TestTokenBucket(t *testing.T) {
	q := service.NewQuota(plan.Limits{RequestsPerMinute: 6000, TokensPerMinute: 6000}, epoch) // 1000 at once, 100 a second
	if _, r := take(q, 900, epoch); r != nil {
		t.Fatal(r)
	}
	before := q.Levels(epoch)
	_, r := take(q, 300, epoch)
	want := service.Refusal{Limit: service.LimitTokens, Value: 6000, Asked: 300, RetryAfter: 2 * time.Second}
	if r == nil || *r != want {
		t.Fatalf("%+v, want %+v", r, want)
	}
	if after := q.Levels(epoch); after != before {
		t.Errorf("a refused call took something: %+v, then %+v", before, after)
	}
	if _, r := take(q, 6001, epoch.Add(time.Hour)); r == nil || r.RetryAfter != 0 {
		t.Errorf("more than the limit: %+v, want a refusal for ever", r)
	}
	// More than fits at once, but within the limit: a full bucket admits it,
	// and the debt is waited off by those who follow.
	if _, r := take(q, 3000, epoch.Add(time.Hour)); r != nil {
		t.Errorf("3000 of 6000 a minute: %+v", r)
	}
	if _, r := take(q, 100, epoch.Add(time.Hour)); r == nil || r.RetryAfter != 21*time.Second {
		t.Errorf("in debt: %+v, want 21 s", r)
	}
}

func TestConcurrency(t *testing.T) {
	q := service.NewQuota(plan.Limits{Concurrency: 2}, epoch)
	for range 2 {
		if _, r := q.Take(1, epoch); r != nil {
			t.Fatal(r)
		}
	}
	if _, r := q.Take(1, epoch); r == nil || *r != (service.Refusal{Limit: service.LimitConcurrency, Value: 2, Asked: 1}) {
		t.Errorf("third call: %+v", r)
	}
	q.Done()
	if _, r := q.Take(1, epoch); r != nil {
		t.Errorf("after one ended: %+v", r)
	}
}

// A lowered limit bites within a second, whatever was saved up before; when it
// is lifted no shortage is left behind.
func TestLoweredLimitBitesAtOnce(t *testing.T) {
	high := plan.Limits{RequestsPerMinute: 60_000}
	q := service.NewQuota(high, epoch)
	q.SetLimits(plan.Limits{RequestsPerMinute: 600}, epoch)
	n := 0
	for {
		if _, r := take(q, 0, epoch); r != nil {
			break
		}
		n++
	}
	if n != 10 {
		t.Errorf("%d calls let in at once, want one second's worth, 10", n)
	}
	q.SetLimits(high, epoch)
	if l := q.Levels(epoch).Requests; l.Remaining != 10_000-100 {
		t.Errorf("after the limit was lifted %+v, want all of its 10,000 but the 100 that the low bucket lacked", l)
	}
	q.SetLimits(plan.Limits{}, epoch.Add(time.Millisecond))
	for range 10_000 {
		if _, r := take(q, 1_000_000, epoch); r != nil {
			t.Fatalf("without limits: %+v", r)
		}
	}
}

// Whatever is asked and when: a refusal costs nothing, waiting for the stated
// retry-after suffices, and no minute lets in more than its limit and one
// burst.
func TestQuotaProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limits := plan.Limits{
			RequestsPerMinute: rapid.IntRange(1, 5000).Draw(t, "rpm"),
			TokensPerMinute:   rapid.IntRange(1, 100_000).Draw(t, "tpm"),
		}
		q := service.NewQuota(limits, epoch)
		now, let := epoch, 0
		for range rapid.IntRange(1, 60).Draw(t, "calls") {
			now = now.Add(time.Duration(rapid.IntRange(0, 2000).Draw(t, "gap_ms")) * time.Millisecond)
			n := rapid.IntRange(0, 2*limits.TokensPerMinute).Draw(t, "tokens")
			before := q.Levels(now)
			_, r := take(q, n, now)
			if r == nil {
				let++
				continue
			}
			if after := q.Levels(now); after != before {
				t.Fatalf("a refusal changed %+v into %+v", before, after)
			}
			if r.RetryAfter == 0 {
				if n <= limits.TokensPerMinute {
					t.Fatalf("%d tokens refused for ever: %+v", n, r)
				}
				continue
			}
			now = now.Add(r.RetryAfter)
			if _, again := take(q, n, now); again != nil && again.Limit == r.Limit {
				t.Fatalf("refused again by the same limit after waiting: %+v, then %+v", r, again)
			} else if again == nil {
				let++
			}
		}
		minutes := now.Sub(epoch).Minutes()
		most := float64(limits.RequestsPerMinute)*(minutes+service.Burst.Minutes()) + 2
		if float64(let) > most {
			t.Fatalf("%d calls let in within %.2f minutes at %d a minute", let, minutes, limits.RequestsPerMinute)
		}
	})
}
