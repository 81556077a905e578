package scenarios

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"brownout/plan"
)

// maxRepeat bounds how often a fault comes again.
const maxRepeat = 1000

// afterClear stands before the name of a fault whose clearance is meant.
const afterClear = "clear:"

// timing reads what the keys of a fault say together about its time.
func (d *document) timing(f *fault, v faultDoc, label string) {
	n := f.node
	if f.Ramp > f.For {
		d.fail(n.find("ramp"), fmt.Sprintf("%s: ramp is %s, and the fault lasts %s", label, f.Ramp, f.For), "let the ramp end before the fault does")
	}
	switch {
	case f.repeat > 1 && n.table["every"] == nil:
		d.fail(n.find("repeat"), fmt.Sprintf("%s: is repeated, and nothing says how often", label), fmt.Sprintf("write for example every = %q", (f.For*2).String()))
	case f.repeat > 1 && f.every <= f.For:
		d.fail(n.find("every"), fmt.Sprintf("%s: every is %s, and the fault lasts %s, so that it would overlap itself", label, f.every, f.For), "let every be longer than for")
	case n.table["every"] != nil && n.table["repeat"] == nil:
		d.fail(n.find("every"), label+": every has no meaning without repeat", "write for example repeat = 3")
	}
	if c := n.table["after"]; c != nil && v.After != "" {
		f.after, f.fromClear = strings.CutPrefix(v.After, afterClear)
		if f.after == "" {
			d.fail(c, label+": after names no fault", `write for example after = "outage" or after = "clear:outage"`)
		}
	}
	c := n.table["when"]
	if c == nil {
		return
	}
	if t, err := plan.ParseTrigger(v.When); err != nil {
		d.wrongTrigger(c, label, err)
	} else {
		f.When = &t
		if _, ok := d.plan.Provider(t.Arg); !ok && t.Arg != "" && len(d.plan.Providers) > 0 {
			open := strings.Index(v.When, "(") + 1
			d.failAt(c, open+strings.Index(v.When[open:], t.Arg), fmt.Sprintf("%s: when: unknown provider %q", label, t.Arg), suggest(t.Arg, d.names()))
		}
	}
	if f.repeat > 1 {
		d.fail(n.find("repeat"), label+": waits for a moment that nobody knows beforehand, and cannot be repeated", "leave out repeat or when")
	}
}

func (d *document) wrongTrigger(n *node, label string, err error) {
	var e *plan.TriggerError
	if !errors.As(err, &e) {
		d.fail(n, label+": "+err.Error(), "")
		return
	}
	d.failAt(n, e.Offset, fmt.Sprintf("%s: when: %s", label, e.Msg), e.Hint)
}

// rounds is how often a [[fault]] comes, as far as its table says so.
func rounds(n *node) int {
	if c, ok := n.table["repeat"]; ok {
		if k, ok := c.value.(int64); ok {
			return int(min(max(k, 1), maxRepeat))
		}
	}
	return 1
}

// roundName is the name of a repetition, from 0.
func roundName(name string, round int) string {
	if round == 0 {
		return name
	}
	return fmt.Sprintf("%s-%d", name, round+1)
}

// repeated gives each repetition a fault of its own, which begins so much later.
func repeated(all []fault) []fault {
	var out []fault
	for _, f := range all {
		for k := range min(max(f.repeat, 1), maxRepeat) {
			g := f
			g.round, g.Name, g.At = k, roundName(f.Name, k), f.At+time.Duration(k)*f.every
			out = append(out, g)
		}
	}
	return out
}

// settle turns times that count from other faults into times since the run's
// start, and sees that all of them fall into the load's.
func (d *document) settle() {
	byName := map[string]int{}
	for i, f := range d.faults {
		byName[f.Name] = i
	}
	const under, done = 1, 2
	state := make([]int, len(d.faults))
	var visit func(i int, way []string)
	visit = func(i int, way []string) {
		f := &d.faults[i]
		state[i] = under
		defer func() { state[i] = done }()
		if f.after == "" {
			return
		}
		at, label := f.node.find("after"), fmt.Sprintf("fault %q", f.Name)
		j, ok := byName[f.after]
		switch {
		case !ok:
			d.onceOnly(f, at, fmt.Sprintf("%s: after names an unknown fault %q", label, f.after), suggest(f.after, d.faultsBut(f.Name)))
		case state[j] == under:
			d.onceOnly(f, at, fmt.Sprintf("%s: comes after itself: %s", label, strings.Join(append(way, f.Name, f.after), " -> ")), "let one of them begin at a time of its own")
		default:
			if state[j] != done {
				visit(j, append(way, f.Name))
			}
			g := d.faults[j]
			switch {
			case g.When != nil:
				d.onceOnly(f, at, fmt.Sprintf("%s: comes after fault %q, which waits for a moment that nobody knows beforehand", label, g.Name), "give it a when of its own")
				return
			case !g.whole:
				f.whole = false
			}
			f.At += g.At
			if f.fromClear {
				f.At += g.For
			}
			return
		}
		f.whole = false
	}
	for i := range d.faults {
		if state[i] == 0 {
			visit(i, nil)
		}
	}
	for i, f := range d.faults {
		if end := d.plan.Load.Duration; f.whole && end > 0 && f.At >= end {
			d.fail(f.node.find(f.timeKey()), fmt.Sprintf("fault %q: begins at %s, when the load has ended (%s)", f.Name, f.At, end), "begin it earlier or lengthen the load")
			d.faults[i].whole = false
		}
	}
}

// onceOnly reports a problem of a fault, but not again for its repetitions.
func (d *document) onceOnly(f *fault, at *node, msg, hint string) {
	f.whole = false
	if f.round == 0 {
		d.fail(at, msg, hint)
	}
}

// timeKey is the key that decides when the fault begins.
func (f fault) timeKey() string {
	switch {
	case f.round > 0:
		return "repeat"
	case f.node.table["at"] == nil && f.after != "":
		return "after"
	}
	return "at"
}

func (d *document) faultsBut(name string) []string {
	var out []string
	for _, f := range d.faults {
		if f.Name != name {
			out = append(out, f.Name)
		}
	}
	return out
}
