package reports

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"brownout/harness/score"
)

// Files in the directory of a kept run.
const (
	JournalFile = "journal.jsonl.zst"
	ReportFile  = "report.json"
	latestLink  = "latest"
)

// Kept is a run in the history.
type Kept struct {
	ID, Dir string
	Report  *Report // nil where the run left none: it was killed, or is still going on
	Bytes   int64   // on disk
}

// Journal is the path of the run's journal.
func (k Kept) Journal() string { return filepath.Join(k.Dir, JournalFile) }

// Keep writes the report of a run beside its journal, and makes "latest" point
// to the run.
func Keep(dir string, s *score.Snapshot) error {
	err := Replace(filepath.Join(dir, ReportFile), func(w io.Writer) error { return writeJSON(w, []*score.Snapshot{s}) })
	if err != nil {
		return err
	}
	// A link cannot be replaced in one step; renaming a new one over it can.
	parent, name := filepath.Split(filepath.Clean(dir))
	tmp := filepath.Join(parent, "."+latestLink+"-"+name)
	if err := os.Symlink(name, tmp); err != nil {
		return err
	}
	if err := os.Rename(tmp, filepath.Join(parent, latestLink)); err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	return nil
}

// History lists the runs kept in a directory, the oldest first. A directory
// that is not there holds none.
func History(dir string) ([]Kept, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []Kept
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		k := Kept{ID: e.Name(), Dir: filepath.Join(dir, e.Name())}
		info, err := os.Stat(k.Journal())
		if err != nil {
			continue // no run
		}
		k.Bytes = info.Size()
		k.Report = readReport(filepath.Join(k.Dir, ReportFile))
		out = append(out, k)
	}
	slices.SortFunc(out, func(a, b Kept) int { return strings.Compare(a.ID, b.ID) }) // ids begin with their time
	return out, nil
}

func readReport(path string) *Report {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	r := new(Report)
	if json.Unmarshal(b, r) != nil || r.Schema != Schema {
		return nil
	}
	return r
}

// Find finds a run: by the path of its directory or journal, by its id, by the
// beginning of one that no other id has, or by the word "latest".
func Find(dir, name string) (Kept, error) {
	for _, d := range []string{name, filepath.Join(dir, name)} {
		if filepath.Base(d) == JournalFile {
			d = filepath.Dir(d)
		}
		if info, err := os.Stat(filepath.Join(d, JournalFile)); err == nil {
			if real, err := filepath.EvalSymlinks(d); err == nil {
				d = real
			}
			return Kept{ID: filepath.Base(d), Dir: d, Bytes: info.Size(), Report: readReport(filepath.Join(d, ReportFile))}, nil
		}
	}
	all, err := History(dir)
	if err != nil {
		return Kept{}, err
	}
	var found []Kept
	for _, k := range all {
		if strings.HasPrefix(k.ID, name) {
			found = append(found, k)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return Kept{}, fmt.Errorf("no run %q: it is neither a directory with a %s nor a run in %s; brownout runs lists those", name, JournalFile, dir)
	}
	return Kept{}, fmt.Errorf("run %q is not the only one that begins so: there are %s and %s; give more of its id", name, found[0].ID, found[1].ID)
}

// Trend follows the score of each scenario over its runs, given the oldest
// first. The zero Trend is ready to use.
type Trend struct{ last map[string]float64 }

// Change is how the score of a run changed since the run before of the same
// scenario, target and overrides; ok is false where there was none. What was
// done by hand makes a run unlike any other: it has no change, and none is
// counted from it. Points are told in tenths.
func (t *Trend) Change(r *Report) (points float64, ok bool) {
	if r.Score.Total == nil || r.ByHand() > 0 {
		return 0, false
	}
	if t.last == nil {
		t.last = map[string]float64{}
	}
	key := strings.Join(append([]string{r.Run.Scenario, r.Run.Target}, r.Run.Overrides...), "\x00")
	old, ok := t.last[key]
	t.last[key] = *r.Score.Total
	return math.Round(10*(*r.Score.Total-old))/10 + 0, ok // no -0.0
}

// alteration is what in a run was not as its scenario's file says; "" where
// nothing was.
func alteration(r *Report) string {
	list := r.Run.Overrides
	if n := r.ByHand(); n > 0 {
		list = append(slices.Clip(list), fmt.Sprintf("%d by hand", n))
	}
	return strings.Join(list, "; ")
}

// HistoryTable prints runs, the latest last, with the trend of each scenario's
// score.
func HistoryTable(w io.Writer, runs []Kept, st Style) {
	var rows [][]string
	var trend Trend
	for _, k := range runs {
		r := k.Report
		if r == nil {
			rows = append(rows, []string{k.ID, "", "", "", "no report", "", "", "", size(k.Bytes)})
			continue
		}
		row := []string{k.ID, r.Run.Scenario, r.Run.Target, fmt.Sprint(r.Run.Seed), string(r.Verdict), "-", "", alteration(r), size(k.Bytes)}
		if v := r.Score.Total; v != nil {
			row[5] = fmt.Sprintf("%.1f", *v)
		}
		if v, ok := trend.Change(r); ok {
			row[6] = fmt.Sprintf("%+.1f", v)
		}
		rows = append(rows, row)
	}
	Listing(w, []string{"run", "scenario", "target", "seed", "verdict", "score", "change", "other than the file", "size"}, rows, st)
}

// TrendTable prints how a scenario's score went over its runs.
func TrendTable(w io.Writer, runs []Kept, st Style) {
	const width = 40
	var rows [][]string
	for _, k := range runs {
		r := k.Report
		if r == nil || r.Score.Total == nil {
			continue
		}
		fill, glyph := int(*r.Score.Total/100*width+.5), "█"
		if st.ASCII {
			glyph = "#"
		}
		rows = append(rows, []string{
			r.Run.Started.Format(time.DateTime), r.Run.Target, alteration(r), string(r.Verdict), fmt.Sprintf("%5.1f", *r.Score.Total), strings.Repeat(glyph, fill),
		})
	}
	Listing(w, []string{"started", "target", "other than the file", "verdict", "score", "0 to 100"}, rows, st)
}

func size(n int64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%d KB", (n+1023)>>10)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
}
