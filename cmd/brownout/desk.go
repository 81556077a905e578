package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"brownout/harness"
	"brownout/harness/replay"
	"brownout/harness/score"
	"brownout/reports"
	"brownout/scenarios"
	"brownout/tui"
)

// desk does for the screens what they ask for: it starts runs and keeps what
// comes of them, reads the history and writes reports.
type desk struct {
	app   *app
	ctx   context.Context // of the command, whose life is that of the screens
	flags runFlags

	// shown is a run that may be kept elsewhere, or under another name.
	shownID func() string // nil: there is none
	shown   reports.Kept

	mu    sync.Mutex
	wait  sync.WaitGroup
	stops []func()
	going int                // runs and comparisons under way
	runs  []reports.SuiteRun // that have ended
}

func (a *app) newDesk(ctx context.Context, f runFlags) *desk {
	return &desk{app: a, ctx: ctx, flags: f}
}

// screens is what the screens of one run, or of one replay, are offered.
func (d *desk) screens() tui.Desk {
	out := tui.Desk{Write: d.write}
	for _, f := range reports.Formats() {
		if f.Journal == nil || !d.flags.noJournal {
			out.Formats = append(out.Formats, tui.Format{Name: f.Name, Summary: f.Summary, File: f.File})
		}
	}
	for _, name := range reports.MatrixFormats() {
		out.MatrixFormats = append(out.MatrixFormats, tui.Format{Name: name, Summary: "the comparison", File: "compare." + name})
	}
	out.Matrix, out.WriteMatrix = matrixOf, writeMatrix
	if !d.flags.noJournal {
		out.Read, out.Play = d.read, d.play
	}
	return out
}

// launcher is what the launcher is offered: all there is.
func (d *desk) launcher() (tui.Desk, error) {
	out := d.screens()
	out.Entries = ownScenarios()
	for _, name := range scenarios.Builtin() {
		e, err := entry(name)
		if err != nil {
			return out, err
		}
		out.Entries = append(out.Entries, e)
	}
	out.Targets = usable()
	out.Mitigations = mitigationNames()
	out.Begin, out.Kept, out.Contest = d.begin, d.kept, d.contest
	return out, nil
}

func entry(name string) (tui.Entry, error) {
	sc, err := scenarios.Open(name)
	if err != nil {
		return tui.Entry{}, err
	}
	p, err := sc.Resolve(scenarios.ResolveOptions{})
	return tui.Entry{Name: name, Plan: p}, err
}

// ownScenarios are the scenario files in the directory that one stands in and
// in its directory "scenarios". What is no valid scenario is passed over: a
// suite, a router's configuration, a file half written. So is a copy of a
// built-in one, as all of them are where this repository is checked out.
func ownScenarios() []tui.Entry {
	var out []tui.Entry
	for _, pattern := range []string{"*.toml", filepath.Join("scenarios", "*.toml")} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			continue // the patterns are well-formed
		}
		for _, path := range found {
			if copied(path) {
				continue
			}
			if e, err := entry(path); err == nil {
				out = append(out, e)
			}
		}
	}
	return out
}

// copied tells whether a file is a built-in scenario, word for word and under
// its name.
func copied(path string) bool {
	raw, ok := scenarios.Raw(strings.TrimSuffix(filepath.Base(path), ".toml"))
	if !ok {
		return false
	}
	text, err := os.ReadFile(path)
	return err == nil && bytes.Equal(text, raw)
}

// claim counts something that loads the machine. One at a time: two would
// measure each other.
func (d *desk) claim(stop func()) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.going > 0 {
		return errors.New("a run is on; let it end first, or stop it")
	}
	d.going++
	d.stops = append(d.stops, stop)
	return nil
}

// release is the end of what was claimed.
func (d *desk) release(runs ...reports.SuiteRun) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.going--
	d.runs = append(d.runs, runs...)
}

// plan resolves an order.
func (d *desk) plan(o tui.Order) (reports.SuiteRun, error) {
	sc, err := scenarios.Open(o.Scenario)
	if err != nil {
		return reports.SuiteRun{}, err
	}
	if sc, err = sc.Without(o.Without...); err != nil {
		return reports.SuiteRun{}, err
	}
	f := d.flags
	f.target, f.seed, f.seeded = o.Target, o.Seed, true
	return resolveEntry(scenarios.Entry{Scenario: sc}, f, 0)
}

// begin starts a run and keeps what comes of it.
func (d *desk) begin(o tui.Order) (tui.Source, error) {
	run, err := d.plan(o)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(d.ctx)
	if err := d.claim(stop); err != nil {
		stop()
		return nil, err
	}
	session, err := d.app.start(ctx, run.Plan, d.flags)
	if err != nil {
		stop()
		d.release()
		return nil, err
	}
	d.wait.Go(func() {
		defer stop()
		run.Snapshot, run.Err = session.Wait()
		run.Dir = session.Dir
		run.Err = errors.Join(run.Err, keep(run.Dir, run.Snapshot))
		d.release(run)
	})
	return session, nil
}

// close ends what is still going on, and waits for it.
func (d *desk) close() {
	d.mu.Lock()
	stops := d.stops
	d.mu.Unlock()
	for _, stop := range stops {
		stop()
	}
	d.wait.Wait()
}

// tell prints a line for each run that has ended.
func (d *desk) tell() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var errs []error
	for _, r := range d.runs {
		fmt.Fprintln(d.app.out, reports.SuiteLine(r, d.app.style(d.flags.ascii)))
		if r.Err != nil && !errors.Is(r.Err, harness.ErrInterrupted) {
			errs = append(errs, r.Err)
		}
	}
	return errors.Join(errs...)
}

// kept lists the history, the latest first.
func (d *desk) kept() ([]tui.Kept, error) {
	history, err := reports.History(d.flags.out)
	if err != nil {
		return nil, err
	}
	out := make([]tui.Kept, 0, len(history))
	var trend reports.Trend
	for _, k := range history {
		t := tui.Kept{ID: k.ID, Verdict: score.Pending}
		t.Started, t.Scenario = partsOfID(k.ID)
		if r := k.Report; r != nil {
			t.Scenario, t.Title, t.Target, t.Seed, t.Started = r.Run.Scenario, r.Run.Title, r.Run.Target, r.Run.Seed, r.Run.Started
			t.Verdict, t.Reasons = r.Verdict, r.Reasons
			t.Overrides, t.ByHand = r.Run.Overrides, r.ByHand()
			if v := r.Score.Total; v != nil {
				t.Scored, t.Score = true, *v
				t.Change, t.Changed = trend.Change(r)
			}
		}
		out = append(out, t)
	}
	slices.Reverse(out)
	return out, nil
}

// partsOfID reads from a run's id when it began and what it ran: all that is
// known of one that left no report.
func partsOfID(id string) (time.Time, string) {
	parts := strings.SplitN(id, "-", 3)
	if len(parts) < 3 {
		return time.Time{}, id
	}
	at, err := time.Parse("20060102-150405", parts[0]+"-"+parts[1])
	end := strings.LastIndexByte(parts[2], '-')
	if err != nil || end < 0 {
		return time.Time{}, id
	}
	return at, parts[2][:end]
}

// find finds a run by its id.
func (d *desk) find(id string) (reports.Kept, error) {
	if d.shownID != nil && id != "" && id == d.shownID() {
		return d.shown, nil
	}
	return reports.Find(d.flags.out, id)
}

func (d *desk) read(id string) (*score.Snapshot, error) {
	k, err := d.find(id)
	if err != nil {
		return nil, err
	}
	snap, _, err := score.Read(k.Journal())
	return snap, err
}

func (d *desk) play(id string) (tui.Player, error) {
	k, err := d.find(id)
	if err != nil {
		return nil, err
	}
	return replay.Open(d.ctx, k.Journal(), 1)
}

// write writes a report of a run.
func (d *desk) write(s *score.Snapshot, format, path string, over bool) error {
	f, err := reports.LookupFormat(format)
	if err != nil {
		return err
	}
	journal := ""
	if f.Journal != nil {
		k, err := d.find(s.RunID)
		if err != nil {
			return fmt.Errorf("it is made from the run's journal: %w", err)
		}
		journal = k.Journal()
	}
	return replace(path, over, func(w io.Writer) error { return f.WriteRun(w, s, journal) })
}

// replace writes a file whole or not at all, over another one only where that
// was said.
func replace(path string, over bool, write func(io.Writer) error) error {
	if info, err := os.Stat(path); err == nil {
		switch {
		case info.IsDir():
			return fmt.Errorf("%s is a directory; name a file in it", path)
		case !over && info.Mode().IsRegular():
			return tui.ErrExists
		}
	}
	if dir := filepath.Dir(path); !isDir(dir) {
		return fmt.Errorf("there is no directory %s; make it, or name another path", dir)
	}
	return reports.Replace(path, write)
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// matrixOf sets the runs of lanes side by side, with a column for each label.
func matrixOf(lanes []tui.Lane) tui.Matrix {
	m := matrix("", lanes)
	out := tui.Matrix{Lanes: m.Variants}
	for _, f := range m.Figures {
		row := tui.MatrixRow{Name: f.Name}
		for i, c := range f.Cells {
			cell := tui.MatrixCell{Text: f.Text(i)}
			switch {
			case c.Best:
				cell.Mark = tui.MarkBest
			case c.LikeBest:
				cell.Mark = tui.MarkLike
			case c.Worst:
				cell.Mark = tui.MarkWorst
			}
			row.Cells = append(row.Cells, cell)
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

func matrix(title string, lanes []tui.Lane) reports.Matrix {
	var list []reports.Variant
	for _, l := range lanes {
		i := slices.IndexFunc(list, func(v reports.Variant) bool { return v.Label == l.Label })
		if i < 0 {
			i = len(list)
			list = append(list, reports.Variant{Label: l.Label})
		}
		if l.Snap != nil && l.Snap.Verdict != score.Pending && l.Snap.Verdict != "" {
			list[i].Runs = append(list[i].Runs, l.Snap)
		}
	}
	return reports.NewMatrix(title, list)
}

// writeMatrix writes a comparison.
func writeMatrix(title string, lanes []tui.Lane, format, path string, over bool) error {
	return replace(path, over, func(w io.Writer) error {
		return reports.WriteMatrices(w, format, []reports.Matrix{matrix(title, lanes)})
	})
}
