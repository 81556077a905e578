package mocks_test

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"brownout/mocks"
	"brownout/mocks/wire"
	"brownout/plan"
)

// tape is a ResponseWriter that notes when it was written to.
type tape struct {
	start  time.Time
	header http.Header
	status int
	body   bytes.Buffer
	writes []time.Duration // since start, of each write
	breaks time.Duration   // since start, when writes begin to fail; 0: never
}

func newTape() *tape { return &tape{start: time.Now(), header: http.Header{}} }

func (t *tape) Header() http.Header    { return t.header }
func (t *tape) WriteHeader(status int) { t.status = status }

func (t *tape) Write(b []byte) (int, error) {
	at := time.Since(t.start)
	if t.breaks > 0 && at > t.breaks {
		return 0, net.ErrClosed
	}
	t.writes = append(t.writes, at)
	return t.body.Write(b)
}

func (t *tape) FlushError() error { return nil }

// play has the provider answer onto a tape, inside a bubble of synctest.
func play(t *testing.T, ctx context.Context, p *mocks.Provider, req *wire.Request) *tape {
	t.Helper()
	out := newTape()
	p.ServeHTTP(out, httpRequest(t, ctx, p, req))
	return out
}

func httpRequest(t testing.TB, ctx context.Context, p *mocks.Provider, req *wire.Request) *http.Request {
	t.Helper()
	d, _ := wire.Lookup(p.Spec().Dialect)
	hr, err := d.NewRequest(ctx, "http://mock", "key", req)
	if err != nil {
		t.Fatal(err)
	}
	hr.RequestURI = hr.URL.RequestURI()
	return hr
}

// exact is a service without chance: 100 ms, then 10 ms per token.
func exact(p *plan.Provider) {
	p.Service = plan.Service{Model: plan.ServiceCloud, FirstToken: 100 * time.Millisecond, PerToken: 10 * time.Millisecond}
}

func TestStreamKeepsItsTimes(t *testing.T) {
	for _, preset := range []string{"openai", "anthropic", "vllm", "ollama"} {
		t.Run(preset, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var o mocks.Observation
				p := provider(t, spec(t, preset, exact), func(got mocks.Observation) { o = got })
				out := play(t, t.Context(), p, request(p.Spec(), "tick", "Answer in 30 words.", true))
				tokens := o.Completion
				if tokens < 30 {
					t.Fatalf("%d tokens for 30 words", tokens)
				}
				seen := map[time.Duration]bool{}
				for _, at := range out.writes {
					seen[at] = true
				}
				for i := range tokens {
					if due := 100*time.Millisecond + time.Duration(i)*10*time.Millisecond; !seen[due] {
						t.Errorf("nothing was sent when token %d was due, at %v", i, due)
					}
				}
				if len(seen) != tokens {
					t.Errorf("sent at %d different times, want one for each of %d tokens", len(seen), tokens)
				}
				last := 100*time.Millisecond + time.Duration(tokens-1)*10*time.Millisecond
				if o.FirstToken != 100*time.Millisecond || o.Ended != last {
					t.Errorf("observed first token at %v and end at %v, want 100ms and %v", o.FirstToken, o.Ended, last)
				}
				// A whole answer is ready when its last token is.
				unary := play(t, t.Context(), p, request(p.Spec(), "tick", "Answer in 30 words.", false))
				if len(unary.writes) == 0 || unary.writes[0] != last {
					t.Errorf("unary answer at %v, want %v", unary.writes, last)
				}
			})
		})
	}
}

// Tokens that are due faster than a timer can follow leave together, and the
// last one leaves no later than a quantum after its time.
func TestFastStreamsCoalesceWithoutDrift(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o mocks.Observation
		p := provider(t, spec(t, "vllm", func(p *plan.Provider) {
			p.Service = plan.Service{Model: plan.ServiceCloud, PerToken: 100 * time.Microsecond}
		}), func(got mocks.Observation) { o = got })
		play(t, t.Context(), p, request(p.Spec(), "fast", "Answer in 500 words.", true))
		ideal := time.Duration(o.Completion-1) * 100 * time.Microsecond
		if o.Ended < ideal || o.Ended > ideal+time.Millisecond {
			t.Errorf("%d tokens took %v, want %v and at most 1 ms more", o.Completion, o.Ended, ideal)
		}
	})
}

func TestQueueDelaysFirstToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := newCalls()
		p := provider(t, spec(t, "vllm", func(p *plan.Provider) {
			p.Service = plan.Service{Model: plan.ServiceSlots, Slots: 1, Queue: 1, FirstToken: time.Second}
		}), calls.observe)
		go play(t, t.Context(), p, request(p.Spec(), "first", "In 1 words.", true))
		synctest.Wait()
		play(t, t.Context(), p, request(p.Spec(), "second", "In 1 words.", true))
		o := calls.take(t, 2)[1]
		if o.Marker != "second" || o.FirstToken != 2*time.Second {
			t.Errorf("queued call: %+v, want its first token after 2 s", o)
		}
	})
}

func TestConcurrencyLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := newCalls()
		p := provider(t, spec(t, "openai", func(p *plan.Provider) {
			exact(p)
			p.Limits = plan.Limits{Concurrency: 1}
		}), calls.observe)
		go play(t, t.Context(), p, request(p.Spec(), "first", "hi", true))
		synctest.Wait()
		play(t, t.Context(), p, request(p.Spec(), "second", "hi", true))
		time.Sleep(time.Minute)
		play(t, t.Context(), p, request(p.Spec(), "third", "hi", true))
		for i, want := range []struct {
			marker string
			status int
		}{{"second", 429}, {"first", 200}, {"third", 200}} {
			if o := calls.take(t, 1)[i]; o.Marker != want.marker || o.Status != want.status {
				t.Errorf("call that ended as number %d: %+v, want %+v", i+1, o, want)
			}
		}
	})
}

func TestClientThatLeavesStopsItsCall(t *testing.T) {
	price := func(p *plan.Provider) {
		exact(p)
		p.Models[0].PriceIn, p.Models[0].PriceOut = 1e6, 1e3 // USD a million: 1 and 0.001 a token
	}
	for _, c := range []struct {
		name       string
		stream     bool
		after      time.Duration
		status     int
		completion int
	}{
		{"stream, before the first token", true, 50 * time.Millisecond, 499, 0},
		{"stream, halfway", true, 145 * time.Millisecond, 200, 5},
		{"unary, before the first token", false, 50 * time.Millisecond, 499, 0},
		{"unary, halfway", false, 145 * time.Millisecond, 499, 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var o mocks.Observation
				p := provider(t, spec(t, "openai", price), func(got mocks.Observation) { o = got })
				ctx, cancel := context.WithTimeout(t.Context(), c.after)
				defer cancel()
				play(t, ctx, p, request(p.Spec(), "bye", "Answer in 30 words.", c.stream))
				if !o.Aborted || o.Status != c.status || o.Completion != c.completion || o.Ended != c.after {
					t.Errorf("%+v, want aborted with status %d and %d tokens at %v", o, c.status, c.completion, c.after)
				}
				if want := float64(o.Prompt) + 0.001*float64(c.completion); o.CostUSD != want {
					t.Errorf("billed %v, want %v: the prompt and what was generated", o.CostUSD, want)
				}
				if g := p.Gauge(); g.Busy != 0 {
					t.Errorf("still busy: %+v", g)
				}
			})
		})
	}
}

// A write that fails ends the call, whatever the context says.
func TestBrokenConnectionStopsItsCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o mocks.Observation
		p := provider(t, spec(t, "openai", exact), func(got mocks.Observation) { o = got })
		out := newTape()
		out.breaks = 125 * time.Millisecond
		p.ServeHTTP(out, httpRequest(t, t.Context(), p, request(p.Spec(), "bye", "Answer in 30 words.", true)))
		if !o.Aborted || o.Completion != 3 || o.Ended != 130*time.Millisecond {
			t.Errorf("%+v, want aborted after 3 tokens at 130 ms", o)
		}
	})
}

// Calls that come before a stated retry-after has passed are marked, but not
// those that must have been on their way when it was stated.
func TestEarlyCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := newCalls()
		p := provider(t, spec(t, "openai", func(p *plan.Provider) {
			p.Limits = plan.Limits{RequestsPerMinute: 6} // one at once, one more each 10 s
		}), calls.observe)
		for _, wait := range []time.Duration{0, 0, time.Millisecond, time.Second, 8999 * time.Millisecond, 10 * time.Second} {
			time.Sleep(wait)
			play(t, t.Context(), p, request(p.Spec(), "m", "hi", false))
		}
		want := []struct {
			status int
			early  bool
		}{
			{200, false}, // takes the one
			{429, false}, // is told to wait
			{429, false}, // was on its way
			{429, true},
			{200, false}, // 10 s after the first, when it was told to come
			{200, false},
		}
		for i, o := range calls.take(t, len(want)) {
			// Failures say how long they told their caller to wait, as headers have it.
			if (o.RetryAfter > 0) != (o.Status == 429) || o.RetryAfter > 10*time.Second {
				t.Errorf("call %d with status %d stated %v", i+1, o.Status, o.RetryAfter)
			}
			if o.Status != want[i].status || o.Early != want[i].early {
				t.Errorf("call %d at %v: status %d, early %v; want %+v", i+1, o.Arrived, o.Status, o.Early, want[i])
			}
		}
	})
}
