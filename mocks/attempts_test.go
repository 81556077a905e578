package mocks

import (
	"strconv"
	"sync"
	"testing"
)

func TestAttemptsCountEachMarker(t *testing.T) {
	var a attempts
	for n := 1; n <= 3; n++ {
		for i := range 100 {
			if got := a.next("m" + strconv.Itoa(i)); got != n {
				t.Fatalf("call %d of marker %d counted as %d", n, i, got)
			}
		}
	}
}

// A marker is remembered while a generation of others passes, and a busy one
// for ever; what is remembered stays bounded.
func TestAttemptsForgetSlowly(t *testing.T) {
	var a attempts
	a.next("quiet")
	for i := range generation { // all of them in one shard at worst
		a.next("other" + strconv.Itoa(i))
		if i%100 == 0 {
			a.next("busy")
		}
	}
	if got := a.next("quiet"); got != 2 {
		t.Errorf("second call counted as %d", got)
	}
	before := a.next("busy")
	for i := range 10 * attemptShards * generation {
		a.next("more" + strconv.Itoa(i))
		if i%(generation/2) == 0 {
			if got := a.next("busy"); got != before+1 {
				t.Fatalf("call after %d counted as %d", before, got)
			}
			before++
		}
	}
	if got := a.next("quiet"); got != 1 {
		t.Errorf("a marker of long ago is still counted: %d", got)
	}
	for i := range a.shards {
		if n := len(a.shards[i].young) + len(a.shards[i].former); n > 2*generation {
			t.Errorf("shard %d holds %d markers, want at most %d", i, n, 2*generation)
		}
	}
}

func TestAttemptsFromManyGoroutines(t *testing.T) {
	var (
		a    attempts
		mu   sync.Mutex
		wg   sync.WaitGroup
		seen = map[int]int{}
	)
	for range 50 {
		wg.Go(func() {
			for range 20 {
				n := a.next("shared")
				mu.Lock()
				seen[n]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for n := 1; n <= 1000; n++ {
		if seen[n] != 1 {
			t.Fatalf("number %d was given %d times", n, seen[n])
		}
	}
}
