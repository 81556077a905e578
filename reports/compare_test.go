package reports_test

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
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
	// Who reads like the worst is the worst, too, and where all read the same nobody is.
	same := reports.NewMatrix("outage", []reports.Variant{
		{Label: "good", Runs: []*score.Snapshot{scored(95, 1)}},
		{Label: "bad", Runs: []*score.Snapshot{scored(20.01, 1)}},
		{Label: "as bad", Runs: []*score.Snapshot{scored(20.02, 1.001)}},
	})
	for _, f := range same.Figures {
		switch f.Name {
		case "score":
			if !f.Cells[0].Best || !f.Cells[1].Worst || !f.Cells[2].Worst {
				t.Errorf("score: %+v", f.Cells)
			}
		case "time to failover":
			if f.Cells[0].Best || f.Cells[2].Worst {
				t.Errorf("failover: %+v", f.Cells)
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

// The p95 under fault is a time that somebody waited: the part of the score,
// each request against the steady p95 of its kind, may come to a multiple of any
// deadline.
func TestP95UnderFaultIsATime(t *testing.T) {
	good, bad := scored(95, 1), scored(20, 0)
	bad.Windows[0].Parts[2].Attained, bad.Windows[0].WaitP95 = 106, 4*time.Second
	asked := scored(50, 0)
	asked.Windows[0].WaitP95 = 0 // by nobody
	m := reports.NewMatrix("outage", []reports.Variant{{Label: "good", Runs: []*score.Snapshot{good}}, {Label: "bad", Runs: []*score.Snapshot{bad}}, {Label: "idle", Runs: []*score.Snapshot{asked}}})
	i := slices.IndexFunc(m.Figures, func(f reports.MatrixFigure) bool { return f.Name == "p95 under fault" })
	for j, want := range []string{"1.25 s", "4.00 s", "unknown"} {
		if got := m.Figures[i].Text(j); got != want {
			t.Errorf("%s: %s, want %s", m.Variants[j], got, want)
		}
	}
	d := reports.Compare(good, bad)
	i = slices.IndexFunc(d.Changes, func(c reports.Change) bool { return c.Figure == "p95 during outage" })
	if c := d.Changes[i]; c.Base != "1.25 s" || c.New != "4.00 s" || !c.Worse {
		t.Errorf("%+v", c)
	}
}

// seeded is a run with that seed and score.
func seeded(seed uint64, total float64) *score.Snapshot {
	s := scored(total, 1)
	p := *s.Plan
	p.Seed = seed
	s.Plan = &p
	return s
}

// Seeds differ from each other by more than the variants do: only taken seed by
// seed the difference can be told.
func TestDifferencesAreTakenSeedBySeed(t *testing.T) {
	of := func(d float64) []*score.Snapshot {
		return []*score.Snapshot{seeded(1, 60+d), seeded(2, 75+d+.1), seeded(3, 90+d-.1)}
	}
	m := reports.NewMatrix("outage", []reports.Variant{{Label: "better", Runs: of(2)}, {Label: "worse", Runs: of(0)}})
	cells := m.Figures[0].Cells
	d := cells[1].FromBest
	// The differences are -2 each: no spread at all.
	if d == nil || math.Abs(d.Mean+2) > 1e-9 || d.High > -1.99 || cells[1].LikeBest || cells[0].FromBest != nil {
		t.Errorf("%+v: %+v", cells[1], d)
	}
	if cells[0].Low > cells[1].High {
		t.Errorf("the intervals do not overlap, so the pairing shows nothing: %+v", cells)
	}
	// Of one run each the intervals of the two decide: 2 apart with ±1 each is
	// within sqrt(2), 1 apart is not.
	for gap, like := range map[float64]bool{2: false, 1: true} {
		m := reports.NewMatrix("outage", []reports.Variant{{Label: "a", Runs: of(gap)[:1]}, {Label: "b", Runs: of(0)[:1]}})
		if c := m.Figures[0].Cells[1]; c.LikeBest != like || math.Abs(c.FromBest.High-c.FromBest.Low-2*math.Sqrt2) > 1e-9 {
			t.Errorf("%v apart: %+v %+v", gap, c, c.FromBest)
		}
	}
}

// What each variant did wrong is shown by its worst requests, one of each sort,
// with the calls behind them; of one that did nothing wrong nothing is.
func TestMatrixShowsWhatWentWrong(t *testing.T) {
	good, again := scored(95, 1), scored(20, 0)
	good.Failures, good.Violations, good.Target.Findings = nil, nil, nil
	again.Failures = append(again.Failures, again.Failures...)
	good.Reasons, again.Reasons = nil, []string{"expected score >= 80, got 20.0"}
	m := reports.NewMatrix("outage", []reports.Variant{{Label: "good", Runs: []*score.Snapshot{good}}, {Label: "bad", Runs: []*score.Snapshot{again, again}}})
	clean, e := m.Evidence[0], m.Evidence[1]
	if len(clean.Requests)+len(clean.Violations)+len(clean.Findings) > 0 {
		t.Errorf("blamed for nothing: %+v", clean)
	}
	var sorts []string
	for _, r := range e.Requests {
		sorts = append(sorts, r.Outcome+" "+r.Reason)
	}
	if got := strings.Join(sorts, ", "); got != "corrupt truncated, hung deadline, failed server_error" {
		t.Errorf("the worst are %s", got)
	}
	if c := e.Requests[2].Calls; len(c) != 2 || c[0].Provider != "openai" || c[0].Status != 500 || c[1].AtS != .4 || c[1].GapS != .095 || e.Requests[2].Seed != 7 {
		t.Errorf("its calls are %+v", c)
	}
	if len(clean.Reasons) != 0 || len(e.Reasons) != 1 { // that of both runs
		t.Errorf("reasons %q and %q", clean.Reasons, e.Reasons)
	}
	if len(e.Violations) != 2 || !strings.HasPrefix(e.Violations[0], "privacy: sensitive-0001-2a at openai") || len(e.Findings) != 2 || !strings.HasPrefix(e.Findings[0], "left running: it left 1 process") {
		t.Errorf("%q, %q", e.Violations, e.Findings)
	}
	for format, wants := range map[string][]string{
		"html": {"<li>expected score &gt;= 80, got 20.0", `<b>95.0</b> <span class="mark">✓ best</span>`, `<span class="mark">✗ worst</span>`, `<span class="badge pass">pass</span>`, "from the best (", "of 2400 requests 10 were answered wrongly, 30 hung, 60 failed", `<svg class="chart" viewBox="0 0 860.0 98.0" role="img" aria-label="Waterfall of one request: failed chat`, "<li>privacy: sensitive-0001-2a"},
		"md":   {"### outage: what went wrong", "| bad | (verdict) | expected score", `| bad | stream at 10.5 s | HTTP 200, corrupt: truncated after 1.00 s | openai at 0.01 s: 200 after 0.90 s |`},
		"json": {`"outcome": "corrupt"`, `"gap_s": 0.095`},
	} {
		var b bytes.Buffer
		if err := reports.WriteMatrices(&b, format, []reports.Matrix{m}); err != nil {
			t.Fatal(err)
		}
		for _, want := range wants {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%s lacks %q:\n%s", format, want, b.String())
			}
		}
	}
	for n, want := range map[int]bool{1: true, 4: false} { // of many a terminal would show little else
		var b bytes.Buffer
		reports.Matrices(&b, slices.Repeat([]reports.Matrix{m}, n), reports.Style{})
		if got := strings.Contains(b.String(), "outage: what went wrong"); got != want || strings.Contains(b.String(), "--report html=") == want {
			t.Errorf("%d scenarios on a terminal: %v\n%s", n, got, b.String())
		}
	}
}

// A reader sees which parts of the score a variant lost it by, the dearest first.
func TestMatrixShowsWhatTheScoreWasLostBy(t *testing.T) {
	kept, lost, unscored := scored(100, 1), scored(40, 1), scored(0, 1)
	for i := range kept.Score.Parts {
		kept.Score.Parts[i].Value, kept.Score.Parts[i].Known = 1, true
		lost.Score.Parts[i].Value, lost.Score.Parts[i].Known = 1, true
	}
	lost.Score.Parts[0].Value, lost.Score.Parts[6].Value, lost.Score.Parts[4].Value = .5, .5, 0 // availability, cost, recovery
	unscored.Score.Scored = false
	m := reports.NewMatrix("outage", []reports.Variant{
		{Label: "kept", Runs: []*score.Snapshot{kept}}, {Label: "lost", Runs: []*score.Snapshot{lost, lost}}, {Label: "unscored", Runs: []*score.Snapshot{unscored}},
	})
	if want := []string{"", "recovery (0.0 %), availability (50.0 %)", ""}; !slices.Equal(m.Lost, want) {
		t.Errorf("lost by %q, want %q", m.Lost, want)
	}
	var text, page bytes.Buffer
	reports.Matrices(&text, []reports.Matrix{m}, reports.Style{})
	if err := reports.WriteMatrices(&page, "html", []reports.Matrix{m}); err != nil {
		t.Fatal(err)
	}
	for _, b := range []string{text.String(), page.String()} {
		if !strings.Contains(b, "score lost most by") || !strings.Contains(b, "availability (50.0") {
			t.Errorf("nothing of what was lost:\n%s", b)
		}
	}
}

func TestSeveralScenariosHaveAnOverview(t *testing.T) {
	bad := seeded(1, 20)
	bad.Verdict = score.Fail
	list := func(good float64) []reports.Variant {
		return []reports.Variant{{Label: "bundled", Runs: []*score.Snapshot{seeded(1, good)}}, {Label: "direct", Runs: []*score.Snapshot{bad}}}
	}
	ms := []reports.Matrix{reports.NewMatrix("outage", list(90)), reports.NewMatrix("storm", list(94))}
	var b bytes.Buffer
	reports.Matrices(&b, ms, reports.Style{})
	for _, format := range reports.MatrixFormats()[1:] {
		if err := reports.WriteMatrices(&b, format, ms); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{
		"│ outage     │ 90.0 pass │ 20.0 fail │", "│ mean score │ 92.0 of 2 │ 20.0 of 2 │", "│ passed     │ 2 of 2    │ 0 of 2    │",
		"| storm | 94.0 pass | 20.0 fail |", "<td>94.0 pass</td>",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("lacks %q:\n%s", want, b.String())
		}
	}
	var many []reports.Matrix
	for range 200 {
		many = append(many, ms...)
	}
	b.Reset()
	if err := reports.WriteMatrices(&b, "md", many); err != nil || b.Len() > 65_536 || !strings.Contains(b.String(), "do not fit here") || !strings.HasPrefix(b.String(), "### Scores over") {
		t.Errorf("%d bytes, %v", b.Len(), err)
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

// The mean over the runs that failed over would flatter a variant that never
// did in the others.
func TestWhoSometimesNeverFailsOverIsNotTheBest(t *testing.T) {
	m := reports.NewMatrix("outage", []reports.Variant{
		{Label: "always", Runs: []*score.Snapshot{scored(95, 2), scored(95, 2.1), scored(95, 1.9)}},
		{Label: "later", Runs: []*score.Snapshot{scored(95, 3), scored(95, 3.1), scored(95, 2.9)}},
		{Label: "once", Runs: []*score.Snapshot{scored(95, .5), scored(95, 0), scored(95, 0)}},
	})
	f := m.Figures[slices.IndexFunc(m.Figures, func(f reports.MatrixFigure) bool { return f.Name == "time to failover" })]
	if !f.Cells[0].Best || !f.Cells[1].Worst || f.Cells[2].Best || f.Cells[2].LikeBest || f.Cells[2].FromBest != nil {
		t.Errorf("%+v", f.Cells)
	}
	if got := f.Text(2); got != "0.50 s in 1 of 3" {
		t.Errorf("the cell says %q", got)
	}
}

// Sums of floats depend on their order; the same runs give the same bytes.
func TestComparisonsAreTheSameEachTime(t *testing.T) {
	variants := make([]reports.Variant, 2)
	for i := range variants {
		for seed := range uint64(9) {
			s := scored(90+1/float64(seed+3)-float64(i)/7, 1)
			p := *s.Plan
			p.Seed, s.Plan = seed, &p
			variants[i].Runs = append(variants[i].Runs, s)
		}
	}
	var first []byte
	for range 20 {
		var b bytes.Buffer
		if err := reports.WriteMatrices(&b, "json", []reports.Matrix{reports.NewMatrix("outage", variants)}); err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = b.Bytes()
		}
		if !bytes.Equal(first, b.Bytes()) {
			t.Fatal("the same runs gave another comparison")
		}
	}
}

// The intervals of two single runs make one of their difference: each side of
// it is made of the sides that face each other (square and add).
func TestDifferenceOfSingleRuns(t *testing.T) {
	low, high := scored(80, 1), scored(90, 1)
	low.Score.Low, low.Score.High = 70, 82
	high.Score.Low, high.Score.High = 85, 99
	m := reports.NewMatrix("outage", []reports.Variant{{Label: "low", Runs: []*score.Snapshot{low}}, {Label: "high", Runs: []*score.Snapshot{high}}})
	d := m.Figures[0].Cells[0].FromBest
	if d == nil || d.Mean != -10 || math.Abs(d.Low-(-10-math.Hypot(10, 9))) > 1e-9 || math.Abs(d.High-(-10+math.Hypot(2, 5))) > 1e-9 {
		t.Errorf("%+v", d)
	}
}

// Student's t of ten degrees of freedom is 2.228 (of any table), and of eleven,
// beyond the own one, 2.201.
func TestIntervalsOfManySeeds(t *testing.T) {
	for n, quantile := range map[int]float64{2: 12.706, 11: 2.228, 12: 2.201} {
		var runs []*score.Snapshot
		sum, ss := 0.0, 0.0
		for i := range n {
			v := 80 + float64(i%3)
			runs, sum = append(runs, scored(v, 1)), sum+v
		}
		for _, s := range runs {
			ss += (s.Score.Total - sum/float64(n)) * (s.Score.Total - sum/float64(n))
		}
		c := reports.NewMatrix("outage", []reports.Variant{{Label: "a", Runs: runs}}).Figures[0].Cells[0]
		want := quantile * math.Sqrt(ss/float64(n-1)/float64(n))
		if got := (c.High - c.Low) / 2; math.Abs(got/want-1) > 1e-3 {
			t.Errorf("%d runs: half width %v, want %v", n, got, want)
		}
	}
}

func TestDiffCallsAQuarterMoreWaitWorse(t *testing.T) {
	for factor, worse := range map[float64]bool{1.2: false, 1.3: true} {
		base, now := scored(90, 1), scored(90, 1)
		now.Windows[0].WaitP95 = time.Duration(factor * float64(base.Windows[0].WaitP95))
		d := reports.Compare(base, now)
		i := slices.IndexFunc(d.Changes, func(c reports.Change) bool { return c.Figure == "p95 during outage" })
		if i < 0 || d.Changes[i].Worse != worse {
			t.Errorf("times %v: %+v", factor, d.Changes)
		}
	}
}
