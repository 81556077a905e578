// Package examiner fills in scorecards: it puts every kind of fault on a
// provider of its own rig, sends a single request through each target, and has
// what came of it judged.
//
// Targets flow in; a scorecard.Sheet flows out. Each cell is a small run of
// package harness. The cells go side by side, since most of them wait. The
// package knows nothing of scenario files or of how a sheet is shown.
package examiner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"brownout/harness"
	"brownout/harness/journal"
	"brownout/harness/scorecard"
	"brownout/harness/target"
	"brownout/plan"
)

// Options say what is examined and how.
type Options struct {
	Targets  []plan.Target
	Faults   []string // names of rows or kinds of fault; empty: all
	Seed     uint64
	PortFrom int                 // first port of the links where a target runs already; 0: free ones are found
	Cache    string              // directory below which targets are installed
	Say      func(string)        // told what a person who waits should read; nil: nobody waits
	Done     func(done, all int) // told after each cell, by one goroutine at a time; nil: nobody waits
}

// Bounds of what goes on at once: cells mostly wait, and begin with work.
const (
	atOnce        = 24
	processAtOnce = 4 // where each cell starts a process
	tries         = 3 // of a cell that proved nothing
)

// Examine fills in a sheet. The error tells that it was ended, or that a
// question cannot be put at all; a target that does not start is told in its
// card.
func Examine(ctx context.Context, o Options) (*scorecard.Sheet, error) {
	asked, rows, err := chosen(o.Faults)
	if err != nil {
		return nil, err
	}
	s := &scorecard.Sheet{Seed: o.Seed, Rows: rows, Cards: make([]scorecard.Card, len(o.Targets))}
	e := &examination{options: o, asked: asked, room: make(chan struct{}, atOnce), all: len(asked) * len(o.Targets)}
	var wg sync.WaitGroup
	for i, t := range o.Targets {
		wg.Go(func() { s.Cards[i] = e.card(ctx, t) })
	}
	wg.Wait()
	if ctx.Err() != nil {
		return nil, harness.ErrInterrupted
	}
	return s, nil
}

// chosen are the questions that are asked, and their rows.
func chosen(faults []string) (asked []question, rows []scorecard.Row, err error) {
	all, every := questions(), Rows()
	if len(faults) == 0 {
		return all, every, nil
	}
	for _, f := range faults {
		if !slices.ContainsFunc(all, func(q question) bool { return q.name == f || q.kind == f }) {
			var names []string
			for _, q := range all {
				names = append(names, q.name)
			}
			return nil, nil, fmt.Errorf("the scorecard has no fault %q; it has %s", f, strings.Join(names, ", "))
		}
	}
	for i, q := range all {
		if slices.Contains(faults, q.name) || slices.Contains(faults, q.kind) {
			asked, rows = append(asked, q), append(rows, every[i])
		}
	}
	return asked, rows, nil
}

// examination is one sheet on its way.
type examination struct {
	options Options
	asked   []question
	room    chan struct{} // one place for each cell at a time

	mu   sync.Mutex
	done int
	all  int
}

// starter starts what a cell puts under test.
type starter = func(context.Context, target.Options) (*target.Target, error)

// card fills in the column of one target.
func (e *examination) card(ctx context.Context, t plan.Target) scorecard.Card {
	c := scorecard.Card{Target: t.Name, Title: t.Title, Cells: make([]scorecard.Cell, len(e.asked)), Findings: []string{}}
	began := time.Now()
	var mu sync.Mutex
	find := func(f target.Finding) {
		mu.Lock()
		defer mu.Unlock()
		if text := strings.ReplaceAll(f.What, "_", " ") + ": " + f.Detail; !slices.Contains(c.Findings, text) {
			c.Findings = append(c.Findings, text)
		}
	}
	start, stop, own, err := e.starter(ctx, t, find)
	if err != nil {
		c.Cells, c.Error = []scorecard.Cell{}, "did not start: "+err.Error()
		return c
	}
	// What keeps one cell from being filled keeps all of them.
	filling, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	var wg sync.WaitGroup
	for i, q := range e.asked {
		wg.Go(func() {
			own <- struct{}{}
			defer func() { <-own }()
			e.room <- struct{}{}
			defer func() { <-e.room }()
			if filling.Err() == nil {
				var err error
				if c.Cells[i], err = e.cell(filling, t, q, start); err != nil {
					giveUp(err) // the first of them counts
				}
			}
			e.tell()
		})
	}
	wg.Wait()
	if err := errors.Join(context.Cause(filling), stop(context.WithoutCancel(ctx))); err != nil {
		c.Cells, c.Error = []scorecard.Cell{}, strings.TrimPrefix(err.Error(), "target "+t.Name+" ")
	}
	c.TookS = float64(time.Since(began).Milliseconds()) / 1000
	return c
}

// starter says how the cells of a target are started, how many at once, and
// what is stopped when all are done.
func (e *examination) starter(ctx context.Context, t plan.Target, find func(target.Finding)) (starter, func(context.Context) error, chan struct{}, error) {
	nothing := func(context.Context) error { return nil }
	each := func(ctx context.Context, o target.Options) (*target.Target, error) {
		o.Find = find
		return target.Start(ctx, t, o)
	}
	switch {
	case t.Router != "":
		return each, nothing, make(chan struct{}, atOnce), nil
	case t.Process == nil, t.Process.Alone: // it was pointed at one set of ports, or has such ports itself
		return each, nothing, make(chan struct{}, 1), nil
	case !t.Process.Shared:
		return each, nothing, make(chan struct{}, processAtOnce), nil
	}
	one, err := target.Start(ctx, t, target.Options{Seed: e.options.Seed, Cache: e.options.Cache, Say: e.options.Say, Find: find})
	if err != nil {
		return nil, nil, nil, err
	}
	stop := func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, one.Grace+time.Second)
		defer cancel()
		return one.Stop(ctx)
	}
	attach := func(_ context.Context, o target.Options) (*target.Target, error) {
		o.Find = nil // of all cells the same
		return target.Attach(t, one, o)
	}
	return attach, stop, make(chan struct{}, atOnce), nil
}

// cell puts one question to one target, again where nothing was proven because
// the machine was too slow.
func (e *examination) cell(ctx context.Context, t plan.Target, q question, start starter) (scorecard.Cell, error) {
	if t.Router == "" && t.Process == nil && q.first() != firstChoice {
		why := fmt.Sprintf("the gateway runs already and asks %s first, and the fault is for %s", firstChoice, q.first())
		return scorecard.Cell{Fault: q.name, Grade: scorecard.Unknown, Why: why, Calls: []scorecard.Call{}}, nil
	}
	for try := 0; ; try++ {
		p, err := q.plan(t.Name, e.options.Seed, try)
		if err != nil {
			return scorecard.Cell{}, err
		}
		l, err := e.run(ctx, t, p, start)
		var machine *harness.EnvironmentError
		if errors.As(err, &machine) { // which is the same for all
			return scorecard.Cell{}, err
		}
		if err != nil {
			return scorecard.Cell{}, fmt.Errorf("%s: %w", q.name, err)
		}
		c := scorecard.Judge(q.name, l)
		if c.Grade != scorecard.Unknown || try == tries-1 || ctx.Err() != nil {
			return c, nil
		}
	}
}

// run runs the plan of one cell and gathers what was seen.
func (e *examination) run(ctx context.Context, t plan.Target, p *plan.Plan, start starter) (scorecard.Log, error) {
	l := scorecard.Log{LinkOnly: p.Faults[0].LinkOnly}
	var mu sync.Mutex
	o := harness.Options{Target: start, Cache: e.options.Cache, Tap: func(r journal.Record) {
		mu.Lock()
		defer mu.Unlock()
		switch ev := r.Event.(type) {
		case *journal.Sample:
			l.Samples = append(l.Samples, ev)
		case *journal.Call:
			l.Calls = append(l.Calls, ev)
		case *journal.FaultOn:
			if ev.Confirmed {
				l.Injected = r.T
			}
		}
	}}
	if t.Router == "" && t.Process == nil {
		o.PortFrom = e.options.PortFrom
	}
	_, err := harness.Run(ctx, p, o)
	mu.Lock()
	defer mu.Unlock()
	return l, err
}

// tell tells how far the sheet is.
func (e *examination) tell() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.done++
	if e.options.Done != nil {
		e.options.Done(e.done, e.all)
	}
}
