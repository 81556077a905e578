package load_test

import (
	"io"
	"net/http"
	"runtime"
	"testing"
	"time"

	"brownout/harness/journal"
	"brownout/harness/load"
	"brownout/plan"
)

// refusing answers at once, without a goroutine, so that all the memory there
// is belongs to the load.
type refusing struct{}

func (refusing) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusServiceUnavailable, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
}

// What a run holds must not grow with the number of its requests.
func TestMemoryIsFlat(t *testing.T) {
	const early, late = 2_000, 40_000
	var heap [2]uint64
	measure := func(i int) {
		runtime.GC()
		runtime.GC() // the second empties the pools
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		heap[i] = m.HeapAlloc
	}
	seen := 0
	p := steady(1e6, late*time.Microsecond, of(plan.KindChat), of(plan.KindStream), of(plan.KindFAQ))
	p.Load.Workers = 1 // one goroutine at a time emits
	r, err := load.New(load.Config{
		Plan: p, BaseURL: "http://target.test", Model: "m", Start: time.Now(), Transport: refusing{},
		VegetaResults: io.Discard,
		Emit: func(journal.Event) {
			switch seen++; seen {
			case early:
				measure(0)
			case late:
				measure(1)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if seen != late {
		t.Fatalf("%d samples, want %d", seen, late)
	}
	const perRequest = 8 // bytes; a pointer kept for each would show
	if grown := int64(heap[1]) - int64(heap[0]); grown > (late-early)*perRequest {
		t.Errorf("%d bytes more after %d further requests", grown, late-early)
	}
}
