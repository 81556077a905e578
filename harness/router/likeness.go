package router

import (
	"math"
	"strings"
	"unicode"
)

// likeness compares questions by their words: the cosine between their bags of
// words and of pairs of neighbours, a vector space model as of Salton, Wong and
// Yang, "A Vector Space Model for Automatic Indexing" (1975). Pairs make the
// order count: who pays whom. Words that carry no meaning of their own, and
// those of politeness, are left out of it.
//
// It knows no synonyms: a question in other words is another question. That is
// the safe side to err on, because an answer to something else is worse than a
// second call. What must be the same to the letter is compared apart: numbers,
// names with digits in them, and words that turn a meaning round.
type likeness struct {
	weights map[string]float64
	length  float64
	exact   string
}

// idle are words that say nothing of what is asked. What asks (who, when, how),
// what relates (from, to, before) and what turns round (not, without) is not
// among them.
var idle = wordSet(`a an the this that these those is are was were be been am do does did
	please kindly thanks thank hello hi hey dear tell me my i we our us you your can could would will
	shall should may might just really exactly actually of and so it its there know like want need`)

// turning are words of which one makes the opposite.
var turning = wordSet(`no not never none nobody nothing nor neither without cannot except unless only
	dont doesnt didnt isnt arent wasnt werent cant couldnt wont wouldnt shouldnt`)

func wordSet(text string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(text) {
		set[w] = true
	}
	return set
}

// longestLikeness bounds the words that are compared. A longer text is like no
// other one.
const longestLikeness = 400

// likenessOf reads a text; nil where it has no words to compare.
func likenessOf(text string) *likeness {
	l := &likeness{weights: map[string]float64{}}
	var exact []string
	before, words := "", 0
	for w := range strings.FieldsFuncSeq(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '-' && r != '\'' && r != '’'
	}) {
		w = strings.Trim(strings.NewReplacer("'", "", "’", "").Replace(w), "-")
		if words++; w == "" || words > longestLikeness {
			continue
		}
		if turning[w] || strings.ContainsFunc(w, unicode.IsDigit) {
			exact = append(exact, w)
		}
		if idle[w] {
			continue
		}
		l.weights[w]++
		if before != "" {
			l.weights[before+" "+w]++
		}
		before = w
	}
	if before == "" || words > longestLikeness {
		return nil
	}
	for _, n := range l.weights {
		l.length += n * n
	}
	l.length, l.exact = math.Sqrt(l.length), strings.Join(exact, " ")
	return l
}

// to is the likeness of two texts, from 0 to 1.
func (l *likeness) to(o *likeness) float64 {
	if l.exact != o.exact {
		return 0
	}
	if len(o.weights) < len(l.weights) {
		l, o = o, l
	}
	sum := 0.0
	for w, n := range l.weights {
		sum += n * o.weights[w]
	}
	return sum / (l.length * o.length)
}
