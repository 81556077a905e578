package router

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"brownout/mocks/wire"
	"brownout/plan"
)

// talk makes turns of a row of letters: s(ystem), u(ser), a(ssistant), c(all
// of a function) and t(ool's result), each of ten words that begin with its
// number.
func talk(roles string) (turns []wire.Message) {
	names := map[rune]string{'s': "system", 'u': "user", 'a': "assistant", 'c': "assistant", 't': "tool"}
	for i, r := range roles {
		m := wire.Message{Role: names[r], Text: fmt.Sprint(i) + strings.Repeat(" word", 9)}
		if r == 'c' {
			m.ToolCalls = []wire.ToolCall{{ID: "x", Name: "f", Arguments: "{}"}}
		}
		turns = append(turns, m)
	}
	return turns
}

// turnNumbers lists which turns are left.
func turnNumbers(turns []wire.Message) (list []string) {
	for _, m := range turns {
		n, _, _ := strings.Cut(m.Text, " ")
		list = append(list, n)
	}
	return list
}

func TestCut(t *testing.T) {
	one := tokensOf(talk("u"))
	for _, tt := range []struct {
		talk, how string
		room      int    // turns
		want      string // "": it cannot be
	}{
		{"suauau", plan.TrimOldest, 4, "0 3 4 5"},
		{"suauau", plan.TrimOldest, 3, "0 5"},
		{"suauau", plan.TrimOldest, 2, "0 5"},
		{"suauau", plan.TrimOldest, 1, ""},
		{"suauau", plan.TrimMiddle, 4, "0 1 2 5"},
		{"suauau", plan.TrimMiddle, 3, ""},
		{"suauau", plan.TrimOldest, 9, ""}, // nothing to leave out
		{"uauauau", plan.TrimMiddle, 5, "0 1 4 5 6"},
		{"auau", plan.TrimOldest, 3, "1 2 3"},
		{"u", plan.TrimOldest, 0, ""},
		{"usau", plan.TrimOldest, 2, "1 3"},
		// A call goes with its results, and what is worked on stays.
		{"uctau", plan.TrimOldest, 4, "4"},
		{"uaucttct", plan.TrimOldest, 5, "2 6 7"},
		{"uaucttct", plan.TrimOldest, 6, "2 3 4 5 6 7"},
		{"uaucttct", plan.TrimMiddle, 5, "0 1 2 6 7"},
		{"uct", plan.TrimOldest, 1, ""},
		{"uaua", plan.TrimOldest, 2, "2 3"}, // the beginning of an answer
		{"a", plan.TrimOldest, 0, ""},
	} {
		turns := talk(tt.talk)
		room := tt.room*one + tt.room/2 + 2*strings.Count(tt.talk, "c")
		if got := strings.Join(turnNumbers(cut(turns, tt.how, room)), " "); got != tt.want {
			t.Errorf("%s, %s, room for %d: %q, want %q", tt.talk, tt.how, tt.room, got, tt.want)
		}
	}
}

// Whatever is said: what is left fits and is in its order, with every system
// prompt, the last question, each call beside its results, and each result
// beside its call; and no more is left out than must be.
func TestCutIsSound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		roles := strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"s", "ua", "u", "uct", "uctta", "ct", "a"}), 1, 9).Draw(t, "talk"), "")
		how := rapid.SampledFrom([]string{plan.TrimOldest, plan.TrimMiddle}).Draw(t, "how")
		turns := talk(roles)
		room := rapid.IntRange(0, tokensOf(turns)).Draw(t, "room")
		kept := cut(turns, how, room)
		if kept == nil {
			return
		}
		left := turnNumbers(kept)
		if tokensOf(kept) > room || !slices.IsSortedFunc(left, func(a, b string) int { return len(a) - len(b) }) {
			t.Fatalf("%s: %v, %d tokens of %d", roles, left, tokensOf(kept), room)
		}
		stays := map[int]bool{}
		for _, n := range left {
			var i int
			_, _ = fmt.Sscan(n, &i)
			stays[i] = true
		}
		for i, r := range roles {
			switch {
			case r == 's' && !stays[i], i == strings.LastIndex(roles, "u") && !stays[i]:
				t.Fatalf("%s: %v, without %d", roles, left, i)
			case r == 't' && stays[i] != stays[i-1]:
				t.Fatalf("%s: %v, which splits %d from its call", roles, left, i)
			}
		}
		if first := strings.Index(roles, "u"); how == plan.TrimMiddle && first == 0 && !stays[0] {
			t.Fatalf("%s: %v, without the first question", roles, left)
		}
	})
}

// Each dialect's refusal tells the size of the context and of the prompt.
func TestSizesAreRead(t *testing.T) {
	for _, message := range []string{
		"This model's maximum context length is 1024 tokens. However, your messages resulted in 2080 tokens. Please reduce the length of the messages.",
		"prompt is too long: 2080 tokens > 1024 maximum",
		"The input token count (2080) exceeds the maximum number of tokens allowed (1024).",
		"request (2080 tokens) exceeds the available context size (1024 tokens), try increasing it",
		"This model's maximum context length is 1,024 tokens, gpt-4o-2024-08-06 was asked for 2,080 in the end, 0 of them for 3.5 seconds",
	} {
		if limit, asked := sizesIn(&wire.Failure{Message: message}); limit != 1024 || asked != 2080 {
			t.Errorf("%d, %d: %s", limit, asked, message)
		}
	}
	for _, message := range []string{"", "too long", "the context has 1024 tokens", "gpt-4o-2024-08-06 has no room"} {
		if limit, asked := sizesIn(&wire.Failure{Message: message}); limit != 0 || asked != 0 {
			t.Errorf("%d, %d: %s", limit, asked, message)
		}
	}
}
