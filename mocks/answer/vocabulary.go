package answer

import "strings"

// The vocabulary: words of two syllables, each a consonant and a vowel, so that
// a text reads like one and every word has the same length. Letters that make
// coarse words likely are left out.
const (
	consonants = "bfgjlmnprstvwxy"
	vowels     = "aeiou"
	syllables  = len(consonants) * len(vowels)
	wordLen    = 4
	// vocabularySize is the largest prime up to syllables². A prime, so that
	// every step has an inverse.
	vocabularySize = 5623
)

// vocabulary is every word with a space before it, one after the other. It is
// never changed.
var vocabulary = buildVocabulary()

func buildVocabulary() string {
	var b strings.Builder
	b.Grow(vocabularySize * (1 + wordLen))
	for entry := range vocabularySize {
		b.WriteByte(' ')
		for _, s := range [2]int{entry / syllables, entry % syllables} {
			b.WriteByte(consonants[s/len(vowels)])
			b.WriteByte(vowels[s%len(vowels)])
		}
	}
	return b.String()
}

func spacedWord(entry int) string {
	return vocabulary[entry*(1+wordLen) : (entry+1)*(1+wordLen)]
}

func word(entry int) string { return spacedWord(entry)[1:] }

// entryOf is the inverse of word; ok is false for what is no word.
func entryOf(w []byte) (entry int, ok bool) {
	if len(w) != wordLen {
		return 0, false
	}
	for i := 0; i < wordLen; i += 2 {
		c := strings.IndexByte(consonants, w[i])
		v := strings.IndexByte(vowels, w[i+1])
		if c < 0 || v < 0 {
			return 0, false
		}
		entry = entry*syllables + c*len(vowels) + v
	}
	return entry, entry < vocabularySize
}

// inverse is the number that times step is 1 modulo vocabularySize, by the
// extended Euclidean algorithm.
func inverse(step int) int {
	r, next := vocabularySize, step
	t, u := 0, 1
	for next != 0 {
		q := r / next
		r, next = next, r-q*next
		t, u = u, t-q*u
	}
	if t < 0 {
		t += vocabularySize
	}
	return t
}
