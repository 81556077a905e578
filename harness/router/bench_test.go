package router_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"brownout/harness/router"
	"brownout/mocks/wire"
)

// The benchmarks compare the router with httputil.ReverseProxy, which looks at
// nothing, in front of the same backend over loopback TCP. Run them together:
//
//	go test -bench . -benchmem -run xxx ./harness/router
//
// The target is at least 0.8 of the proxy's throughput.

const benchWords = 40

// instantBackend answers at once: whole, or word by word.
func instantBackend(b *testing.B) *httptest.Server {
	d, _ := wire.Lookup("openai")
	text := strings.TrimSuffix(strings.Repeat("word ", benchWords), " ")
	words := strings.SplitAfter(text, " ")
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		req, fail := d.DecodeRequest(r, body)
		if fail != nil {
			d.WriteFailure(w, fail)
			return
		}
		u := wire.Usage{Prompt: 40, Completion: benchWords}
		a := &wire.Answer{ID: "x", Model: "m", Text: text, Finish: wire.FinishStop, Usage: u, Created: time.Unix(1, 0)}
		if !req.Stream {
			_ = d.WriteAnswer(w, req, a)
			return
		}
		out, err := d.StartStream(w, req, a)
		for i := 0; err == nil && i < len(words); i++ {
			err = out.Text(words[i])
		}
		if err == nil {
			_ = out.End(wire.FinishStop, u)
		}
	}))
	b.Cleanup(s.Close)
	return s
}

func pool() *http.Transport {
	return &http.Transport{MaxIdleConns: 4096, MaxIdleConnsPerHost: 4096, DisableCompression: true}
}

// pound sends requests from as many clients as there are CPUs, times eight.
func pound(b *testing.B, front http.Handler, stream bool) {
	s := httptest.NewServer(front)
	b.Cleanup(s.Close)
	t := pool()
	b.Cleanup(t.CloseIdleConnections)
	body := `{"model":"m","messages":[{"role":"user","content":"` + strings.Repeat("prompt ", 40) + `[[bo:abc]]"}]`
	if stream {
		body += `,"stream":true,"stream_options":{"include_usage":true}`
	}
	raw := []byte(body + "}")
	b.ReportAllocs()
	b.SetParallelism(8)
	b.ResetTimer()
	before := cpu(b)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			q, err := http.NewRequest(http.MethodPost, s.URL+"/v1/chat/completions", bytes.NewReader(raw))
			if err != nil {
				b.Error(err)
				return
			}
			q.Header.Set("Content-Type", "application/json")
			q.Header.Set(wire.HeaderDeadline, "4000")
			res, err := t.RoundTrip(q)
			if err != nil {
				b.Error(err)
				return
			}
			n, err := io.Copy(io.Discard, res.Body)
			res.Body.Close()
			if err != nil || res.StatusCode != http.StatusOK || n < 300 {
				b.Errorf("status %d, %d bytes, %v", res.StatusCode, n, err)
				return
			}
		}
	})
	b.ReportMetric(float64(cpu(b)-before)/float64(b.N), "cpu-ns/op")
	if stream {
		b.ReportMetric(float64(b.N*benchWords)/b.Elapsed().Seconds(), "tokens/s")
	}
}

// cpu is the processor time of client, router and backend so far. On a busy
// machine it compares better than the wall clock does.
func cpu(b *testing.B) int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

func bare(b *testing.B) http.Handler {
	u, err := url.Parse(instantBackend(b).URL)
	if err != nil {
		b.Fatal(err)
	}
	t := pool()
	b.Cleanup(t.CloseIdleConnections)
	return &httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) { p.SetURL(u) }, Transport: t, FlushInterval: -1}
}

func routed(b *testing.B) http.Handler {
	s := instantBackend(b)
	r, err := router.New(router.Config{Backends: []router.Backend{
		{Name: "a", Dialect: "openai", BaseURL: s.URL, Key: "k", Models: []string{"m"}},
		{Name: "b", Dialect: "openai", BaseURL: s.URL, Key: "k", Models: []string{"m"}},
	}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = r.Close() })
	return r
}

func BenchmarkUnary(b *testing.B) {
	b.Run("proxy", func(b *testing.B) { pound(b, bare(b), false) })
	b.Run("router", func(b *testing.B) { pound(b, routed(b), false) })
}

func BenchmarkStream(b *testing.B) {
	b.Run("proxy", func(b *testing.B) { pound(b, bare(b), true) })
	b.Run("router", func(b *testing.B) { pound(b, routed(b), true) })
}
