package chaos_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"brownout/harness/chaos"
)

func TestBindRefusesWhatDoesNotFit(t *testing.T) {
	tests := []struct {
		name, kind string
		params     map[string]any
		param      string // that the error points at
		says       []string
	}{
		{"unknown kind", "outtage", nil, "", []string{`unknown fault kind "outtage"`, `did you mean "outage"?`}},
		{"unknown parameter", "outage", map[string]any{"mod": "reset"}, "mod", []string{`no parameter "mod"`, `did you mean "mode"?`}},
		{"not in the list", "outage", map[string]any{"mode": "refusd"}, "mode", []string{"mode must be one of", `did you mean "refused"?`}},
		{"not a duration", "outage", map[string]any{"period": 2}, "period", []string{"period must be a duration", `the default is "2s"`}},
		{"duration too short", "outage", map[string]any{"period": "1ms"}, "period", []string{"between 100ms and 10m"}},
		{"negative duration", "latency_spike", map[string]any{"first_token": "-1s"}, "first_token", []string{"between 0s and 10m"}},
		{"number too large", "outage", map[string]any{"duty": 1.5}, "duty", []string{"between 0.05 and 0.95"}},
		{"number as text", "outage", map[string]any{"duty": "0.5"}, "duty", []string{"a number"}},
		{"not whole", "rate_limit", map[string]any{"concurrency": 1.5}, "concurrency", []string{"a whole number"}},
		{"limits nothing", "rate_limit", nil, "", []string{"limits nothing", "requests_per_minute"}},
		{"jitter beyond latency", "latency_spike", map[string]any{"latency": "10ms", "jitter": "20ms"}, "jitter", []string{"larger than latency"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := chaos.Bind(tt.kind, tt.params)
			var pe *chaos.ParamError
			if !errors.As(err, &pe) {
				t.Fatalf("error is %v, want a ParamError", err)
			}
			if pe.Param != tt.param {
				t.Errorf("points at %q, want %q", pe.Param, tt.param)
			}
			for _, s := range tt.says {
				if !strings.Contains(err.Error(), s) {
					t.Errorf("says %q, want it to contain %q", err, s)
				}
			}
		})
	}
}

// A journal keeps parameters as JSON; what is read back must bind to the same.
func TestBindAcceptsItsOwnCanonicalForm(t *testing.T) {
	for _, k := range chaos.Kinds() {
		t.Run(k.Name, func(t *testing.T) {
			params := map[string]any{}
			switch k.Name { // that want one of several to be given
			case "rate_limit":
				params["concurrency"] = int64(3)
			case "degraded_link":
				params["bandwidth"] = int64(3)
			}
			first, canonical, err := chaos.Bind(k.Name, params)
			if err != nil {
				t.Fatal(err)
			}
			b, err := json.Marshal(canonical)
			if err != nil {
				t.Fatal(err)
			}
			var back map[string]any
			if err := json.Unmarshal(b, &back); err != nil {
				t.Fatal(err)
			}
			second, again, err := chaos.Bind(k.Name, back)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(first, second); d != "" {
				t.Errorf("bound differently:\n%s", d)
			}
			if d := cmp.Diff(canonical, again); d != "" {
				t.Errorf("canonical form moved:\n%s", d)
			}
		})
	}
}

func TestEveryKindExplainsItself(t *testing.T) {
	for _, k := range chaos.Kinds() {
		if k.Summary == "" || len(k.Page) < 200 || k.Claims == "" {
			t.Errorf("%s: summary, page or claim is missing", k.Name)
		}
		for _, p := range chaos.Params(k.Name) {
			if p.Name == "" || p.Doc == "" {
				t.Errorf("%s: parameter %+v lacks a name or a meaning", k.Name, p)
			}
		}
	}
}
