package router

import (
	"math"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"brownout/mocks/wire"
)

// headers makes a header of names and values.
func headersOf(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

func TestStatedLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // the clock begins at 2000-01-01T00:00:00Z
		for _, c := range []struct {
			name string
			h    http.Header
			kind int
			want quota
			wait time.Duration
		}{
			{"OpenAI's requests", headersOf("x-ratelimit-limit-requests", "5000", "x-ratelimit-remaining-requests", "4999", "x-ratelimit-reset-requests", "12ms"), quotaRequests, quota{5000, 4999, 1 / 0.012, true}, 0},
			{"OpenAI's tokens", headersOf("x-ratelimit-limit-tokens", "160000", "x-ratelimit-remaining-tokens", "100000", "x-ratelimit-reset-tokens", "1m0s"), quotaTokens, quota{160000, 100000, 1000, true}, 0},
			{"Groq's requests of a day", headersOf("x-ratelimit-limit-requests", "14400", "x-ratelimit-remaining-requests", "14370", "x-ratelimit-reset-requests", "3m0s"), quotaRequests, quota{14400, 14370, 1. / 6, true}, 0},
			{"Azure's seconds", headersOf("x-ratelimit-limit-tokens", "6000", "x-ratelimit-remaining-tokens", "0", "x-ratelimit-reset-tokens", "10"), quotaTokens, quota{6000, 0, 600, true}, 0},
			{"Anthropic's moment", headersOf("anthropic-ratelimit-input-tokens-limit", "6000", "anthropic-ratelimit-input-tokens-remaining", "3000", "anthropic-ratelimit-input-tokens-reset", "2000-01-01T00:00:30Z"), quotaInput, quota{6000, 3000, 100, true}, 0},
			{"by the answer's own clock", headersOf("date", "Sat, 01 Jan 2000 09:00:00 GMT", "anthropic-ratelimit-output-tokens-limit", "6000", "anthropic-ratelimit-output-tokens-remaining", "0", "anthropic-ratelimit-output-tokens-reset", "2000-01-01T09:00:30Z"), quotaOutput, quota{6000, 0, 200, true}, 0},
			{"nearly full, in whole seconds", headersOf("anthropic-ratelimit-requests-limit", "6000", "anthropic-ratelimit-requests-remaining", "5999", "anthropic-ratelimit-requests-reset", "2000-01-01T00:00:01Z"), quotaRequests, quota{6000, 5999, 100, true}, 0},
			{"Mistral's minute", headersOf("x-ratelimit-limit-req-minute", "720", "x-ratelimit-remaining-req-minute", "360"), quotaRequests, quota{720, 360, 12, true}, 0},
			{"retry-after alone", headersOf("retry-after", "7"), quotaRequests, quota{}, 7 * time.Second},
			{"nonsense", headersOf("x-ratelimit-remaining-requests", "many", "x-ratelimit-remaining-tokens", "-3"), quotaTokens, quota{}, 0},
			{"nothing", http.Header{}, quotaRequests, quota{}, 0},
		} {
			s, ok := readStated(c.h)
			got := s.quotas[c.kind]
			if math.Abs(got.perSecond-c.want.perSecond) > 1e-9 {
				t.Errorf("%s: fills at %v a second, want %v", c.name, got.perSecond, c.want.perSecond)
			}
			got.perSecond = c.want.perSecond
			if got != c.want || s.retryAfter != c.wait || ok != (c.want.known || c.wait > 0) {
				t.Errorf("%s: %+v, retry-after %v, told %v", c.name, got, s.retryAfter, ok)
			}
		}
	})
}

// What the dialects of the mocks write is what the router reads.
func TestStatedLimitsOfEveryDialect(t *testing.T) {
	now := time.Now()
	for _, name := range []string{"openai", "azure", "groq", "xai", "mistral", "anthropic"} {
		d, _ := wire.Lookup(name)
		h := http.Header{}
		d.WriteHeaders(h, "id", wire.Budgets{
			Requests: &wire.Budget{Limit: 600, Remaining: 300, Reset: 30 * time.Second},
			Tokens:   &wire.Budget{Limit: 60000, Remaining: 0, Reset: time.Minute},
		}, now)
		s, ok := readStated(h)
		r, k := s.quotas[quotaRequests], s.quotas[quotaTokens]
		if !ok || r.limit != 600 || r.remaining != 300 || k.limit != 60000 || k.remaining != 0 || !k.known {
			t.Errorf("%s: %+v and %+v", name, r, k)
		}
		if math.Abs(r.perSecond-10) > 0.5 || math.Abs(k.perSecond-1000) > 30 {
			t.Errorf("%s: they fill at %v and %v a second, want 10 and 1000", name, r.perSecond, k.perSecond)
		}
	}
}

func statedTokens(limit, remaining, perSecond float64) stated {
	var s stated
	s.quotas[quotaTokens] = quota{limit: limit, remaining: remaining, perSecond: perSecond, known: true}
	return s
}

func TestRoomInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newRateLimits().of("a", "m")
		want := func(why string, prompt int, want room) {
			t.Helper()
			if got := l.room(prompt, 0); got.fits != want.fits || got.wait != want.wait || got.held != want.held || math.Abs(got.share-want.share) > 1e-9 {
				t.Errorf("%s: %+v, want %+v", why, got, want)
			}
		}
		want("nothing known", 1e6, room{fits: true, share: 1})
		first := l.send(100, 0)
		second := l.send(200, 0)
		l.hear(first, statedTokens(1000, 900, 100))
		want("what was sent since is taken off", 100, room{fits: true, share: 0.6})
		want("too much for now", 800, room{share: 0, wait: time.Second})
		want("too much for ever", 1001, room{share: 0})
		time.Sleep(time.Second - 1)
		want("just not yet", 800, room{share: 0, wait: 1})
		time.Sleep(time.Nanosecond)
		want("it fits when it said", 800, room{fits: true, share: 0})
		l.hear(second, statedTokens(1000, 500, 100))
		l.hear(first, statedTokens(1000, 999, 100)) // overtaken
		want("the younger answer counts", 500, room{fits: true, share: 0})
		time.Sleep(time.Hour)
		want("never more than full", 1000, room{fits: true, share: 0})
		for range 50 {
			l.send(1000, 0) // nobody tells anything
		}
		want("far too much was sent", 1000, room{share: 0, wait: 500 * time.Second})
		time.Sleep(500 * time.Second)
		want("and has been paid off", 1000, room{fits: true, share: 0})
	})
}

func TestRoomHeedsRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newRateLimits().of("a", "m")
		l.hear(l.send(1, 1), stated{retryAfter: 3 * time.Second})
		l.hear(l.send(1, 1), stated{retryAfter: time.Second}) // an earlier moment does not replace it
		if r := l.room(1, 1); r.fits || !r.held || r.wait != 3*time.Second {
			t.Errorf("%+v, want held for 3s", r)
		}
		time.Sleep(3*time.Second - 1)
		if r := l.room(1, 1); r.fits || r.wait != 1 {
			t.Errorf("%+v, want held for 1ns", r)
		}
		time.Sleep(time.Nanosecond)
		if r := l.room(1, 1); !r.fits || r.held {
			t.Errorf("%+v, want free", r)
		}
	})
}

func TestRoomForgetsWhatTellsNoRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newRateLimits().of("a", "m")
		l.hear(l.send(0, 0), statedTokens(0, 10, 0))
		if r := l.room(11, 0); r.fits || r.wait != 0 {
			t.Errorf("%+v, want no room and no moment", r)
		}
		time.Sleep(quotaTrust)
		if r := l.room(11, 0); !r.fits {
			t.Errorf("%+v, want room again", r)
		}
	})
}

// Against a provider with a true token bucket, whoever asks for room first is
// never refused, whatever the order of calls, answers and pauses.
func TestRoomNeverRunsIntoTheLimit(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		const limit, perSecond = 1000, 50
		steps := rapid.SliceOfN(rapid.IntRange(1, 900), 1, 100).Draw(rt, "steps")
		synctest.Test(t, func(*testing.T) {
			level, at := float64(limit), time.Now() // the provider's own
			l := newRateLimits().of("a", "m")
			type open struct {
				s     sending
				heard stated
			}
			var flying []open
			for i, n := range steps {
				switch i % 3 {
				case 0, 1:
					if i > 0 && !l.room(n, 0).fits {
						continue
					}
					s := l.send(n, 0)
					now := time.Now()
					level = min(limit, level+perSecond*now.Sub(at).Seconds())
					at = now
					if level+1e-6 < float64(n) {
						rt.Fatalf("a call of %d tokens met a bucket with %v", n, level)
					}
					level -= float64(n)
					flying = append(flying, open{s, statedTokens(limit, level, perSecond)})
				default:
					time.Sleep(time.Duration(n) * 7 * ms)
				}
				// Answers come late, and out of order. The first must have come
				// before anything is known.
				if len(flying) > 0 && (i == 0 || n%2 == 0) {
					k := n % len(flying)
					l.hear(flying[k].s, flying[k].heard)
					flying = append(flying[:k], flying[k+1:]...)
				}
			}
		})
	})
}

func BenchmarkRateLimit(b *testing.B) {
	h := headersOf(
		"x-ratelimit-limit-requests", "5000", "x-ratelimit-remaining-requests", "4999", "x-ratelimit-reset-requests", "12ms",
		"x-ratelimit-limit-tokens", "160000", "x-ratelimit-remaining-tokens", "100000", "x-ratelimit-reset-tokens", "1m0s")
	all := newRateLimits()
	b.ReportAllocs()
	for b.Loop() {
		l := all.of("a", "m")
		l.room(100, 100)
		s := l.send(100, 100)
		if v, ok := readStated(h); ok {
			l.hear(s, v)
		}
	}
}
