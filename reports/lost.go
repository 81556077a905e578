package reports

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"brownout/harness/score"
)

// Bounds of what is told of what a score lost by.
const (
	mostLost  = 2    // parts
	leastLost = .005 // of the score; less is not told
)

// lostHead is over what lostMostBy tells.
const lostHead = "score lost most by"

// lostMostBy names the parts of the score that cost a variant most, with how
// much of their promise it kept in the mean of its runs: a part costs the more,
// the more it weighs and the less of it was attained. Empty where no part cost
// anything to speak of.
func lostMostBy(runs []*score.Snapshot) string {
	type part struct {
		name       string
		value, cut float64 // sums over the runs that know it; cut is of the score's logarithm
		runs       int
	}
	var parts [len(score.Parts{})]part
	for _, s := range runs {
		known := 0.0 // weights count by what they are among the known ones
		for _, p := range s.Score.Parts {
			if p.Known {
				known += p.Weight
			}
		}
		for i, p := range s.Score.Parts {
			if !p.Known || !s.Score.Scored || known == 0 {
				continue
			}
			q := &parts[i]
			q.name, q.runs = score.PartNames[i], q.runs+1
			q.value += p.Value
			q.cut -= p.Weight / known * math.Log(min(1, max(p.Value, score.PartFloor)))
		}
	}
	list := parts[:]
	slices.SortStableFunc(list, func(a, b part) int { return cmp.Compare(b.cut, a.cut) })
	var words []string
	for _, p := range list[:mostLost] {
		if p.runs > 0 && 1-math.Exp(-p.cut/float64(len(runs))) >= leastLost {
			words = append(words, fmt.Sprintf("%s (%s)", p.name, percent(p.value/float64(p.runs))))
		}
	}
	return strings.Join(words, ", ")
}
