package mocks

import (
	"strings"

	"brownout/mocks/wire"
)

// perMessage is what a turn costs beside its text. OpenAI's cookbook counts 3
// tokens for each message and 3 for the answer's start; the others do not say.
const perMessage = 3

// promptTokens estimates the tokens of a prompt. No tokenizer is the same as
// another, so the estimate is a rule that anybody can apply by hand: one token
// for each word, or for every 4 bytes of text where that is more (long words,
// code, scripts without spaces), and 3 for each message, for each function that
// may be called, and for the answer's start.
func promptTokens(r *wire.Request) int {
	n := perMessage
	for _, m := range r.Messages {
		n += perMessage + textTokens(m.Text)
		for _, c := range m.ToolCalls {
			n += textTokens(c.Name) + textTokens(c.Arguments)
		}
	}
	for _, t := range r.Tools {
		n += perMessage + textTokens(t.Name) + textTokens(t.Description) + (len(t.Schema)+3)/4
	}
	return n
}

// textTokens estimates the tokens of a text.
func textTokens(s string) int { return max(wire.Words(s), (len(s)+3)/4) }

// Asked lengths of an answer, in words.
const (
	defaultWords = 40
	maxWords     = 100_000
)

// askedWords is how long an answer the prompt asks for: the number in the last
// "in N words" of its last user message, and 40 where there is none. It is how
// people ask for a length, and it survives any gateway.
func askedWords(prompt string) int {
	for end := len(prompt); ; {
		i := strings.LastIndex(prompt[:end], " words")
		if i < 0 {
			return defaultWords
		}
		end = i
		digits := i
		for digits > 0 && isDigit(prompt[digits-1]) {
			digits--
		}
		before := prompt[:digits]
		if digits == i || !strings.HasSuffix(before, "in ") && !strings.HasSuffix(before, "In ") {
			continue
		}
		n := 0
		for _, d := range []byte(prompt[digits:i]) {
			n = min(n*10+int(d-'0'), maxWords)
		}
		return max(1, n)
	}
}

func isDigit(b byte) bool { return '0' <= b && b <= '9' }
