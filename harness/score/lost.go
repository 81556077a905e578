package score

import (
	"cmp"
	"math"
	"slices"
)

// Loss is what one part of a window's score took from the 100 points.
type Loss struct {
	Part   int     // index in PartNames
	Points float64 // more than 0
}

// Losses shares out what the window lacks of 100 points among its parts, the
// dearest first. The score is a product of powers, so that its logarithm is a
// sum with a term for each part; each is charged in proportion to its term, and
// the charges add up to what is lost. None where the window has no score.
func (w Window) Losses() []Loss {
	if !w.Scored {
		return nil
	}
	var terms [len(w.Parts)]float64
	sum := 0.0
	for i, p := range w.Parts {
		if p.Known {
			terms[i] = -p.Weight * math.Log(math.Max(PartFloor, math.Min(1, p.Value)))
			sum += terms[i]
		}
	}
	var out []Loss
	for i, term := range terms {
		if term > 0 {
			out = append(out, Loss{Part: i, Points: (100 - w.Score) * term / sum})
		}
	}
	slices.SortStableFunc(out, func(a, b Loss) int { return cmp.Compare(b.Points, a.Points) })
	return out
}
