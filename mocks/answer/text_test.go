package answer_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"brownout/mocks/answer"
)

// Texts are compared between processes: a router of one version may continue
// what a mock of another began. So they are frozen.
func TestTextIsFrozen(t *testing.T) {
	const want = "[bo:abc-1] joyu tive gera sali bufe piwo [end:abc-1:6:e2a90762]"
	if got := answer.Text("abc-1", 6); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	if got, want := answer.Text("abc-1", 0), answer.Text("abc-1", -1); got != want {
		t.Errorf("no words: %s; less than none: %s", got, want)
	}
}

func TestText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id, n := ids().Draw(t, "id"), rapid.IntRange(0, 300).Draw(t, "words")
		text := answer.Text(id, n)
		tokens := strings.Split(text, " ")
		g := answer.NewGen(id, n)
		if len(tokens) != answer.Tokens(n) || len(tokens) != g.Tokens() {
			t.Fatalf("%d tokens, said to be %d", len(tokens), answer.Tokens(n))
		}
		if len(text) != answer.Length(id, n) || len(text) != g.Len() {
			t.Errorf("%d bytes, said to be %d", len(text), answer.Length(id, n))
		}
		var joined strings.Builder
		for i := range g.Tokens() {
			joined.WriteString(g.Token(i))
			if got := string(g.Append([]byte("x"), i)); got != "x"+g.Token(i) {
				t.Errorf("token %d: Append gives %q, Token %q", i, got, g.Token(i))
			}
		}
		if joined.String() != text {
			t.Error("the tokens joined are not the text")
		}
		longer := answer.Text(id, n+rapid.IntRange(1, 50).Draw(t, "more"))
		if cut := strings.LastIndexByte(text, ' '); !strings.HasPrefix(longer, text[:cut+1]) {
			t.Error("a longer text begins otherwise")
		}
		off := rapid.IntRange(0, len(text)).Draw(t, "offset")
		if i, within := g.At(off); off < len(text) && !strings.HasPrefix(g.Token(i)[within:]+g.Token(min(i+1, n+1)), text[off:min(off+4, len(text))]) || off == len(text) && i != g.Tokens() {
			t.Errorf("At(%d) = %d, %d", off, i, within)
		}
		if got := string(g.AppendFrom(nil, off)); got != text[off:] {
			t.Errorf("from byte %d: %q", off, got)
		}
	})
}

func TestWordsDoNotComeAgain(t *testing.T) {
	for _, id := range []string{"a", "m-000042", answer.Derive("why?")} {
		seen := make(map[string]int)
		for i, w := range strings.Fields(answer.Text(id, 5000)) {
			if at, again := seen[w]; again {
				t.Fatalf("%s: token %d is token %d again", id, i, at)
			}
			seen[w] = i
		}
	}
}

func TestContinue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id, n := ids().Draw(t, "id"), rapid.IntRange(0, 120).Draw(t, "words")
		text := answer.Text(id, n)
		cut := rapid.IntRange(0, len(text)).Draw(t, "cut")
		prefill := text[:cut]
		if off, ok := answer.Continue(id, prefill, n); !ok || off != cut {
			t.Errorf("cut at %d: goes on at %d, %v", cut, off, ok)
		}
		// The same, trimmed or padded on the way.
		trimmed := strings.TrimSpace(prefill)
		if off, ok := answer.Continue(id, "\n "+trimmed, n); !ok || trimmed+text[off:] != text {
			t.Errorf("trimmed to %q: goes on at %d, %v", trimmed, off, ok)
		}
		if cut == len(text) {
			if off, ok := answer.Continue(id, prefill+" \n", n); !ok || off != len(text) {
				t.Errorf("after the end: %d, %v", off, ok)
			}
		} else if len(trimmed) < cut || text[cut] == ' ' {
			if off, ok := answer.Continue(id, trimmed+"  \n", n); !ok || trimmed+" "+text[off:] != text {
				t.Errorf("padded %q: goes on at %d, %v", trimmed, off, ok)
			}
		} else if cut > 0 {
			if off, ok := answer.Continue(id, prefill+" ", n); ok {
				t.Errorf("a space within a word was continued at %d", off)
			}
		}
		// What is no beginning of this text.
		if cut > 0 {
			at := rapid.IntRange(0, cut-1).Draw(t, "altered")
			if off, ok := answer.Continue(id, prefill[:at]+"#"+prefill[at+1:], n); ok && text[at] != ' ' {
				t.Errorf("altered at %d: goes on at %d", at, off)
			}
		}
		if _, ok := answer.Continue(id, text+" more", n); ok {
			t.Error("what goes on after the check was continued")
		}
	})
}

func TestTokensDoNotAllocate(t *testing.T) {
	g := answer.NewGen("m-000001", 60)
	buf := make([]byte, 0, g.Len())
	if n := testing.AllocsPerRun(100, func() { buf = g.AppendTokens(buf[:0], 0, g.Tokens()) }); n != 0 {
		t.Errorf("AppendTokens: %v allocations", n)
	}
	var s string
	if n := testing.AllocsPerRun(100, func() { s = g.Token(17) }); n != 0 || s == "" {
		t.Errorf("Token: %v allocations", n)
	}
}

func BenchmarkText(b *testing.B) {
	b.SetBytes(int64(answer.Length("m-000001", 60)))
	b.ReportAllocs()
	for b.Loop() {
		answer.Text("m-000001", 60)
	}
}

func BenchmarkToken(b *testing.B) {
	g := answer.NewGen("m-000001", 1000)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i = i%1000 + 1
		g.Token(i)
	}
}

// The same answer as another model would put it: head, length and check are
// right, and the words are others, so that only the words tell.
func TestOtherwiseIsAltered(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id, n := ids().Draw(t, "id"), rapid.IntRange(2, 400).Draw(t, "words")
		g := answer.NewGen(id, n)
		other := g.Otherwise()
		text := string(other.AppendTokens(nil, 0, other.Tokens()))
		v := answer.Verify(text, id)
		if v.Reason != answer.Altered || v.Words != n {
			t.Errorf("%+v, want it altered", v)
		}
		if other.Tokens() != g.Tokens() || other.Len() != g.Len() || len(text) != g.Len() {
			t.Errorf("%d tokens of %d bytes in place of %d of %d", other.Tokens(), other.Len(), g.Tokens(), g.Len())
		}
		if again := g.Otherwise(); again != other {
			t.Error("another model does not say the same twice")
		}
	})
}
