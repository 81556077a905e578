package scenarios_test

import (
	"encoding/json"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"brownout/plan"
	"brownout/scenarios"
)

// again is the plan of the file that is written of a plan.
func again(t *testing.T, p *plan.Plan) *plan.Plan {
	t.Helper()
	text := scenarios.Write(p, "Saved.\nIn a test.")
	s, err := scenarios.Decode(p.Scenario+".toml", text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	q, err := s.Resolve(scenarios.ResolveOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// What is written of a plan resolves to that plan, for every scenario of the
// library and whatever was set beside it.
func TestAWrittenScenarioIsThePlan(t *testing.T) {
	for _, name := range scenarios.Builtin() {
		for _, set := range [][]string{nil, {"seed=9", "target=direct", "load.duration=59s", "router.retries=0", "router.off=breaker", "promise.failover=7s", "weights.cost=0"}} {
			p, err := open(t, name).Resolve(scenarios.ResolveOptions{Set: set})
			if err != nil {
				t.Fatal(err)
			}
			p.Overrides = nil // a file of its own differs from nothing
			if q := again(t, p); !reflect.DeepEqual(p, q) {
				a, _ := json.MarshalIndent(p, "", " ")
				b, _ := json.MarshalIndent(q, "", " ")
				t.Errorf("%s %v is another plan:\n%s", name, set, firstDifference(string(a), string(b)))
			}
		}
	}
}

func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return strings.Join(x[max(0, i-4):i+1], "\n") + "\ninstead of it\n" + y[i]
		}
	}
	return "one is longer"
}

// Keys that no scenario of the library has.
func TestOddPlansAreWritten(t *testing.T) {
	const odd = `
title = "A \"quoted\" title with a \\ and a \u00ad"
about = "One paragraph that ends in a quote: \"x\"\n\nand another with three \"\"\" of them \\ here"
[load]
duration = "40s"
workers = 17
profile = [{ at = "1s", rate = 0.25 }, { at = "20s", rate = 1e6 }]
mix = [{ kind = "chat", deadline = "3s", allow = ["cloud"], regions = ["us-east-1"], strict = true }]
[[provider]]
name = "a"
preset = "openai"
key = "sk-only"
limits = { requests_per_minute = 5 }
service = { model = "slots", slots = 3, queue = 0 }
model = [{ id = "gpt-4.1", price_in = 0.5 }, { id = "own", aliases = ["mine"], context = 5 }]
variant = [{ model = "own", id = "own-b", weight = 2 }]
error = [{ kind = "overload", status = 503, message = "no" }]
[[provider]]
name = "b"
preset = "anthropic"
[router]
order = ["b", "a"]
failover = false
retries = 0
route = [{ model = "gpt*", to = ["a/{model}", "b"] }]
breaker = { open_for = "7s" }
[[switch]]
at = "9s"
off = ["retries"]
on = ["breaker"]
[[switch]]
at = "3s"
policy = "priority"
[[fault]]
kind = "rate_limit"
on = ["a", "b"]
at = "12s"
for = "3.5s"
requests_per_minute = 60
[[fault]]
kind = "server_error"
name = "half"
on = "model:own"
when = "share(b) < 10%"
for = "2s"
share = 0.5
ramp = "1s"
[expect]
"p95(chat)" = "<= 3s"
`
	s, err := scenarios.Decode("odd.toml", []byte(odd))
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Resolve(scenarios.ResolveOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Changes) != 2 || p.Changes[0].At != 3*time.Second || !slices.Equal(p.Changes[1].On, []string{"breaker"}) {
		t.Errorf("switches %+v", p.Changes)
	}
	if q := again(t, p); !reflect.DeepEqual(p, q) {
		a, _ := json.MarshalIndent(p, "", " ")
		b, _ := json.MarshalIndent(q, "", " ")
		t.Errorf("another plan:\n%s", firstDifference(string(a), string(b)))
	}
}

// A plan in which a person had a hand is a scenario, too, with the same faults
// at the same times.
func TestWhatWasDoneByHandIsWritten(t *testing.T) {
	p, err := open(t, "provider-outage").Resolve(scenarios.ResolveOptions{})
	if err != nil {
		t.Fatal(err)
	}
	p = p.With(plan.Fault{
		Name: "latency_spike", Kind: "latency_spike", On: []string{"anthropic", "gpu-a"}, At: 12345 * time.Millisecond, For: 2 * time.Second,
		Horizon: 15 * time.Second, Share: .25, Params: map[string]any{"first_token": "3s"},
	})
	p = p.Shortened("outage", 4321*time.Millisecond)
	p = p.WithProfile(p.Load.Scaled(20*time.Second, .5).Profile)
	p = p.WithProfile(p.Load.Held(25*time.Second, 3).Profile)
	p = p.WithChange(plan.Change{At: 7 * time.Second, Off: []string{"breaker"}})
	q := again(t, p)
	slices.SortStableFunc(p.Faults, func(a, b plan.Fault) int { return int(a.At - b.At) })
	for i := range p.Faults { // the file's reader fills in the rest
		p.Faults[i].Params = q.Faults[i].Params
	}
	if !reflect.DeepEqual(p, q) {
		a, _ := json.MarshalIndent(p, "", " ")
		b, _ := json.MarshalIndent(q, "", " ")
		t.Errorf("another plan:\n%s", firstDifference(string(a), string(b)))
	}
	golden(t, filepath.Join("testdata", "written.golden.toml"), string(scenarios.Write(p, "Saved from a run of provider-outage.\nIts faults were made by hand.")))
}

func TestSwitchesThatCannotBe(t *testing.T) {
	const rest = `
[load]
rate = 20
duration = "30s"
[[provider]]
name = "openai"
[[switch]]
`
	for text, want := range map[string]string{
		`off = ["breaker"]`:                  "at is missing",
		`at = "30s"` + "\non = [\"all\"]":    "when the load has ended",
		`at = "3s"`:                          "nothing is switched",
		`at = "3s"` + "\noff = [\"braker\"]": `did you mean "breaker"?`,
		`at = "3s"` + "\npolicy = \"dice\"":  "unknown policy",
		`at = "3s"` + "\nof = [\"all\"]":     `did you mean "off"?`,
	} {
		_, err := scenarios.Decode("x.toml", []byte(rest+text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
