package harness

import (
	"encoding/json"
	"os"
	"path/filepath"
	"sync"
	"time"

	"brownout/harness/journal"
	"brownout/harness/target"
	"brownout/plan"
)

// system is what is under test.
func (r *run) system() plan.Target {
	if r.options.System != nil {
		return *r.options.System
	}
	return plan.InProcess(r.plan.Target)
}

// TargetLog is the name of the file in a run's directory that has what the
// process under test printed.
const TargetLog = "target.log"

// targetOptions is what the target may know, beside the providers' addresses.
func (r *run) targetOptions() target.Options {
	o := target.Options{
		Settings: r.plan.Router, Seed: r.plan.Seed, Asked: r.plan.FirstModel(), Longest: longest(r.plan),
		OnDecision: r.decided, Find: r.found, Observe: r.using, Cache: r.options.Cache, Say: r.options.Say,
	}
	if r.session.Dir != "" && r.system().Process != nil {
		r.printed.path = filepath.Join(r.session.Dir, TargetLog)
		o.Log = &r.printed
	}
	return o
}

// longest is the longest deadline of a plan's requests.
func longest(p *plan.Plan) (d time.Duration) {
	for _, m := range p.Load.Mix {
		d = max(d, m.Deadline)
	}
	return d
}

// extra is what the target wants in each request.
func extra(t *target.Target) func(plan.Mix) (map[string]string, map[string]json.RawMessage, error) {
	return func(m plan.Mix) (map[string]string, map[string]json.RawMessage, error) {
		e, err := t.Extra(m)
		return e.Headers, e.Body, err
	}
}

// findings keeps what was found of the target before the run began, since
// events before its start are of no run.
type findings struct {
	mu    sync.Mutex
	early []target.Finding
	begun bool
}

// found makes an event of what was found of the target.
func (r *run) found(f target.Finding) {
	r.findings.mu.Lock()
	defer r.findings.mu.Unlock()
	if !r.findings.begun {
		r.findings.early = append(r.findings.early, f)
		return
	}
	r.recorder.Record(&journal.Finding{What: f.What, Detail: f.Detail})
}

// tellFindings tells what was found until now.
func (r *run) tellFindings() {
	r.findings.mu.Lock()
	defer r.findings.mu.Unlock()
	r.findings.begun = true
	for _, f := range r.findings.early {
		r.recorder.Record(&journal.Finding{What: f.What, Detail: f.Detail})
	}
}

// using makes an event of how the target is doing.
func (r *run) using(s target.State) {
	if r.started.Load() {
		r.recorder.Record(&journal.Target{CPU: s.CPU, RSS: s.RSS, Processes: s.Processes})
	}
}

// lazyFile is a file that is made when the first byte is written: most targets
// print nothing. It belongs to one goroutine until it is closed.
type lazyFile struct {
	path string
	file *os.File
}

// Write implements io.Writer.
func (l *lazyFile) Write(b []byte) (int, error) {
	if l.file == nil {
		f, err := os.Create(l.path)
		if err != nil {
			return 0, err
		}
		l.file = f
	}
	return l.file.Write(b)
}

// close is for a file that was or was not made.
func (l *lazyFile) close() error {
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}

// tapped is a fold that tells somebody else of each record, too.
func tapped(fold, tap func(journal.Record)) func(journal.Record) {
	if tap == nil {
		return fold
	}
	return func(r journal.Record) {
		fold(r)
		tap(r)
	}
}
