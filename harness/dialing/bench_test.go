package dialing_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"brownout/harness/chaos"
	"brownout/harness/dialing"
)

// BenchmarkBurst sends 1,500 requests at once through a link, as load does
// after a stall of 0.3 s at 5,000 a second, over a transport that is limited
// and over one that is not. It tells the processor time of a request, client,
// link and server together, and the connections that were opened.
func BenchmarkBurst(b *testing.B) {
	const requests = 1500
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, strings.Repeat("answer ", 60))
	}))
	defer server.Close()
	links, err := chaos.StartLinks(chaos.LinkOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := links.Close(); err != nil {
			b.Error(err)
		}
	}()
	link, err := links.Add("server", strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		b.Fatal(err)
	}
	for _, limited := range []bool{false, true} {
		name := "unlimited"
		if limited {
			name = "limited"
		}
		b.Run(name, func(b *testing.B) {
			var dials atomic.Int64
			base := &http.Transport{
				MaxIdleConnsPerHost: 256,
				DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
					dials.Add(1)
					return new(net.Dialer).DialContext(ctx, network, addr)
				},
			}
			defer base.CloseIdleConnections()
			var trip http.RoundTripper = base
			if limited {
				trip = dialing.Limit(base, 500)
			}
			before := used()
			for b.Loop() {
				base.CloseIdleConnections()
				var all sync.WaitGroup
				for range requests {
					all.Go(func() {
						req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, "http://"+link.Addr, strings.NewReader(strings.Repeat("prompt ", 40)))
						if err != nil {
							b.Error(err)
							return
						}
						res, err := trip.RoundTrip(req)
						if err != nil {
							b.Error(err)
							return
						}
						_, _ = io.Copy(io.Discard, res.Body)
						_ = res.Body.Close()
					})
				}
				all.Wait()
			}
			b.ReportMetric(float64((used()-before)/1000)/float64(b.N*requests), "cpu-µs/request")
			b.ReportMetric(float64(dials.Load())/float64(b.N), "connections/burst")
		})
	}
}

// used is the processor time of this process so far, in nanoseconds.
func used() int64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return u.Utime.Nano() + u.Stime.Nano()
}
