package reports_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"flag"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"brownout/harness/journal"
	"brownout/harness/score"
	"brownout/reports"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; run the test with -update", err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs from what is written; it is now:\n%s", path, got)
	}
}

// write writes one format through the same door as the command line.
func write(t *testing.T, format string, runs ...*score.Snapshot) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "report")
	out, err := reports.ParseOutputs([]string{format + "=" + path})
	if err != nil {
		t.Fatal(err)
	}
	if err := reports.WriteAll(out, runs, nil); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestFormatsMatchTheirGoldenFiles(t *testing.T) {
	for format, name := range map[string]string{
		"json": "report.json", "junit": "junit.xml", "md": "summary.md",
		"html": "report.html", "csv": "seconds.csv", "openmetrics": "metrics.txt", "badge": "badge.svg",
	} {
		t.Run(format, func(t *testing.T) { golden(t, name, write(t, format, finished())) })
	}
	t.Run("terminal", func(t *testing.T) {
		var b bytes.Buffer
		reports.Summary(&b, finished(), reports.Style{})
		golden(t, "summary.txt", b.Bytes())
	})
	t.Run("terminal in ASCII", func(t *testing.T) {
		var b bytes.Buffer
		reports.Summary(&b, finished(), reports.Style{ASCII: true})
		for _, r := range b.String() {
			if r > unicode.MaxASCII {
				t.Fatalf("%q is not ASCII in:\n%s", r, b.String())
			}
		}
	})
}

func TestJSONFitsItsSchema(t *testing.T) {
	schema := compile(t, "report")
	unknown := finished()
	unknown.Score = score.Total{Total: math.NaN(), Parts: unknown.Score.Parts}
	for i := range unknown.Score.Parts {
		unknown.Score.Parts[i].Known = false
	}
	unknown.Windows[0].Scored = false
	unknown.Windows[0].FailedOver = false
	unknown.Verdict = score.Inconclusive
	for name, s := range map[string]*score.Snapshot{"finished": finished(), "nothing known": unknown} {
		t.Run(name, func(t *testing.T) {
			v, err := jsonschema.UnmarshalJSON(bytes.NewReader(write(t, "json", s)))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(v); err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("the schema refuses what is not a report", func(t *testing.T) {
		if schema.Validate(map[string]any{"schema": reports.Schema}) == nil {
			t.Error("a report without fields is valid")
		}
	})
}

func compile(t *testing.T, of string) *jsonschema.Schema {
	t.Helper()
	text, err := reports.JSONSchema(of)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("urn:test", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("urn:test")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSeveralRunsMakeAnArray(t *testing.T) {
	var all []reports.Report
	if err := json.Unmarshal(write(t, "json", finished(), finished()), &all); err != nil {
		t.Fatal(err)
	}
	if len(all) != 2 || all[1].Run.Seed != 7 {
		t.Errorf("got %d reports", len(all))
	}
}

// Of runs that one command repeated each report knows the means and their
// intervals; of what ran once it has none.
func TestRepeatsAreInTheirReports(t *testing.T) {
	a, b, other := finished(), finished(), finished()
	a.Score.Total, b.Score.Total = 80, 90
	b.Plan.Seed, b.Windows[0].FailedOver = 8, false
	other.Plan.Overrides = nil
	text := write(t, "json", a, other, b)
	var all []reports.Report
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	r := all[0].Repeat
	if r == nil || all[2].Repeat == nil || all[1].Repeat != nil {
		t.Fatalf("repeats: %v, %v, %v", all[0].Repeat, all[1].Repeat, all[2].Repeat)
	}
	// Two values d apart: mean ± 12.706 d/2 (Student's t of one degree of freedom).
	if got := *r.Score.Mean - *r.Score.Low; r.Runs != 2 || *r.Score.Mean != 85 || math.Abs(got-12.706*5) > .01 || *r.Score.High != 100 {
		t.Errorf("score %+v: %v, %v to %v", r.Score, *r.Score.Mean, *r.Score.Low, *r.Score.High)
	}
	if f := r.FailoverS; f.Runs != 1 || *f.Mean != 1.2 || f.Low != nil || f.High != nil {
		t.Errorf("failover, which one run knows: %+v", f)
	}
	schema := compile(t, "report")
	var raw []any
	if err := json.Unmarshal(text, &raw); err != nil {
		t.Fatal(err)
	}
	for i, v := range raw {
		if err := schema.Validate(v); err != nil {
			t.Errorf("report %d: %v", i, err)
		}
	}
}

func TestOutputsAreRefusedWithReason(t *testing.T) {
	for spec, says := range map[string]string{
		"json":        "want FORMAT=PATH",
		"json=":       "want FORMAT=PATH",
		"pdf=out.pdf": "known are json, junit, md",
	} {
		if _, err := reports.ParseOutputs([]string{spec}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: error is %v, want it to say %q", spec, err, says)
		}
	}
}

// A report that cannot be written leaves what was there before.
func TestFailedReportLosesNothing(t *testing.T) {
	dir := t.TempDir()
	out, err := reports.ParseOutputs([]string{"json=" + filepath.Join(dir, "missing", "report.json")})
	if err != nil {
		t.Fatal(err)
	}
	if err := reports.WriteAll(out, []*score.Snapshot{finished()}, nil); err == nil || !strings.Contains(err.Error(), "report.json") {
		t.Errorf("error is %v, want it to name the file", err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}

func TestProgressNamesTheFaultAndTheBreaker(t *testing.T) {
	s := finished()
	s.Windows[0].Active = true
	line := reports.Progress(s)
	for _, want := range []string{"[outage]", "openai 40% (open)", "score  88.4", "corrupt 5"} {
		if !strings.Contains(line, want) {
			t.Errorf("%q lacks %q", line, want)
		}
	}
	if got := reports.Progress(&score.Snapshot{}); got != "starting" {
		t.Errorf("before the first event: %q", got)
	}
}

func TestRepeatsGiveMeanAndInterval(t *testing.T) {
	var runs []*score.Snapshot
	for _, total := range []float64{80, 90, 100} {
		s := finished()
		s.Score.Total = total
		runs = append(runs, s)
	}
	var b bytes.Buffer
	reports.Repeats(&b, runs, reports.Style{})
	// mean 90, standard error 10/sqrt(3), t of 2 degrees of freedom 4.303
	for what, text := range map[string]string{
		"terminal": b.String(), "md": string(write(t, "md", runs...)), "html": string(write(t, "html", runs...)),
	} {
		if want := "90.0 (65.2 to 100.0)"; !strings.Contains(text, want) {
			t.Errorf("%s lacks %q:\n%s", what, want, text)
		}
	}
}

func TestMarkdownFitsASummary(t *testing.T) {
	runs := make([]*score.Snapshot, 100)
	for i := range runs {
		runs[i] = finished()
	}
	// The first run is too long by itself.
	long := finished()
	for range 500 {
		long.Reasons = append(long.Reasons, "expectation failed: "+strings.Repeat("availability >= 99% ", 10))
	}
	for _, of := range [][]*score.Snapshot{{long}, {long, finished()}} {
		text := string(write(t, "md", of...))
		if len(text) > 65_536 || !strings.Contains(text, "## FAIL") || !strings.Contains(text, "does not fit here") || strings.Contains(text[len(text)-200:], "availability >= 9\n") {
			t.Errorf("a long run: %d bytes, from %q to %q", len(text), text[:20], text[len(text)-100:])
		}
	}
	b := write(t, "md", runs...)
	if len(b) > 65_536 || !strings.Contains(string(b), "more of 100 runs do not fit") {
		t.Errorf("%d bytes, and the end says %q", len(b), b[len(b)-100:])
	}
}

func TestAnnotations(t *testing.T) {
	doubt, pass := finished(), finished()
	doubt.Verdict, doubt.Reasons = score.Inconclusive, []string{"inconclusive: 50 %\n::error::forged"}
	pass.Verdict = score.Pass
	var b bytes.Buffer
	if err := reports.Annotations(&b, []*score.Snapshot{finished(), doubt, pass}); err != nil {
		t.Fatal(err)
	}
	want := "::error title=hostile (bundled%2C seed 7)%3A fail::expectation failed: availability >= 99%25\x1b[2J\n" +
		"::warning title=hostile (bundled%2C seed 7)%3A inconclusive::inconclusive: 50 %25%0A::error::forged\n"
	if b.String() != want {
		t.Errorf("got\n%q\nwant\n%q", b.String(), want)
	}
}

// endless is the longest run that anybody would make: an hour with a dozen
// providers, a fault a minute and a hand that never rests.
func endless() *score.Snapshot {
	s := finished()
	second, window, lane := s.Seconds, s.Windows[0], s.Providers[0]
	s.Seconds, s.Windows, s.Providers = nil, nil, nil
	for i := range 12 {
		lane.Name = "provider-" + strconv.Itoa(i)
		s.Providers = append(s.Providers, lane)
	}
	for i := range 3600 {
		v := second[10+i%10]
		v.At, v.TTFTP95, v.TotalP95, v.Share = time.Duration(i)*time.Second, time.Duration(200+i%97)*time.Millisecond, time.Duration(500+i%89)*time.Millisecond, make([]float64, 12)
		for p := range v.Share {
			v.Share[p] = 1. / 12
		}
		s.Seconds = append(s.Seconds, v)
	}
	for i := range 60 {
		w := window
		w.Fault = "outage-" + strconv.Itoa(i)
		w.Injected, w.Cleared, w.End = time.Duration(i*60+10)*time.Second, time.Duration(i*60+30)*time.Second, time.Duration(i*60+60)*time.Second
		s.Windows = append(s.Windows, w)
		for range 5 {
			s.Acts = append(s.Acts, score.Act{T: w.Injected, Text: "load times 1.25, from " + w.Fault + " on", ByHand: true})
		}
		s.Reasons = append(s.Reasons, "expected availability in "+w.Fault+" >= 99 %, got 98.5 %")
	}
	s.T = time.Hour
	return s
}

// However much there is to tell, a summary fits where it is put and a page can
// be mailed.
func TestReportsOfTheLongestRunFit(t *testing.T) {
	if n := len(write(t, "md", endless())); n > 65_000 {
		t.Errorf("the summary has %d bytes", n)
	}
	if n := len(write(t, "html", endless())); n > 1<<20 {
		t.Errorf("the page has %d KB", n>>10)
	} else {
		t.Logf("the page has %d KB", n>>10)
	}
}

// Each window is told in words, and so is what did not come back.
func TestWindowsInWords(t *testing.T) {
	for _, tt := range []struct {
		change func(w *score.Window)
		want   string
	}{
		{func(w *score.Window) { w.FailedOver, w.TimeToFailover = true, 1200*time.Millisecond }, "users were back at the promised level 1.20 s after the injection"},
		{func(w *score.Window) { w.FailedOver, w.TimeToFailover = true, 0 }, "users stayed at the promised level"},
		{func(w *score.Window) { w.FailedOver = false }, "users were not back at the promised level before it ended"},
		{func(w *score.Window) { w.Recovered, w.TimeToRecover = true, 2*time.Second }, "traffic was as before 2.00 s after it cleared"},
		{func(w *score.Window) { w.Recovered = false }, "traffic was not as before by the end of its recovery horizon"},
	} {
		s := finished()
		for i := range s.Windows[0].Parts {
			s.Windows[0].Parts[i].Known = true
		}
		tt.change(&s.Windows[0])
		if page := string(write(t, "html", s)); !strings.Contains(page, tt.want) {
			t.Errorf("the page lacks %q", tt.want)
		}
	}
}

// A crash fails a run whatever its expectations say, in JUnit, too.
func TestACrashFailsInJUnit(t *testing.T) {
	s := finished()
	s.Expectations, s.Violations = nil, nil
	s.Target.Findings = []journal.Finding{{What: journal.FindingCrashed, Detail: "exit code 137"}}
	var suites struct {
		Failures int `xml:"failures,attr"`
	}
	if text := write(t, "junit", s); xml.Unmarshal(text, &suites) != nil || suites.Failures != 1 || !bytes.Contains(text, []byte("exit code 137")) {
		t.Errorf("%d failures in\n%s", suites.Failures, text)
	}
}

// What could not be judged is not said to have never come.
func TestUnknownIsNotNever(t *testing.T) {
	s := finished()
	s.Windows[0].Recovered, s.Windows[0].FailedOver = false, false
	s.Windows[0].Parts[1].Known = true
	row := strings.Split(string(write(t, "md", s)), "| outage | openai |")[1]
	if !strings.HasPrefix(strings.TrimSpace(row), "10.00 s | 20.00 s | 88.4 | 98.5 % | never | unknown |") {
		t.Error(row)
	}
	s.Windows[0].Injected, s.Windows[0].Cleared = 0, 0
	if text := write(t, "md", s); !bytes.Contains(text, []byte("| outage | openai | - | - |")) {
		t.Errorf("a fault that never was has a time:\n%s", text)
	}
}

// A run that has not ended proves nothing.
func TestARunUnderWayIsAnErrorInJUnit(t *testing.T) {
	s := finished()
	s.Verdict = score.Pending
	if text := write(t, "junit", s); !bytes.Contains(text, []byte(`errors="1"`)) {
		t.Errorf("%s", text)
	}
}

// Several runs are one table, whatever their providers, and each row tells its
// run.
func TestCSVOfSeveralRunsIsOneTable(t *testing.T) {
	one, two := finished(), finished()
	two.RunID = "other"
	two.Providers = slices.Clone(two.Providers[1:])
	two.Providers = append(two.Providers, score.Lane{Name: "late"})
	path := filepath.Join(t.TempDir(), "seconds.csv")
	f, err := reports.LookupFormat("csv")
	if err != nil {
		t.Fatal(err)
	}
	if err := reports.WriteAll([]reports.Output{{Format: f, Path: path}}, []*score.Snapshot{one, two}, nil); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil || len(rows) != 1+len(one.Seconds)+len(two.Seconds) || bytes.Contains(text, []byte("\n\n")) {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if got := rows[0][len(rows[0])-3:]; !slices.Equal(got, []string{"share_openai", "share_gpu-a", "share_late"}) {
		t.Errorf("columns %v", got)
	}
	first, last := rows[1], rows[len(rows)-1]
	if first[len(first)-1] != "" || last[len(last)-3] != "" || last[len(last)-2] == "" || last[0] != "other" {
		t.Errorf("%v\n%v", first, last)
	}
}
