package reports_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"brownout/harness/score"
	"brownout/reports"
)

func TestWorthTellsWhatIsLost(t *testing.T) {
	lossy := scored(20, 0) // no failover at all
	lossy.Verdict = score.Fail
	leaking := scored(99, 1)
	leaking.Verdict, leaking.ViolationCount = score.Fail, 7
	both := scored(20, 0)
	both.ViolationCount = 7
	ws := []reports.Worth{
		{Mitigation: "redaction", Scenario: "both", With: []*score.Snapshot{scored(95, 1)}, Without: []*score.Snapshot{both}},
		{Mitigation: "continuation", Scenario: "stall", With: []*score.Snapshot{scored(95, 1)}, Without: []*score.Snapshot{lossy}},
		{Mitigation: "privacy", Scenario: "leak", With: []*score.Snapshot{scored(80, 1)}, Without: []*score.Snapshot{leaking}},
		{Mitigation: "tracing", Scenario: "any", With: []*score.Snapshot{scored(90, 1)}, Without: []*score.Snapshot{scored(90, 1)}},
		{Mitigation: "hedging", Scenario: "slow", With: []*score.Snapshot{scored(90, 1), scored(90, 1)}, Without: []*score.Snapshot{scored(90, 1), scored(90, 0)}},
		{Mitigation: "breaker", Scenario: "broken", With: []*score.Snapshot{scored(90, 1)}},
	}
	want := map[string][]string{
		"continuation": {"95.0 pass", "20.0 fail", "+75.0", "time to failover 1.00 s → never"},
		"privacy":      {"80.0 pass", "99.0 fail", "-19.0, spares a veto", "violations 0 → 7"},
		"redaction":    {"time to failover 1.00 s → never; violations 0 → 7"}, // the greater loss first
		"hedging":      {"time to failover 1.00 s → 1.00 s in 1 of 2"},
		"tracing":      {"90.0 pass | 90.0 pass | +0.0 |  |"},
		"breaker":      {"90.0 pass", "not measured", "not known"},
	}
	var md bytes.Buffer
	if err := reports.WriteWorths(&md, "md", ws); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(md.String()) {
		name := strings.TrimSpace(strings.Split(line+"||", "|")[1])
		for _, w := range want[name] {
			if !strings.Contains(line, w) {
				t.Errorf("%s lacks %q: %s", name, w, line)
			}
		}
		delete(want, name)
	}
	if len(want) > 0 {
		t.Errorf("no rows for %v in\n%s", want, md.String())
	}
	for _, format := range reports.MatrixFormats() {
		var b bytes.Buffer
		if err := reports.WriteWorths(&b, format, ws); err != nil || !strings.Contains(b.String(), "continuation") {
			t.Errorf("%s: %v\n%s", format, err, b.String())
		}
		if format == "json" && !json.Valid(b.Bytes()) {
			t.Error("no JSON")
		}
	}
	if err := reports.WriteWorths(&md, "pdf", ws); err == nil || !strings.Contains(err.Error(), "json, md, html") {
		t.Errorf("pdf: %v", err)
	}
}
