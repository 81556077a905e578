package reports_test

import (
	"bytes"
	"testing"

	"brownout/harness/scorecard"
	"brownout/reports"
)

func sheet() *scorecard.Sheet {
	return &scorecard.Sheet{
		Seed: 7,
		Rows: []scorecard.Row{
			{Name: "outage flapping", Kind: "outage", On: "openai", Request: "chat", Summary: "down and up"},
			{Name: "stream_stall", Kind: "stream_stall", On: "openai", Request: "stream", Summary: "silence"},
		},
		Cards: []scorecard.Card{
			{Target: "bundled", TookS: 11.4, Findings: []string{}, Cells: []scorecard.Cell{
				{Fault: "outage flapping", Grade: scorecard.Pass, Why: "a whole answer after 0.60 s", Answer: "HTTP 200, ok", Requests: 20, Outcomes: scorecard.Outcomes{OK: 19, Degraded: 1}, CallsAll: 26, Calls: []scorecard.Call{}},
				{Fault: "stream_stall", Grade: scorecard.Partial, Why: "the call to openai was left running 2.0 s beyond the answer", Requests: 1, Calls: []scorecard.Call{
					{Provider: "openai", TookS: 9, Status: 200}, {Provider: "anthropic", AtS: 1.6, GapS: -7.4, TookS: .8, Status: 200},
				}},
			}},
			{Target: "mine <b>|", TookS: 8, Findings: []string{"secret printed: it printed a key"}, Cells: []scorecard.Cell{
				{Fault: "outage flapping", Grade: scorecard.Safe, Why: "a clean error after 0.01 s: overload", Requests: 20, Outcomes: scorecard.Outcomes{OK: 11, Failed: 9}, CallsAll: 20, Calls: []scorecard.Call{{Provider: "openai", Status: 503, Failure: "overload", Early: true}}},
				{Fault: "stream_stall", Grade: scorecard.Fail, Why: "no end by the deadline, 8.0 s after it was sent (stalled)", Requests: 1, Calls: []scorecard.Call{}},
			}},
			{Target: "lost", Cells: []scorecard.Cell{}, Findings: []string{}, Error: "did not start: exit status 1"},
		},
	}
}

func TestScorecardFormats(t *testing.T) {
	for format, name := range map[string]string{"table": "scorecard.txt", "json": "scorecard.json", "md": "scorecard.md", "html": "scorecard.html"} {
		var b bytes.Buffer
		if err := reports.WriteScorecard(&b, format, sheet()); err != nil {
			t.Fatal(err)
		}
		golden(t, name, b.Bytes())
	}
	var b bytes.Buffer
	reports.Scorecard(&b, sheet(), reports.Style{Colour: true, Width: 60})
	golden(t, "scorecard_coloured.txt", b.Bytes())
	if err := reports.WriteScorecard(&bytes.Buffer{}, "pdf", sheet()); err == nil {
		t.Error("a format that nobody knows is written")
	}
}
