package router

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

var outlierTestSettings = outlierSettings{
	Factor: 3, MinErrors: 0.2, MinCalls: 10, Window: 10 * time.Second, EjectFor: 30 * time.Second, MaxShare: 0.5,
}

// watched are outliers that keep what they tell.
func watched(names string) (*outliers, *[]string) {
	var told []string
	o := newOutliers(strings.Fields(names), outlierTestSettings, func(e ejection) {
		if e.back {
			told = append(told, e.name+" is back")
		} else {
			told = append(told, fmt.Sprintf("%s is out for %v: %s", e.name, e.wait, e.why))
		}
	})
	return o, &told
}

func wantTold(t *testing.T, told *[]string, want ...string) {
	t.Helper()
	if !slices.Equal(*told, want) {
		t.Errorf("told %q, want %q", *told, want)
	}
	*told = nil
}

// makeCalls makes n calls of a member, of which some fail, spread out evenly.
func (o *outliers) makeCalls(name string, n, bad int, took time.Duration) {
	for i := range n {
		if (i+1)*bad/n > i*bad/n {
			o.failed(name)
		} else {
			o.answered(name, false, took)
		}
	}
}

func TestOutlierStreak(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, told := watched("a b")
		for range 3 {
			for range 4 {
				o.failed("a")
			}
			o.answered("a", true, ms)
		}
		wantTold(t, told)
		for range 5 {
			o.failed("a")
		}
		wantTold(t, told, "a is out for 30s: 5 failures in a row")
		for range 5 {
			o.failed("b")
		}
		wantTold(t, told) // the last is never ejected
		time.Sleep(30*time.Second - 1)
		if wait, out := o.ejected("a"); !out || wait != 1 {
			t.Errorf("out %v for %v, want 1ns", out, wait)
		}
		time.Sleep(time.Nanosecond)
		if _, out := o.ejected("a"); out {
			t.Error("it is still out")
		}
		wantTold(t, told, "a is back")
		o.failed("a")
		wantTold(t, told) // back with a clean sheet
		for range 4 {
			o.failed("a")
		}
		wantTold(t, told, "a is out for 1m0s: 5 failures in a row") // longer each time
		time.Sleep(time.Minute)
		o.makeCalls("a", 10, 0, ms)
		time.Sleep(10 * time.Second)
		o.makeCalls("a", 5, 5, ms) // a good window took one off
		wantTold(t, told, "a is back", "a is out for 1m0s: 5 failures in a row")
	})
}

func TestOutlierByErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, told := watched("a b c")
		window := func(a, b, c int) {
			o.makeCalls("a", 20, a, ms)
			o.makeCalls("b", 20, b, ms)
			o.makeCalls("c", 20, c, ms)
			time.Sleep(10 * time.Second)
			o.ejected("a")
		}
		window(3, 0, 0) // 15 % is below the least that counts
		wantTold(t, told)
		window(7, 4, 3) // its peers are not well either
		wantTold(t, told)
		window(7, 1, 1)
		wantTold(t, told, "a is out for 30s: 35 % of its calls failed, of its peers' 5 %")
		window(0, 20, 0) // only one of three may be out
		wantTold(t, told)
		o, told = watched("a b")
		o.makeCalls("a", 10, 5, ms)
		o.makeCalls("b", 9, 0, ms)
		time.Sleep(10 * time.Second)
		o.ejected("a")
		wantTold(t, told) // nobody to compare it with
	})
}

func TestOutlierByLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, told := watched("cloud edge")
		window := func(cloud, edge time.Duration) {
			o.makeCalls("cloud", 20, 0, cloud)
			o.makeCalls("edge", 20, 0, edge)
			time.Sleep(10 * time.Second)
			o.ejected("cloud")
		}
		window(100*ms, 2*time.Second) // slow by nature
		window(100*ms, 2*time.Second)
		window(500*ms, 10*time.Second) // all slower
		wantTold(t, told)
		for range 20 {
			window(100*ms, 2*time.Second)
		}
		window(400*ms, 2*time.Second)
		if len(*told) != 1 || !strings.HasPrefix((*told)[0], "cloud is out for 30s: it takes 4.") && !strings.HasPrefix((*told)[0], "cloud is out for 30s: it takes 3.") {
			t.Errorf("told %q, want cloud to be out for taking four times as long", *told)
		}
	})
}

// However calls go: never more members are out than MaxShare says (one is
// always allowed), never all, and who is out comes back in time.
func TestOutliersNeverEmptyTheFleet(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 6).Draw(rt, "members")
		share := rapid.Float64Range(0, 1).Draw(rt, "max share")
		steps := rapid.SliceOfN(rapid.IntRange(0, 9*n-1), 1, 300).Draw(rt, "steps")
		synctest.Test(t, func(*testing.T) {
			var names []string
			for i := range n {
				names = append(names, fmt.Sprint("m", i))
			}
			set := outlierTestSettings
			set.MaxShare = share
			o := newOutliers(names, set, func(ejection) {})
			for _, s := range steps {
				switch name := names[s%n]; s / n {
				case 0:
					o.answered(name, false, time.Duration(s+1)*ms)
				case 1:
					time.Sleep(time.Duration(s) * time.Second)
				default:
					o.failed(name)
				}
				out := 0
				for _, name := range names {
					wait, is := o.ejected(name)
					if is {
						out++
					}
					if is && (wait <= 0 || wait > outlierMost*set.EjectFor) {
						rt.Fatalf("%s is out for %v", name, wait)
					}
				}
				if most := max(1, int(share*float64(n))); out > most || out >= n {
					rt.Fatalf("%d of %d are out, at most %d may be", out, n, most)
				}
			}
		})
	})
}
