package router

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"brownout/mocks/wire"
)

// pieces cuts a text into random chunks, also within runes and with empty ones.
func pieces(t *rapid.T, s, label string) []string {
	var out []string
	for s != "" {
		n := rapid.IntRange(0, min(len(s), 9)).Draw(t, label)
		out = append(out, s[:n])
		s = s[n:]
	}
	return out
}

// prose draws texts with the things that joins stumble over: repeated words,
// runs of white space, runes of several bytes.
func prose() *rapid.Generator[string] {
	word := rapid.SampledFrom([]string{"the", "the ", "a", "  ", "\n", " über", "naïve", "日本", "x", " and then ", "\t"})
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(word, 0, 40).Draw(t, "words"), "")
	})
}

func TestSpliceJoinsAnyCutAndChunking(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole := prose().Draw(t, "whole")
		delivered := whole[:rapid.IntRange(0, len(whole)).Draw(t, "cut")]
		s, joined := newSplice(delivered), delivered
		for _, p := range pieces(t, whole, "chunk") {
			rest, fail := s.text(p)
			if fail != nil {
				t.Fatalf("the same answer was refused: %v", fail)
			}
			joined += rest
		}
		rest, fail := s.end(wire.FinishStop)
		if joined += rest; fail != nil || joined != whole {
			t.Fatalf("joined %q, want %q; %v", joined, whole, fail)
		}
	})
}

func TestSpliceEmitsNothingOfAnotherAnswer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole := prose().Filter(func(s string) bool { return s != "" }).Draw(t, "whole")
		delivered := whole[:rapid.IntRange(1, len(whole)).Draw(t, "cut")]
		at := rapid.IntRange(0, len(delivered)-1).Draw(t, "where it differs")
		other := delivered[:at] + string([]byte{delivered[at] ^ 1}) + prose().Draw(t, "tail")
		s := newSplice(delivered)
		var failed *wire.Failure
		for _, p := range pieces(t, other, "chunk") {
			rest, fail := s.text(p)
			if rest != "" {
				t.Fatalf("%q was emitted of a foreign answer", rest)
			}
			if fail != nil {
				failed = fail
			}
		}
		if failed == nil || failed.Kind != wire.FailMalformed {
			t.Fatalf("the difference at byte %d was not told: %v", at, failed)
		}
		if _, again := s.end(wire.FinishStop); again != failed {
			t.Fatalf("after a failure the end says %v", again)
		}
	})
}

func TestSpliceRefusesAShorterAnswer(t *testing.T) {
	s := newSplice("one two three")
	if rest, fail := s.text("one two"); rest != "" || fail != nil {
		t.Fatalf("got %q, %v", rest, fail)
	}
	if _, fail := s.end(wire.FinishStop); fail == nil || !strings.Contains(fail.Message, "7 of the 13 bytes") {
		t.Fatalf("got %v", fail)
	}
}

func TestSpliceCountsWhiteSpace(t *testing.T) {
	s := newSplice("one  two")
	if rest, fail := s.text("one two three"); rest != "" || fail == nil || !strings.Contains(fail.Message, "at byte 4") {
		t.Fatalf("got %q, %v", rest, fail)
	}
}

func TestPrefilledContinuesWhatWasDelivered(t *testing.T) {
	ask := wire.Request{Messages: []wire.Message{{Role: "user", Text: "count"}}}
	own := wire.Request{Messages: []wire.Message{{Role: "user", Text: "count"}, {Role: "assistant", Text: "Well:"}}}
	for _, c := range []struct {
		name            string
		req             wire.Request
		delivered, goes string // goes: how the provider goes on
		prefill, joined string
		refused         bool
	}{
		{"within a word", ask, "one tw", "o three", "one tw", "one two three", false},
		{"after white space", ask, "one two ", " three", "one two", "one two three", false},
		{"after a line", ask, "one\n\n", "\n\ntwo", "one", "one\n\ntwo", false},
		{"other white space", ask, "one\n", " two", "one", "", true},
		{"none where some was delivered", ask, "one ", "two", "one", "", true},
		{"after the client's own", own, " one", " two", "Well: one", " one two", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := len(c.req.Messages)
			req, join := prefilled(&c.req, c.delivered)
			if req.Prefill() != c.prefill || len(c.req.Messages) != before || c.req.Prefill() == c.prefill {
				t.Errorf("prefill %q, want %q; the client's request has %d turns", req.Prefill(), c.prefill, len(c.req.Messages))
			}
			rest, fail := join.text(c.goes)
			if c.refused {
				if fail == nil || rest != "" {
					t.Errorf("joined %q, want a refusal", rest)
				}
			} else if fail != nil || c.delivered+rest != c.joined {
				t.Errorf("joined %q, want %q; %v", c.delivered+rest, c.joined, fail)
			}
		})
	}
}

func TestTakesPrefill(t *testing.T) {
	var plain wire.Request
	for _, c := range []struct {
		dialect, model string
		want           bool
	}{
		{"anthropic", "claude-3-5-sonnet-20241022", true},
		{"anthropic", "claude-3-opus-20240229", true},
		{"anthropic", "claude-sonnet-4-20250514", true},
		{"anthropic", "claude-sonnet-4-5-20250929", true},
		{"anthropic", "claude-haiku-4-5", true},
		{"anthropic", "claude-sonnet-4-6", false},
		{"anthropic", "claude-opus-5-20270101", false},
		{"anthropic", "claude-next", false},
		{"bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", true},
		{"bedrock", "us.anthropic.claude-sonnet-4-6", false},
		{"bedrock", "amazon.nova-pro-v1:0", false},
		{"vertex", "claude-sonnet-4-5@20250929", true},
		{"vertex", "gemini-2.5-flash", false},
		{"vllm", "meta-llama/Llama-3.1-8B-Instruct", true},
		{"openai", "gpt-5.4", false},
		{"mistral", "mistral-medium-3.5", false},
		{"unheard of", "m", false},
	} {
		if got := takesPrefill(c.dialect, c.model, &plain); got != c.want {
			t.Errorf("%s, %s: %v, want %v", c.dialect, c.model, got, c.want)
		}
	}
	for _, req := range []wire.Request{{JSON: true}, {Tools: []wire.Tool{{Name: "f"}}}} {
		if takesPrefill("vllm", "m", &req) {
			t.Errorf("%+v would be continued", req)
		}
	}
	for name := range prefills {
		if _, ok := wire.Lookup(name); !ok {
			t.Errorf("there is no dialect %q", name)
		}
	}
}
