package chaos_test

import (
	"testing"

	"brownout/harness/chaos"
	"brownout/plan"
)

// A fault on a model touches the calls for it, by whichever of its names, and
// no others.
func TestFaultOnAModel(t *testing.T) {
	spec := quick(t, "openai")
	spec.Models = []plan.Model{
		{ID: "large-2026", Aliases: []string{"large"}, Context: 8192, MaxOutput: 4096},
		{ID: "small", Context: 8192, MaxOutput: 4096},
	}
	p := newPath(t, spec)
	for _, on := range []string{"large", "large-2026"} {
		f, _, err := chaos.Bind("server_error", nil)
		if err != nil {
			t.Fatal(err)
		}
		end, err := f.Inject(t.Context(), p.Victim, chaos.Env{Name: "f", Share: 1, Seed: 1, Model: on, Note: func(string) {}})
		if err != nil {
			t.Fatal(err)
		}
		for model, want := range map[string]int{"large": 500, "large-2026": 500, "small": 200} {
			if got := p.status(t, model); got != want {
				t.Errorf("a fault on %s: %s answers %d, want %d", on, model, got, want)
			}
		}
		if err := end(t.Context()); err != nil {
			t.Error(err)
		}
		if got := p.status(t, "large"); got != 200 {
			t.Errorf("%d once it is cleared", got)
		}
	}
}

// status is what a call for a model is answered with.
func (p *path) status(t *testing.T, model string) int {
	t.Helper()
	status, _, err := p.post(t.Context(), `{"model":"`+model+`","messages":[{"role":"user","content":"In 5 words."}]}`)
	if err != nil {
		t.Fatal(err)
	}
	return status
}
