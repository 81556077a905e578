package load_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"brownout/harness/journal"
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
