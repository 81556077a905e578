package chaos

import (
	"bytes"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Shopify/toxiproxy/v2/stream"
	"github.com/Shopify/toxiproxy/v2/toxics"
)

// piped is what comes out of a toxic, and when, for some chunks put in.
func piped(t *testing.T, x toxics.Toxic, in ...[]byte) (out [][]byte, at []time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		src, dst := make(chan *stream.StreamChunk), make(chan *stream.StreamChunk)
		stub := toxics.NewToxicStub(src, dst)
		stub.State = x.(toxics.StatefulToxic).NewState()
		go x.Pipe(stub)
		start := time.Now()
		go func() {
			for _, b := range in {
				src <- &stream.StreamChunk{Data: b, Timestamp: start}
			}
			close(src)
		}()
		for c := range dst {
			out = append(out, bytes.Clone(c.Data))
			at = append(at, time.Since(start))
		}
	})
	return out, at
}

func sizes(bs [][]byte) []int {
	var out []int
	for _, b := range bs {
		out = append(out, len(b))
	}
	return out
}

// What a slicer cuts follows from the seed alone; everything comes through, in
// order, in slices of about the size, with the pauses.
func TestSlicerIsKeyed(t *testing.T) {
	text := bytes.Repeat([]byte("0123456789"), 40)
	cut := func(seed uint64) ([][]byte, []time.Duration) {
		return piped(t, &slicerToxic{Size: 30, Variation: 20, Delay: 3000, Seed: seed}, text[:150], text[150:])
	}
	first, at := cut(1)
	if got := slices.Concat(first...); !bytes.Equal(got, text) {
		t.Errorf("%q came out of %q", got, text)
	}
	again, _ := cut(1)
	other, _ := cut(2)
	if !slices.Equal(sizes(first), sizes(again)) || slices.Equal(sizes(first), sizes(other)) {
		t.Errorf("sizes %v, with the same seed %v, with another %v", sizes(first), sizes(again), sizes(other))
	}
	distinct := map[int]bool{}
	for _, n := range sizes(first) {
		distinct[n] = true
		if n > 50 {
			t.Errorf("a slice of %d bytes", n)
		}
	}
	if len(distinct) < 3 {
		t.Errorf("all slices are alike: %v", sizes(first))
	}
	if last := at[len(at)-1]; last != time.Duration(len(at))*3*time.Millisecond {
		t.Errorf("%d slices took %v", len(at), last)
	}
}

// So many bytes take as long as the line has them, whatever their chunks.
func TestBandwidthIsSteady(t *testing.T) {
	text := bytes.Repeat([]byte("x"), 10_000)
	for _, in := range [][][]byte{{text}, {text[:10], text[10:3000], text[3000:]}} {
		out, at := piped(t, &bandwidthToxic{Rate: 5}, in...)
		if got := slices.Concat(out...); !bytes.Equal(got, text) {
			t.Errorf("%d bytes came out", len(got))
		}
		if last := at[len(at)-1]; last != 2*time.Second {
			t.Errorf("10,000 bytes at 5 KB/s took %v", last)
		}
		if len(out) < 100 {
			t.Errorf("they came in %d pieces, not in drips", len(out))
		}
	}
}

// A toxic that is interrupted because the chain changes loses nothing, and one
// that is removed lets out what it holds, at once.
func TestToxicsHoldAndLetGo(t *testing.T) {
	for name, x := range map[string]interface {
		toxics.Toxic
		toxics.StatefulToxic
		toxics.CleanupToxic
	}{
		"latency":   &latencyToxic{Latency: 3_600_000},
		"slicer":    &slicerToxic{Size: 10, Delay: 3_600_000_000},
		"bandwidth": &bandwidthToxic{Rate: 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				text := bytes.Repeat([]byte("0123456789"), 1000)
				src, dst := make(chan *stream.StreamChunk, 8), make(chan *stream.StreamChunk, 8)
				stub := toxics.NewToxicStub(src, dst)
				stub.State = x.NewState()
				start := time.Now()
				src <- &stream.StreamChunk{Data: text[:5000], Timestamp: start}
				src <- &stream.StreamChunk{Data: text[5000:], Timestamp: start}
				for range 3 {
					done := make(chan struct{})
					go func() { x.Pipe(stub); close(done) }()
					synctest.Wait()
					stub.Interrupt <- struct{}{}
					<-done
				}
				x.Cleanup(stub)
				close(dst)
				var got []byte
				for c := range dst {
					got = append(got, c.Data...)
				}
				if !bytes.Equal(got, text) || time.Since(start) > time.Second || stub.Closed() {
					t.Errorf("%d of %d bytes came out after %v; closed %v", len(got), len(text), time.Since(start), stub.Closed())
				}
			})
		})
	}
}

// Removing a toxic loses nothing of a connection that is busy: what is held,
// and what comes while it is let out, comes through in order.
func TestFlushLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, dst := make(chan *stream.StreamChunk), make(chan *stream.StreamChunk)
		stub := toxics.NewToxicStub(src, dst)
		f := &flow{held: &stream.StreamChunk{Data: []byte("0")}}
		go func() {
			for i := byte('a'); i <= 'z'; i++ {
				time.Sleep(settleTime - time.Millisecond)
				src <- &stream.StreamChunk{Data: []byte{i}}
			}
		}()
		var got []byte
		go func() {
			for c := range dst {
				got = append(got, c.Data...)
			}
		}()
		f.flush(stub)
		synctest.Wait()
		var left []byte // what is toxiproxy's own to hand on
		for len(got)+len(left) < 27 {
			select {
			case c := <-src:
				left = append(left, c.Data...)
			case <-time.After(time.Second):
				t.Fatalf("%q came through and %q was left: something was lost", got, left)
			}
		}
		if all := string(got) + string(left); all != "0abcdefghijklmnopqrstuvwxyz" || len(got) < 5 {
			t.Errorf("%q came through and %q was left", got, left)
		}
		close(dst)
	})
}
