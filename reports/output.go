package reports

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"brownout/harness/score"
)

// Format is one kind of report. Write gets one or more finished runs.
type Format struct {
	Name    string
	File    string // what a file of it is usually called
	Summary string
	Write   func(w io.Writer, runs []*score.Snapshot) error
	// Journal is set instead of Write by formats that tell of every request,
	// which only the journals of the runs hold.
	Journal func(w io.Writer, journals []string) error
}

// WriteRun writes the report of one run whose journal was kept.
func (f Format) WriteRun(w io.Writer, s *score.Snapshot, journal string) error {
	if f.Journal != nil {
		return f.Journal(w, []string{journal})
	}
	return f.Write(w, []*score.Snapshot{s})
}

// Formats lists the formats. Adding one is adding its file and its line here.
func Formats() []Format {
	return []Format{
		{Name: "json", File: "report.json", Summary: "report.json, schema " + Schema, Write: writeJSON},
		{Name: "junit", File: "junit.xml", Summary: "JUnit XML: each expectation a test case", Write: writeJUnit},
		{Name: "md", File: "summary.md", Summary: "Markdown for a job summary", Write: writeMarkdown},
		{Name: "html", File: "report.html", Summary: "one self-contained page with charts and waterfalls", Write: writeHTML},
		{Name: "csv", File: "seconds.csv", Summary: "one row for each second", Write: writeCSV},
		{Name: "samples", File: "requests.csv", Summary: "CSV: one row for each request, from the journal", Journal: writeSamples},
		{Name: "openmetrics", File: "metrics.txt", Summary: "OpenMetrics text, for a push gateway or a scraper", Write: writeOpenMetrics},
		{Name: "badge", File: "badge.svg", Summary: "an SVG badge: the worst verdict and its score", Write: writeBadge},
	}
}

// FormatList is the names of Formats, for help and errors.
func FormatList() string {
	var names []string
	for _, f := range Formats() {
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
}

// Output is one report to write.
type Output struct {
	Format Format
	Path   string
}

// ParseOutputs reads FORMAT=PATH specifications.
func ParseOutputs(specs []string) ([]Output, error) {
	var out []Output
	for _, spec := range specs {
		name, path, ok := strings.Cut(spec, "=")
		if !ok || path == "" {
			return nil, fmt.Errorf("--report %q: want FORMAT=PATH, for example json=report.json", spec)
		}
		f, err := LookupFormat(name)
		if err != nil {
			return nil, fmt.Errorf("--report %q: %w", spec, err)
		}
		if err := checkPlaceholders(path); err != nil {
			return nil, fmt.Errorf("--report %q: %w", spec, err)
		}
		out = append(out, Output{Format: f, Path: path})
	}
	return out, nil
}

// LookupFormat finds a format by its name.
func LookupFormat(name string) (Format, error) {
	for _, f := range Formats() {
		if f.Name == name {
			return f, nil
		}
	}
	return Format{}, fmt.Errorf("unknown format %q; known are %s", name, FormatList())
}

// WriteAll writes every report but those that each run has for itself; journals
// are the paths of those that were kept. A file is replaced whole or not at all, so that
// a full disk or a crash never leaves half a report under its name.
func WriteAll(outputs []Output, runs []*score.Snapshot, journals []string) error {
	for _, o := range outputs {
		if o.PerRun() {
			continue
		}
		write := func(w io.Writer) error { return o.Format.Write(w, runs) }
		if o.Format.Journal != nil {
			if len(journals) < len(runs) {
				return fmt.Errorf("report %s=%s: it is made from journals, and the run kept none", o.Format.Name, o.Path)
			}
			write = func(w io.Writer) error { return o.Format.Journal(w, journals) }
		}
		if err := Replace(o.Path, write); err != nil {
			return fmt.Errorf("report %s=%s: %w", o.Format.Name, o.Path, err)
		}
	}
	return nil
}

// Replace writes a file whole or not at all. What is no file, such as
// /dev/stdout or a pipe, is written to as it is: a file in its place would not
// be what was asked for.
func Replace(path string, write func(io.Writer) error) (err error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return writeTo(path, write)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.Close()           // the first error tells more
			_ = os.Remove(f.Name()) // nothing of use is lost
		}
	}()
	if err := write(f); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// writeTo writes to what is there already.
func writeTo(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}
