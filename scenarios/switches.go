package scenarios

import (
	"fmt"
	"slices"

	"brownout/plan"
)

// switches reads the changes of the router's settings in mid-run.
func (d *document) switches(n *node) {
	for _, c := range d.tables(n, "[[switch]]") {
		v := plan.Change{}
		before := len(d.errs)
		d.read(c, &v, shape{label: "[[switch]]", path: "switch"})
		if c.table["at"] == nil {
			d.fail(c, "[[switch]]: at is missing", `write for example at = "10s"`)
		}
		if len(d.errs) > before {
			continue
		}
		if v.String() == "" {
			d.fail(c, "[[switch]]: nothing is switched", `write for example off = ["breaker"]`)
			continue
		}
		d.plan.Changes = append(d.plan.Changes, v)
		d.changes = append(d.changes, c)
	}
}

// timeChanges sees that switches fall into the load's time, once that is known.
func (d *document) timeChanges() {
	for i, c := range d.plan.Changes {
		if end := d.plan.Load.Duration; end > 0 && c.At >= end {
			d.fail(d.changes[i].find("at"), fmt.Sprintf("[[switch]]: comes at %s, when the load has ended (%s)", c.At, end), "let it come earlier or lengthen the load")
		}
	}
	slices.SortStableFunc(d.plan.Changes, func(a, b plan.Change) int { return int(a.At - b.At) })
}
