package scenarios_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"brownout/plan"
	"brownout/scenarios"
)

// The router's settings are those of its own configuration file, lists of
// tables and all.
func TestRouterSettings(t *testing.T) {
	p := decode(t, minimal+`
[router]
off = ["continuation"]
[router.continuation]
mode = "splice"
[[router.route]]
model = "gpt-*"
to = ["openai", "gpu-a/{model}"]
[[router.rule]]
sensitive = true
deadline_max = "2s"
prefer = ["gpu", "other"]
[router.weights]
openai = 2
other = 0.5
`)
	yes := true
	want := plan.DefaultRouter
	want.Rule = []plan.Rule{{Sensitive: &yes, DeadlineMax: 2 * time.Second, Prefer: []string{"gpu", "other"}}}
	want.Weights = map[string]float64{"openai": 2, "other": 0.5}
	want.Off = []string{"continuation"}
	want.Order = []string{"openai", "other", "gpu-a"}
	want.Continuation.Mode = plan.ContinueSplice
	want.Route = []plan.Route{{Model: "gpt-*", To: []string{"openai", "gpu-a/{model}"}}}
	if !reflect.DeepEqual(p.Router, want) {
		t.Errorf("got  %+v\nwant %+v", p.Router, want)
	}
}

// One key switches any mitigation off or on, from the command line too.
func TestMitigationsAreSwitchedByOverrides(t *testing.T) {
	for set, want := range map[string][]string{
		"router.off=breaker":                {"breaker"},
		"router.off=breaker,retries":        {"breaker", "retries"},
		`router.off=["breaker", "retries"]`: {"breaker", "retries"},
		"router.off=all":                    {"all"},
	} {
		if p := resolve(t, "provider-outage", set); !reflect.DeepEqual(p.Router.Off, want) {
			t.Errorf("%s gives %q", set, p.Router.Off)
		}
	}
}

func TestRouterSettingsAreChecked(t *testing.T) {
	for text, want := range map[string]string{
		`[router]` + "\n" + `off = ["braeker"]`: `[router]: off has an unknown word "braeker"; did you mean "breaker"?`,
		"[router.tracing]\nshare = 2":           "share must be more than 0 and at most 1, not 2",
		"[[router.route]]\nmodle = 'x'":         `[[router.route]]: unknown key "modle"; did you mean "model"?`,
		"[router]\nroute = 3":                   "[[router.route]] must be a list of tables",
		"[router.weights]\nopenia = 2":          `[router]: weights names an unknown provider "openia"; did you mean "openai"?`,
		"[[router.rule]]\nprefer = ['gpus']":    `[[router.rule]]: prefer names "gpus", which is neither a provider nor a class; did you mean "gpu"?`,
		"[[router.rule]]\npolicy = 'hybrid'":    `unknown policy "hybrid"`,
		"[router]\npolicy = 'hybrid'":           "[router]: the policy hybrid has no rule to go by",
		"[router]\npolicy = 'region'":           "[router]: the policy region has no region to stay near",
		"[router.privacy]\nallow = ['clouds']":  `unknown word "clouds"; did you mean "cloud"?`,
	} {
		_, err := scenarios.Decode("r.toml", []byte(minimal+text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\ngives %v\nwant  %s", text, err, want)
		}
	}
}
