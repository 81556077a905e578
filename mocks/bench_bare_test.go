package mocks_test

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"brownout/mocks"
	"brownout/mocks/wire"
	"brownout/plan"
)

// The benchmarks here hold a mock against a bare net/http handler that sends
// the same bytes in the same pieces at the same times. Both are asked by the
// same client, which does as little as it can: it writes a request that was
// built before and counts the bytes that come back. They take turns, and what
// is compared is processor time, so that a busy machine does not matter.

// bareServer answers the recorded pieces, the first after the body has been
// read and each other one after pause.
func bareServer(pieces [][]byte, header http.Header, pause time.Duration) *http.Server {
	return &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		for k, v := range header {
			w.Header()[k] = v
		}
		if len(pieces) == 1 {
			_, _ = w.Write(pieces[0])
			return
		}
		timer := time.NewTimer(pause)
		defer timer.Stop()
		flush := w.(http.Flusher)
		for i, b := range pieces {
			if i > 0 {
				select {
				case <-timer.C:
				case <-r.Context().Done():
					return
				}
				timer.Reset(pause)
			}
			_, _ = w.Write(b)
			flush.Flush()
		}
	})}
}

// recorder keeps what a handler writes, piece by piece.
type recorder struct {
	header http.Header
	pieces [][]byte
}

func (r *recorder) Header() http.Header { return r.header }
func (r *recorder) WriteHeader(int)     {}
func (r *recorder) FlushError() error   { return nil }
func (r *recorder) Write(b []byte) (int, error) {
	r.pieces = append(r.pieces, bytes.Clone(b))
	return len(b), nil
}

// listen serves on loopback until the benchmark ends.
func listen(b testing.TB, srv *http.Server) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(l) }()
	b.Cleanup(func() { _ = srv.Close(); <-done })
	return l.Addr().String()
}

// rawRequest is a chat request as it stands on the wire.
func rawRequest(b testing.TB, spec plan.Provider, req *wire.Request) []byte {
	b.Helper()
	d, _ := wire.Lookup(spec.Dialect)
	hr, err := d.NewRequest(b.Context(), "http://mock", "key", req)
	if err != nil {
		b.Fatal(err)
	}
	var out bytes.Buffer
	if err := hr.Write(&out); err != nil {
		b.Fatal(err)
	}
	return out.Bytes()
}

// askRaw sends the request n times, one after the other on each of some
// connections, waits for answers that end in end, and counts the events in
// them. A mock that is late puts several tokens into one.
func askRaw(b testing.TB, address string, raw []byte, end string, connections, n int) (events int) {
	b.Helper()
	var left, seen atomic.Int64
	left.Store(int64(n))
	var wg sync.WaitGroup
	for range connections {
		wg.Go(func() {
			c, err := net.Dial("tcp", address)
			if err != nil {
				b.Error(err)
				return
			}
			defer c.Close()
			buf := make([]byte, 16<<10)
			for left.Add(-1) >= 0 {
				if _, err := c.Write(raw); err != nil {
					b.Error(err)
					return
				}
				for tail := ""; !strings.HasSuffix(tail, end); {
					k, err := c.Read(buf)
					if err != nil {
						b.Error(err)
						return
					}
					seen.Add(int64(bytes.Count(buf[:k], []byte("\ndata: "))))
					tail += string(buf[max(0, k-len(end)):k])
					tail = tail[max(0, len(tail)-len(end)):]
				}
			}
		})
	}
	wg.Wait()
	return int(seen.Load())
}

// cpu is the processor time that this process has used.
func cpu(b testing.TB) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkAgainstBare(b *testing.B) {
	for _, c := range []struct {
		name        string
		stream      bool
		pause       time.Duration // between tokens
		connections int
		round       int // requests before the other server's turn
	}{
		{"unary", false, 0, 16, 512},
		{"stream", true, 5 * time.Millisecond, 64, 64},
	} {
		b.Run(c.name, func(b *testing.B) {
			s := spec(b, "openai", func(p *plan.Provider) {
				p.Service.PerToken = c.pause
				p.Limits = plan.Limits{RequestsPerMinute: 1 << 40, TokensPerMinute: 1 << 50}
			})
			p := provider(b, s, func(mocks.Observation) {})
			req := request(s, "bench", "Answer in 60 words.", c.stream)
			rec := &recorder{header: http.Header{}}
			p.ServeHTTP(rec, httpRequest(b, b.Context(), p, req))
			end := "}"
			if c.stream {
				end = "\r\n0\r\n\r\n"
			}
			raw := rawRequest(b, s, req)
			addresses := [2]string{listen(b, bareServer(rec.pieces, rec.header, c.pause)), listen(b, mocks.NewServer(p))}
			var used, took [2]time.Duration
			var events [2]int
			for b.Loop() {
				for i, address := range addresses {
					from, begun := cpu(b), time.Now()
					n := askRaw(b, address, raw, end, c.connections, c.round)
					used[i] += cpu(b) - from
					took[i] += time.Since(begun)
					if !c.stream {
						n = c.round
					}
					events[i] += n
				}
			}
			bare := float64(used[0].Microseconds()) / float64(events[0])
			mock := float64(used[1].Microseconds()) / float64(events[1])
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(bare/mock, "ratio")
			b.ReportMetric(bare, "bare-cpu-µs")
			b.ReportMetric(mock, "mock-cpu-µs")
			b.ReportMetric(float64(events[0])/took[0].Seconds(), "bare/s")
			b.ReportMetric(float64(events[1])/took[1].Seconds(), "mock/s")
		})
	}
}
