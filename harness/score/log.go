package score

import (
	"strings"
	"time"

	"brownout/harness/journal"
)

// eventLog keeps the last lines in plain words. Lines are only ever appended
// to a slice, or the slice replaced, so that snapshots can share them.
type eventLog struct {
	lines []Line
	told  map[string]bool // decisions of which one was logged
}

func (l *eventLog) add(t time.Duration, level, text string) {
	if len(l.lines) >= 2*LogLines {
		l.lines = append(make([]Line, 0, 2*LogLines), l.lines[len(l.lines)-LogLines+1:]...)
	}
	l.lines = append(l.lines, Line{T: t, Level: level, Text: text})
}

func (l *eventLog) last() []Line {
	from := max(0, len(l.lines)-LogLines)
	return l.lines[from:len(l.lines):len(l.lines)]
}

func phaseText(name string) string {
	switch name {
	case journal.PhaseSteady:
		return "steady state: load without faults"
	case journal.PhaseFault:
		return "fault phase: something is broken now"
	case journal.PhaseRecovery:
		return "recovery: nothing is broken any more"
	case journal.PhaseDrain:
		return "no more requests are sent; waiting for the last answers"
	}
	return "phase " + name
}

func (l *eventLog) faultOn(t time.Duration, e *journal.FaultOn) {
	text := "injected " + e.Name + " on " + strings.Join(e.On, ", ")
	level := "warn"
	if !e.Confirmed {
		text, level = text+", not confirmed in effect", "error"
	}
	l.add(t, level, withDetail(text, e.Detail))
}

func (l *eventLog) faultOff(t time.Duration, e *journal.FaultOff) {
	text := "cleared " + e.Name + " on " + strings.Join(e.On, ", ")
	level := "info"
	if !e.Confirmed {
		text, level = text+", not confirmed gone", "error"
	}
	l.add(t, level, withDetail(text, e.Detail))
}

// decision logs every change of a breaker or of health, every ejection, and the first of each
// other sort: a line for each retry would push everything else out.
func (l *eventLog) decision(t time.Duration, e *journal.Decision) {
	switch e.What {
	case "breaker_open":
		l.add(t, "warn", withDetail("router: breaker of "+e.Provider+" opened", e.Detail))
		return
	case "breaker_half_open":
		l.add(t, "info", withDetail("router: breaker of "+e.Provider+" lets probes through", e.Detail))
		return
	case "breaker_closed":
		l.add(t, "info", withDetail("router: breaker of "+e.Provider+" closed", e.Detail))
		return
	case "ejected":
		l.add(t, "warn", withDetail("router: "+e.Provider+" ejected for "+e.Wait.Round(time.Millisecond).String(), e.Detail))
		return
	case "unhealthy":
		l.add(t, "warn", withDetail("router: "+e.Provider+" is unhealthy", e.Detail))
		return
	case "healthy":
		l.add(t, "info", withDetail("router: "+e.Provider+" is healthy again", e.Detail))
		return
	case "returned":
		l.add(t, "info", withDetail("router: "+e.Provider+" taken back", e.Detail))
		return
	}
	if l.told[e.What] || len(l.told) >= LogLines {
		return
	}
	if l.told == nil {
		l.told = make(map[string]bool)
	}
	l.told[e.What] = true
	text := "router: first " + strings.ReplaceAll(e.What, "_", " ")
	if e.Provider != "" {
		text += " at " + e.Provider
	}
	l.add(t, "info", withDetail(text, e.Detail))
}

// violationLines is how many violations get a line each.
const violationLines = 10

func (l *eventLog) violation(t time.Duration, v journal.Violation, nth int) {
	switch {
	case nth <= violationLines:
		l.add(t, "error", withDetail(v.What+" violation: "+v.Marker+" reached "+v.Provider, v.Detail))
	case nth == violationLines+1:
		l.add(t, "error", "more violations follow; they are counted but not logged")
	}
}

func (l *eventLog) finished(t time.Duration, e *journal.RunFinished) {
	switch {
	case e.Error != "":
		l.add(t, "error", "run ended by an error: "+e.Error)
	case e.Interrupted:
		l.add(t, "warn", "run interrupted")
	default:
		l.add(t, "info", "run finished")
	}
}

func withDetail(text, detail string) string {
	if detail == "" {
		return text
	}
	return text + ": " + detail
}
