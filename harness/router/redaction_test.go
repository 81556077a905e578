package router_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"brownout/harness/router"
	"brownout/mocks/wire"
	"brownout/plan"
)

// personal are values that a cloud provider must not see.
const (
	mira    = "mira.solberg@example.org"
	miraTel = "+1 202-555-0147"
)

// letter is a prompt with personal data, in the marker of its request.
func letter(marker string) map[string]any {
	return map[string]any{"messages": []map[string]string{
		{"role": "system", "content": "The customer is " + mira + "."},
		{"role": "user", "content": "Write to: " + mira + " of [EMAIL_1], or call " + miraTel + ". [[bo:" + marker + "]]"},
	}}
}

// addressed is what every provider answers to a letter: whom it was told to
// write to, as it was told, and words.
func addressed(req *wire.Request) string {
	_, to, _ := strings.Cut(req.LastUser(), "Write to: ")
	to, _, _ = strings.Cut(to, " of ")
	return "Dear <" + to + ">, it is one answer, and nobody adds or drops a word of it; yours, " + to
}

const miraAnswer = "Dear <" + mira + ">, it is one answer, and nobody adds or drops a word of it; yours, " + mira

// inBits cuts a text into bits of n bytes.
func inBits(text string, n int) (bits []string) {
	for ; len(text) > n; text = text[n:] {
		bits = append(bits, text[:n])
	}
	return append(bits, text)
}

// addresses answers a letter, streamed in bits of n bytes: after most of them
// it leaves the end to then; nil: it ends properly. A partial answer is gone on
// with.
func addresses(n, most int, then func(*fake, wire.StreamWriter, http.ResponseWriter, *http.Request)) act {
	return func(f *fake, w http.ResponseWriter, r *http.Request, req *wire.Request) {
		text := rest(addressed(req), req)
		if !req.Stream {
			answers(text, 0)(f, w, r, req)
			return
		}
		bits := inBits(text, n)
		if then == nil {
			says(0, bits...)(f, w, r, req)
			return
		}
		begins(0, bits[:min(most, len(bits))], then)(f, w, r, req)
	}
}

// redacting are settings with redaction on.
func redacting() plan.Router { return plan.Router{On: []string{"redaction"}} }

// onPremises makes a backend of class gpu.
func onPremises(f *fake) *fake {
	f.Class = plan.ClassGPU
	return f
}

// hidFrom fails the test where a backend was shown one of the values.
func hidFrom(t *testing.T, f *fake, values ...string) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, b := range f.bodies {
		for _, v := range values {
			if strings.Contains(b, v) {
				t.Errorf("%s was shown %s: %s", f.Name, v, b)
			}
		}
	}
}

// In every dialect a provider of the cloud sees placeholders, and the client
// reads what it wrote, in one piece and in bits that cut them anywhere.
func TestRedaction(t *testing.T) {
	for _, dialect := range wire.Names() {
		t.Run(dialect, func(t *testing.T) {
			a := backend("a", func(n int) act { return addresses(1+n, 0, nil) })
			a.Dialect = dialect
			run(t, redacting(), []*fake{a}, func(w *world) {
				for i := range 6 {
					g := w.send(ask{stream: i > 0, more: letter("m1")})
					if g.err != nil || g.fail != nil || g.text != miraAnswer || i > 0 && !g.done {
						t.Fatalf("bits of %d: %q, failure %v, %v", i+1, g.text, g.fail, g.err)
					}
				}
				hidFrom(t, a, mira, miraTel)
				q := a.calls[0].req
				if q.Messages[0].Text != "The customer is [EMAIL_2]." || q.LastUser() != "Write to: [EMAIL_2] of [EMAIL_1], or call [PHONE_1]. [[bo:m1]]" {
					t.Errorf("it was shown %q", q.Messages)
				}
				w.wantDid(slices.Repeat([]string{"redacted a"}, 6)...)
				for _, d := range w.decisions {
					if d.Detail != "1 email, 1 phone" {
						t.Errorf("told %q", d.Detail)
					}
				}
			})
		})
	}
}

// What looks like the beginning of a placeholder at a stream's end is text.
func TestRedactionKeepsTheEnd(t *testing.T) {
	for _, end := range []string{"[EMAIL_1", "[EMAIL_7]", "[", "[[EMAIL_"} {
		a := backend("a", always(says(0, "so it", " ends", end)))
		run(t, redacting(), []*fake{a}, func(w *world) {
			if g := w.send(ask{stream: true, more: letter("m1")}); g.text != "so it ends"+end || !g.done {
				t.Errorf("%q, failure %v", g.text, g.fail)
			}
		})
	}
}

// Who may see all does; whose class is not known does not; and without the
// mitigation nobody is spared anything.
func TestRedactionTowards(t *testing.T) {
	for _, tt := range []struct {
		class string
		set   plan.Router
		shown bool
	}{
		{plan.ClassCloud, redacting(), false},
		{plan.ClassManaged, redacting(), false},
		{plan.ClassGPU, redacting(), true},
		{plan.ClassEdge, redacting(), true},
		{"", redacting(), false},
		{plan.ClassCloud, plan.Router{}, true},
		{plan.ClassCloud, plan.Router{On: []string{"redaction"}, Redaction: plan.Redaction{Towards: []string{plan.ClassEdge}}}, true},
		{plan.ClassEdge, plan.Router{On: []string{"redaction"}, Redaction: plan.Redaction{Towards: []string{plan.ClassEdge}}}, false},
		{plan.ClassCloud, plan.Router{On: []string{"redaction"}, Redaction: plan.Redaction{Kinds: []string{plan.PersonalPhone}}}, true},
	} {
		a := backend("a", always(addresses(5, 0, nil)))
		a.Class = tt.class
		run(t, tt.set, []*fake{a}, func(w *world) {
			g := w.send(ask{more: letter("m1")})
			if shown := strings.Contains(a.bodies[0], mira); shown != tt.shown || g.text != miraAnswer {
				t.Errorf("class %q, %+v: shown %v, answer %q", tt.class, tt.set.Redaction, shown, g.text)
			}
		})
	}
}

// What is embedded is hidden, and each text by itself: whether it shares a call
// with others must not change its vector.
func TestRedactionOfEmbeddings(t *testing.T) {
	a := backend("a", nil)
	run(t, redacting(), []*fake{a}, func(w *world) {
		res, body := w.post("/v1/embeddings", `{"model":"a-model","input":["jon@example.org","so `+mira+`"]}`, nil)
		if res.StatusCode != http.StatusOK {
			t.Fatalf("%d %s", res.StatusCode, body)
		}
		if got := a.embeds[0].Inputs; !slices.Equal(got, []string{"[EMAIL_1]", "so [EMAIL_1]"}) {
			t.Errorf("shown %q", got)
		}
	})
}

// Settings that cannot work are told with their key.
func TestRedactionIsChecked(t *testing.T) {
	for want, set := range map[string]plan.Redaction{
		`redaction.kinds: unknown word "mail"`:               {Kinds: []string{"mail"}},
		`redaction.towards: unknown word "clouds"`:           {Towards: []string{"clouds"}},
		`redaction.patterns: "(" is no regular expression: `: {Patterns: []string{"("}},
	} {
		_, err := router.New(router.Config{Settings: plan.Router{Redaction: set}, Backends: []router.Backend{{Name: "a", Dialect: "openai", BaseURL: "http://127.0.0.1:1"}}})
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
