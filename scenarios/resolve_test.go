package scenarios_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"brownout/mocks/presets"
	"brownout/plan"
	"brownout/scenarios"
)

const minimal = `
[load]
rate = 50
duration = "60s"
[[provider]]
name = "openai"
[[provider]]
name = "other"
preset = "anthropic"
region = "us-east-1"
[[provider]]
name = "gpu-a"
preset = "vllm"
`

func decode(t *testing.T, text string) *plan.Plan {
	t.Helper()
	s, err := scenarios.Decode("dir/mini.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Resolve(scenarios.ResolveOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestASilentScenarioGetsTheDefaults(t *testing.T) {
	p := decode(t, minimal)
	preset := func(name, preset string) plan.Provider {
		v, _ := presets.Get(preset)
		v.Name = name
		return v
	}
	other := preset("other", "anthropic")
	other.Region = "us-east-1"
	router := plan.DefaultRouter
	router.Order = []string{"openai", "other", "gpu-a"}
	want := &plan.Plan{
		Scenario: "mini", Title: "mini", Seed: plan.DefaultSeed, Target: scenarios.DefaultTarget,
		Load: plan.Load{
			Profile: []plan.Point{{Rate: 50}}, Duration: time.Minute, Workers: plan.DefaultWorkers,
			Mix: []plan.Mix{plan.DefaultMix[plan.KindChat]},
		},
		Providers: []plan.Provider{preset("openai", "openai"), other, preset("gpu-a", "vllm")},
		Router:    router, Promise: plan.DefaultPromise, Weights: plan.DefaultWeights,
	}
	if !reflect.DeepEqual(p, want) {
		t.Errorf("got  %+v\nwant %+v", p, want)
	}
}

func TestSelectorsMeanProvidersInTheOrderOfThePlan(t *testing.T) {
	for on, want := range map[string]string{
		`"gpu-a"`:                           "gpu-a",
		`["gpu-a", "openai"]`:               "openai gpu-a",
		`"class:cloud"`:                     "openai other",
		`"region:us-east-1"`:                "openai other",
		`"all"`:                             "openai other gpu-a",
		`["class:gpu", "other", "gpu-a"]`:   "other gpu-a",
		`["region:eu-central-1", "openai"]`: "openai gpu-a",
	} {
		p := decode(t, minimal+"[[fault]]\nkind = 'outage'\nat = '10s'\non = "+on)
		if got := strings.Join(p.Faults[0].On, " "); got != want {
			t.Errorf("on = %s means %s, not %s", on, got, want)
		}
	}
}

func TestFaultsAreNamedAfterTheirKindAndOrderedByTime(t *testing.T) {
	text := minimal
	for i, name := range []string{"", "outage-2", "", ""} {
		text += fmt.Sprintf("[[fault]]\nkind = 'outage'\non = 'openai'\nfor = '4s'\nat = '%ds'\n", 50-10*i)
		if name != "" {
			text += "name = '" + name + "'\n"
		}
	}
	var got []string
	for _, f := range decode(t, text).Faults {
		got = append(got, f.Name+"@"+f.At.String())
	}
	if s := strings.Join(got, " "); s != "outage-4@20s outage-3@30s outage-2@40s outage@50s" {
		t.Error(s)
	}
}

// TestTheHorizonEndsWhereSomethingElseBegins gives one outage of openai from
// 10 s to 20 s and a second fault.
func TestTheHorizonEndsWhereSomethingElseBegins(t *testing.T) {
	for _, c := range []struct {
		why, first, second string
		want               time.Duration
	}{
		{"alone: the default", "", "", plan.DefaultHorizon},
		{"alone: as asked", "horizon = '7s'", "", 7 * time.Second},
		{"the load ends", "horizon = '50s'", "", 40 * time.Second},
		{"another provider's fault does not matter", "", "on = 'other'\nat = '25s'", plan.DefaultHorizon},
		{"the next fault of the provider", "", "on = 'all'\nat = '25s'", 5 * time.Second},
		{"the next fault begins at once", "", "on = 'openai'\nat = '20s'", 0},
		{"a fault that outlasts it", "", "on = 'openai'\nat = '15s'\nfor = '20s'", 0},
		{"a fault that ended within it", "", "on = 'openai'\nat = '12s'\nfor = '4s'", plan.DefaultHorizon},
		{"a fault after its horizon", "", "on = 'openai'\nat = '40s'", plan.DefaultHorizon},
		{"one that may come at any time", "", "on = 'openai'\nat = '25s'\nwhen = 'rate > 1'", plan.DefaultHorizon},
	} {
		text := minimal + "[[fault]]\nname = 'first'\nkind = 'outage'\non = 'openai'\nat = '10s'\nfor = '10s'\n" + c.first + "\n"
		if c.second != "" {
			text += "[[fault]]\nkind = 'latency_spike'\n" + c.second
		}
		for _, f := range decode(t, text).Faults {
			if f.Name == "first" && f.Horizon != c.want {
				t.Errorf("%s: horizon %s, not %s", c.why, f.Horizon, c.want)
			}
		}
	}
}

func TestAListedModelStartsFromThePresetsModelOfThatID(t *testing.T) {
	base, _ := presets.Get("openai")
	second := base.Models[1]
	p := decode(t, strings.Replace(minimal, `name = "openai"`, fmt.Sprintf("name = \"openai\"\nmodel = [{ id = %q, price_in = 9 }, { id = \"mine\", context = 100 }]", second.ID), 1))
	got := p.Providers[0].Models
	second.PriceIn = 9
	mine := base.Models[0]
	mine.ID, mine.Context, mine.Replaces = "mine", 100, ""
	if want := []plan.Model{second, mine}; !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}
