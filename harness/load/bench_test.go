package load

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"brownout/harness/journal"
	"brownout/mocks/answer"
	"brownout/mocks/wire"
	"brownout/plan"
)

// writeAnswer writes the right answer with the dialect's own server side.
func writeAnswer(b *testing.B, w http.ResponseWriter, kind, id string, words int) {
	d, _ := wire.Lookup("openai")
	g := answer.NewGen(id, words)
	a := &wire.Answer{ID: "chatcmpl-1", Model: "m", Finish: wire.FinishStop, Usage: wire.Usage{Prompt: 40, Completion: g.Tokens()}}
	if kind != plan.KindStream {
		a.Text = answer.Text(id, words)
		if err := d.WriteAnswer(w, &wire.Request{}, a); err != nil {
			b.Error(err)
		}
		return
	}
	out, err := d.StartStream(w, &wire.Request{Stream: true, IncludeUsage: true}, a)
	for i := 0; err == nil && i < g.Tokens(); i++ {
		err = out.Text(g.Token(i))
	}
	if err == nil {
		err = out.End(wire.FinishStop, a.Usage)
	}
	if err != nil {
		b.Error(err)
	}
}

// repeating answers every request with the same bytes.
type repeating struct{ w *httptest.ResponseRecorder }

func (r repeating) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: r.w.Code, Header: r.w.Header(), Body: io.NopCloser(bytes.NewReader(r.w.Body.Bytes()))}, nil
}

// BenchmarkProbe is what timing and verifying cost beyond the connection.
func BenchmarkProbe(b *testing.B) {
	for _, kind := range []string{plan.KindChat, plan.KindStream} {
		b.Run(kind, func(b *testing.B) {
			m := plan.DefaultMix[kind]
			m.Deadline = time.Hour
			r, err := New(Config{
				Plan: &plan.Plan{Load: plan.Load{Profile: []plan.Point{{Rate: 1}}, Duration: time.Second, Mix: []plan.Mix{m}}},
				Emit: func(e journal.Event) {
					if s := e.(*journal.Sample); s.Outcome != journal.OK {
						b.Errorf("%+v", s)
					}
				},
				BaseURL: "http://target.test", Model: "m",
			})
			if err != nil {
				b.Fatal(err)
			}
			r.start = time.Now()
			w := httptest.NewRecorder()
			writeAnswer(b, w, kind, r.mix.shot(0).marker, m.Tokens)
			p := &probe{Runner: r, ctx: context.Background(), base: repeating{w}}
			req, err := http.NewRequest(http.MethodPost, r.mix.kinds[0].url, nil)
			if err != nil {
				b.Fatal(err)
			}
			req.Header.Set(headerRequest, "0")
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.RoundTrip(req); err != nil {
					b.Fatal(err)
				}
			}
			per := float64(b.Elapsed().Nanoseconds()) / float64(b.N)
			if kind == plan.KindStream {
				b.ReportMetric(per/float64(answer.Tokens(m.Tokens)), "ns/token")
			}
		})
	}
}

// BenchmarkShot is what it costs to make a request.
func BenchmarkShot(b *testing.B) {
	c := Config{Plan: &plan.Plan{Load: plan.Load{Mix: []plan.Mix{plan.DefaultMix[plan.KindChat], plan.DefaultMix[plan.KindStream]}}}, BaseURL: "http://target.test", Model: "m", Key: "k"}
	client, _ := wire.Lookup("openai")
	m, err := newMix(c, client)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for n := uint64(0); b.Loop(); n++ {
		_ = m.shot(n).json()
	}
}

// BenchmarkSchedule is one look-up in a profile of many points.
func BenchmarkSchedule(b *testing.B) {
	l := plan.Load{Duration: time.Hour}
	for i := range 100 {
		l.Profile = append(l.Profile, plan.Point{At: time.Duration(i) * 36 * time.Second, Rate: float64(100 + i%7*50)})
	}
	s := NewSchedule(l)
	b.ReportAllocs()
	for n := uint64(0); b.Loop(); n++ {
		_ = s.At(n % s.Total())
	}
}

// BenchmarkRunner is the highest rate against a handler on the loopback that
// only writes the right answer, at once: the whole load is due within a
// moment, so no worker is ever idle. The handler's own cost is in it.
func BenchmarkRunner(b *testing.B) {
	for _, kind := range []string{plan.KindChat, plan.KindStream} {
		for _, workers := range []int{32, 512} {
			b.Run(kind+"-"+strconv.Itoa(workers), func(b *testing.B) { benchmarkRunner(b, kind, workers) })
		}
	}
}

func benchmarkRunner(b *testing.B, kind string, workers int) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		id, _ := answer.FindMarker(string(body))
		// Without a flusher the words of a stream leave together.
		writeAnswer(b, struct{ http.ResponseWriter }{w}, kind, id, plan.DefaultMix[kind].Tokens)
	}))
	defer server.Close()
	m := plan.DefaultMix[kind]
	m.Deadline = time.Hour
	const rate = 1e7 // requests per second
	var bad atomic.Int64
	r, err := New(Config{
		Plan: &plan.Plan{Load: plan.Load{
			Profile: []plan.Point{{Rate: rate}}, Duration: time.Duration(float64(b.N) / rate * 1e9),
			Mix: []plan.Mix{m}, Workers: workers,
		}},
		BaseURL: server.URL, Model: "m",
		Emit: func(e journal.Event) {
			if e.(*journal.Sample).Outcome != journal.OK {
				bad.Add(1)
			}
		},
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	if err := r.Run(context.Background()); err != nil {
		b.Fatal(err)
	}
	b.StopTimer()
	if bad.Load() > 0 {
		b.Fatalf("%d of %d requests were not ok", bad.Load(), b.N)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
	if kind == plan.KindStream {
		b.ReportMetric(float64(b.N*answer.Tokens(m.Tokens))/b.Elapsed().Seconds(), "tokens/s")
	}
}
