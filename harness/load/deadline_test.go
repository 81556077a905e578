package load_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
	"github.com/tsenart/vegeta/v12/lib/plot"

	"brownout/harness/journal"
	"brownout/harness/load"
	"brownout/mocks/wire"
	"brownout/plan"
)

// sleep waits unless the client leaves.
func sleep(r *http.Request, d time.Duration) {
	select {
	case <-time.After(d):
	case <-r.Context().Done():
		panic(http.ErrAbortHandler)
	}
}

func hang(_ http.ResponseWriter, r *http.Request) { sleep(r, time.Hour) }

// slowly streams with the first token after first and a gap between tokens;
// the tenth gap is the long one.
func slowly(first, gap, tenth time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q := read(r)
		s := begin(w, q, "", 0)
		sleep(r, first)
		for i, word := range pieces(q.text()) {
			switch {
			case i == 10:
				sleep(r, tenth)
			case i > 0:
				sleep(r, gap)
			}
			_ = s.Text(word)
		}
		_ = s.End(wire.FinishStop, q.usage())
	}
}

func TestTimes(t *testing.T) {
	const ms = time.Millisecond
	chat, stream := of(plan.KindChat), of(plan.KindStream) // deadlines of 4 s and 6 s
	words := len(pieces(question{marker: "x", words: stream.Tokens}.text()))
	for _, c := range []struct {
		name    string
		mix     plan.Mix
		handler http.HandlerFunc
		want    journal.Sample
	}{
		{
			name: "a whole answer", mix: chat,
			handler: func(w http.ResponseWriter, r *http.Request) { sleep(r, 700*ms); good(w, r) },
			want:    journal.Sample{Outcome: journal.OK, Total: 700 * ms},
		},
		{
			name: "a stream", mix: stream, handler: slowly(300*ms, 20*ms, 400*ms),
			want: journal.Sample{
				Outcome: journal.OK, TTFT: 300 * ms, MaxGap: 400 * ms, Gaps: words - 1,
				Total: 700*ms + time.Duration(words-2)*20*ms,
			},
		},
		{
			name: "no head", mix: chat, handler: hang,
			want: journal.Sample{Outcome: journal.Hung, Reason: "timeout", Total: 4000 * ms},
		},
		{
			name: "no body", mix: chat,
			handler: func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(200); hang(w, r) },
			want:    journal.Sample{Outcome: journal.Hung, Reason: "timeout", Total: 4000 * ms},
		},
		{
			name: "no first token", mix: stream, handler: slowly(time.Hour, 0, 0),
			want: journal.Sample{Outcome: journal.Hung, Reason: "timeout", Total: 6000 * ms},
		},
		{
			name: "a stall", mix: stream, handler: slowly(100*ms, 10*ms, time.Hour),
			want: journal.Sample{Outcome: journal.Hung, Reason: "stalled", TTFT: 100 * ms, MaxGap: 10 * ms, Gaps: 9, Total: 6000 * ms},
		},
		{
			name: "a stream too slow as a whole", mix: stream, handler: slowly(100*ms, 1000*ms, 1000*ms),
			want: journal.Sample{Outcome: journal.Hung, Reason: "stalled", TTFT: 100 * ms, MaxGap: 1000 * ms, Gaps: 5, Total: 6000 * ms},
		},
		{
			name: "an error at the very deadline", mix: chat,
			handler: func(w http.ResponseWriter, r *http.Request) {
				<-time.After(4000 * ms)
				openAI.WriteFailure(w, &wire.Failure{Kind: wire.FailServer})
			},
			want: journal.Sample{Outcome: journal.Hung, Reason: "timeout", Total: 4000 * ms},
		},
		{
			name: "an error whose body never ends", mix: chat,
			handler: func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(503); hang(w, r) },
			want:    journal.Sample{Outcome: journal.Hung, Reason: "timeout", Total: 4000 * ms},
		},
		{
			name: "a stream that ends but does not close", mix: stream,
			handler: func(w http.ResponseWriter, r *http.Request) {
				sleep(r, 50*ms)
				good(w, r)
				hang(w, r)
			},
			want: journal.Sample{Outcome: journal.OK, TTFT: 50 * ms, Gaps: words - 1, Total: 50 * ms},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				s := run(t, one(c.mix), memory{c.handler})[0]
				got := journal.Sample{Outcome: s.Outcome, Reason: s.Reason, TTFT: s.TTFT, MaxGap: s.MaxGap, Gaps: s.Gaps, Total: s.Total}
				if got != c.want {
					t.Errorf("got  %+v\nwant %+v", got, c.want)
				}
				if d := time.Since(began); d > c.want.Total+time.Second/2 {
					t.Errorf("the run ended only after %v", d)
				}
			})
		})
	}
}

// A target that serves one request at a time makes the others wait. Their
// times count from when they were due, so the wait is in them.
func TestNoCoordinatedOmission(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := steady(10, time.Second, of(plan.KindChat)) // 10 requests, 100 ms apart
		p.Load.Workers = 1
		all := run(t, p, memory{func(w http.ResponseWriter, r *http.Request) {
			sleep(r, 300*time.Millisecond)
			good(w, r)
		}})
		if len(all) != 10 {
			t.Fatalf("%d samples, want 10", len(all))
		}
		for i, s := range all {
			due := time.Duration(i) * 100 * time.Millisecond
			sent := time.Duration(i) * 300 * time.Millisecond
			if s.Scheduled != due || s.Sent != sent || s.Total != sent+300*time.Millisecond-due || s.Outcome != journal.OK {
				t.Errorf("request %d: due %v, sent %v, total %v, %s", i, s.Scheduled, s.Sent, s.Total, s.Outcome)
			}
		}
	})
}

func TestSaturation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// Streams that hang for long hold the workers until the chats behind
		// them are past their deadlines.
		chat, stream := of(plan.KindChat), of(plan.KindStream)
		chat.Deadline, stream.Deadline = 2*time.Second, 8*time.Second
		p := steady(100, 10*time.Second, chat, stream)
		p.Load.Workers = 20
		r, got := runner(t, p, memory{hang})
		done := make(chan error)
		go func() { done <- r.Run(t.Context()) }()

		<-time.After(100*time.Millisecond + time.Nanosecond)
		if s := r.Take(); s.Saturated || s.Hits != 11 || s.InFlight != 11 || s.LagMax != 0 {
			t.Errorf("before the cap: %+v", s)
		}
		<-time.After(900 * time.Millisecond)
		if s := r.Take(); !s.Saturated || s.Hits != 9 || s.InFlight != 20 || s.Peak != 20 {
			t.Errorf("at the cap: %+v", s)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if s := r.Take(); !s.Saturated || s.InFlight != 0 || s.LagMax < 2*time.Second || s.LagP99 < s.LagP50 || s.LagMax < s.LagP99 {
			t.Errorf("at the end: %+v", s)
		}

		all := got.scheduled()
		if len(all) != 1000 {
			t.Fatalf("%d samples of 1000 requests", len(all))
		}
		unsent := 0
		for _, s := range all {
			deadline := map[string]time.Duration{plan.KindChat: chat.Deadline, plan.KindStream: stream.Deadline}[s.Request]
			if s.Outcome != journal.Hung || s.Total != deadline {
				t.Fatalf("%+v", s)
			}
			if s.Reason == "not_sent" {
				unsent++
				if s.Sent != 0 {
					t.Fatalf("a request that was not sent, at %v", s.Sent)
				}
			}
		}
		if unsent < 100 {
			t.Errorf("only %d requests were not sent", unsent)
		}
	})
}

func TestEachTakeStandsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := steady(10, time.Second, of(plan.KindChat))
		p.Load.Workers = 1
		r, _ := runner(t, p, memory{func(w http.ResponseWriter, r *http.Request) {
			sleep(r, 300*time.Millisecond)
			good(w, r)
		}})
		done := make(chan error)
		go func() { done <- r.Run(t.Context()) }()
		// One request every 300 ms, each 200 ms later than the one before it.
		<-time.After(time.Second)
		first := r.Take()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		second := r.Take()
		about := func(d, want time.Duration) bool { return (d - want).Abs() <= want/1000 }
		if first.Hits != 4 || !about(first.LagP50, 200*time.Millisecond) || first.LagMax != 600*time.Millisecond {
			t.Errorf("first second: %+v", first)
		}
		if second.Hits != 6 || !about(second.LagP50, 1200*time.Millisecond) || second.LagMax != 1800*time.Millisecond {
			t.Errorf("the rest: %+v", second)
		}
	})
}

func TestLagIsMeasuredAgainstTheSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := steady(10, time.Second, of(plan.KindChat))
		s := new(samples)
		// The run began 250 ms ago: three requests are late, the others not.
		r, err := load.New(load.Config{
			Plan: p, BaseURL: "http://target.test", Model: "m", Emit: s.emit, Transport: memory{good},
			Start: time.Now().Add(-250 * time.Millisecond),
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := r.Take()
		if got.Hits != 10 || got.LagMax != 250*time.Millisecond || got.LagP50 != 0 || got.LagP99 < 249*time.Millisecond {
			t.Errorf("%+v", got)
		}
		if again := r.Take(); again != (load.Second{}) {
			t.Errorf("taken twice: %+v", again)
		}
	})
}

func TestStop(t *testing.T) {
	for name, c := range map[string]struct {
		rate    float64
		handler http.HandlerFunc
		samples int
	}{
		"while waiting for the next request": {rate: .01, handler: good, samples: 1},
		"with requests in flight":            {rate: 10, handler: hang, samples: 0},
		"with refusals in flight": {
			rate: 10, samples: 0,
			handler: func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusServiceUnavailable); hang(w, r) },
		},
		"at the worker cap": {rate: 1000, handler: hang, samples: 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := steady(c.rate, time.Hour, of(plan.KindChat))
				p.Load.Workers = 20
				r, got := runner(t, p, memory{c.handler})
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				began := time.Now()
				err := r.Run(ctx)
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("error %v", err)
				}
				if d := time.Since(began); d != time.Second {
					t.Errorf("stopped after one second, ended after %v", d)
				}
				if len(got.all) != c.samples {
					t.Errorf("%d samples, want %d", len(got.all), c.samples)
				}
			})
		})
	}
}

func TestRunsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := runner(t, one(of(plan.KindChat)), memory{good})
		if err := r.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := r.Run(t.Context()); err == nil {
			t.Error("a second run was accepted")
		}
	})
}

// deaf is a transport that does not honour contexts.
type deaf struct{ until chan struct{} }

func (d deaf) RoundTrip(*http.Request) (*http.Response, error) {
	<-d.until
	return nil, errReset
}

func TestDeafTransportIsLeftBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		until := make(chan struct{})
		r, _ := runner(t, steady(10, time.Second, of(plan.KindChat)), deaf{until})
		if err := r.Run(t.Context()); err == nil {
			t.Error("no error though ten requests never ended")
		}
		close(until)
	})
}

func TestVegetaReadsTheResults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var file bytes.Buffer
		var n atomic.Int64
		start := time.Now().Add(-30 * time.Millisecond) // the first request is late
		r, err := load.New(load.Config{
			Plan: steady(10, 2*time.Second, of(plan.KindChat)), BaseURL: "http://target.test", Model: "m",
			Start: start, Emit: new(samples).emit, VegetaResults: &file,
			Transport: memory{func(w http.ResponseWriter, r *http.Request) {
				switch i := n.Add(1) - 1; {
				case i == 3:
					hang(w, r) // ends last
				case i == 5:
					openAI.WriteFailure(w, &wire.Failure{Kind: wire.FailRateLimit})
				case i == 7:
					answering(func(a *wire.Answer, q question) { a.Text = firstHalf(q) })(w, r)
				default:
					sleep(r, 50*time.Millisecond)
					good(w, r)
				}
			}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Run(t.Context()); err != nil {
			t.Fatal(err)
		}

		decode := vegeta.DecoderFor(bytes.NewReader(file.Bytes()))
		if decode == nil {
			t.Fatal("vegeta does not know the encoding")
		}
		var all vegeta.Results
		var metrics vegeta.Metrics
		chart := plot.New()
		for {
			var v vegeta.Result
			if err := decode(&v); err == io.EOF {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			all = append(all, v)
			metrics.Add(&v)
			if err := chart.Add(&v); err != nil {
				t.Fatal(err)
			}
		}
		metrics.Close()
		chart.Close()
		if _, err := chart.WriteTo(io.Discard); err != nil {
			t.Fatal(err)
		}
		if metrics.Requests != 20 || len(metrics.Errors) != 3 || metrics.StatusCodes["200"] != 18 {
			t.Errorf("%d requests, errors %v, codes %v", metrics.Requests, metrics.Errors, metrics.StatusCodes)
		}
		slices.SortFunc(all, func(a, b vegeta.Result) int { return int(a.Seq) - int(b.Seq) })
		errs := map[uint64]string{3: "hung:timeout", 5: "failed:rate_limit", 7: "corrupt:truncated"}
		for i, v := range all {
			latency := 50 * time.Millisecond
			switch i {
			case 0:
				latency += 30 * time.Millisecond
			case 3:
				latency = 4 * time.Second
			case 5, 7:
				latency = 0
			}
			due := start.Add(time.Duration(i) * 100 * time.Millisecond)
			if v.Attack != "steady" || v.Seq != uint64(i) || !v.Timestamp.Equal(due) || v.Latency != latency || v.Error != errs[v.Seq] {
				t.Errorf("result %d: %+v", i, v)
			}
		}
	})
}

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestUnwritableResultsAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, err := load.New(load.Config{
			Plan: one(of(plan.KindChat)), BaseURL: "http://target.test", Model: "m", Start: time.Now(),
			Emit: new(samples).emit, VegetaResults: full{}, Transport: memory{good},
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Run(t.Context()); err == nil {
			t.Error("no error though nothing could be written")
		}
	})
}
