package scenarios_test

import (
	"reflect"
	"strings"
	"testing"

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
`)
	want := plan.DefaultRouter
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
		"[router.privacy]\nallow = ['clouds']":  `unknown word "clouds"; did you mean "cloud"?`,
	} {
		_, err := scenarios.Decode("r.toml", []byte(minimal+text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\ngives %v\nwant  %s", text, err, want)
		}
	}
}
