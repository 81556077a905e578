package answer_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"brownout/mocks/answer"
)

func ids() *rapid.Generator[string] { return rapid.StringMatching(`[a-z0-9-]{1,64}`) }

func TestFindMarker(t *testing.T) {
	long := strings.Repeat("a", answer.MaxID)
	for _, c := range []struct{ name, text, want string }{
		{"alone", "[[bo:m-1]]", "m-1"},
		{"amid a sentence", "Please [[bo:m-1]] answer in 40 words.", "m-1"},
		{"the last of two", "[[bo:one]] and [[bo:two]]", "two"},
		{"a broken one after", "[[bo:one]] and [[bo:two]", "one"},
		{"upper case", "[[bo:ONE]]", ""},
		{"no ID", "[[bo:]]", ""},
		{"nested", "[[bo:[[bo:in]]]]", "in"},
		{"longest", "[[bo:" + long + "]]", long},
		{"too long", "[[bo:" + long + "a]]", ""},
		{"cut off", "[[bo:one", ""},
		{"in JSON", `{"content":"hi [[bo:x-9]]\n"}`, "x-9"},
		{"the echo of an answer", "[bo:one]", ""},
		{"none", "hello", ""},
		{"empty", "", ""},
	} {
		id, ok := answer.FindMarker(c.text)
		if id != c.want || ok != (c.want != "") {
			t.Errorf("%s: %q, %v; want %q", c.name, id, ok, c.want)
		}
	}
}

func TestMarkIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := ids().Draw(t, "id")
		before, after := rapid.String().Draw(t, "before"), rapid.StringMatching(`[a-z .\]\[]*`).Draw(t, "after")
		if got, ok := answer.FindMarker(before + answer.Mark(id) + after); !ok || got != id {
			t.Errorf("found %q, %v", got, ok)
		}
	})
}

func TestDerive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		id := answer.Derive(text)
		if !answer.ValidID(id) || id != answer.Derive(text) || id == answer.Derive(text+"!") {
			t.Errorf("Derive(%q) = %q", text, id)
		}
	})
}

func FuzzFindMarker(f *testing.F) {
	for _, s := range []string{"", "[[bo:a]]", "[[bo:a]][[bo:", "[[bo:[[bo:a]]]]", "x [[bo:A]] [[bo:b-1]] y"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		id, ok := answer.FindMarker(text)
		if !ok {
			if id != "" {
				t.Fatalf("not found, but %q", id)
			}
			return
		}
		at := strings.LastIndex(text, answer.Mark(id))
		if !answer.ValidID(id) || at < 0 {
			t.Fatalf("found %q, which is not there", id)
		}
		if later, ok := answer.FindMarker(text[at+1:]); ok {
			t.Fatalf("found %q, but %q comes later", id, later)
		}
	})
}
