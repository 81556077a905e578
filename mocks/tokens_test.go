package mocks

import (
	"strconv"
	"strings"
	"testing"

	"brownout/mocks/wire"
)

func TestPromptTokens(t *testing.T) {
	user := func(texts ...string) *wire.Request {
		r := &wire.Request{}
		for _, s := range texts {
			r.Messages = append(r.Messages, wire.Message{Role: "user", Text: s})
		}
		return r
	}
	for _, c := range []struct {
		texts []string
		want  int
	}{
		{nil, 3},
		{[]string{""}, 6},
		{[]string{"a b  c\n\td "}, 3 + 3 + 4},
		{[]string{"one", "two"}, 3 + 2*(3+1)},
		{[]string{strings.Repeat("x", 400)}, 3 + 3 + 100},
	} {
		if got := promptTokens(user(c.texts...)); got != c.want {
			t.Errorf("%q: %d tokens, want %d", c.texts, got, c.want)
		}
	}
}

func TestAskedWords(t *testing.T) {
	for prompt, want := range map[string]int{
		"":                              defaultWords,
		"in words":                      defaultWords,
		"in  words":                     defaultWords,
		"in 5words":                     defaultWords,
		"begin 5 words":                 5, // "begin 5 words" ends in "in 5 words"
		"with 5 words":                  defaultWords,
		"In 12 words, please":           12,
		"in 3 words. No: in 4 words":    4,
		"in 3 words, or in a few words": 3,
		"in 0 words":                    1,
		"in 99999999999999999999 words": maxWords,
	} {
		if got := askedWords(prompt); got != want {
			t.Errorf("%q asks for %d words, want %d", prompt, got, want)
		}
	}
}

func FuzzAskedWords(f *testing.F) {
	f.Add("in 5 words", 7)
	f.Add(" words words in 1", 0)
	f.Fuzz(func(t *testing.T, prompt string, n int) {
		if got := askedWords(prompt); got < 1 || got > maxWords {
			t.Errorf("%d words", got)
		}
		if n < 1 || n > maxWords {
			return
		}
		if got := askedWords(prompt + " in " + strconv.Itoa(n) + " words"); got != n {
			t.Errorf("%d words, want %d", got, n)
		}
	})
}
