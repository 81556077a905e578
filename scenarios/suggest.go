package scenarios

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// farthest is how many edits a word may be away from one that is suggested.
const farthest = 3

// nearest returns the known word that word was most likely meant to be, or "":
// a few edits away, or begun the same way.
func nearest(word string, known []string) string {
	if word == "" {
		return ""
	}
	best, dist := "", farthest+1
	for _, k := range known {
		// Three edits turn any three-letter word into any other: of a short
		// word more than half must stay. Letters in the wrong order are the
		// commonest slip of all and count as one edit.
		d := levenshtein.ComputeDistance(word, k)
		if d == 2 && sameLetters(word, k) {
			d = 1
		}
		if d < dist && 2*d < max(len([]rune(word)), len([]rune(k)))+1 {
			best, dist = k, d
		}
	}
	if best != "" {
		return best
	}
	for _, k := range known {
		if len(word) >= 3 && (strings.HasPrefix(k, word) || strings.HasPrefix(word, k)) {
			return k
		}
	}
	return ""
}

func sameLetters(a, b string) bool {
	x, y := []rune(a), []rune(b)
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

// suggest is the hint for a word that is not among the known ones.
func suggest(word string, known []string) string {
	if best := nearest(word, known); best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	if len(known) == 0 {
		return ""
	}
	known = slices.Clone(known)
	slices.Sort(known)
	return "known are " + strings.Join(slices.Compact(known), ", ")
}
