package answer_test

import (
	"math/big"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"brownout/mocks/answer"
)

// The person of an ID is the same each time, another's is another, and none of
// it can be anybody's.
func TestPerson(t *testing.T) {
	shape := regexp.MustCompile(`^[a-z.0-9]+@example\.(com|net|org) \+1 [2-9]\d\d-555-01\d\d DE\d\d00000000\d{10}$`)
	seen := map[string]bool{}
	for _, id := range []string{"a", "chat-1a2b-0", "chat-1a2b-1", "chat-1a2b-2", "stream-1a2b-0"} {
		p := answer.PersonOf(id)
		v := p.Values()
		if all := strings.Join(v[:], " "); !shape.MatchString(all) || p != answer.PersonOf(id) {
			t.Errorf("%s: %s", id, all)
		}
		for _, s := range v {
			if seen[s] {
				t.Errorf("%s is two people's", s)
			}
			seen[s] = true
		}
		// ISO 13616: the country's letters, D and E, are 13 and 14.
		n, _ := new(big.Int).SetString(p.IBAN[4:]+"1314"+p.IBAN[2:4], 10)
		if new(big.Int).Mod(n, big.NewInt(97)).Int64() != 1 {
			t.Errorf("%s: wrong check digits", p.IBAN)
		}
	}
}

func TestFindAddress(t *testing.T) {
	for prompt, want := range map[string]string{
		"Hello. " + answer.Address("a@example.org") + " Answer in 5 words.": "a@example.org",
		answer.Address("a") + answer.Address("<EMAIL ADDRESS 1>"):           "<EMAIL ADDRESS 1>",
		answer.Address(""): "", "Write to me": "", ", and say so first. Write to ": "",
		answer.Address(strings.Repeat("x", 200)): "",
	} {
		if got, ok := answer.FindAddress(prompt); got != want && ok || ok != (want != "") {
			t.Errorf("%s: %q, %v", prompt, got, ok)
		}
	}
}

// A text to somebody is made of its tokens, found at any byte, continued from
// any byte and right in any pieces; without its address it is the same text to
// nobody.
func TestTextToSomebody(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id, n := ids().Draw(t, "id"), rapid.IntRange(0, 40).Draw(t, "words")
		to := rapid.OneOf(rapid.Just(answer.PersonOf(id).Email), rapid.StringMatching(`\PC{1,20}`), rapid.Just("[EMAIL_1]")).Draw(t, "to")
		g := answer.NewGen(id, n).To(to)
		text := string(g.AppendTokens(nil, 0, g.Tokens()))
		if len(text) != g.Len() || strings.Replace(text, " [to:"+to+"]", "", 1) != answer.Text(id, n) {
			t.Fatalf("%d bytes, said to be %d: %s", len(text), g.Len(), text)
		}
		joined := ""
		for i := range g.Tokens() {
			joined += strings.ToValidUTF8(g.Token(i), "?") // each token alone is text
		}
		if joined != text {
			t.Fatalf("tokens make %q of %q", joined, text)
		}
		off := rapid.IntRange(0, len(text)).Draw(t, "offset")
		if got := string(g.AppendFrom(nil, off)); got != text[off:] {
			t.Fatalf("from byte %d: %q", off, got)
		}
		if at, ok := g.Continue(text[:off]); !ok && strings.TrimSpace(text[:off]) == text[:off] || ok && strings.TrimRight(text[:off], " ")+strings.TrimLeft(text[at:], " ") != strings.TrimRight(text[:off], " ")+strings.TrimLeft(text[off:], " ") {
			t.Fatalf("%q goes on at %d, %v", text[:off], at, ok)
		}
		v := answer.NewVerifier(id)
		_, _ = v.WriteString(text[:off])
		_, _ = v.WriteString(text[off:])
		switch got := v.Close(); {
		case to == answer.PersonOf(id).Email && (!got.OK() || !got.To || got.Words != n):
			t.Fatalf("%+v of %s", got, text)
		case to != answer.PersonOf(id).Email && got.Reason != answer.Misaddressed && got.Reason != answer.Altered:
			t.Fatalf("%+v of %s", got, text)
		}
	})
}

func TestVerifyAddress(t *testing.T) {
	const id = "chat-1a2b-7"
	to := " [to:" + answer.PersonOf(id).Email + "]"
	head, rest, _ := strings.Cut(answer.Text(id, 4), " ")
	rest = " " + rest
	words := strings.Fields(rest)
	for _, tt := range []struct {
		name, text string
		want       answer.Reason
		to         bool
	}{
		{"to whom it should be", head + to + rest, answer.Complete, true},
		{"to nobody", head + rest, answer.Complete, false},
		{"a placeholder", head + " [to:[EMAIL_1]]" + rest, answer.Misaddressed, false},
		{"a placeholder with a space", head + " [to:<EMAIL 1>]" + rest, answer.Misaddressed, false},
		{"another's", head + " [to:" + answer.PersonOf("chat-1a2b-8").Email + "]" + rest, answer.Misaddressed, false},
		{"cut within it", head + to[:9], answer.Truncated, false},
		{"cut behind it", head + to, answer.Truncated, true},
		{"twice", head + to + to + rest, answer.Duplicated, true},
		{"begun anew", head + to + " " + words[0] + " " + head + to + rest, answer.Duplicated, true},
		{"in the wrong place", head + " " + words[0] + to + rest[5:], answer.Altered, false},
		{"at the end", head + rest + to, answer.Altered, false},
	} {
		if got := answer.Verify(tt.text, id); got.Reason != tt.want || got.To != tt.to {
			t.Errorf("%s: %+v", tt.name, got)
		}
	}
}
