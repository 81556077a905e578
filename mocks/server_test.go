package mocks_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"brownout/mocks/wire"
	"brownout/plan"
)

// Every preset, whole and streamed, through the client that the rest of the
// house uses.
func TestEveryDialect(t *testing.T) {
	for _, preset := range []string{"openai", "anthropic", "vllm", "ollama"} {
		t.Run(preset, func(t *testing.T) {
			r := start(t, spec(t, preset, nil))
			whole := r.ask(t, "key", request(r.Spec(), "m", "Answer in 25 words.", false))
			streamed := r.ask(t, "key", request(r.Spec(), "m", "Answer in 25 words.", true))
			for _, res := range []result{whole, streamed} {
				if res.fail != nil || res.err != nil {
					t.Fatalf("%+v", res)
				}
				verified(t, res.text, "m", 25)
				if res.text != whole.text || res.model != r.Spec().Models[0].ID || res.finish != wire.FinishStop || res.usage != whole.usage {
					t.Errorf("%+v, want like %+v", res, whole)
				}
			}
			for _, o := range r.calls.take(t, 2) {
				if o.Prompt != whole.usage.Prompt || o.Completion != whole.usage.Completion || o.Prompt == 0 || o.Completion == 0 {
					t.Errorf("observed %d and %d tokens, the client %+v", o.Prompt, o.Completion, whole.usage)
				}
			}

			missing := request(r.Spec(), "m", "hi", true)
			missing.Model = "gone"
			if res := r.ask(t, "key", missing); res.fail == nil || res.fail.Kind != wire.FailModelNotFound {
				t.Errorf("an unknown model: %+v", res.fail)
			}
			if o := r.calls.take(t, 1)[2]; o.Model != "gone" || o.Failure != wire.FailModelNotFound || o.Attempt != 3 {
				t.Errorf("%+v", o)
			}
		})
	}
}

func TestLengths(t *testing.T) {
	r := start(t, spec(t, "vllm", nil))
	for _, c := range []struct {
		prompt string
		words  int
	}{
		{"hello", 40},
		{"Answer in 7 words.", 7},
		{"In 3 words or in 9 words?", 9},
		{"In three words", 40},
		{"in 0 words", 1},
	} {
		res := r.ask(t, "key", request(r.Spec(), "m", c.prompt, false))
		verified(t, res.text, "m", c.words)
		r.calls.take(t, 1)
	}

	full := r.ask(t, "key", request(r.Spec(), "m", "in 30 words", false))
	for _, stream := range []bool{false, true} {
		short := request(r.Spec(), "m", "in 30 words", stream)
		short.MaxTokens = 12
		res := r.ask(t, "key", short)
		if res.finish != wire.FinishLength || res.usage.Completion != 12 || !strings.HasPrefix(full.text, res.text) || res.text == full.text {
			t.Errorf("max tokens 12: finish %q, usage %+v, text %q of %q", res.finish, res.usage, res.text, full.text)
		}
	}

	// A partial answer handed back is continued, word for word.
	words := strings.SplitAfter(full.text, " ")
	begun := strings.TrimRight(strings.Join(words[:10], ""), " ")
	prefilled := request(r.Spec(), "m", "in 30 words", true)
	prefilled.Messages = append(prefilled.Messages, wire.Message{Role: "assistant", Text: begun})
	res := r.ask(t, "key", prefilled)
	if begun+res.text != full.text || res.usage.Completion >= full.usage.Completion {
		t.Errorf("%q continued by %q (%+v), want %q", begun, res.text, res.usage, full.text)
	}
	prefilled.Messages[1].Text = full.text
	if res := r.ask(t, "key", prefilled); res.text != "" || res.finish != wire.FinishStop || res.usage.Completion != 0 {
		t.Errorf("a complete answer continued by %+v", res)
	}

	// A stop sequence is not part of the answer.
	stop := strings.TrimSpace(words[5])
	for _, stream := range []bool{false, true} {
		stopped := request(r.Spec(), "m", "in 30 words", stream)
		stopped.Stop = []string{"never", stop}
		res := r.ask(t, "key", stopped)
		want, _, _ := strings.Cut(full.text, stop)
		if res.text != want || res.finish != wire.FinishStop || res.usage.Completion > 6 {
			t.Errorf("stopped at %q: %+v, want %q", stop, res, want)
		}
	}
	r.calls.take(t, 7)
}

// Room for an answer counts against the context, whatever number a client
// writes; only Ollama takes any.
func TestContext(t *testing.T) {
	for _, c := range []struct {
		preset    string
		context   int
		maxTokens int
		kind      wire.FailureKind
	}{
		{"vllm", 500, 400, ""},
		{"vllm", 500, 500, wire.FailContextLength},
		{"vllm", 500, math.MaxInt, wire.FailContextLength},
		{"vllm", 12, 0, wire.FailContextLength},
		{"ollama", 500, 500, ""},
		{"ollama", 12, 5, wire.FailContextLength},
	} {
		r := start(t, spec(t, c.preset, func(p *plan.Provider) { p.Models[0].Context = c.context }))
		req := request(r.Spec(), "m", "six words of prompt, no more", false)
		req.MaxTokens = c.maxTokens
		var got wire.FailureKind
		if res := r.ask(t, "key", req); res.fail != nil {
			got = res.fail.Kind
		}
		if got != c.kind {
			t.Errorf("%+v: failure %q", c, got)
		}
		r.calls.take(t, 1)
	}
}

// Prompts without a marker get an answer too: the same to the same prompt,
// another to another.
func TestUnmarkedPrompts(t *testing.T) {
	r := start(t, spec(t, "openai", nil))
	ask := func(prompt string) string {
		return r.ask(t, "key", &wire.Request{Model: "gpt-5.4", Messages: []wire.Message{{Role: "user", Text: prompt}}}).text
	}
	if a, b, c := ask("why?"), ask("why?"), ask("how?"); a == "" || a != b || a == c {
		t.Errorf("%q, %q, %q", a, b, c)
	}
	for _, o := range r.calls.take(t, 3) {
		if o.Marker == "" {
			t.Errorf("no marker: %+v", o)
		}
	}
}

// Many clients leave in the middle of their streams: each call ends, is seen
// once, and leaves no goroutine (TestMain looks).
func TestClientsThatVanish(t *testing.T) {
	const clients = 50
	r := start(t, spec(t, "openai", func(p *plan.Provider) {
		p.Service = plan.Service{Model: plan.ServiceSlots, Slots: clients, PerToken: time.Hour}
	}))
	d, _ := wire.Lookup("openai")
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			ctx, leave := context.WithCancel(context.Background())
			defer leave()
			hr, err := d.NewRequest(ctx, r.URL, "key", request(r.Spec(), fmt.Sprint("m", i), "hi", true))
			if err != nil {
				t.Error(err)
				return
			}
			resp, err := r.client.Do(hr)
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			s := d.NewStreamReader(resp.Body)
			for {
				e, err := s.Next()
				if err != nil {
					t.Error(err)
					return
				}
				if e.Text != "" {
					return // and leave
				}
			}
		})
	}
	wg.Wait()
	for _, o := range r.calls.take(t, clients) {
		if !o.Aborted || o.Status != 200 || o.Completion != 1 || o.FirstToken == 0 {
			t.Errorf("%+v", o)
		}
	}
	poll(t, func() bool { return r.Gauge().Busy == 0 })
}

func TestLargeBodies(t *testing.T) {
	r := start(t, spec(t, "openai", nil))
	post := func(body io.Reader, length int64) (*http.Response, error) {
		hr, _ := http.NewRequest("POST", r.URL+"/v1/chat/completions", body)
		hr.ContentLength = length
		hr.Header.Set("Authorization", "Bearer key")
		return r.client.Do(hr)
	}
	// Declared too large: refused at once, so the sender need not even begin.
	// Undeclared: refused while it is read.
	never, _ := io.Pipe()
	for name, c := range map[string]struct {
		body   io.Reader
		length int64
	}{
		"declared":   {never, wire.MaxBody + 1},
		"undeclared": {io.LimitReader(zeros{}, wire.MaxBody+1), -1},
	} {
		resp, err := post(c.body, c.length)
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode != http.StatusRequestEntityTooLarge {
				t.Errorf("%s: status %d", name, resp.StatusCode)
			}
		}
		// An error is the server hanging up on a sender that goes on; what it
		// decided is in the observation.
		seen := r.calls.take(t, 1)
		if o := seen[len(seen)-1]; o.Failure != wire.FailTooLarge || o.Status != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: %+v", name, o)
		}
	}
	_ = never.Close()
	long := request(r.Spec(), "long", strings.Repeat("word ", 200_000), false)
	if res := r.ask(t, "key", long); res.fail != nil || res.usage.Prompt < 200_000 {
		t.Errorf("a megabyte of prompt: %+v", res.fail)
	}
	r.calls.take(t, 1)
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }

// A client that hangs up in the middle of its body is a call too.
func TestBodyThatEndsEarly(t *testing.T) {
	r := start(t, spec(t, "anthropic", nil))
	c, err := net.Dial("tcp", strings.TrimPrefix(r.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(c, "POST /v1/messages HTTP/1.1\r\nHost: x\r\nX-Api-Key: k\r\nAnthropic-Version: 2023-06-01\r\nContent-Length: 1000\r\n\r\n{\"model\":")
	c.Close()
	if o := r.calls.take(t, 1)[0]; !o.Aborted || o.Status != 499 {
		t.Errorf("%+v", o)
	}
}

// Calls on one connection that come one after the other work, whatever became
// of the one before.
func TestKeepAlive(t *testing.T) {
	r := start(t, spec(t, "ollama", nil))
	c, err := net.Dial("tcp", strings.TrimPrefix(r.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	in := bufio.NewReader(c)
	for i, want := range []int{404, 200, 405, 200} {
		body, path := "", "/api/nothing"
		if want == 200 {
			path = "/api/chat"
			body = `{"model":"` + r.Spec().Models[0].ID + `","stream":false,"messages":[{"role":"user","content":"hi"}]}`
		}
		method := "POST"
		if want == 405 {
			method, path = "DELETE", "/api/chat"
		}
		fmt.Fprintf(c, "%s %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", method, path, len(body), body)
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatalf("request %d: %v", i+1, err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		if resp.StatusCode != want {
			t.Errorf("request %d: status %d, want %d", i+1, resp.StatusCode, want)
		}
	}
	if n := len(r.calls.take(t, 2)); n != 2 {
		t.Errorf("%d observations, want those of the two chat calls", n)
	}
}

func TestHTTP2WithoutTLS(t *testing.T) {
	r := start(t, spec(t, "openai", nil))
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: protocols}
	defer transport.CloseIdleConnections()
	r.client = &http.Client{Transport: transport}
	res := r.ask(t, "key", request(r.Spec(), "m", "in 20 words", true))
	verified(t, res.text, "m", 20)
	r.calls.take(t, 1)
}

func TestCatalogueAndHealth(t *testing.T) {
	r := start(t, spec(t, "vllm", func(p *plan.Provider) { p.Key = "secret" }))
	get := func(path, key string) (int, string) {
		hr, _ := http.NewRequest("GET", r.URL+path, nil)
		if key != "" {
			hr.Header.Set("Authorization", "Bearer "+key)
		}
		resp, err := r.client.Do(hr)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(b)
	}
	for _, c := range []struct {
		path, key string
		status    int
		says      string
	}{
		{"/health", "", 200, ""},
		{"/version", "", 200, "version"},
		{"/v1/models", "", 401, "Unauthorized"},
		{"/v1/models", "secret", 200, `"max_model_len":131072`},
		{"/nothing", "secret", 404, ""},
	} {
		if status, body := get(c.path, c.key); status != c.status || !strings.Contains(body, c.says) {
			t.Errorf("GET %s: %d %s; want %d and %q", c.path, status, body, c.status, c.says)
		}
	}
}
