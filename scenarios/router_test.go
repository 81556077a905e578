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
off = ["hedging"]
policy = "hybrid"
weights = { openai = 3, gpu-a = 0.5 }
[router.cache]
ttl = "5s"
[router.validation]
checks = ["schema"]
[[router.route]]
model = "gpt-*"
to = ["openai", "gpu-a/{model}"]
[[router.rule]]
sensitive = true
prefer = ["gpu"]
[[router.migration]]
from = "a"
to = "b"
share = 0.5
ramp = "1m"
[[router.model_map.alias]]
name = "best"
model = "gpt-5.4"
`)
	yes := true
	want := plan.DefaultRouter
	want.Off, want.Policy = []string{"hedging"}, plan.PolicyHybrid
	want.Order = []string{"openai", "other", "gpu-a"}
	want.Weights = map[string]float64{"openai": 3, "gpu-a": 0.5}
	want.Cache.TTL = 5 * time.Second
	want.Validation.Checks = []string{plan.CheckSchema}
	want.Route = []plan.Route{{Model: "gpt-*", To: []string{"openai", "gpu-a/{model}"}}}
	want.Rule = []plan.Rule{{Sensitive: &yes, Prefer: []string{"gpu"}}}
	want.Migration = []plan.Migration{{From: "a", To: "b", Share: 0.5, Ramp: time.Minute}}
	want.ModelMap.Alias = []plan.ModelAlias{{Name: "best", Model: "gpt-5.4"}}
	if !reflect.DeepEqual(p.Router, want) {
		t.Errorf("got  %+v\nwant %+v", p.Router, want)
	}
}

// One key switches any mitigation off or on, from the command line too.
func TestMitigationsAreSwitchedByOverrides(t *testing.T) {
	for set, want := range map[string][]string{
		"router.off=hedging":              {"hedging"},
		"router.off=hedging,cache":        {"hedging", "cache"},
		`router.off=["hedging", "cache"]`: {"hedging", "cache"},
		"router.off=all":                  {"all"},
	} {
		if p := resolve(t, "provider-outage", set); !reflect.DeepEqual(p.Router.Off, want) {
			t.Errorf("%s gives %q", set, p.Router.Off)
		}
	}
}

func TestRouterSettingsAreChecked(t *testing.T) {
	for text, want := range map[string]string{
		`[router]` + "\n" + `off = ["hegding"]`:     `[router]: off has an unknown word "hegding"; did you mean "hedging"?`,
		"[router.hedging]\nshare = 2":               "share must be more than 0 and at most 1, not 2",
		"[router]\nweights = { openai = -1 }":       `weights of "openai" must be a number of at least 0`,
		"[[router.route]]\nmodle = 'x'":             `[[router.route]]: unknown key "modle"; did you mean "model"?`,
		"[router]\nroute = 3":                       "[[router.route]] must be a list of tables",
		"[router.validation]\nchecks = ['schemas']": `unknown word "schemas"; did you mean "schema"?`,
	} {
		_, err := scenarios.Decode("r.toml", []byte(minimal+text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\ngives %v\nwant  %s", text, err, want)
		}
	}
}
