package reports_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"brownout/harness/conduct"
	"brownout/harness/scorecard"
	"brownout/reports"
)

func execution() *reports.Execution {
	return &reports.Execution{Command: []string{"pytest", "tests/"}, Left: 2, Report: &conduct.Report{
		Scenario: "rate-limit-storm", Title: "The primary's <b>limit</b>", Seed: 3, TookS: 12.3, Verdict: conduct.Fail,
		Reasons: []string{"1 request hammered a provider"}, Advice: []string{"1 stream was left after its first token: what came was billed"},
		Requests: 10, Answered: 8, GaveUp: 1, Abandoned: 1, Moved: 2, Calls: 17, CallsPerRequest: 1.7, MostCalls: 5, Early: 3, Useless: 1, Touched: 6, AbandonedStreams: 1,
		Faults:     []conduct.Fault{{Name: "rate_limit", Kind: "rate_limit", On: []string{"openai"}, InjectedS: new(0.5), ClearedS: new(9.25), Touched: 6}, {Name: "outage", Kind: "outage", On: []string{"openai"}}},
		Providers:  []conduct.Provider{{Name: "openai", Class: "cloud", Calls: 15, Good: 8, Aborted: 1, Early: 3, Errors: map[string]int{"rate_limit": 6}, CostUSD: .01}},
		Violations: []conduct.Violation{{What: "privacy", Marker: "x-1", Provider: "openai", Detail: "openai is cloud"}},
		Stories: []conduct.Story{{Marker: "x-2", AtS: 1.2, Why: "openai was asked 3 times before the retry-after that it had stated", CallsAll: 7, Calls: []scorecard.Call{
			{Provider: "openai", Status: 429, Failure: "rate_limit"}, {Provider: "openai", AtS: .1, GapS: .1, Status: 429, Failure: "rate_limit", Early: true},
		}}},
	}}
}

func TestConductFormats(t *testing.T) {
	for format, name := range map[string]string{"table": "conduct.txt", "json": "conduct.json", "md": "conduct.md"} {
		var b bytes.Buffer
		if err := reports.WriteConduct(&b, format, execution()); err != nil {
			t.Fatal(err)
		}
		golden := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(golden, b.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil || !bytes.Equal(b.Bytes(), want) {
			t.Errorf("%s differs from %s (%v; -update writes it):\n%s", format, golden, err, b.String())
		}
	}
	if err := reports.WriteConduct(&bytes.Buffer{}, "html", execution()); err == nil {
		t.Error("a format that nobody knows is written")
	}
}
