package mocks_test

import (
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"brownout/mocks"
	"brownout/plan"
)

// nowhere is a ResponseWriter that keeps nothing.
type nowhere struct{ header http.Header }

func (w *nowhere) Header() http.Header         { return w.header }
func (w *nowhere) WriteHeader(int)             {}
func (w *nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (w *nowhere) FlushError() error           { return nil }

// BenchmarkHandler is what a provider does for one call, without net/http: the
// most that one core can ask of a mock. "bare" reads the body and answers a
// constant.
func BenchmarkHandler(b *testing.B) {
	limits := plan.Limits{RequestsPerMinute: 1 << 40, TokensPerMinute: 1 << 50}
	answer := make([]byte, 700)
	bare := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(answer)
	})
	for _, c := range []struct {
		name, preset string
		stream       bool
	}{
		{"bare", "openai", false},
		{"openai/unary", "openai", false},
		{"openai/stream", "openai", true},
		{"anthropic/unary", "anthropic", false},
		{"vllm/unary", "vllm", false},
		{"ollama/unary", "ollama", false},
	} {
		b.Run(c.name, func(b *testing.B) {
			p := provider(b, spec(b, c.preset, func(p *plan.Provider) { p.Limits = limits }), func(mocks.Observation) {})
			var h http.Handler = p
			if c.name == "bare" {
				h = bare
			}
			r := httpRequest(b, b.Context(), p, request(p.Spec(), "bench", "Answer in 40 words.", c.stream))
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				w := &nowhere{header: http.Header{}}
				own := r.Clone(b.Context())
				for pb.Next() {
					clear(w.header)
					own.Body, _ = r.GetBody()
					h.ServeHTTP(w, own)
				}
			})
		})
	}
}

// counter is a ResponseWriter that counts the pieces it is sent.
type counter struct {
	nowhere
	flushes *atomic.Int64
}

func (c *counter) FlushError() error { c.flushes.Add(1); return nil }

// BenchmarkStreams runs more streams at once than there are cores for: of a
// dialect without pings and of one with them, a token each millisecond and five.
// It tells how many tokens a second come out, in how many pieces, and how far
// the streams fell behind their schedule.
func BenchmarkStreams(b *testing.B) {
	const words = 98
	for _, c := range []struct {
		preset   string
		atOnce   int
		perToken time.Duration
	}{
		{"openai", 100, time.Millisecond},
		{"openai", 1000, time.Millisecond},
		{"openai", 5000, time.Millisecond},
		{"openai", 1000, time.Millisecond / 5},
		{"anthropic", 100, time.Millisecond},
		{"anthropic", 1000, time.Millisecond},
		{"anthropic", 1000, time.Millisecond / 5},
	} {
		b.Run(fmt.Sprintf("%s/%d/%s", c.preset, c.atOnce, c.perToken), func(b *testing.B) {
			var tokens, flushes, late atomic.Int64
			p := provider(b, spec(b, c.preset, func(p *plan.Provider) {
				p.Service.PerToken = c.perToken
			}), func(o mocks.Observation) {
				tokens.Add(int64(o.Completion))
				late.Add(int64(o.Ended - o.Arrived - time.Duration(o.Completion-1)*c.perToken))
			})
			r := httpRequest(b, b.Context(), p, request(p.Spec(), "bench", "Answer in "+strconv.Itoa(words)+" words.", true))
			b.SetParallelism(max(1, c.atOnce/runtime.GOMAXPROCS(0)))
			b.ReportAllocs()
			begun := time.Now()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				w := &counter{nowhere{http.Header{}}, &flushes}
				own := r.Clone(b.Context())
				for pb.Next() {
					clear(w.header)
					own.Body, _ = r.GetBody()
					p.ServeHTTP(w, own)
				}
			})
			took := time.Since(begun).Seconds()
			b.ReportMetric(float64(tokens.Load())/took, "tokens/s")
			b.ReportMetric(float64(flushes.Load())/took, "pieces/s")
			b.ReportMetric(float64(late.Load())/float64(b.N)/1e6, "ms-late")
		})
	}
}
