package load

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// quoteWords is how many words of a prompt in a row are taken for a quotation
// of it. Fewer are found in any text about a request.
const quoteWords = 3

// leastTelling is how many letters a word with a digit in it has that is a
// quotation by itself: a number, an account, an id. Errors do not happen to say
// one that stands in the prompt; a status or a year is shorter.
const leastTelling = 6

// telling tells whether a word is a quotation by itself.
func telling(word string) bool {
	return utf8.RuneCountInString(word) >= leastTelling && strings.IndexFunc(word, unicode.IsDigit) >= 0
}

// hidden stands for what was quoted.
const hidden = "[prompt]"

// word is a word of a text, in lower case, and its place.
type word struct {
	text     string
	from, to int
}

// wordsOf calls yield for each run of letters and digits, until that returns
// false. Between words may stand anything: a prompt that is quoted in JSON, in
// quotes or over several lines has the same words.
func wordsOf(text string, yield func(word) bool) {
	from := -1
	for i, r := range text {
		inside := unicode.IsLetter(r) || unicode.IsDigit(r)
		switch {
		case inside && from < 0:
			from = i
		case !inside && from >= 0:
			if !yield(word{strings.ToLower(text[from:i]), from, i}) {
				return
			}
			from = -1
		}
	}
	if from >= 0 {
		yield(word{strings.ToLower(text[from:]), from, len(text)})
	}
}

// hideQuotes puts a word in the place of what a text quotes of the prompts.
func hideQuotes(text string, prompts []string) string {
	words := slices.Collect(func(yield func(word) bool) { wordsOf(text, yield) })
	// The text is short and the prompts may be long: those are walked once.
	at, alone := map[[quoteWords]string][]int{}, map[string][]int{}
	for i, w := range words {
		if telling(w.text) {
			alone[w.text] = append(alone[w.text], i)
		}
		if i+quoteWords > len(words) {
			continue
		}
		key := [quoteWords]string{}
		for j := range key {
			key[j] = words[i+j].text
		}
		at[key] = append(at[key], i)
	}
	quoted := make([]bool, len(words))
	for _, p := range prompts {
		var last [quoteWords]string
		wordsOf(p, func(w word) bool {
			copy(last[:], last[1:])
			last[quoteWords-1] = w.text
			for _, i := range alone[w.text] {
				quoted[i] = true
			}
			for _, i := range at[last] {
				for j := range quoteWords {
					quoted[i+j] = true
				}
			}
			return true
		})
	}
	var b strings.Builder
	from := 0
	for i := 0; i < len(words); i++ {
		if !quoted[i] {
			continue
		}
		first := i
		for i+1 < len(words) && quoted[i+1] {
			i++
		}
		b.WriteString(text[from:words[first].from] + hidden)
		from = words[i].to
	}
	return b.String() + text[from:]
}
