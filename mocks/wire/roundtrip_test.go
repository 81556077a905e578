package wire_test

import (
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"brownout/mocks/wire"
)

func TestLookup(t *testing.T) {
	want := []string{"openai", "anthropic", "vllm", "ollama", "llamacpp", "azure", "xai", "groq", "mistral", "deepseek", "databricks", "azureml", "bedrock", "sagemaker", "gemini", "vertex"}
	if got := wire.Names(); !reflect.DeepEqual(got, want) {
		t.Errorf("Names() = %v, want %v", got, want)
	}
	for _, name := range want {
		if d := dialect(t, name); d.Name() != name {
			t.Errorf("Lookup(%q).Name() = %q", name, d.Name())
		}
	}
	if d, ok := wire.Lookup("morse"); ok {
		t.Errorf("Lookup of an unknown dialect gave %v", d)
	}
}

// Each dialect's client must understand its server: question, answer, stream.
func TestRoundTrip(t *testing.T) {
	temperature := 0.5
	for _, name := range wire.Names() {
		for _, stream := range []bool{false, true} {
			kind := "unary"
			if stream {
				kind = "stream"
			}
			t.Run(name+"/"+kind, func(t *testing.T) {
				p := &provider{d: dialect(t, name)}
				base := serve(t, p)
				asked := &wire.Request{
					Model: "alpha-1", MaxTokens: 77, Temperature: &temperature, Stop: []string{"a\"b", "c"}, Stream: stream, IncludeUsage: stream,
					Messages: []wire.Message{{Role: "system", Text: "Be brief."}, {Role: "user", Text: "Say [[bo:1]] \"quoted\""}, {Role: "assistant", Text: "Hel"}},
				}
				r, err := p.d.NewRequest(t.Context(), base+"/", goodKey, asked)
				if err != nil {
					t.Fatal(err)
				}
				resp, err := http.DefaultClient.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Body.Close()
				if resp.StatusCode != http.StatusOK {
					b, _ := io.ReadAll(resp.Body)
					t.Fatalf("status %d: %s", resp.StatusCode, b)
				}
				heard := *p.seen
				if name == "anthropic" || name == "ollama" || name == "bedrock" || name == "gemini" || name == "vertex" {
					heard.IncludeUsage = asked.IncludeUsage // always reported there
				}
				if !reflect.DeepEqual(&heard, asked) {
					t.Errorf("the server understood\n%+v, asked was\n%+v", &heard, asked)
				}
				if p.seen.Prefill() != "Hel" || !strings.Contains(p.seen.LastUser(), "[[bo:1]]") {
					t.Errorf("prefill %q, last user %q", p.seen.Prefill(), p.seen.LastUser())
				}
				model := "alpha-1"
				if name == "bedrock" {
					model = "" // Converse's answers name none
				}
				want := sum{id: p.d.NewAnswerID(7), model: model, text: joined(), finish: wire.FinishStop, usage: wire.Usage{Prompt: 11, Completion: len(words)}, done: true}
				if stream {
					s := p.d.NewStreamReader(resp.Body)
					events, bad, end := readAll(s)
					if got := sumOf(events); !reflect.DeepEqual(got, want) || bad != 0 || end != io.EOF {
						t.Errorf("stream = %+v, %d bad, end %v\nwant %+v", got, bad, end, want)
					}
					return
				}
				body, err := io.ReadAll(resp.Body)
				if err != nil {
					t.Fatal(err)
				}
				a, err := p.d.DecodeAnswer(body)
				if err != nil {
					t.Fatal(err)
				}
				got := sum{id: a.ID, model: a.Model, text: a.Text, finish: a.Finish, usage: a.Usage, done: true}
				if !reflect.DeepEqual(got, want) {
					t.Errorf("answer = %+v\nwant %+v", got, want)
				}
				if name != "anthropic" && name != "bedrock" && name != "gemini" && !a.Created.Equal(created) {
					t.Errorf("created = %v, want %v", a.Created, created)
				}
			})
		}
	}
}

// A request with nothing but the necessary must stay so.
func TestRoundTripOfABareRequest(t *testing.T) {
	for _, name := range wire.Names() {
		p := &provider{d: dialect(t, name)}
		base := serve(t, p)
		r, err := p.d.NewRequest(t.Context(), base, goodKey, &wire.Request{Model: "m", Messages: []wire.Message{{Role: "user", Text: "hi"}}})
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if p.seen == nil {
			t.Fatalf("%s: status %d", name, resp.StatusCode)
		}
		if s := p.seen; s.Stream || s.Temperature != nil || s.Stop != nil || (s.MaxTokens != 0) != (name == "anthropic") {
			t.Errorf("%s: the server understood %+v", name, s)
		}
	}
}

// What a server writes as a failure its client must read as the same one. The
// few that the wire cannot tell apart are named.
func TestFailureRoundTrip(t *testing.T) {
	kinds := []wire.FailureKind{
		wire.FailRateLimit, wire.FailQuota, wire.FailOverload, wire.FailServer, wire.FailTimeout, wire.FailAuth, wire.FailPermission,
		wire.FailModelNotFound, wire.FailContextLength, wire.FailContentFilter, wire.FailBadRequest, wire.FailTooLarge, wire.FailNotFound, wire.FailMethod,
	}
	same := map[string]wire.FailureKind{ // made-up errors that look like others
		"vllm/quota_exhausted":      wire.FailRateLimit,
		"vllm/content_filter":       wire.FailBadRequest,
		"gemini/bad_method":         wire.FailNotFound, // a wrong method is an unknown path
		"vertex/bad_method":         wire.FailNotFound,
		"ollama/quota_exhausted":    wire.FailRateLimit,
		"ollama/content_filter":     wire.FailBadRequest,
		"sagemaker/quota_exhausted": wire.FailRateLimit,
		"sagemaker/content_filter":  wire.FailBadRequest,
		"llamacpp/content_filter":   wire.FailBadRequest,
		"llamacpp/bad_method":       wire.FailNotFound, // a wrong method is an unknown path
		"azure/bad_method":          wire.FailNotFound, // path and method are matched together
		"databricks/bad_method":     wire.FailNotFound,
	}
	// How long of 1.5 s each is told to wait.
	waits := func(name string, k wire.FailureKind) time.Duration {
		switch {
		case (name == "openai" || name == "anthropic") && k != wire.FailQuota, name == "groq" && k == wire.FailRateLimit:
			return 2 * time.Second
		case name == "azure" && (k == wire.FailRateLimit || k == wire.FailOverload), name == "gemini" && k == wire.FailRateLimit:
			return 1500 * time.Millisecond
		}
		return 0
	}
	for _, name := range wire.Names() {
		d := dialect(t, name)
		for _, k := range kinds {
			resp := written(d, &wire.Failure{Kind: k, Model: "m-1", Limit: "requests", LimitValue: 3, Asked: 1, RetryAfter: 1500 * time.Millisecond})
			got := d.DecodeFailure(resp.status, resp.header, []byte(resp.body))
			want := k
			if other, ok := same[name+"/"+string(k)]; ok {
				want = other
			}
			if got.Kind != want || got.Status != d.Usual(k) {
				t.Errorf("%s %s: read as %s with status %d (usual %d): %s", name, k, got.Kind, got.Status, d.Usual(k), resp.body)
			}
			if got.RetryAfter != waits(name, k) {
				t.Errorf("%s %s: retry after %v", name, k, got.RetryAfter)
			}
			if hosted := name != "vllm" && name != "ollama" && name != "llamacpp" && name != "gemini" && name != "vertex"; hosted != (got.RequestID == requestID) {
				t.Errorf("%s %s: request id %q", name, k, got.RequestID)
			}
		}
	}
}

// An error inside a stream ends it, keeps what came before, and is told.
func TestMidStreamFailure(t *testing.T) {
	for _, name := range wire.Names() {
		for _, k := range []wire.FailureKind{wire.FailOverload, wire.FailServer} {
			p := &provider{d: dialect(t, name), midway: &wire.Failure{Kind: k}}
			r, err := p.d.NewRequest(t.Context(), serve(t, p), goodKey, &wire.Request{Model: "m", Stream: true, Messages: []wire.Message{{Role: "user", Text: "hi"}}})
			if err != nil {
				t.Fatal(err)
			}
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			events, bad, end := readAll(p.d.NewStreamReader(resp.Body))
			resp.Body.Close()
			got := sumOf(events)
			if got.fail == nil || got.fail.Kind != k || got.text != joined() || got.done || bad != 0 || end != io.EOF {
				t.Errorf("%s: %+v (failure %v), %d bad, end %v", name, got, got.fail, bad, end)
			}
		}
	}
}
