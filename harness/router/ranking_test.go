package router

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// names lists the candidates in their order.
func namesOf(list []standing) string {
	var all []string
	for _, s := range list {
		all = append(all, s.name)
	}
	return strings.Join(all, " ")
}

// fleetOf makes candidates of equal standing.
func fleetOf(names ...string) []standing {
	list := make([]standing, len(names))
	for i, n := range names {
		list[i] = standing{index: i, name: n, weight: 1, class: "cloud", region: "us-east-1"}
	}
	return list
}

// firstPlaces is how often each candidate comes first over n requests.
func firstPlaces(by ranking, list []standing, n int) map[string]float64 {
	first := map[string]float64{}
	for i := range n {
		mine := slices.Clone(list)
		by(&need{seed: 7, marker: fmt.Sprint("m-", i), prompt: 100, answer: 100}, mine)
		first[mine[0].name] += 1 / float64(n)
	}
	return first
}

func wantShares(t *testing.T, got map[string]float64, want map[string]float64) {
	t.Helper()
	for _, name := range []string{"a", "b", "c"} {
		if math.Abs(got[name]-want[name]) > 0.03 {
			t.Errorf("%s comes first in %.3f of requests, want %.3f", name, got[name], want[name])
		}
	}
}

func TestWeightedGivesEachItsShare(t *testing.T) {
	list := fleetOf("a", "b", "c")
	list[0].weight, list[1].weight, list[2].weight = 5, 3, 2
	wantShares(t, firstPlaces(byWeight, list, 4000), map[string]float64{"a": 0.5, "b": 0.3, "c": 0.2})
	list[0].weight = 0
	wantShares(t, firstPlaces(byWeight, list, 4000), map[string]float64{"b": 0.6, "c": 0.4})
	n := &need{seed: 7, marker: "m"}
	byWeight(n, list)
	if list[2].name != "a" {
		t.Errorf("order %q, want the one of weight 0 last", namesOf(list))
	}
}

// Who leaves does not change the order of those who stay.
func TestWeightedOrderIsStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := &need{seed: rapid.Uint64().Draw(t, "seed"), marker: rapid.StringN(1, 8, -1).Draw(t, "marker")}
		all := fleetOf("a", "b", "c", "d", "e")
		for i := range all {
			all[i].weight = rapid.Float64Range(0, 10).Draw(t, "weight")
		}
		gone := rapid.IntRange(0, 4).Draw(t, "gone")
		some := slices.Delete(slices.Clone(all), gone, gone+1)
		byWeight(n, all)
		byWeight(n, some)
		kept := slices.DeleteFunc(all, func(s standing) bool { return s.index == gone })
		if namesOf(kept) != namesOf(some) {
			t.Fatalf("with all: %s, without one: %s", namesOf(kept), namesOf(some))
		}
	})
}

func TestLeastOutstanding(t *testing.T) {
	list := fleetOf("a", "b", "c")
	list[0].outstanding, list[1].outstanding, list[2].outstanding = 3, 1, 2
	byLoad(&need{marker: "m"}, list)
	if got := namesOf(list); got != "b c a" {
		t.Errorf("order %q, want b c a", got)
	}
	for i := range list { // twice the weight takes twice the calls
		list[i].weight, list[i].outstanding = 1, 2
		if list[i].name == "a" {
			list[i].weight, list[i].outstanding = 2, 4
		}
	}
	byLoad(&need{marker: "m"}, list)
	if list[0].name != "a" {
		t.Errorf("order %q, want a, which has 2.5 calls for each unit of weight against 3", namesOf(list))
	}
	wantShares(t, firstPlaces(byLoad, fleetOf("a", "b", "c"), 3000), map[string]float64{"a": 1. / 3, "b": 1. / 3, "c": 1. / 3})
}

func TestLatencyTakesTheBetterOfTwo(t *testing.T) {
	list := fleetOf("a", "b", "c")
	list[0].latency, list[1].latency, list[2].latency = 100*ms, 200*ms, 300*ms
	// The best of two out of three: the fastest unless it is not drawn, the
	// slowest never.
	wantShares(t, firstPlaces(byLatency, list, 6000), map[string]float64{"a": 2. / 3, "b": 1. / 3})
	list[0].outstanding = 5 // six times 100 ms is more than 300
	wantShares(t, firstPlaces(byLatency, list, 6000), map[string]float64{"b": 2. / 3, "c": 1. / 3})
	list[1].latency = 0 // never seen and idle: tried at once
	wantShares(t, firstPlaces(byLatency, list, 6000), map[string]float64{"b": 2. / 3, "c": 1. / 3})
	list[1].outstanding = 1 // never seen and busy: left alone
	wantShares(t, firstPlaces(byLatency, list, 6000), map[string]float64{"c": 2. / 3, "a": 1. / 3})
}

func TestCostAsksTheCheapest(t *testing.T) {
	list := fleetOf("unknown", "out", "in", "free")
	list[1].priced, list[1].priceIn, list[1].priceOut = true, 1, 10
	list[2].priced, list[2].priceIn, list[2].priceOut = true, 4, 4
	list[3].priced = true
	order := func(n *need) string {
		mine := slices.Clone(list)
		byCost(n, mine)
		return namesOf(mine)
	}
	if got := order(&need{prompt: 1000, answer: 100}); got != "free out in unknown" {
		t.Errorf("long prompt, short answer: %q", got)
	}
	if got := order(&need{prompt: 100, answer: 1000}); got != "free in out unknown" {
		t.Errorf("short prompt, long answer: %q", got)
	}
	if got := costUSD(&need{prompt: 1000, answer: 100}, &list[1]); math.Abs(got-0.002) > 1e-12 {
		t.Errorf("cost %v, want 0.002 USD", got)
	}
}

func TestArrangeMovesTheBurdenedDown(t *testing.T) {
	list := fleetOf("ejected", "full", "scarce", "well", "warming", "fine")
	list[0].ejected, list[1].full, list[2].scarce, list[4].warming = true, true, true, true
	arrange(inOrder, &need{}, list)
	if got := namesOf(list); got != "well fine scarce warming full ejected" {
		t.Errorf("order %q", got)
	}
}

// Every policy only orders: nobody is lost, doubled or changed, and the same
// request and standings give the same order.
func TestPoliciesPermute(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := make([]standing, rapid.IntRange(0, 7).Draw(t, "n"))
		for i := range list {
			list[i] = standing{
				index: i, name: fmt.Sprint("p", i), weight: rapid.Float64Range(0, 3).Draw(t, "weight"),
				priced: rapid.Bool().Draw(t, "priced"), priceIn: rapid.Float64Range(0, 9).Draw(t, "price"),
				outstanding: rapid.IntRange(0, 5).Draw(t, "outstanding"), ejected: rapid.Bool().Draw(t, "ejected"),
				scarce: rapid.Bool().Draw(t, "scarce"),
				class:  rapid.SampledFrom([]string{"cloud", "gpu", "edge"}).Draw(t, "class"),
			}
		}
		n := &need{seed: rapid.Uint64().Draw(t, "seed"), marker: rapid.StringN(0, 6, -1).Draw(t, "marker"), prompt: 10, answer: 10}
		hybrid := rules{{prefer: []string{"edge", "p1"}, policy: rapid.SampledFrom([]string{"", "latency", "weighted"}).Draw(t, "within")}}.rank
		by := map[string]ranking{"hybrid": hybrid}
		for name, f := range rankings {
			by[name] = f
		}
		for name, f := range by {
			one, two := slices.Clone(list), slices.Clone(list)
			arrange(f, n, one)
			arrange(f, n, two)
			if !slices.Equal(one, two) {
				t.Fatalf("%s: two orders for one request: %s and %s", name, namesOf(one), namesOf(two))
			}
			slices.SortFunc(one, func(a, b standing) int { return a.index - b.index })
			if !slices.Equal(one, list) {
				t.Fatalf("%s made %v of %v", name, one, list)
			}
		}
	})
}

func BenchmarkRanking(b *testing.B) {
	list := fleetOf("a", "b", "c", "d", "e")
	for i := range list {
		list[i].latency, list[i].outstanding = 100*ms, i
	}
	n := &need{marker: "m-1"}
	for name, by := range rankings {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				arrange(by, n, list)
			}
		})
	}
}
