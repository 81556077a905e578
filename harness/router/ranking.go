package router

import (
	"cmp"
	"math"
	"slices"
)

// ranking puts candidates in the order in which a request should ask them,
// best first, within the array. It keeps no state: the same request and the
// same standings give the same order.
type ranking func(n *need, list []standing)

// rankings by the name of their policy.
var rankings = map[string]ranking{
	"priority":          inOrder,
	"weighted":          byWeight,
	"least_outstanding": byLoad,
	"latency":           byLatency,
	"cost":              byCost,
}

// arrange orders candidates by a policy and then moves down those that are
// better left alone just now: first those near a rate limit or still warming
// up, then those without room, then outliers. Nobody is dropped: a request
// whose every candidate is an outlier still has somebody to ask.
func arrange(by ranking, n *need, list []standing) {
	by(n, list)
	burden := func(s *standing) int {
		switch {
		case s.ejected:
			return 3
		case s.full:
			return 2
		case s.warming, s.scarce:
			return 1
		}
		return 0
	}
	slices.SortStableFunc(list, func(a, b standing) int { return burden(&a) - burden(&b) })
}

// inOrder keeps the configured order.
func inOrder(*need, []standing) {}

// byWeight gives each candidate its share of first places, and of the next
// ones among those left. Each draws by itself: a request whose first choice
// goes away finds the others in the order they were in. Source: Efraimidis and
// Spirakis, "Weighted random sampling with a reservoir" (2006), in its form
// with exponential draws.
func byWeight(n *need, list []standing) {
	sortByFigure(list, func(s *standing) float64 {
		if s.weight <= 0 {
			return math.Inf(1)
		}
		return -math.Log(1-n.draw(s.name, "weighted")) / s.weight
	})
}

// byLoad asks first whoever has the fewest calls in progress for its weight.
// Equals take turns by the request's key.
func byLoad(n *need, list []standing) {
	slices.SortStableFunc(list, func(a, b standing) int {
		return cmp.Or(
			cmp.Compare(loadOf(&a), loadOf(&b)),
			cmp.Compare(n.draw(a.name, "tie"), n.draw(b.name, "tie")),
		)
	})
}

// loadOf is the calls in progress, with the one to come, for each unit of
// weight.
func loadOf(s *standing) float64 {
	if s.weight <= 0 {
		return math.Inf(1)
	}
	return float64(s.outstanding+1) / s.weight
}

// byLatency picks two candidates by the request's key and asks the one with
// the lower expected wait first; the rest follow by their own. Always asking
// the fastest would send everybody to it at once and make it the slowest.
// Sources: Mitzenmacher, "The Power of Two Choices in Randomized Load
// Balancing" (2001); Twitter Finagle's P2C over PeakEwma.
func byLatency(n *need, list []standing) {
	if len(list) < 2 {
		return
	}
	i := pickOf(n, "first choice", len(list))
	j := pickOf(n, "second choice", len(list)-1)
	if j >= i {
		j++
	}
	if a, b := expectedWait(&list[i]), expectedWait(&list[j]); b < a || b == a && j < i {
		i = j
	}
	first := list[i]
	copy(list[1:i+1], list[:i])
	list[0] = first
	sortByFigure(list[1:], expectedWait)
}

// pickOf is a keyed number in [0, k).
func pickOf(n *need, purpose string, k int) int { return min(k-1, int(n.draw("", purpose)*float64(k))) }

// expectedWait is the expected latency times the calls it shares it with. Who was
// never seen is tried at once while idle, and left alone until that call has
// shown something.
func expectedWait(s *standing) float64 {
	if s.latency <= 0 {
		if s.outstanding == 0 {
			return 0
		}
		return math.MaxFloat64
	}
	return float64(s.latency) * float64(s.outstanding+1)
}

// byCost asks the cheapest first, by what this request would cost there. Equal
// costs keep the configured order; unknown prices come last.
func byCost(n *need, list []standing) {
	sortByFigure(list, func(s *standing) float64 {
		if !s.priced {
			return math.Inf(1)
		}
		return costUSD(n, s)
	})
}

// costUSD is what the request is expected to cost at s.
func costUSD(n *need, s *standing) float64 {
	return (float64(n.prompt)*s.priceIn + float64(n.answer)*s.priceOut) / 1e6
}

// sortByFigure sorts by a figure, lowest first, and keeps the order of equals.
// Lists are short, so insertion does; each figure is computed once.
func sortByFigure(list []standing, figure func(*standing) float64) {
	var room [16]float64
	of := append(room[:0], make([]float64, len(list))...)
	for i := range list {
		of[i] = figure(&list[i])
		for k := i; k > 0 && of[k] < of[k-1]; k-- {
			of[k], of[k-1] = of[k-1], of[k]
			list[k], list[k-1] = list[k-1], list[k]
		}
	}
}
