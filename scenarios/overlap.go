package scenarios

import (
	"fmt"
	"strings"
	"time"
)

// contradictions reports faults that want the same thing of one provider at
// the same time, at the one that stands later in the file.
func (d *document) contradictions() {
	for j, b := range d.faults {
		for _, a := range d.faults[:j] {
			if !a.whole || !b.whole || a.claims == "" || a.claims != b.claims || !meet(a, b) {
				continue
			}
			both := common(a.On, b.On)
			if len(both) == 0 {
				continue
			}
			d.fail(b.node.find("at"), fmt.Sprintf("fault %q (%s to %s) and fault %q (%s to %s) both claim the %s of %s at the same time",
				b.Name, b.At, b.Clear(), a.Name, a.At, a.Clear(), a.claims, strings.Join(both, ", ")),
				"move one of them, or give them different providers")
		}
	}
}

// meet tells whether two faults last at a common moment.
func meet(a, b fault) bool { return a.At < b.Clear() && b.At < a.Clear() }

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
// that began before the clearance and outlasts it leaves nothing to watch.
func horizon(f fault, all []fault, i int, loadEnd time.Duration) time.Duration {
	end := min(f.End(), loadEnd)
	for j, o := range all {
		if j != i && o.Clear() > f.Clear() && len(common(f.On, o.On)) > 0 {
			end = min(end, o.At)
		}
	}
	return max(0, end-f.Clear())
}
