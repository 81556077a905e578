package mocks_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"testing"
	"time"

	"brownout/mocks"
	"brownout/plan"
)

// idleStreams is how many streams are open at once.
const idleStreams = 5000

// idleClientVariable makes this program, where it is set, the client of
// BenchmarkIdleStreams: its value is the address of the server. A client of its
// own process leaves the benchmark's memory to the server alone.
const idleClientVariable = "BROWNOUT_BENCH_IDLE_CLIENT"

// BenchmarkIdleStreams is the memory that the server side of a stream holds
// which waits for its next token, its connection included: that of a bare
// net/http handler, and that of a mock, which also keeps what it needs to go
// on. Heap and stacks in use are compared with none and with all of the streams
// open, after what is dead has gone. What the kernel holds is not in it.
func BenchmarkIdleStreams(b *testing.B) {
	for _, preset := range []string{"openai", "anthropic", "gemini", "bedrock", "ollama"} {
		b.Run(preset, func(b *testing.B) {
			s := spec(b, preset, func(p *plan.Provider) { p.Service.PerToken = time.Hour })
			p := provider(b, s, nil)
			req := request(s, "idle", "Answer in 40 words.", true)
			raw := rawRequest(b, s, req)
			rec := &recorder{header: http.Header{}}
			brief := provider(b, spec(b, preset, nil), nil)
			brief.ServeHTTP(rec, httpRequest(b, b.Context(), brief, req))
			begun := [][]byte{beginning(b, rec.pieces), nil}
			var held [2]float64
			rounds := 0
			for b.Loop() {
				for i, srv := range []*http.Server{bareServer(begun, rec.header, time.Hour), mocks.NewServer(p)} {
					held[i] += idle(b, srv, raw)
				}
				rounds++
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(held[0]/float64(rounds)/1024, "bare-KB/stream")
			b.ReportMetric(held[1]/float64(rounds)/1024, "server-KB/stream")
		})
	}
}

// beginning is what is sent up to the first words, whose text begins with the
// marker.
func beginning(b *testing.B, pieces [][]byte) []byte {
	var all []byte
	for _, piece := range pieces {
		if all = append(all, piece...); bytes.Contains(all, []byte(markerBegins)) {
			return all
		}
	}
	b.Fatalf("no marker in %q", all)
	return nil
}

// markerBegins is what every answer's first words hold.
const markerBegins = "bo:"

// idle is how many bytes a stream costs that srv has begun to answer.
func idle(b *testing.B, srv *http.Server, raw []byte) float64 {
	b.Helper()
	address := listen(b, srv)
	before := memory()
	client := exec.CommandContext(b.Context(), os.Args[0])
	client.Env = append(os.Environ(), idleClientVariable+"="+address)
	client.Stderr = os.Stderr
	in, err := client.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := client.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := client.Start(); err != nil {
		b.Fatal(err)
	}
	fmt.Fprintln(in, len(raw))
	if _, err := in.Write(raw); err != nil {
		b.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, len(idleClientReady))); err != nil {
		b.Fatalf("the client did not open its streams: %v", err)
	}
	held := memory() - before
	in.Close()
	if err := client.Wait(); err != nil {
		b.Fatal(err)
	}
	_ = srv.Close()
	return float64(held) / idleStreams
}

// idleClientReady is what the client says once every stream has begun.
const idleClientReady = "ready\n"

// holdStreams is the client's process: it sends the request that comes in on
// many connections, waits for an answer to begin on each, says so, and holds
// them until its input ends.
func holdStreams(address string, in io.Reader, out io.Writer) error {
	r := bufio.NewReader(in)
	line, err := r.ReadString('\n')
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(line[:len(line)-1])
	if err != nil {
		return err
	}
	raw := make([]byte, n)
	if _, err := io.ReadFull(r, raw); err != nil {
		return err
	}
	open := make([]net.Conn, idleStreams)
	for i := range open {
		if open[i], err = net.Dial("tcp", address); err != nil {
			return err
		}
		defer open[i].Close()
		if _, err := open[i].Write(raw); err != nil {
			return err
		}
	}
	for _, c := range open {
		if err := firstToken(c); err != nil {
			return err
		}
	}
	if _, err := io.WriteString(out, idleClientReady); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, r)
	return err
}

// firstToken reads until the first words of an answer have come.
func firstToken(c net.Conn) error {
	var seen []byte
	buf := make([]byte, 2048)
	for !bytes.Contains(seen, []byte(markerBegins)) {
		n, err := c.Read(buf)
		if err != nil {
			return fmt.Errorf("%w after %q", err, seen)
		}
		seen = append(seen, buf[:n]...)
	}
	return nil
}

// memory is what the heap and all stacks take, after what is dead has gone.
func memory() uint64 {
	runtime.GC()
	runtime.GC() // stacks shrink in the first, what pools held goes in the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}
