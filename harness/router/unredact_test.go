package router

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"brownout/mocks/wire"
	"brownout/plan"
)

// quoting is a finder of values that JSON cannot hold as they are, too.
func quoting() *finder {
	return newFinder(plan.Redaction{}, []*regexp.Regexp{regexp.MustCompile(`secret "[^"]*"`), regexp.MustCompile(`§\pL+§`)})
}

// inPieces takes a text through in pieces of the lengths given, which are used
// round and round.
func inPieces(u *unveiled, text string, lengths []byte) string {
	var b strings.Builder
	for i := 0; text != ""; i++ {
		n := 1
		if len(lengths) > 0 {
			n = 1 + int(lengths[i%len(lengths)])%8
		}
		n = min(n, len(text))
		b.WriteString(u.text(text[:n]))
		text = text[n:]
	}
	b.WriteString(u.rest())
	return b.String()
}

// However a stream is cut, the client gets the same text; and what is held back
// is never more than a placeholder.
func FuzzUnveil(f *testing.F) {
	for _, s := range []string{
		"to [EMAIL_1] and [EMAIL_2], [PHONE_1]", "[[EMAIL_1]]", "[EMAIL_1[EMAIL_1]", "[EMAIL_", "[", "[]", "[_1]", "[EMAIL_]",
		"[EMAIL_1x]", "[EMAILEMAILEMAILEMAIL_1]", "[EMAIL_0000000000000001]", "a[b[EMAIL_1]c]", "[EMAIL_9]",
	} {
		f.Add(s, []byte{0})
		f.Add(s, []byte{2, 5})
	}
	f.Fuzz(func(t *testing.T, text string, lengths []byte) {
		v := newVeil(quoting())
		v.hide("mira@example.org, jon@example.org, +1 202-555-0147, §Größe§")
		whole := v.whole(text, false)
		u := &unveiled{v: v}
		if got := inPieces(u, text, lengths); got != whole {
			t.Fatalf("in pieces %q, whole %q", got, whole)
		}
		if want := strings.NewReplacer("[EMAIL_1]", "mira@example.org", "[EMAIL_2]", "jon@example.org", "[PHONE_1]", "+1 202-555-0147", "[PRIVATE_1]", "§Größe§").Replace(text); whole != want {
			t.Fatalf("%q, want %q", whole, want)
		}
		u = &unveiled{v: v}
		if u.text(text); len(u.held) >= longestPlaceholder {
			t.Fatalf("%q is held back", u.held)
		}
	})
}

// personalTexts are texts with and without personal data, and what is easily taken for
// a placeholder.
func personalTexts() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		part := rapid.OneOf(
			rapid.SampledFrom([]string{
				"mira@example.org", "jon@example.org", "+1 202-555-0147", "4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00", "192.0.2.17",
				`secret "a\b"`, "§Größe§", "[EMAIL_1]", "[EMAIL_", "[", "]", "1]", "[PHONE_12]", " ", "\n", `"`, `\`, "é",
			}),
			rapid.StringMatching(`[a-z \[\]_A-Z0-9@.+]{0,12}`),
		)
		return strings.Join(rapid.SliceOfN(part, 0, 12).Draw(t, "parts"), rapid.SampledFrom([]string{"", " "}).Draw(t, "between"))
	})
}

// What is hidden comes back as it was, in texts and in JSON; nobody is shown a
// value; the same value has the same placeholder in all of a request.
func TestHiddenComesBack(t *testing.T) {
	find := quoting()
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfN(personalTexts(), 1, 4).Draw(t, "texts")
		v := newVeil(find)
		for _, s := range texts {
			v.avoid(s)
		}
		value := map[string]string{}
		for _, s := range texts {
			shown := v.hide(s)
			if got := inPieces(&unveiled{v: v}, shown, rapid.SliceOf(rapid.Byte()).Draw(t, "lengths")); got != s {
				t.Fatalf("%q is shown as %q and comes back as %q", s, shown, got)
			}
			for _, p := range find.in(s) {
				was := s[p.from:p.to]
				if now := v.of[was]; value[now] != "" && value[now] != was {
					t.Fatalf("%q and %q are both %s", was, value[now], now)
				} else if value[now] = was; !strings.Contains(shown, now) {
					t.Fatalf("%q is shown as %q, without %s", s, shown, now)
				}
			}
			raw, err := json.Marshal(map[string]any{"text": s, "list": []any{s, 4111111111111111, 7, true, nil}, s + "key": "x", "role": s})
			if err != nil {
				t.Fatal(err)
			}
			hidden := v.hideJSON(raw, true)
			var was, now any
			if err := json.Unmarshal(hidden, &now); err != nil {
				t.Fatalf("%s is shown as %s: %v", raw, hidden, err)
			}
			if strings.Contains(string(hidden), "4111111111111111") {
				t.Fatalf("the number is shown: %s", hidden)
			}
			back := inPieces(&unveiled{v: v, json: true}, string(hidden), []byte{3, 0})
			back = strings.ReplaceAll(back, `"4111111111111111"`, `4111111111111111`)
			if json.Unmarshal(raw, &was) != nil || json.Unmarshal([]byte(back), &now) != nil || !reflect.DeepEqual(was, now) {
				t.Fatalf("%s is shown as %s and comes back as %s", raw, hidden, back)
			}
		}
	})
}

// A function's arguments are cut anywhere, and each call's are its own.
func TestStreamedArgumentsComeBack(t *testing.T) {
	v := newVeil(quoting())
	args := v.arguments(`{"to":"mira@example.org","why":"secret \"a\\b\""}`)
	if strings.Contains(args, "mira") || strings.Contains(args, "secret") {
		t.Fatalf("shown: %s", args)
	}
	for cut := range len(args) {
		u := v.stream(false)
		var got [2]string
		text := ""
		take := func(d wire.ToolCallDelta) {
			said, calls := u.toolCall(d)
			text += said
			for _, c := range calls {
				got[c.Index] += c.Arguments
			}
		}
		text += u.text("see [EM")
		for i := range 2 {
			take(wire.ToolCallDelta{Index: i, ID: fmt.Sprint(i), Name: "send"})
			take(wire.ToolCallDelta{Index: i, Arguments: args[:cut]})
			take(wire.ToolCallDelta{Index: i, Arguments: args[cut:]})
		}
		rest, calls := u.end()
		text += rest
		for _, c := range calls {
			got[c.Index] += c.Arguments
		}
		want := `{"to":"mira@example.org","why":"secret \"a\\b\""}`
		if got != [2]string{want, want} || text != "see [EM" {
			t.Fatalf("cut at %d: %q, text %q", cut, got, text)
		}
	}
}

// A text that ends within a value is told from one that does not.
func TestTornValue(t *testing.T) {
	v := newVeil(quoting())
	v.hide("write to mira.solberg@example.org")
	for text, want := range map[string]bool{
		"it is mira.solberg@exam": true, "it is mira": true, "it is mir": false, "it is mira.solberg@example.org": false, "it is x": false, "": false,
	} {
		if got := v.tears(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
	if got := v.conceal(`it begins with "mira.solberg@examp…", and mira.solberg@example.org`); strings.Contains(got, "mira") || !strings.Contains(got, "it begins with") {
		t.Errorf("%s", got)
	}
	if (*veil)(nil).tears("x") || (*veil)(nil).conceal("x") != "x" {
		t.Error("no veil hides")
	}
}
