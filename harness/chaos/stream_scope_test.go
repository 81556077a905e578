//go:build !race

package chaos_test

import (
	"strconv"
	"strings"
	"testing"

	"brownout/harness/chaos"
)

// A share touches some calls, keyed; a model touches its calls only.
func TestStreamFaultsKeepToTheirCalls(t *testing.T) {
	p := newSDKPath(t, "openai")
	models := p.Provider.Spec().Models
	ask := func(model string, n int) bool {
		marker := "chat-" + strconv.Itoa(n)
		got := askOpenAI(t.Context(), p, model, "Answer in 20 words. [[bo:"+marker+"]]", true)
		p.call(t)
		return got.err == nil && got.finish == "stop"
	}
	end := p.inject(t, "stream_truncate", nil, chaos.Env{Share: 0.5})
	const calls = 60
	cut := 0
	for n := range calls {
		if !ask(models[0].ID, n) {
			cut++
		}
	}
	if cut < calls/4 || cut > 3*calls/4 {
		t.Errorf("%d of %d streams were cut, want about half", cut, calls)
	}
	end()
	end = p.inject(t, "stream_truncate", nil, chaos.Env{Model: models[1].ID})
	if !ask(models[0].ID, 1) || ask(models[1].ID, 1) {
		t.Error("a fault of one model touches another, or not its own")
	}
	end()
}

// What a provider cannot have is said before anything happens.
func TestFaultsThatDoNotFit(t *testing.T) {
	for _, c := range []struct {
		preset, kind string
		params       map[string]any
		says         string
	}{
		{"ollama", "request_ids", nil, "bear no request id"},
		{"gemini", "request_ids", nil, "bear no request id"},
		{"openai", "model_swap", map[string]any{"model": "gpt-5.55"}, `did you mean "gpt-5.5"?`},
		{"openai", "model_swap", map[string]any{"model": "text-embedding-3-small"}, "has no chat model"},
	} {
		p := newSDKPath(t, c.preset)
		f, _, err := chaos.Bind(c.kind, c.params)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Inject(t.Context(), p.Victim, chaos.Env{Name: "x", Share: 1, Note: func(string) {}}); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s on %s: %v, want it to say %q", c.kind, c.preset, err, c.says)
		}
	}
}
