package reports_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"brownout/harness/score"
	"brownout/reports"
)

// scored is a run with that score, and failover after so many seconds.
func scored(total, failover float64) *score.Snapshot {
	s := finished()
	s.Score.Total, s.Score.Low, s.Score.High, s.Score.Worst = total, total-1, total+1, total
	s.Windows[0].TimeToFailover, s.Windows[0].FailedOver = time.Duration(failover*float64(time.Second)), failover > 0
	s.Verdict = score.Pass
	return s
}

func TestMatrixMarksWhatCanBeTold(t *testing.T) {
	m := reports.NewMatrix("outage", []reports.Variant{
		{Label: "good", Runs: []*score.Snapshot{scored(95, 1), scored(96, 1.1), scored(97, .9)}},
		{Label: "as good", Runs: []*score.Snapshot{scored(94, 1), scored(96, 1.2), scored(95, 1)}},
		{Label: "bad", Runs: []*score.Snapshot{scored(20, 0), scored(21, 0), scored(22, 0)}},
	})
	if f := m.Figures[0]; f.Name != "score" || !f.Cells[0].Best || !f.Cells[1].LikeBest || f.Cells[1].Best || !f.Cells[2].Worst || f.Cells[2].LikeBest {
		t.Errorf("score: %+v", f.Cells)
	}
	for _, f := range m.Figures {
		switch f.Name {
		case "time to failover":
			if f.Cells[2].Known || !f.Cells[0].Best {
				t.Errorf("failover: %+v", f.Cells)
			}
		case "availability": // the same in all
			if f.Cells[0].Best || f.Cells[2].Worst {
				t.Errorf("availability: %+v", f.Cells)
			}
		}
	}
	var b bytes.Buffer
	reports.Matrices(&b, []reports.Matrix{m}, reports.Style{})
	for _, want := range []string{"96.0", "best", "≈ best", "worst", "never", "pass 3"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, b.String())
		}
	}
	for _, format := range reports.MatrixFormats() {
		var b bytes.Buffer
		if err := reports.WriteMatrices(&b, format, []reports.Matrix{m}); err != nil || !strings.Contains(b.String(), "as good") {
			t.Errorf("%s: %v\n%s", format, err, b.String())
		}
		if format == "json" && !json.Valid(b.Bytes()) {
			t.Error("no JSON")
		}
	}
	if reports.WriteMatrices(&b, "pdf", nil) == nil {
		t.Error("pdf is a format")
	}
}

func TestDiffTellsNoiseFromLoss(t *testing.T) {
	for name, c := range map[string]struct {
		base, now *score.Snapshot
		noise     bool
		comparing bool
		worse     []string
	}{
		"within its interval": {scored(90, 1), scored(89, 1), true, true, nil},
		"a loss":              {scored(90, 1), scored(60, 1), false, true, []string{"score"}},
		"failover lost":       {scored(90, 1), scored(60, 0), false, true, []string{"score", "failover after outage"}},
		"another scenario":    {scored(90, 1), func() *score.Snapshot { s := scored(90, 1); p := *s.Plan; p.Scenario = "other"; s.Plan = &p; return s }(), false, false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			d := reports.Compare(c.base, c.now)
			if d.Noise != c.noise || d.Comparable != c.comparing {
				t.Errorf("noise %v, comparable %v (%s)", d.Noise, d.Comparable, d.Why)
			}
			var worse []string
			for _, ch := range d.Changes {
				if ch.Worse {
					worse = append(worse, ch.Figure)
				}
			}
			if strings.Join(worse, ",") != strings.Join(c.worse, ",") {
				t.Errorf("worse: %q, want %q", worse, c.worse)
			}
		})
	}
}
