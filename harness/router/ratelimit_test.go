package router

import (
	"fmt"
	"math"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"brownout/mocks/wire"
)

// headersOf makes a header of names and values.
func headersOf(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

func TestReadQuotas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // the clock begins at 2000-01-01T00:00:00Z
		for _, c := range []struct {
			name string
			h    http.Header
			kind int
			want quota // full, remaining, perSecond
		}{
			{"OpenAI's requests", headersOf("x-ratelimit-limit-requests", "5000", "x-ratelimit-remaining-requests", "4999", "x-ratelimit-reset-requests", "12ms"), quotaRequests, quota{5000, 4999, 5000. / 60, true}},
			{"OpenAI's tokens", headersOf("x-ratelimit-limit-tokens", "160000", "x-ratelimit-remaining-tokens", "100000", "x-ratelimit-reset-tokens", "1m0s"), quotaTokens, quota{160000, 100000, 1000, true}},
			{"a minute's limit, kept over ten seconds", headersOf("x-ratelimit-limit-requests", "600", "x-ratelimit-remaining-requests", "50", "x-ratelimit-reset-requests", "5s"), quotaRequests, quota{100, 50, 10, true}},
			{"Groq's requests of a day", headersOf("x-ratelimit-limit-requests", "14400", "x-ratelimit-remaining-requests", "14370", "x-ratelimit-reset-requests", "3m0s"), quotaRequests, quota{14400, 14370, 1. / 6, true}},
			{"Azure's seconds", headersOf("x-ratelimit-limit-tokens", "6000", "x-ratelimit-remaining-tokens", "0", "x-ratelimit-reset-tokens", "10"), quotaTokens, quota{1000, 0, 100, true}},
			{"Anthropic's moment", headersOf("anthropic-ratelimit-input-tokens-limit", "6000", "anthropic-ratelimit-input-tokens-remaining", "3000", "anthropic-ratelimit-input-tokens-reset", "2000-01-01T00:00:30Z"), quotaInput, quota{6000, 3000, 100, true}},
			{"by the answer's own clock", headersOf("date", "Sat, 01 Jan 2000 09:00:00 GMT", "anthropic-ratelimit-output-tokens-limit", "6000", "anthropic-ratelimit-output-tokens-remaining", "0", "anthropic-ratelimit-output-tokens-reset", "2000-01-01T09:01:00Z"), quotaOutput, quota{6000, 0, 100, true}},
			{"nearly full, in whole seconds", headersOf("anthropic-ratelimit-requests-limit", "6000", "anthropic-ratelimit-requests-remaining", "5999", "anthropic-ratelimit-requests-reset", "2000-01-01T00:00:01Z"), quotaRequests, quota{6000, 5999, 100, true}},
			{"Mistral's minute", headersOf("x-ratelimit-limit-req-minute", "720", "x-ratelimit-remaining-req-minute", "360"), quotaRequests, quota{720, 360, 12, true}},
			{"nonsense", headersOf("x-ratelimit-remaining-requests", "many", "x-ratelimit-remaining-tokens", "-3"), quotaTokens, quota{}},
			{"nothing", http.Header{}, quotaRequests, quota{}},
		} {
			s, ok := readQuotas(c.h)
			got := s[c.kind]
			if math.Abs(got.perSecond-c.want.perSecond) > 1e-9 || math.Abs(got.full-c.want.full) > 1e-6 {
				t.Errorf("%s: fills at %v a second up to %v, want %v and %v", c.name, got.perSecond, got.full, c.want.perSecond, c.want.full)
			}
			if got.remaining != c.want.remaining || got.known != c.want.known || ok != c.want.known {
				t.Errorf("%s: %+v, told %v", c.name, got, ok)
			}
		}
	})
}

// What the dialects of the mocks write is what the router reads: how much is
// left at once, and how fast it comes back.
func TestQuotasOfEveryDialect(t *testing.T) {
	now := time.Now()
	for _, name := range []string{"openai", "azure", "groq", "xai", "mistral", "anthropic"} {
		d, _ := wire.Lookup(name)
		h := http.Header{}
		d.WriteHeaders(h, "id", wire.Budgets{
			Requests: &wire.Budget{Limit: 600, Remaining: 70, Reset: 3 * time.Second},
			Tokens:   &wire.Budget{Limit: 60000, Remaining: 0, Reset: 10 * time.Second},
		}, now)
		s, ok := readQuotas(h)
		r, k := s[quotaRequests], s[quotaTokens]
		if !ok || r.remaining != 70 || k.remaining != 0 || !k.known {
			t.Errorf("%s: %+v and %+v", name, r, k)
		}
		if r.perSecond != 10 || k.perSecond != 1000 {
			t.Errorf("%s: they fill at %v and %v a second, want 10 and 1000", name, r.perSecond, k.perSecond)
		}
		if name != "mistral" && (r.full < 100 || r.full > 120 || k.full < 10000 || k.full > 12000) {
			t.Errorf("%s: they hold %v and %v, want 100 and 10000, and at most 2 s more", name, r.full, k.full)
		}
	}
}

// trust is how long figures are believed in these tests.
const trust = 10 * time.Hour

// sent sends in any case.
func sent(l *rateLimit, n needs) sending {
	s, _ := l.send(n, -1, trust)
	return s
}

func toldTokens(full, remaining, perSecond float64) *quotas {
	return &quotas{quotaTokens: {full: full, remaining: remaining, perSecond: perSecond, known: true}}
}

func TestRoomInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &rateLimit{}
		want := func(why string, prompt int, want room) {
			t.Helper()
			if got := l.room(need(prompt, 0), trust); got.fits != want.fits || got.wait != want.wait || math.Abs(got.share-want.share) > 1e-9 {
				t.Errorf("%s: %+v, want %+v", why, got, want)
			}
		}
		want("nothing known", 1e6, room{fits: true, share: 1})
		first := sent(l, need(100, 0))
		second := sent(l, need(200, 0))
		l.hear(first, toldTokens(1000, 900, 100))
		want("what was sent since is taken off", 100, room{fits: true, share: 0.6})
		want("too much for now", 800, room{share: 0, wait: time.Second})
		want("more than it holds waits for a full one", 5000, room{share: 0, wait: 3 * time.Second})
		time.Sleep(time.Second - 1)
		want("just not yet", 800, room{share: 0, wait: 1})
		time.Sleep(time.Nanosecond)
		want("it fits when it said", 800, room{fits: true, share: 0})
		l.hear(second, toldTokens(1000, 500, 100))
		l.hear(first, toldTokens(1000, 999, 100)) // overtaken
		want("the younger answer counts", 500, room{fits: true, share: 0})
		time.Sleep(time.Hour)
		want("never more than full", 1000, room{fits: true, share: 0})
		for range 50 {
			sent(l, need(1000, 0)) // nobody tells anything
		}
		want("far too much was sent", 1000, room{share: 0, wait: 500 * time.Second})
		time.Sleep(500 * time.Second)
		want("and has been paid off", 1000, room{fits: true, share: 0})
	})
}

// A provider that refuses and names no time is left alone for twice as long
// each time in a row, up to a bound; one answer ends the row.
func TestPauses(t *testing.T) {
	const second = time.Second
	synctest.Test(t, func(t *testing.T) {
		l := &rateLimit{}
		refused := func(why string, c sending, stated, want time.Duration) {
			t.Helper()
			if got := l.refused(c, stated, second, 8*second); got != want {
				t.Errorf("%s: left alone for %v, want %v", why, got, want)
			}
		}
		over := func(wait time.Duration) {
			t.Helper()
			if r := l.room(need(1, 1), trust); !r.paused || r.fits || r.wait != wait {
				t.Errorf("%+v, want left alone for %v", r, wait)
			}
			time.Sleep(wait)
			if r := l.room(need(1, 1), trust); r.paused || !r.fits {
				t.Errorf("%+v after %v, want free", r, wait)
			}
		}
		early := sent(l, need(1, 1))
		refused("the first", sent(l, need(1, 1)), 0, second)
		refused("it was under way before", early, 0, 0)
		over(second)
		refused("the second in a row", sent(l, need(1, 1)), 0, 2*second)
		over(2 * second)
		refused("it named a second, and it was two", sent(l, need(1, 1)), second, 4*second)
		over(4 * second)
		refused("the bound", sent(l, need(1, 1)), 0, 8*second)
		over(8 * second)
		refused("the bound again", sent(l, need(1, 1)), 0, 8*second)
		old := sent(l, need(1, 1))
		over(8 * second)
		refused("what it states is no longer than the bound", sent(l, need(1, 1)), time.Hour, 8*second)
		l.answered(old) // from before
		over(8 * second)
		l.answered(sent(l, need(1, 1)))
		refused("after an answer", sent(l, need(1, 1)), 3*second, 3*second)
	})
}

// What was told is believed for a while, and no longer: a limit that was raised
// meanwhile would never be found out.
func TestRoomForgets(t *testing.T) {
	const most = 3 * time.Second
	synctest.Test(t, func(t *testing.T) {
		l := &rateLimit{}
		l.hear(sent(l, need(0, 0)), toldTokens(100, 0, 1))
		time.Sleep(most - 1)
		if r := l.room(need(11, 0), most); r.fits || r.wait < 8*time.Second {
			t.Errorf("%+v, want no room for eight seconds", r)
		}
		time.Sleep(time.Nanosecond)
		if r := l.room(need(11, 0), most); !r.fits || r.wait != 0 {
			t.Errorf("%+v, want room, as nothing is known any more", r)
		}
	})
}

// A limit of which one call takes all is no reason never to make that call.
func TestRoomUnderATinyLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &rateLimit{}
		l.hear(sent(l, need(0, 0)), &quotas{quotaRequests: {full: 1, perSecond: 0.1, known: true}})
		time.Sleep(10*time.Second - 1)
		if _, ok := l.send(need(1, 1), 0.05, trust); ok {
			t.Error("a call was made before there was room for it")
		}
		time.Sleep(time.Nanosecond)
		if _, ok := l.send(need(1, 1), 0.05, trust); !ok {
			t.Error("no call was made when the limit was full")
		}
		if _, ok := l.send(need(1, 1), 0.05, trust); ok {
			t.Error("a second call was made")
		}
	})
}

// Against a provider with a true token bucket, whoever asks for room first is
// never refused, whatever the order of calls, answers and pauses.
func TestRoomNeverRunsIntoTheLimit(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		const limit, perSecond = 1000, 50
		steps := rapid.SliceOfN(rapid.IntRange(1, 900), 1, 100).Draw(rt, "steps")
		wrong := ""
		synctest.Test(t, func(*testing.T) {
			level, at := float64(limit), time.Now() // the provider's own
			l := &rateLimit{}
			type open struct {
				s     sending
				heard *quotas
			}
			var flying []open
			for i, n := range steps {
				switch i % 3 {
				case 0, 1:
					if n%5 == 0 && i > 0 {
						if _, ok := l.send(need(n, 0), 0, trust); ok {
							l.unsend(need(n, 0)) // it was not made after all
						}
						continue
					}
					s, ok := l.send(need(n, 0), 0, trust)
					if !ok {
						continue
					}
					now := time.Now()
					level = min(limit, level+perSecond*now.Sub(at).Seconds())
					at = now
					if level+1e-6 < float64(n) {
						wrong = fmt.Sprintf("a call of %d tokens met a bucket with %v", n, level)
						return
					}
					level -= float64(n)
					flying = append(flying, open{s, toldTokens(limit, level, perSecond)})
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
		if wrong != "" {
			rt.Fatal(wrong)
		}
	})
}

func BenchmarkRateLimit(b *testing.B) {
	h := headersOf(
		"x-ratelimit-limit-requests", "5000", "x-ratelimit-remaining-requests", "4999", "x-ratelimit-reset-requests", "12ms",
		"x-ratelimit-limit-tokens", "160000", "x-ratelimit-remaining-tokens", "100000", "x-ratelimit-reset-tokens", "1m0s")
	l := &rateLimit{}
	b.ReportAllocs()
	for b.Loop() {
		l.room(need(100, 100), trust)
		s := sent(l, need(100, 100))
		if v, ok := readQuotas(h); ok {
			l.hear(s, &v)
		}
	}
}
