package mocks_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"brownout/mocks"
	"brownout/mocks/wire"
	"brownout/plan"
)

// send sends a request as it is and returns status and body.
func (r *rig) send(t testing.TB, method, path, key, body string) (int, string) {
	t.Helper()
	hr, err := http.NewRequest(method, r.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if key != "" {
		hr.Header.Set("Authorization", "Bearer "+key)
	}
	resp, err := r.client.Do(hr)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// A stop sequence and a prefill reach into the object that JSON mode makes.
func TestJSONModeEdges(t *testing.T) {
	r := start(t, spec(t, "vllm", nil))
	ask := func(edit func(*wire.Request)) result {
		req := request(r.Spec(), "m", "in 12 words", true)
		req.JSON = true
		if edit != nil {
			edit(req)
		}
		res := r.ask(t, "key", req)
		r.calls.take(t, 1)
		return res
	}
	whole := ask(nil)
	if !json.Valid([]byte(whole.text)) || whole.usage.Completion != 16 { // 12 words, head and check, and what is around them
		t.Errorf("%+v", whole)
	}
	for _, c := range []struct {
		name, stop, want string
	}{
		{"before the text", `"answer"`, `{`},
		{"in the text", "[end:", whole.text[:strings.Index(whole.text, "[end:")]},
		{"behind the text", `}`, strings.TrimSuffix(whole.text, `}`)},
	} {
		if res := ask(func(r *wire.Request) { r.Stop = []string{c.stop} }); res.text != c.want || res.finish != wire.FinishStop {
			t.Errorf("stopped %s: %q, want %q", c.name, res.text, c.want)
		}
	}
	for n := 1; n <= whole.usage.Completion; n++ {
		res := ask(func(r *wire.Request) { r.MaxTokens = n })
		if n < whole.usage.Completion && res.finish != wire.FinishLength || !strings.HasPrefix(whole.text, res.text) || res.usage.Completion != n {
			t.Errorf("%d tokens: %+v", n, res)
		}
	}
	for _, n := range []int{1, 5, 11, 14, 30, len(whole.text) - 2, len(whole.text)} {
		begun := whole.text[:n]
		res := ask(func(r *wire.Request) { r.Messages = append(r.Messages, wire.Message{Role: "assistant", Text: begun}) })
		if begun+res.text != whole.text {
			t.Errorf("%q is continued by %q", begun, res.text)
		}
	}
}

// A self-hosted server tells of itself, to anybody.
func TestOwnPages(t *testing.T) {
	r := start(t, spec(t, "vllm", func(p *plan.Provider) { p.Key = "secret" }))
	for range 2 {
		r.ask(t, "secret", request(r.Spec(), "m", "in 8 words", false))
	}
	short := request(r.Spec(), "m", "in 8 words", true)
	short.MaxTokens = 3
	r.ask(t, "secret", short)
	refused := request(r.Spec(), "m", "in 8 words", true)
	refused.Model = "gone"
	r.ask(t, "secret", refused)
	r.calls.take(t, 4)
	status, page := r.send(t, "GET", "/metrics", "", "")
	for _, want := range []string{
		`vllm:num_requests_running{engine="0",model_name="meta-llama/Llama-3.1-8B-Instruct"} 0`,
		`vllm:generation_tokens_total{engine="0",model_name="meta-llama/Llama-3.1-8B-Instruct"} 23`,
		`finished_reason="stop",model_name="meta-llama/Llama-3.1-8B-Instruct"} 2`,
		`finished_reason="length",model_name="meta-llama/Llama-3.1-8B-Instruct"} 1`,
		`finished_reason="error",model_name="meta-llama/Llama-3.1-8B-Instruct"} 0`,
	} {
		if status != 200 || !strings.Contains(page, want) {
			t.Errorf("%d, no %s in\n%s", status, want, page)
		}
	}
	for _, c := range []struct {
		method, path, key, says string
		status                  int
	}{
		{"GET", "/load", "", `{"server_load":0}`, 200},
		{"GET", "/ping", "", "", 200},
		{"POST", "/metrics", "", "Method Not Allowed", 405},
		{"POST", "/v1/embeddings", "", "Unauthorized", 401},
		{"GET", "/v1/embeddings", "secret", "Method Not Allowed", 405},
		{"GET", "/v1/responses", "secret", "Method Not Allowed", 405},
		{"POST", "/v1/embeddings", "secret", "JSON decode error", 400},
		{"POST", "/v1/responses", "secret", "JSON decode error", 400},
	} {
		if status, body := r.send(t, c.method, c.path, c.key, "{"); status != c.status || !strings.Contains(body, c.says) {
			t.Errorf("%s %s: %d %s", c.method, c.path, status, body)
		}
	}
	r.calls.take(t, 3)
	hosted := start(t, spec(t, "openai", nil))
	if status, body := hosted.send(t, "GET", "/metrics", "k", ""); status != 404 || !strings.Contains(body, "Invalid URL (GET /metrics)") {
		t.Errorf("%d %s", status, body)
	}
}

// Counting costs nothing and waits for nobody.
func TestCountTokens(t *testing.T) {
	s := spec(t, "anthropic", func(p *plan.Provider) {
		p.Service = plan.Service{Model: plan.ServiceCloud, FirstToken: time.Hour}
		p.Limits = plan.Limits{RequestsPerMinute: 1, TokensPerMinute: 1}
	})
	r := start(t, s)
	count := func(body string) (int, string) {
		hr, err := http.NewRequest("POST", r.URL+"/v1/messages/count_tokens", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		hr.Header.Set("X-Api-Key", "k")
		hr.Header.Set("Anthropic-Version", "2023-06-01")
		resp, err := r.client.Do(hr)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(b)
	}
	body := `{"model":"` + s.Models[0].ID + `","messages":[{"role":"user","content":"three words [[bo:count]]"}]}`
	for range 3 {
		if status, got := count(body); status != 200 || !strings.Contains(got, `"input_tokens":12`) {
			t.Errorf("%d %s", status, got)
		}
	}
	r.Inject("down", failing{wire.Failure{Kind: wire.FailOverload}})
	if status, got := count(body); status != 529 {
		t.Errorf("%d %s", status, got)
	}
	for i, o := range r.calls.take(t, 4) {
		if o.Operation != mocks.OperationCount || o.Marker != "count" || o.Attempt != i+1 || o.CostUSD != 0 || o.Prompt != 12 || (o.Status == 200) != (i < 3) {
			t.Errorf("%+v", o)
		}
	}
}

// Faults are told what a call is for.
func TestFaultsSeeTheOperation(t *testing.T) {
	r, _, model := familyRig(t, "openai")
	r.Inject("no embeddings", onlyOn{mocks.OperationEmbed})
	if status, body := r.send(t, "POST", "/v1/embeddings", "k", `{"model":"embed-1","input":"x"}`); status != 500 {
		t.Errorf("%d %s", status, body)
	}
	if status, body := r.send(t, "POST", "/v1/chat/completions", "k", `{"model":"`+model+`","messages":[{"role":"user","content":"hi"}]}`); status != 200 {
		t.Errorf("%d %s", status, body)
	}
	r.calls.take(t, 2)
}

type onlyOn struct{ operation string }

func (o onlyOn) Meet(c *mocks.Call) mocks.Effect {
	if c.Operation != o.operation || len(c.Request.Messages) == 0 {
		return mocks.Effect{}
	}
	return mocks.Effect{Touched: true, Fail: &wire.Failure{Kind: wire.FailServer}}
}
