package answer

import "strings"

// A canary stands in a text as [[canary:WORDS]].
const canaryOpen = "[[canary:"

// Canary returns the token of a canary: a secret that was told to one tenant,
// so that whoever finds it in the answer to another knows that something leaked
// or was injected. Its words are joined by "-"; a text with a canary in it is
// Poisoned to every verifier.
func Canary(words string) string {
	return canaryOpen + strings.Join(strings.Fields(words), "-") + markerClose
}

// FindCanary returns what the first canary in text says.
func FindCanary(text string) (says string, ok bool) {
	_, rest, found := strings.Cut(text, canaryOpen)
	if !found {
		return "", false
	}
	says, _, ok = strings.Cut(rest, markerClose)
	return says, ok
}
