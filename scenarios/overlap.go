package scenarios

import (
	"fmt"
	"strings"
	"time"
)

// contradictions reports faults that want the same thing of one provider at
// the same time, at the one that stands later in the file.
func (d *document) contradictions() {
	end := d.plan.Load.Duration
	for j, b := range d.faults {
		for _, a := range d.faults[:j] {
			if !a.whole || !b.whole || a.claims == "" || a.claims != b.claims || !meet(a, b, end) {
				continue
			}
			both := common(a.On, b.On)
			if len(both) == 0 {
				continue
			}
			can := "both claim"
			if a.When != nil || b.When != nil {
				can = "may both claim"
			}
			d.fail(b.node.find(b.timeKey()), fmt.Sprintf("fault %q (%s) and fault %q (%s) %s the %s of %s at the same time",
				b.Name, b.span(), a.Name, a.span(), can, a.claims, strings.Join(both, ", ")),
				"move one of them, or give them different providers")
		}
	}
}

// until is when the fault is over at the latest.
func (f fault) until(loadEnd time.Duration) time.Duration {
	if f.When != nil {
		return max(f.Clear(), loadEnd)
	}
	return f.Clear()
}

// span says in words when the fault lasts.
func (f fault) span() string {
	if f.When != nil {
		return fmt.Sprintf("%s from %s on, when %s", f.For, f.At, f.When)
	}
	return fmt.Sprintf("%s to %s", f.At, f.Clear())
}

// meet tells whether two faults may last at a common moment.
func meet(a, b fault, loadEnd time.Duration) bool {
	return a.At < b.until(loadEnd) && b.At < a.until(loadEnd)
}

// common are the names in both lists.
func common(a, b []string) []string {
	var out []string
	for _, s := range a {
		if contains(b, s) {
			out = append(out, s)
		}
	}
	return out
}

// horizon is how long the recovery of fault i can be watched: cut where the
// load ends, and where the next fault on one of its providers begins. A fault
// that began before the clearance and outlasts it leaves nothing to watch. Where
// one of two faults waits for its moment, only the run can tell.
func horizon(f fault, all []fault, i int, loadEnd time.Duration) time.Duration {
	end := min(f.End(), loadEnd)
	for j, o := range all {
		if j != i && f.When == nil && o.When == nil && o.Clear() > f.Clear() && len(common(f.On, o.On)) > 0 {
			end = min(end, o.At)
		}
	}
	return max(0, end-f.Clear())
}
