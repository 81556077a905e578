package scenarios_test

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"brownout/plan"
	"brownout/scenarios"
)

// write puts files into a new directory and returns its path.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const base = `
title = "Base"
tags = ["one", "two"]
[load]
rate = 20
duration = "60s"
mix = [{ kind = "chat" }, { kind = "faq" }]
[[provider]]
name = "a"
preset = "openai"
service = { first_token = "100ms", per_token = "10ms" }
[[provider]]
name = "b"
preset = "anthropic"
[[fault]]
kind = "outage"
on = "a"
at = "10s"
mode = "flapping"
period = "3s"
[[fault]]
name = "slow"
kind = "latency_spike"
first_token = "2s"
on = "b"
at = "40s"
[expect]
score = ">= 10"
availability = ">= 50%"
`

func TestExtendsMergesTablesAndWhatHasAName(t *testing.T) {
	dir := write(t, map[string]string{
		"base.toml":    base,
		"mid/mid.toml": "extends = \"../base.toml\"\n[promise]\nfailover = \"7s\"\n[load]\nrate = 30\n",
		"variant.toml": `
extends = "mid/mid.toml"
title = "Variant"
tags = ["three"]
[load]
profile = [{ at = "0s", rate = 5 }]
mix = [{ kind = "stream" }]
[[provider]]
name = "a"
service = { per_token = "20ms" }
[[provider]]
name = "c"
preset = "vllm"
[[fault]]
kind = "outage"
period = "5s"
[[fault]]
name = "slow"
kind = "outage"
on = "c"
at = "41s"
[expect]
score = ">= 20"
`,
	})
	p := resolve(t, filepath.Join(dir, "variant.toml"))
	if p.Scenario != "variant" || p.Title != "Variant" || !slices.Equal(p.Tags, []string{"three"}) {
		t.Errorf("head: %s %q %v", p.Scenario, p.Title, p.Tags)
	}
	if !reflect.DeepEqual(p.Load.Profile, []plan.Point{{Rate: 5}}) || p.Load.Duration != time.Minute || len(p.Load.Mix) != 1 {
		t.Errorf("load: %+v", p.Load)
	}
	if p.Promise.Failover != 7*time.Second {
		t.Errorf("what the scenario in the middle says is lost: %+v", p.Promise)
	}
	var names []string
	for _, v := range p.Providers {
		names = append(names, v.Name)
	}
	if !slices.Equal(names, []string{"a", "b", "c"}) {
		t.Errorf("providers: %v", names)
	}
	if s := p.Providers[0].Service; s.FirstToken != 100*time.Millisecond || s.PerToken != 20*time.Millisecond {
		t.Errorf("service of a: %+v", s)
	}
	if len(p.Faults) != 2 {
		t.Fatalf("faults: %+v", p.Faults)
	}
	if f := p.Faults[0]; f.Name != "outage" || f.At != 10*time.Second || f.Params["period"] != "5s" || f.Params["mode"] != "flapping" {
		t.Errorf("a fault of the same name and kind keeps what it had: %+v", f)
	}
	if f := p.Faults[1]; f.Name != "slow" || f.Kind != "outage" || !slices.Equal(f.On, []string{"c"}) {
		t.Errorf("a fault of another kind begins anew: %+v", f)
	}
	if len(p.Expect) != 2 || p.Expect[0].Bound != 20 || p.Expect[1].Bound != .5 {
		t.Errorf("expectations: %+v", p.Expect)
	}
	if q := resolve(t, filepath.Join(dir, "variant.toml"), "fault.slow.at=43s", "provider.b.region=mars"); q.Faults[1].At != 43*time.Second || q.Providers[1].Region != "mars" {
		t.Errorf("overrides do not reach what is inherited: %+v", q.Faults)
	}
}

func TestExtendsLetsARateAndAProfileTakeEachOthersPlace(t *testing.T) {
	dir := write(t, map[string]string{
		"base.toml":    strings.Replace(base, "rate = 20", "profile = [{ at = '0s', rate = 3 }, { at = '9s', rate = 4 }]", 1),
		"rate.toml":    "extends = \"base.toml\"\n[load]\nrate = 8\n",
		"profile.toml": "extends = \"rate.toml\"\n[load]\nprofile = [{ at = '2s', rate = 5 }]\n",
	})
	for file, want := range map[string][]plan.Point{
		"rate.toml": {{Rate: 8}}, "profile.toml": {{At: 2 * time.Second, Rate: 5}},
	} {
		if p := resolve(t, filepath.Join(dir, file)); !reflect.DeepEqual(p.Load.Profile, want) {
			t.Errorf("%s: %+v, want %+v", file, p.Load.Profile, want)
		}
	}
}

func TestExtendsTheLibrary(t *testing.T) {
	dir := write(t, map[string]string{"mine.toml": "extends = \"provider-outage\"\n[load]\nrate = 7\n"})
	p, q := resolve(t, filepath.Join(dir, "mine.toml")), resolve(t, "provider-outage")
	q.Scenario, q.Load.Profile = "mine", []plan.Point{{Rate: 7}}
	if !reflect.DeepEqual(p, q) {
		t.Errorf("got  %+v\nwant %+v", p, q)
	}
}

func TestExtendsTellsWhatIsWrongWhereItStands(t *testing.T) {
	dir := write(t, map[string]string{
		"a.toml": "extends = \"b.toml\"", "b.toml": "title = \"b\"\nextends = \"sub/../a.toml\"",
		"self.toml": "extends = \"./self.toml\"", "none.toml": "\nextends = \"missing.toml\"",
		"word.toml": "extends = \"provider-outtage\"", "number.toml": "extends = 3",
		"broken.toml": "title = 1\n[load", "onbroken.toml": "extends = \"broken.toml\"",
		"base.toml": base, "short.toml": "extends = \"base.toml\"\n[load]\nduration = \"5s\"\n[[fault]]\nname=\"slow\"\nshare=7\n",
	})
	for file, want := range map[string]string{
		"a.toml":        "b.toml:2:1: extends: the scenario extends itself: a.toml -> b.toml -> a.toml",
		"self.toml":     "self.toml:1:1: extends: the scenario extends itself: self.toml -> self.toml",
		"none.toml":     "none.toml:2:1: extends: cannot read the scenario missing.toml",
		"word.toml":     `word.toml:1:1: extends: no built-in scenario and no file is called "provider-outtage"; did you mean "provider-outage"?`,
		"number.toml":   "number.toml:1:1: extends must be the name of a built-in scenario or a path, not the number 3",
		"onbroken.toml": "broken.toml:2:",
		"short.toml":    "base.toml:18:1: fault \"outage\": begins at 10s, when the load has ended (5s)",
	} {
		_, err := scenarios.Open(filepath.Join(dir, file))
		if err == nil {
			t.Errorf("%s: accepted", file)
			continue
		}
		if got := strings.ReplaceAll(err.Error(), dir+"/", ""); !strings.Contains(got, want) {
			t.Errorf("%s: got\n%s\nwant it to contain\n%s", file, got, want)
		}
	}
	_, err := scenarios.Open(filepath.Join(dir, "short.toml"))
	if got := err.Error(); !strings.Contains(got, "short.toml:6:1: fault \"slow\": share") {
		t.Errorf("what stands in the variation is not told there:\n%s", got)
	}
}
