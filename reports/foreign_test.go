package reports_test

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"brownout/harness/journal"
	"brownout/reports"
)

// Hostile titles and provider messages stay text in every format.
func TestForeignTextStaysText(t *testing.T) {
	s := finished()
	var suites struct {
		Suites []struct {
			Failures int `xml:"failures,attr"`
			Cases    []struct {
				Name    string `xml:"name,attr"`
				Failure string `xml:"failure"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(write(t, "junit", s), &suites); err != nil {
		t.Fatalf("the JUnit file is not well-formed: %v", err)
	}
	if n := suites.Suites[0].Failures; n != 3 {
		t.Errorf("%d failures, want two expectations and the veto", n)
	}
	md := string(write(t, "md", s))
	for _, bad := range []string{"<script>", "[link](", "*bold*"} {
		if strings.Contains(md, bad) {
			t.Errorf("the Markdown carries %q as markup", bad)
		}
	}
	var b bytes.Buffer
	reports.Summary(&b, s, reports.Style{})
	if strings.Contains(b.String(), "\x1b") {
		t.Error("an escape sequence of a message reached the terminal")
	}
}

// What others wrote stays text where a spreadsheet opens it.
func TestSamplesAreNoFormulas(t *testing.T) {
	path := filepath.Join(t.TempDir(), reports.JournalFile)
	w, err := journal.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range []journal.Event{
		&journal.RunStarted{Schema: journal.Schema, RunID: "r"},
		&journal.Sample{Marker: "chat-1", Request: "chat", Outcome: journal.Failed, Detail: `=cmd|' /C calc'!A0`, Model: "+1", Provider: "@x"},
		&journal.Sample{Marker: "chat-2", Request: "chat", Outcome: journal.OK, Detail: "-2", Status: 200},
		&journal.RunFinished{},
	} {
		if err := w.Append(journal.Record{Seq: uint64(i + 1), Event: e}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := reports.LookupFormat("samples")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := f.WriteRun(&b, finished(), path); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(rows) != 3 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, row := range rows[1:] {
		if row[0] != "r" {
			t.Errorf("a row of run %q", row[0])
		}
		for _, c := range row {
			if strings.ContainsAny(c[:min(1, len(c))], "=+-@") {
				t.Errorf("%q is a formula", c)
			}
		}
	}
}

// Nothing that is written steers what shows it, or breaks out of its line.
func TestForeignTextSteersNothing(t *testing.T) {
	s := finished()
	s.Plan.Title = "\x1b[31mred\x07 \u202etxet\u2066 two\nlines\u009b"
	s.Plan.About = s.Plan.Title
	s.Reasons = []string{s.Plan.Title}
	s.Plan.Overrides = []string{s.Plan.Title}
	texts := map[string][]byte{}
	for _, format := range []string{"md", "html", "junit", "csv", "openmetrics", "badge"} {
		texts[format] = write(t, format, s)
	}
	var b bytes.Buffer
	reports.Summary(&b, s, reports.Style{})
	texts["summary"] = bytes.Clone(b.Bytes())
	b.Reset()
	reports.Explain(&b, s.Plan, reports.Style{})
	texts["explain"] = b.Bytes()
	for name, text := range texts {
		for _, r := range string(text) {
			if unicode.IsControl(r) && !strings.ContainsRune("\n\r\t", r) || unicode.Is(unicode.Bidi_Control, r) {
				t.Errorf("%s has %U", name, r)
			}
		}
		if strings.Contains(string(text), "two\nlines") && name != "explain" && name != "html" {
			t.Errorf("%s lets a title break its line", name)
		}
	}
}
