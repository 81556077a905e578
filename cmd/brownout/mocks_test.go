package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"brownout/harness/chaos"
	"brownout/mocks/presets"
)

// served is a run of brownout mocks.
type served struct {
	env  map[string]string
	errs *watched
	stop func(syscall.Signal) int // ends it and gives the exit code
}

// serve starts brownout mocks and waits until it has said where everything is.
func serve(t *testing.T, args ...string) *served {
	t.Helper()
	c := program(t, append([]string{"mocks"}, args...)...)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	s := &served{env: map[string]string{}, errs: &watched{seen: make(chan struct{})}}
	c.Stderr = s.errs
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := false
	s.stop = func(sig syscall.Signal) int {
		if !ended {
			ended = true
			_ = c.Process.Signal(sig) // it may have ended by itself
			_, _ = io.Copy(io.Discard, out)
			_ = c.Wait() // the exit code tells
		}
		return c.ProcessState.ExitCode()
	}
	t.Cleanup(func() { s.stop(syscall.SIGTERM) })
	for lines := bufio.NewScanner(out); lines.Scan(); {
		name, value, ok := strings.Cut(strings.TrimPrefix(lines.Text(), "export "), "=")
		if !ok {
			t.Fatalf("not a line of a shell: %q", lines.Text())
		}
		s.env[name] = value
		if name == envAdmin { // the last one
			return s
		}
	}
	t.Fatalf("it ended before it had said where everything is:\n%s", s.errs.text())
	return nil
}

// client is the official SDK as an application would make it from the lines.
func (s *served) client(key string) openai.Client {
	return openai.NewClient(option.WithBaseURL(s.env["OPENAI_BASE_URL"]), option.WithAPIKey(key), option.WithMaxRetries(0))
}

func ask(t *testing.T, c openai.Client) (*openai.ChatCompletion, error) {
	t.Helper()
	return c.Chat.Completions.New(t.Context(), openai.ChatCompletionNewParams{
		Model:    "gpt-5.4",
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("What is a tide? Answer in 3 words.")},
	})
}

func TestMocksPrintEveryName(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for name, suffix := range map[string]string{
		"OPENAI_BASE_URL": "/v1", "OPENAI_API_BASE": "/v1", "ANTHROPIC_BASE_URL": "", "GEMINI_BASE_URL": "", "GOOGLE_GEMINI_BASE_URL": "",
		"BEDROCK_ENDPOINT": "", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "", "ANTHROPIC_BEDROCK_BASE_URL": "", "AZURE_OPENAI_ENDPOINT": "",
		"GROQ_BASE_URL": "", "XAI_BASE_URL": "/v1", "MISTRAL_BASE_URL": "", "DEEPSEEK_BASE_URL": "",
		"OLLAMA_HOST": "", "VLLM_BASE_URL": "/v1", envAdmin: "",
	} {
		url, ok := s.env[name]
		if !ok {
			t.Errorf("%s is not printed", name)
			continue
		}
		base, right := strings.CutSuffix(url, suffix)
		if !right || !strings.HasPrefix(base, "http://127.0.0.1:") || strings.Contains(base[len("http://"):], "/") {
			t.Errorf("%s=%s, want http://127.0.0.1:PORT%s", name, url, suffix)
			continue
		}
		answer, err := http.Get(base + "/brownout-probe")
		if err != nil {
			t.Errorf("%s cannot be reached: %v", name, err)
			continue
		}
		answer.Body.Close()
	}
	for _, name := range []string{
		"OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "AZURE_OPENAI_API_KEY", "GROQ_API_KEY", "XAI_API_KEY",
		"MISTRAL_API_KEY", "DEEPSEEK_API_KEY", "VLLM_API_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION",
		"AWS_DEFAULT_REGION", "GOOGLE_API_KEY",
	} {
		if s.env[name] == "" {
			t.Errorf("%s is not printed", name)
		}
	}
	if r := brownout(t, "mocks", "status", "--admin", s.env[envAdmin]); r.code != exitPassed {
		t.Errorf("exit code %d: %s", r.code, r.err)
	} else {
		for _, name := range presets.Names() {
			if !strings.Contains(r.out, name) {
				t.Errorf("the status lacks %s:\n%s", name, r.out)
			}
		}
	}
}

// A fault that is switched while the mocks run bites through an SDK, and no
// longer does once it is cleared.
func TestMocksFaultsBite(t *testing.T) {
	t.Parallel()
	s := serve(t, "--provider", "openai,anthropic", "--fault", "openai:outage,mode=errors", "--verbose")
	c := s.client("any")
	fault := func(args ...string) result {
		p := program(t, append([]string{"mocks", "fault"}, args...)...)
		p.Env = append(p.Env, envAdmin+"="+s.env[envAdmin])
		return finish(t, p)
	}
	wantStatus := func(want int) {
		t.Helper()
		_, err := ask(t, c)
		var refused *openai.Error
		if !errors.As(err, &refused) || refused.StatusCode != want {
			t.Errorf("the SDK sees %v, want status %d", err, want)
		}
	}
	wantAnswer := func() {
		t.Helper()
		if r, err := ask(t, c); err != nil || r.Choices[0].Message.Content == "" {
			t.Errorf("the SDK sees %v", err)
		}
	}
	wantStatus(http.StatusInternalServerError)
	if r := fault("--clear", "openai:outage"); r.code != exitPassed || !strings.Contains(r.out, "cleared openai:outage") {
		t.Errorf("exit code %d: %s%s", r.code, r.out, r.err)
	}
	wantAnswer()
	if r := fault("openai:deprecation,model=gpt-5.4,announced_for=0s"); r.code != exitPassed {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
	wantStatus(http.StatusNotFound)
	if r := fault("all:outage"); r.code != exitPassed || !strings.Contains(r.out, "anthropic:outage") {
		t.Errorf("exit code %d: %s%s", r.code, r.out, r.err)
	}
	if _, err := ask(t, c); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("the SDK sees %v, want a refused connection", err)
	}
	for _, bad := range []struct{ arg, says string }{
		{"openai:outage", "already claims the reachability of openai"},
		{"opnai:outage", `did you mean "openai"?`},
		{"openai:outtage", `did you mean "outage"?`},
	} {
		if r := fault(bad.arg); r.code != exitUsage || !strings.Contains(r.err, bad.says) {
			t.Errorf("%s: exit code %d, %s", bad.arg, r.code, r.err)
		}
	}
	if r := fault("--clear"); r.code != exitPassed || strings.Count(r.out, ":") != 3 {
		t.Errorf("exit code %d: %s%s", r.code, r.out, r.err)
	}
	wantAnswer()
	if code := s.stop(syscall.SIGINT); code != exitPassed {
		t.Errorf("exit code %d", code)
	}
	for _, line := range []string{"call openai chat 500 failure=server_error", "faults=openai:outage", "call openai chat 200"} {
		if !strings.Contains(s.errs.text(), line) {
			t.Errorf("the log lacks %q:\n%s", line, s.errs.text())
		}
	}
}

func TestMocksAcceptOnlyTheirKeys(t *testing.T) {
	t.Parallel()
	s := serve(t, "--provider", "openai", "--key", "sk-one", "--key", "sk-two's")
	if got := s.env["OPENAI_API_KEY"]; got != "sk-one" {
		t.Errorf("OPENAI_API_KEY=%s", got)
	}
	for key, accepted := range map[string]bool{"sk-one": true, "sk-two's": true, "sk-three": false} {
		_, err := ask(t, s.client(key))
		var refused *openai.Error
		switch {
		case accepted && err != nil:
			t.Errorf("%s: %v", key, err)
		case !accepted && (!errors.As(err, &refused) || refused.StatusCode != http.StatusUnauthorized):
			t.Errorf("%s: %v, want a 401", key, err)
		}
	}
}

// The env file is there when, and only when, everything listens.
func TestMocksEnvFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "mocks.env")
	if err := os.WriteFile(path, []byte("export STALE=1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := serve(t, "--provider", "openai", "--env-file", path, "--key", "it's a key")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"export OPENAI_BASE_URL=" + s.env["OPENAI_BASE_URL"] + "\n", "export " + envAdmin + "=" + s.env[envAdmin] + "\n",
		`export OPENAI_API_KEY='it'\''s a key'` + "\n",
	} {
		if !strings.Contains(string(b), want) {
			t.Errorf("the file lacks %q:\n%s", want, b)
		}
	}
	if strings.Contains(string(b), "STALE") {
		t.Error("what was in the file before is still there")
	}
	if code := s.stop(syscall.SIGTERM); code != exitPassed {
		t.Errorf("exit code %d", code)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	// Other mocks may have taken over the links' ports by now.
	if _, err := http.Get(s.env[envAdmin]); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("something still listens: %v", err)
	}
}

func TestMocksRefuseBadInput(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		args []string
		says []string
	}{
		{"provider", []string{"--provider", "opnai"}, []string{`--provider "opnai"`, `did you mean "openai"?`}},
		{"empty key", []string{"--key", ""}, []string{"--key is empty"}},
		{"fault without a kind", []string{"--fault", "openai"}, []string{"want PROVIDER:KIND"}},
		{"fault of no provider", []string{"--provider", "openai", "--fault", "anthropic:outage"}, []string{`unknown provider "anthropic"`, "openai"}},
		{"unknown fault", []string{"--fault", "openai:outtage"}, []string{`unknown fault kind "outtage"`, `"outage"`}},
		{"unknown parameter", []string{"--fault", "openai:outage,mod=errors"}, []string{`no parameter "mod"`, `"mode"`}},
		{"bad parameter", []string{"--fault", "openai:outage,mode=errors,period=fast"}, []string{"period must be a duration"}},
		{"bad number", []string{"--fault", "openai:rate_limit,concurrency=few"}, []string{"concurrency must be a whole number"}},
		{"bad share", []string{"--fault", "openai:outage,mode=errors,share=2"}, []string{"share must be a number above 0 and at most 1"}},
		{"share of a link", []string{"--fault", "openai:outage,share=0.5"}, []string{"share has no meaning"}},
		{"unknown model", []string{"--fault", "openai:deprecation,model=gpt-5.44"}, []string{`no model "gpt-5.44"`, `"gpt-5.4"`}},
		{"contradiction", []string{"--provider", "openai", "--fault", "openai:outage", "--fault", "openai:outage,mode=errors"}, []string{"already claims"}},
		{"env file that is a directory", []string{"--env-file", os.TempDir()}, []string{"not a regular file"}},
		{"faults of nobody", []string{"fault", "openai:outage"}, []string{"--admin", envAdmin}},
		{"no fault", []string{"fault", "--admin", "127.0.0.1:1"}, []string{"which fault?"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := brownout(t, append([]string{"mocks"}, tt.args...)...)
			if r.code != exitUsage || r.out != "" {
				t.Errorf("exit code %d, stdout %q", r.code, r.out)
			}
			for _, s := range tt.says {
				if !strings.Contains(r.err, s) {
					t.Errorf("stderr lacks %q:\n%s", s, r.err)
				}
			}
		})
	}
}

func TestMocksMeetAHostileMachine(t *testing.T) {
	t.Parallel()
	links, err := chaos.StartLinks(chaos.LinkOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer links.Close()
	_, port, _ := strings.Cut(links.API, ":")
	for _, tt := range []struct {
		name string
		args []string
		says string
	}{
		{"port taken", []string{"--port-from", port}, "port " + port + " is taken"},
		{"admin's port taken", []string{"--provider", "openai", "--admin", links.API}, "--admin"},
		{"nowhere to write", []string{"--provider", "openai", "--env-file", "no/such/dir/mocks.env"}, "--env-file"},
		{"nobody there", []string{"status", "--admin", "127.0.0.1:1"}, "are the mocks up there?"},
		{"somebody else there", []string{"status", "--admin", links.API}, "not this API"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := brownout(t, append([]string{"mocks"}, tt.args...)...)
			if r.code != exitEnvironment || !strings.Contains(r.err, tt.says) {
				t.Errorf("exit code %d, stderr %s", r.code, r.err)
			}
		})
	}
}

// Nobody is served before the faults that were asked for are in effect, and
// being told to stop while calls go on ends it all the same.
func TestMocksStopUnderLoad(t *testing.T) {
	t.Parallel()
	s := serve(t, "--provider", "openai", "--fault", "openai:latency_spike,first_token=1m,sigma=0")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	client := s.client("any")
	asked := make(chan struct{})
	go func() {
		_, err := client.Chat.Completions.New(ctx, openai.ChatCompletionNewParams{
			Model: "gpt-5.4", Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("Hello.")},
		}, option.WithMiddleware(func(r *http.Request, next option.MiddlewareNext) (*http.Response, error) {
			close(asked)
			return next(r)
		}))
		done <- err
	}()
	<-asked
	if code := s.stop(syscall.SIGTERM); code != exitPassed {
		t.Errorf("exit code %d:\n%s", code, s.errs.text())
	}
	if err := <-done; err == nil {
		t.Error("a call that would take a minute was answered")
	}
}
