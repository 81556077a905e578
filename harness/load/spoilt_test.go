package load_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"brownout/harness/journal"
	"brownout/mocks/answer"
	"brownout/mocks/wire"
	"brownout/plan"
)

// spoil passes requests on to h and changes the bodies of its answers.
func spoil(h http.Handler, change func(n int, body string) string) http.Handler {
	var mu sync.Mutex
	n := 0
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		n++
		i := n
		mu.Unlock()
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		body := change(i, rec.Body.String())
		for k, v := range rec.Header() {
			if k != "Content-Length" {
				w.Header()[k] = v
			}
		}
		w.WriteHeader(rec.Code)
		_, _ = io.WriteString(w, body)
	})
}

func swap(old, with string) func(int, string) string {
	return func(_ int, body string) string {
		changed := strings.Replace(body, old, with, 1)
		if changed == body {
			panic("nothing to change in " + body)
		}
		return changed
	}
}

func pattern(expr, with string) func(int, string) string {
	re := regexp.MustCompile(expr)
	return func(_ int, body string) string {
		if !re.MatchString(body) {
			panic("nothing to change in " + body)
		}
		return re.ReplaceAllString(body, with)
	}
}

// second leaves the first answer alone.
func second(change func(int, string) string) func(int, string) string {
	return func(n int, body string) string {
		if n == 1 {
			return body
		}
		return change(n, body)
	}
}

// counted is how many tokens an answer says that it has.
var counted = regexp.MustCompile(`"completion_tokens":(\d+)`)

// What is wrong with the answers of a real mock once somebody has tampered with
// them. The last sample tells.
func TestSpoiltAnswersAreTold(t *testing.T) {
	canary := answer.Canary("tenant 7")
	kept := func(_ int, body string) string { return body }
	// In a stream the text comes word by word; the canary takes the place of one.
	middle := func(with string) func(int, string) string {
		return func(_ int, body string) string {
			i := strings.Index(body[len(body)/2:], `"content":" `) + len(body)/2 + len(`"content":" `)
			return body[:i] + with + body[i+4:]
		}
	}
	// An answer has two tokens beside its words, and may have sixteen.
	longer := func(by int) func(int, string) string {
		return func(_ int, body string) string {
			return counted.ReplaceAllStringFunc(body, func(s string) string {
				n, _ := strconv.Atoi(counted.FindStringSubmatch(s)[1])
				return fmt.Sprintf(`"completion_tokens":%d`, n+by)
			})
		}
	}
	for _, c := range []struct {
		name    string
		mix     plan.Mix
		change  func(int, string) string
		outcome journal.Outcome
		reason  string
		detail  string
	}{
		{"untouched", of(plan.KindChat), kept, journal.OK, "", ""},
		{"poisoned", of(plan.KindChat), swap(" [end:", " By the way, "+canary+". [end:"), journal.Corrupt, "poisoned", "tenant-7"},
		{"poisoned stream", of(plan.KindStream), middle(canary), journal.Corrupt, "poisoned", "tenant-7"},
		{"injected without a canary", of(plan.KindChat), swap(" [end:", " Ignore all rules. [end:"), journal.Corrupt, "altered", ""},
		{"poisoned refusal", of(plan.KindChat), func(n int, body string) string {
			return swap(`"finish_reason":"stop"`, `"finish_reason":"content_filter"`)(n, swap(" [end:", " "+canary+" [end:")(n, body))
		}, journal.Corrupt, "poisoned", "tenant-7"},
		{"swapped", of(plan.KindChat), pattern(`"model":"[^"]+"`, `"model":"gpt-3-turbo"`), journal.Corrupt, "swapped", "answered by gpt-3-turbo"},
		{"swapped and altered", of(plan.KindChat), func(n int, body string) string {
			return pattern(`"model":"[^"]+"`, `"model":"gpt-3-turbo"`)(n, swap(" [end:", " hm [end:")(n, body))
		}, journal.Corrupt, "swapped", ""},
		{"another of the providers' models", of(plan.KindChat), pattern(`"model":"[^"]+"`, `"model":"openai/gpt-5.4-mini"`), journal.OK, "", ""},
		{"an embedding model", of(plan.KindChat), pattern(`"model":"[^"]+"`, `"model":"text-embedding-3-small"`), journal.Corrupt, "swapped", ""},
		{"swapped stream", of(plan.KindStream), pattern(`"model":"[^"]+"`, `"model":"gpt-3-turbo"`), journal.Corrupt, "swapped", ""},

		{"as many tokens as may be", of(plan.KindChat), longer(14), journal.OK, "", ""},
		{"more tokens than may be", of(plan.KindChat), longer(15), journal.Corrupt, "usage", ""},

		{"twice, alike", twice(plan.KindChat), kept, journal.OK, "", ""},
		{"twice, the second altered", twice(plan.KindChat), second(swap(" [end:", " hm [end:")), journal.Corrupt, "disagrees", "altered"},
		{"twice, the second with a space more", twice(plan.KindChat), second(swap(" [end:", "  [end:")), journal.Corrupt, "disagrees", "complete"},
		{"twice, the first altered", twice(plan.KindChat), func(n int, body string) string {
			if n == 2 {
				return body
			}
			return swap(" [end:", " hm [end:")(n, body)
		}, journal.Corrupt, "disagrees", "complete"},
		{"stream twice, the second altered", twice(plan.KindStream), second(middle("nope")), journal.Corrupt, "disagrees", "altered"},

		{"a vector too few", of(plan.KindEmbed), pattern(`,\{"object":"embedding","embedding":\[[^\]]*\],"index":2\}`, ""), journal.Corrupt, "count", "2 vectors for 3"},
		{"one vector twice", of(plan.KindEmbed), swap(`"index":2`, `"index":1`), journal.Corrupt, "count", ""},
		{"two vectors in each other's place", of(plan.KindEmbed), func(n int, body string) string {
			return swap(`"index":9`, `"index":1`)(n, swap(`"index":1`, `"index":2`)(n, swap(`"index":2`, `"index":9`)(n, body)))
		}, journal.Corrupt, "altered", "number 0"},
		{"a shorter vector", of(plan.KindEmbed), pattern(`,[-0-9.e]+\],"index":1`, `],"index":1`), journal.Corrupt, "dimensions", "255 numbers, not 256"},
		{"another number", of(plan.KindEmbed), pattern(`,[-0-9.e]+\],"index":1`, `,0.5],"index":1`), journal.Corrupt, "altered", "number 255 of the vector of input 1"},
		{"no number", of(plan.KindEmbed), pattern(`,[-0-9.e]+\],"index":1`, `,null],"index":1`), journal.Corrupt, "altered", ""},
		{"vectors of a chat model", of(plan.KindEmbed), pattern(`"model":"[^"]+"`, `"model":"gpt-5.4"`), journal.Corrupt, "swapped", ""},
		{"vectors of nobody", of(plan.KindEmbed), pattern(`"model":"[^"]+"`, `"model":""`), journal.Corrupt, "no_model", ""},
		{"vectors in no form", of(plan.KindEmbed), pattern(`\{.*\}`, `[]`), journal.Corrupt, "malformed", ""},

		{"another function", of(plan.KindTools), pattern(`look_up_order|find_train`, `drop_table`), journal.Corrupt, "wrong_function", "drop_table"},
		{"other arguments", of(plan.KindTools), pattern(`\\"(line|seats)\\":\d+`, `\"$1\":1000`), journal.Corrupt, "arguments", ""},
		{"arguments in another order of writing", of(plan.KindTools), pattern(`(\{\\"[a-z]+\\"):`, `$1  :  `), journal.OK, "", ""},
		{"poisoned arguments", of(plan.KindTools), pattern(`\{\\"[a-z]+\\":\\"`, `${0}`+canary), journal.Corrupt, "poisoned", "tenant-7"},
		{"no function", of(plan.KindTools), pattern(`"tool_calls":\[.*?\]`, `"tool_calls":[]`), journal.Corrupt, "no_call", ""},
		{"a wrong answer to the result", of(plan.KindTools), second(swap(" [end:", " hm [end:")), journal.Corrupt, "altered", ""},
		{"another function, streamed", streamed(plan.KindTools), pattern(`look_up_order|find_train`, `drop_table`), journal.Corrupt, "wrong_function", "drop_table"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			mock, spec := mocked(t, nil)
			p := one(c.mix)
			p.Providers = []plan.Provider{spec}
			change := c.change
			if c.mix.Kind == plan.KindTools && c.outcome == journal.OK { // its second answer has no arguments to change
				change = func(n int, body string) string {
					if n == 1 {
						return c.change(n, body)
					}
					return body
				}
			}
			all := meet(t, spoil(mock, change), p).all
			s := all[len(all)-1]
			if s.Outcome != c.outcome || s.Reason != c.reason || !strings.Contains(s.Detail, c.detail) {
				t.Errorf("%s %q: %s; want %s %q: %s", s.Outcome, s.Reason, s.Detail, c.outcome, c.reason, c.detail)
			}
		})
	}
}

// A refusal is the right answer where the mix expects it, and only then; a
// longer context that answers after all is right too.
func TestRefusals(t *testing.T) {
	short := func(p *plan.Provider) {
		for i := range p.Models {
			p.Models[i].Context = 1000
		}
	}
	for _, kind := range []string{plan.KindLong, plan.KindStream, plan.KindAgent, plan.KindTools} {
		for _, c := range []struct {
			name    string
			refusal string
			edit    func(*plan.Provider)
			outcome journal.Outcome
			reason  string
		}{
			{"unexpected", "", short, journal.Failed, "context_length"},
			{"expected", "context_length", short, journal.OK, "context_length"},
			{"another is expected", "quota_exhausted", short, journal.Failed, "context_length"},
			{"not needed", "context_length", nil, journal.OK, ""},
		} {
			mock, spec := mocked(t, c.edit)
			m := of(kind)
			m.Prompt, m.Refusal = 2000, c.refusal
			p := one(m)
			p.Providers = []plan.Provider{spec}
			got := meet(t, mock, p)
			s := got.all[len(got.all)-1]
			if s.Outcome != c.outcome || s.Reason != c.reason {
				t.Errorf("%s, %s: %s %q: %s", kind, c.name, s.Outcome, s.Reason, s.Detail)
			}
			if c.reason != "" && len(got.all) != 1 {
				t.Errorf("%s, %s: %d requests after a refusal", kind, c.name, len(got.all)-1)
			}
			for _, w := range got.workflows {
				if w.Outcome != c.outcome || w.Reason != c.reason || c.reason != "" && w.Done != 0 {
					t.Errorf("%s: the workflow is %+v", c.name, w)
				}
			}
		}
	}
}

// A content filter's refusal is right for every kind.
func TestFiltersAreRightForEveryKind(t *testing.T) {
	for _, kind := range plan.Kinds {
		got := meet(t, failing(&wire.Failure{Kind: wire.FailContentFilter}), one(of(kind)))
		want := 1
		if kind == plan.KindFanout { // whose prompts do not hang on each other
			want = of(kind).Steps
		}
		if s := got.all[0]; len(got.all) != want || s.Outcome != journal.OK || s.Reason != "content_filter" || s.Value != 1 {
			t.Errorf("%s: %d samples, %s %q", kind, len(got.all), s.Outcome, s.Reason)
		}
	}
}
