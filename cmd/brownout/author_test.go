package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"brownout/harness/chaos"
	"brownout/mocks/presets"
	"brownout/plan"
	"brownout/scenarios"
)

func TestListFilters(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args         []string
		shows, hides string
	}{
		{[]string{"--challenge", "api downtime"}, "provider-outage", "model-deprecation"},
		{[]string{"--fault", "rate_limit"}, "rate-limit-storm", "provider-outage"},
		{[]string{"--provider", "vllm", "--tag", "outage"}, "provider-outage", "latency-spike"},
		{[]string{"--json", "--tag", "latency"}, `"name": "latency-spike"`, "provider-outage"},
	} {
		r := inside(t, append([]string{"list"}, tt.args...)...)
		if r.code != exitPassed || !strings.Contains(r.out, tt.shows) || strings.Contains(r.out, tt.hides) {
			t.Errorf("%v: exit code %d:\n%s%s", tt.args, r.code, r.out, r.err)
		}
	}
	for _, flag := range []string{"--tag", "--challenge", "--fault", "--provider"} {
		if r := inside(t, "list", flag, "nonsense"); r.code != exitUsage || !strings.Contains(r.err, "known are ") {
			t.Errorf("%s: exit code %d: %s", flag, r.code, r.err)
		}
	}
	var all []struct {
		Name   string   `json:"name"`
		Faults []string `json:"fault_kinds"`
	}
	if err := json.Unmarshal([]byte(inside(t, "list", "--json").out), &all); err != nil || len(all) != len(scenarios.Builtin()) || len(all[0].Faults) == 0 {
		t.Errorf("%v: %+v", err, all)
	}
}

func TestListFitsNarrowTerminals(t *testing.T) {
	t.Parallel()
	for _, columns := range []string{"40", "60", "80", "100", "132", "160"} {
		r := insideWith(t, map[string]string{"COLUMNS": columns}, "list")
		width := map[string]int{"40": 40, "60": 60, "80": 80, "100": 100, "132": 132, "160": 160}[columns]
		for line := range strings.Lines(r.out) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > width {
				t.Errorf("%s columns: %d in %q", columns, n, line)
			}
		}
		for _, name := range scenarios.Builtin() {
			if !strings.Contains(r.out, name) {
				t.Errorf("%s columns: %s is cut:\n%s", columns, name, r.out)
			}
		}
		// What a row tells beside its name depends on the room that there is.
		for word, least := range map[string]int{"The primary goes silent": 0, "failover, timeout": 100, "outage of openai, 9s to 16s": 140} {
			if strings.Contains(r.out, word) != (width >= least) && width >= 80 {
				t.Errorf("%s columns: %q where %d are the least", columns, word, least)
			}
		}
	}
}

func TestExplainKnowsEveryName(t *testing.T) {
	t.Parallel()
	for name, wants := range map[string][]string{
		"score":            {"availability", "35.0 %", "geometric mean", "[promise]"},
		"time_to_failover": {"from injection until", "unit        time", "time_to_failover = \"<= 3s\""},
		"share":            {`"share(NAME)" = ">= 98%"`, "a provider or a class"},
		"openai":           {"gpt-5.4", "requests per minute", "name = \"openai\""},
		"vllm":             {"class gpu", "at once"},
		"api downtime":     {"API Downtime", "provider-outage"},
		"outage":           {"in scenarios: ", "provider-outage"},
		"portkey":          {"strategy.mode", "version     1.15.2", "npm ci", "brownout run provider-outage --target portkey"},
		"bundled":          {"served in this process", "here        ready"},
		"http":             {"runs already", "BROWNOUT_TARGET_URL"},
		"envoy-ai-gateway": {"one at a time", "on the PATH"},
		"partial":          {"before a retry-after", "quota_exhausted", "grades: pass, partial, safe, unknown, fail"},
		"safe":             {"without failover", "overload"},
		"fail":             {"more than 3 that failed", "a verdict of runs, too"},
	} {
		r := inside(t, "explain", name)
		if r.code != exitPassed {
			t.Errorf("%s: exit code %d: %s", name, r.code, r.err)
		}
		for _, want := range wants {
			if !strings.Contains(r.out, want) {
				t.Errorf("%s lacks %q:\n%s", name, want, r.out)
			}
		}
	}
	if r := inside(t, "explain", "API", "Downtime"); r.code != exitPassed || !strings.Contains(r.out, "provider-outage") {
		t.Errorf("a challenge of two words needs no quotes: %d %s", r.code, r.err)
	}
	if r := inside(t, "explain", "time_to_failovr"); r.code != exitUsage || !strings.Contains(r.err, `did you mean "time_to_failover"?`) {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
}

func TestSchemaChecksWhatEditorsWrite(t *testing.T) {
	t.Parallel()
	r := brownout(t, "schema")
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(r.out))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("urn:test", doc); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Compile("urn:test"); err != nil {
		t.Error(err)
	}
	if !bytes.Equal([]byte(r.out), scenarios.Schema()) {
		t.Error("it is not the schema")
	}
	for _, kind := range []string{"target", "report", "scorecard", "conduct", "compare"} {
		if r := inside(t, "schema", kind); r.code != exitPassed || !strings.Contains(r.out, "brownout."+kind+"/1") {
			t.Errorf("%s: exit code %d: %s%s", kind, r.code, r.out, r.err)
		}
	}
	if r := brownout(t, "schema", "reprot"); r.code != exitUsage || !strings.Contains(r.err, `did you mean "report"?`) {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
}

func TestPlanDrawsWithoutRunning(t *testing.T) {
	t.Parallel()
	c := program(t, "plan", "provider-outage", "--set", "load.rate=25", "--seed", "9", "--target", "direct")
	c.Env = append(c.Env, "COLUMNS=70")
	r := finish(t, c)
	for _, want := range []string{"25/s", "outage on openai at 12s for 15s", "expects", "target direct, seed 9"} {
		if !strings.Contains(r.out, want) {
			t.Errorf("lacks %q:\n%s", want, r.out)
		}
	}
	if strings.Contains(r.out, "\x1b") || r.code != exitPassed {
		t.Errorf("exit code %d, with escape sequences:\n%q", r.code, r.out)
	}
	for line := range strings.Lines(r.out) {
		if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 70 {
			t.Errorf("%d columns of 70: %q", n, line)
		}
	}
	if entries, _ := os.ReadDir(c.Dir); len(entries) != 0 {
		t.Errorf("it left %v", entries)
	}
	var p plan.Plan
	if err := json.Unmarshal([]byte(brownout(t, "plan", "provider-outage", "--json").out), &p); err != nil || p.Scenario != "provider-outage" || len(p.Faults) != 1 {
		t.Errorf("%v: %+v", err, p)
	}
	if r := brownout(t, "plan", "provider-outage", "--ascii"); strings.ContainsFunc(r.out, func(r rune) bool { return r > 0x7f }) {
		t.Errorf("not ASCII:\n%s", r.out)
	}
	for _, args := range [][]string{{"plan"}, {"plan", "nonsense"}, {"plan", "provider-outage", "--target", "portal"}, {"plan", "provider-outage", "--set", "x=1"}} {
		if r := brownout(t, args...); r.code != exitUsage || r.err == "" || r.out != "" {
			t.Errorf("%v: exit code %d: %s", args, r.code, r.err)
		}
	}
}

// Every kind of fault and every preset gives a scenario that is valid without a
// warning about what init itself chose.
func TestInitWritesWhatValidates(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{},
		{"--provider", "openai,openai,vllm,ollama", "--fault", strings.Join(chaos.KindNames(), ","), "--rate", "12.5"},
		{"--fault", "", "--title", `a "quoted" \ title`},
		{"--provider", strings.Join(presets.Names(), ",")},
	} {
		c := program(t, append([]string{"init", "--out", "new.toml"}, args...)...)
		if r := finish(t, c); r.code != exitPassed || !strings.Contains(r.out, "wrote new.toml") {
			t.Errorf("%v: exit code %d: %s%s", args, r.code, r.out, r.err)
			continue
		}
		if r := brownout(t, "validate", filepath.Join(c.Dir, "new.toml")); r.code != exitPassed || r.err != "" {
			t.Errorf("%v: exit code %d: %s", args, r.code, r.err)
		}
		again := program(t, c.Args[1:]...)
		again.Dir = c.Dir
		if r := finish(t, again); r.code != exitUsage || !strings.Contains(r.err, "new.toml exists") {
			t.Errorf("%v: an existing file was not kept: %d %s", args, r.code, r.err)
		}
		forced := program(t, append(c.Args[1:], "--force")...)
		forced.Dir = c.Dir
		if r := finish(t, forced); r.code != exitPassed {
			t.Errorf("%v: --force: %d %s", args, r.code, r.err)
		}
	}
}

func TestInitRefusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"--provider", "opnai"}, exitUsage, `unknown provider "opnai"; did you mean "openai"?`},
		{[]string{"--fault", "outtage"}, exitUsage, `unknown fault kind "outtage"; did you mean "outage"?`},
		{[]string{"--rate", "0"}, exitUsage, "the rate is 0"},
		{[]string{"--rate", "NaN"}, exitUsage, "the rate is NaN"},
		{[]string{"--duration", "10s"}, exitUsage, "need at least 22s"},
		{[]string{"--provider", ""}, exitUsage, "a scenario needs a provider"},
		{[]string{"--out", "none/new.toml"}, exitEnvironment, "cannot write none/new.toml"},
	} {
		c := program(t, append([]string{"init"}, tt.args...)...)
		r := finish(t, c)
		if r.code != tt.code || !strings.Contains(r.err, tt.says) || r.out != "" {
			t.Errorf("%v: exit code %d, want %q: %s%s", tt.args, r.code, tt.says, r.out, r.err)
		}
		if entries, _ := os.ReadDir(c.Dir); len(entries) != 0 {
			t.Errorf("%v: it left %v", tt.args, entries)
		}
	}
}

// What init writes runs as it is.
func TestInitWritesWhatRuns(t *testing.T) {
	t.Parallel()
	c := program(t, "init", "--out", "-", "--fault", "outage")
	r := finish(t, c)
	run := program(t, "run", "new.toml", "--headless", "--set", "load.duration=1500ms", "--set", "fault.outage.at=500ms", "--set", "fault.outage.for=400ms")
	files(t, run.Dir, map[string]string{"new.toml": r.out})
	if r := finish(t, run); !slices.Contains([]int{exitPassed, exitFailed, exitInconclusive}, r.code) {
		t.Errorf("exit code %d:\n%s%s", r.code, r.out, r.err)
	}
}

func TestInitAsksAPerson(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	f := initFlags{providers: []string{"openai"}, faults: []string{"outage"}, rate: 20, duration: 45e9, out: "scenario.toml"}
	a := &app{in: strings.NewReader("gemni\ngemini, vllm\n\n-3\n7.5\n5s\n1m\nmine.toml\n"), out: &out, err: &out, env: func(string) string { return "" }}
	if err := a.ask(&f); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(f.providers, []string{"gemini", "vllm"}) || !slices.Equal(f.faults, []string{"outage"}) || f.rate != 7.5 || f.duration.String() != "1m0s" || f.out != "mine.toml" {
		t.Errorf("%+v", f)
	}
	for _, want := range []string{`did you mean "gemini"?`, "a number above 0", "at least 22s"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("lacks %q:\n%s", want, out.String())
		}
	}
	a.in = strings.NewReader("gemini\n")
	if err := a.ask(&f); exitCode(err) != exitInterrupted {
		t.Errorf("an end of the input ends the questions: %v", err)
	}
}

func TestValidateWarnsAndMayBeStrict(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	files(t, dir, map[string]string{
		"doubtful.toml": strings.Replace(quick, "rate = 20", "rate = \"${r}\"", 1) + "[vars]\nr = 20\nspare = 1\n",
		"s.toml":        `scenarios = ["./doubtful.toml", "provider-outage"]`,
	})
	path := filepath.Join(dir, "doubtful.toml")
	r := brownout(t, "validate", path, "provider-outage")
	if r.code != exitPassed || !strings.Contains(r.err, "warning: "+path) || !strings.Contains(r.err, "too early to know what is steady") || !strings.Contains(r.err, `nothing refers to "spare"`) || !strings.Contains(r.out, "provider-outage: ok") {
		t.Errorf("exit code %d:\n%s%s", r.code, r.out, r.err)
	}
	if r := brownout(t, "validate", "--strict", path); r.code != exitUsage || strings.Contains(r.out, "ok") || !strings.Contains(r.err, "too early") {
		t.Errorf("strict: exit code %d:\n%s%s", r.code, r.out, r.err)
	}
	if r := brownout(t, "validate", "--set", "vars.r=fast", path); r.code != exitUsage || !strings.Contains(r.err, "given by --set vars.r") {
		t.Errorf("set: exit code %d:\n%s", r.code, r.err)
	}
	if r := brownout(t, "validate", "--suite", filepath.Join(dir, "s.toml")); r.code != exitPassed || !strings.Contains(r.out, "s.toml: provider-outage: ok") {
		t.Errorf("suite: exit code %d:\n%s%s", r.code, r.out, r.err)
	}
}

func TestCompletionKnowsEveryWord(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"run", "x", "--suite", ""}, "all"},
		{[]string{"list", "--tag", ""}, "failover"},
		{[]string{"list", "--challenge", ""}, "API Downtime"},
		{[]string{"list", "--fault", ""}, "rate_limit"},
		{[]string{"list", "--provider", ""}, "vllm"},
		{[]string{"plan", ""}, "latency-spike"},
		{[]string{"plan", "x", "--target", ""}, "direct"},
		{[]string{"explain", ""}, "time_to_failover"},
		{[]string{"init", "--fault", ""}, "deprecation"},
		{[]string{"init", "--provider", ""}, "gemini"},
		{[]string{"validate", ""}, "provider-outage"},
		{[]string{"run", "provider-outage", "--report", ""}, "junit="},
		{[]string{"run", "provider-outage", "--report", "json=a,"}, "json=a,html="},
		{[]string{"run", "provider-outage", "--set", ""}, "\nfault.\n"},
		{[]string{"run", "provider-outage", "--set", "fault.outage."}, "fault.outage.mode="},
		{[]string{"run", "--set", ""}, "name the scenario first"},
		{[]string{"worth", "provider-outage", "--set", "load.d"}, "load.duration=\thow long"},
		{[]string{"worth", "--mitigations", "breaker,"}, "breaker,retries"},
		{[]string{"exec", "provider-outage", "--report", ""}, "md="},
		{[]string{"compare", "provider-outage", "--targets", "bundled,"}, "bundled,direct"},
		{[]string{"compare", "provider-outage", "--policies", ""}, "weighted"},
		{[]string{"compare", "provider-outage", "--victims", ""}, "anthropic"},
		{[]string{"scorecard", "--format", ""}, "html"},
		{[]string{"report", "latest", "--format", ""}, "openmetrics"},
	} {
		if r := inside(t, append([]string{"__complete"}, tt.args...)...); !strings.Contains(r.out, tt.want) {
			t.Errorf("%v does not offer %s:\n%s", tt.args, tt.want, r.out)
		}
	}
}

func TestEveryCommandShowsExamples(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"run", "list", "explain", "validate", "schema", "init", "plan"} {
		if r := inside(t, name, "--help"); r.code != exitPassed || !strings.Contains(r.out, "Examples:") {
			t.Errorf("%s --help: exit code %d:\n%s", name, r.code, r.out)
		}
	}
}
