package scenarios_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"brownout/plan"
	"brownout/scenarios"
)

func resolve(t *testing.T, name string, set ...string) *plan.Plan {
	t.Helper()
	p, err := open(t, name).Resolve(scenarios.ResolveOptions{Set: set})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestOverridesReachEveryPartOfAPlan(t *testing.T) {
	p := resolve(
		t, "provider-outage",
		"title=42", "seed=9", "target=direct",
		"load.duration=50s", "load.profile=[{at='0s',rate=5}]", "load.mix.chat.weight=3", "load.mix.1.tokens=90",
		"promise.failover=3s", "weights.cost=0", `expect."availability"=>= 90%`,
		"fault.outage.for=5s", "fault.outage.mode=reset", "fault.0.name=down", "fault.down.on=[\"openai\", \"anthropic\"]",
		"provider.openai.limits.requests_per_minute=100", `provider.openai.model."gpt-5.5".price_in=7`, "provider.gpu-a.service.max_sequences=3",
		"router.breaker.open_for=3s", "router.retries=0",
	)
	openai, _ := p.Provider("openai")
	gpu, _ := p.Provider("gpu-a")
	chat, _ := p.MixOf(plan.KindChat)
	f := p.Faults[0]
	for what, ok := range map[string]bool{
		"title":     p.Title == "42",
		"seed":      p.Seed == 9,
		"target":    p.Target == "direct",
		"duration":  p.Load.Duration == 50*time.Second,
		"profile":   len(p.Load.Profile) == 1 && p.Load.Rate(0) == 5,
		"weight":    chat.Weight == 3,
		"tokens":    p.Load.Mix[1].Tokens == 90,
		"promise":   p.Promise.Failover == 3*time.Second && p.Promise.Availability == 0.99,
		"weights":   p.Weights.Cost == 0 && p.Weights.Availability == plan.DefaultWeights.Availability,
		"expect":    p.Expect[1].Metric == "availability" && strings.Contains(p.Expect[1].Expr, "90%"),
		"fault":     f.For == 5*time.Second && f.Name == "down" && len(f.On) == 2 && f.Params["mode"] == "reset",
		"limits":    openai.Limits.RequestsPerMinute == 100 && openai.Limits.TokensPerMinute > 0,
		"catalogue": len(openai.Models) > 2 && openai.Models[0].ID == "gpt-5.4" && openai.Models[1].PriceIn == 7 && openai.Models[1].PriceOut == 30,
		"sequences": gpu.Service.MaxSequences == 3 && gpu.Service.Model == plan.ServiceGPU,
		"router":    p.Router.Breaker.OpenFor == 3*time.Second && p.Router.Breaker.Probes == plan.DefaultRouter.Breaker.Probes && p.Router.Retries == -1,
	} {
		if !ok {
			t.Errorf("%s: not as set", what)
		}
	}
}

func TestOverridesLeaveTheScenarioAsItWas(t *testing.T) {
	s := open(t, "provider-outage")
	want, err := s.Resolve(scenarios.ResolveOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Resolve(scenarios.ResolveOptions{Set: []string{"load.duration=50s", "fault.outage.for=5s", "provider.openai.region=x"}}); err != nil {
		t.Fatal(err)
	}
	if got, _ := s.Resolve(scenarios.ResolveOptions{}); !reflect.DeepEqual(got, want) {
		t.Errorf("an override outlives its plan:\n got %+v\nwant %+v", got, want)
	}
}

func TestATableInAnOverrideResolvesTheSameEachTime(t *testing.T) {
	const set = "expect={score='>= 1', failed='<= 1', hung='== 0', availability='>= 1%', corrupt='== 0'}"
	want := resolve(t, "provider-outage", set)
	for range 20 {
		if got := resolve(t, "provider-outage", set); !reflect.DeepEqual(got, want) {
			t.Fatalf("%v, then %v", want.Expect, got.Expect)
		}
	}
}

func TestBadOverridesAreTold(t *testing.T) {
	for set, want := range map[string]string{
		"load.duraton=5s":            `--set load.duraton: [load]: unknown key "duraton"; did you mean "duration"?`,
		"laod.duration=5s":           `--set laod.duration: scenario: unknown key "laod"; did you mean "load"?`,
		"load.duration=fast":         `--set load.duration: [load]: duration: "fast" is not a duration`,
		"load.duration=-5s":          `--set load.duration: [load]: duration must be more than 0s`,
		"promise.availability=2":     `--set promise.availability: [promise]: availability must be more than 0 and less than 1, not 2`,
		"fault.outge.for=5s":         `--set fault.outge.for: no fault is called "outge"; did you mean "outage"?`,
		"fault.outage.mdoe=reset":    `--set fault.outage.mdoe: fault "outage": unknown key "mdoe"; did you mean "mode"?`,
		"fault.outage.on=opnai":      `--set fault.outage.on: fault "outage": unknown provider "opnai"; did you mean "openai"?`,
		"provider.opnai.region=x":    `--set provider.opnai.region: no provider is called "opnai"; did you mean "openai"?`,
		"provider.openai.model.x.id": `--set provider.openai.model.x.id: not of the form key=value`,
		"load.mix.chta.weight=1":     `--set load.mix.chta.weight: no mix is called "chta"; did you mean "chat"?`,
		"load.rate.x=1":              `--set load.rate.x: load.rate holds the number 40, so that nothing stands below it`,
		"load..x=1":                  `--set load..x: not a path of keys joined by dots`,
		"=1":                         `--set =1: not of the form key=value`,
		"fault.7=1":                  `--set fault.7: no fault is called "7"`,
		"extends=latency-spike":      `--set extends: extends cannot be set`,
		"vars.rate=1":                `--set vars.rate: the scenario has no variable "rate"`,
	} {
		_, err := open(t, "provider-outage").Resolve(scenarios.ResolveOptions{Set: []string{set}})
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("--set %s\n got %v\nwant %s", set, err, want)
		}
	}
	_, err := open(t, "provider-outage").With("load.duration=x", "promise.failover=y", "fault.z.at=1s")
	if err == nil || strings.Count(err.Error(), "\n") != 0 {
		t.Errorf("a path that leads nowhere is told first and alone: %v", err)
	}
}

// A plan knows what in it is not as the scenario's file has it; a key stays
// secret there, too.
func TestAPlanKnowsWhatWasOverridden(t *testing.T) {
	s, err := open(t, "provider-outage").With("load.duration=30s", `provider.openai.key="hush-1a2b"`)
	if err != nil {
		t.Fatal(err)
	}
	if s, err = s.Without("gpu-a"); err != nil {
		t.Fatal(err)
	}
	p, err := s.Resolve(scenarios.ResolveOptions{Set: []string{"promise.failover=7s"}})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"load.duration=30s", `provider.openai.key="…"`, "without gpu-a", "promise.failover=7s"}
	if !slices.Equal(p.Overrides, want) {
		t.Errorf("got %q, want %q", p.Overrides, want)
	}
	if p, err = open(t, "provider-outage").Resolve(scenarios.ResolveOptions{Target: "direct"}); err != nil || p.Overrides != nil {
		t.Errorf("as the file has it: %q, %v", p.Overrides, err)
	}
}
