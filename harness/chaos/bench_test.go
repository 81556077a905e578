//go:build unix

package chaos_test

import (
	"bufio"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"brownout/harness/chaos"
)

// BenchmarkLink is what a link costs a request whose answer is whole, one whose
// answer comes in a hundred events as fast as they can, which the link joins,
// and one whose twenty events are so far apart that each passes by itself;
// beside a connection of one's own to the same handler. The processor time is that of client, link and handler
// together.
func BenchmarkLink(b *testing.B) {
	event := []byte("data: " + strings.Repeat("x", 180) + "\n\n")
	for _, c := range []struct {
		name   string
		events int           // each written and flushed by itself
		apart  time.Duration // from one to the next
	}{{"unary", 1, 0}, {"stream", 100, 0}, {"slow stream", 20, time.Millisecond}} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			flush := http.NewResponseController(w)
			for range c.events {
				if c.apart > 0 {
					<-time.After(c.apart)
				}
				if _, err := w.Write(event); err != nil {
					return
				}
				if c.events > 1 && flush.Flush() != nil {
					return
				}
			}
		}))
		b.Cleanup(srv.Close)
		links, err := chaos.StartLinks(chaos.LinkOptions{})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = links.Close() })
		link, err := links.Add("mock", strings.TrimPrefix(srv.URL, "http://"))
		if err != nil {
			b.Fatal(err)
		}
		for _, way := range []struct{ name, url string }{{"direct", srv.URL}, {"link", "http://" + link.Addr}} {
			b.Run(c.name+"/"+way.name, func(b *testing.B) {
				client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
				defer client.CloseIdleConnections()
				b.ReportAllocs()
				before := cpu(b)
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						resp, err := client.Post(way.url, "application/json", strings.NewReader(`{"model":"m"}`))
						if err != nil {
							b.Error(err)
							return
						}
						in := bufio.NewReader(resp.Body)
						for err == nil {
							_, err = in.ReadSlice('\n')
						}
						_ = resp.Body.Close()
					}
				})
				b.ReportMetric(float64(cpu(b)-before)/float64(b.N), "cpu-ns/op")
			})
		}
	}
}

// cpu is the processor time of this process so far, in nanoseconds.
func cpu(b *testing.B) int64 {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}
