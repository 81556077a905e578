package router

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// slowService is a provider that answers in its base time while no more calls
// are in progress than it has places, and slower beyond in proportion.
type slowService struct {
	base   time.Duration
	places int
	busy   atomic.Int64
}

// load lets clients call as fast as the limit lets them, for so long.
func (s *slowService) load(c *concurrency, clients int, stream bool, lasts time.Duration) {
	end := time.Now().Add(lasts)
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			for time.Now().Before(end) {
				if !c.take() {
					time.Sleep(50 * ms)
					continue
				}
				took := time.Duration(float64(s.base) * max(1, float64(s.busy.Add(1))/float64(s.places)))
				time.Sleep(took)
				s.busy.Add(-1)
				c.answered(stream, took)
				c.release()
			}
		})
	}
	wg.Wait()
}

func TestConcurrencyFindsWhatAProviderCanBear(t *testing.T) {
	for _, places := range []int{10, 40} {
		synctest.Test(t, func(t *testing.T) {
			c := newConcurrency(concurrencySettings{Min: 1, Initial: 5, Max: 200})
			s := &slowService{base: time.Second, places: places}
			for minute := range 10 {
				s.load(c, 150, false, time.Minute)
				if limit := int(c.limit); minute > 0 && (limit < places || limit > 3*places) || c.busy != 0 {
					t.Errorf("after minute %d a provider with %d places gets %d calls at once", minute, places, limit)
				}
			}
			// It loses most of its places: the limit follows.
			before := int(c.limit)
			s.places = max(1, places/5)
			s.load(c, 150, false, 2*time.Minute)
			if after := int(c.limit); after > before*2/3 {
				t.Errorf("with a fifth of its places it gets %d calls, with all %d", after, before)
			}
		})
	}
}

// A provider that is slower than it was, whatever the load, is not throttled
// for ever.
func TestConcurrencyLearnsANewUsual(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConcurrency(concurrencySettings{Min: 1, Initial: 20, Max: 100})
		s := &slowService{base: 200 * ms, places: 1000}
		s.load(c, 40, true, time.Minute)
		before := int(c.limit)
		s.base = 800 * ms
		s.load(c, 40, true, 2*time.Minute)
		if after := int(c.limit); after < 40 {
			t.Errorf("two minutes later it still gets %d calls, before %d", after, before)
		}
	})
}

func TestConcurrencyGrowsOnlyWhereItIsUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConcurrency(concurrencySettings{Min: 1, Initial: 20, Max: 200})
		(&slowService{base: time.Second, places: 1000}).load(c, 9, true, time.Minute)
		if limit, _ := c.state(); limit != 20 {
			t.Errorf("nine at once moved a limit of 20 to %d", limit)
		}
		(&slowService{base: time.Second, places: 1000}).load(c, 20, true, time.Minute)
		if limit, _ := c.state(); limit <= 30 {
			t.Errorf("twenty at once moved it to %d, want more than 30", limit)
		}
	})
}

func TestConcurrencyCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConcurrency(concurrencySettings{Min: 2, Initial: 20, Max: 100})
		for range 20 {
			c.take()
		}
		if c.take() {
			t.Error("a twenty-first call at a limit of 20")
		}
		want := func(want int) {
			t.Helper()
			if limit, _ := c.state(); limit != want {
				t.Errorf("limit %d, want %d", limit, want)
			}
		}
		c.overloaded()
		want(14)
		c.overloaded() // of the same moment
		want(14)
		time.Sleep(concurrencyWindow)
		c.overloaded()
		want(9)
		for range 20 {
			time.Sleep(concurrencyWindow)
			c.overloaded()
		}
		want(2)
		if c.take() {
			t.Error("a call beyond a limit that was cut")
		}
	})
}

// Whatever happens, the limit stays within its bounds and calls within the
// limit of the moment they begin at.
func TestConcurrencyIsBounded(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		set := concurrencySettings{
			Min: rapid.IntRange(0, 5).Draw(rt, "min"), Initial: rapid.IntRange(0, 50).Draw(rt, "initial"), Max: rapid.IntRange(1, 30).Draw(rt, "max"),
		}
		steps := rapid.SliceOfN(rapid.IntRange(0, 5000), 1, 300).Draw(rt, "steps")
		synctest.Test(t, func(*testing.T) {
			c, held := newConcurrency(set), 0
			for _, s := range steps {
				limit, _ := c.state()
				switch s % 5 {
				case 0, 1:
					if c.take() {
						if held++; held > limit {
							rt.Fatalf("%d calls under a limit of %d", held, limit)
						}
					} else if held < limit {
						rt.Fatalf("no place for call %d under a limit of %d", held+1, limit)
					}
				case 2:
					c.answered(s%2 == 0, time.Duration(s)*ms)
					time.Sleep(time.Duration(s) * ms / 10)
				case 3:
					if held > 0 {
						c.release()
						held--
					}
				default:
					c.overloaded()
				}
				if limit, _ = c.state(); limit < max(1, set.Min) || limit > max(set.Max, set.Min) {
					rt.Fatalf("limit %d, want %d to %d", limit, set.Min, set.Max)
				}
			}
		})
	})
}

func BenchmarkConcurrency(b *testing.B) {
	c := newConcurrency(concurrencySettings{Min: 1, Initial: 20, Max: 200})
	b.ReportAllocs()
	for b.Loop() {
		c.take()
		c.answered(true, time.Second)
		c.release()
	}
}
