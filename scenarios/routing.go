package scenarios

import (
	"fmt"

	"brownout/plan"
)

// routing checks what the router's policy goes by against the scenario's
// providers, which the router itself would only find amiss when the run begins.
func (d *document) routing(n *node) {
	r := &d.plan.Router
	names := d.names()
	if w := n.table["weights"]; w != nil {
		for _, name := range w.keys {
			if !contains(names, name) {
				d.fail(w.table[name], fmt.Sprintf("[router]: weights names an unknown provider %q", name), suggest(name, names))
			}
		}
	}
	known := append(names[:len(names):len(names)], plan.Classes...)
	if rules := n.table["rule"]; rules != nil {
		for i, v := range rules.items {
			at := v.table["prefer"]
			if at == nil || i >= len(r.Rule) || len(at.items) != len(r.Rule[i].Prefer) {
				continue // told already, if it is wrong
			}
			for k, p := range r.Rule[i].Prefer {
				if !contains(known, p) {
					d.fail(at.items[k], fmt.Sprintf("[[router.rule]]: prefer names %q, which is neither a provider nor a class", p), suggest(p, known))
				}
			}
		}
	}
	switch at := n.table["policy"]; {
	case at == nil:
	case r.Policy == plan.PolicyHybrid && len(r.Rule) == 0:
		d.fail(at, "[router]: the policy hybrid has no rule to go by", `add [[router.rule]] with prefer = ["gpu"], policy = "latency" or both`)
	case r.Policy == plan.PolicyRegion && r.Home == "":
		d.fail(at, "[router]: the policy region has no region to stay near", `add home = "eu-central-1"`)
	}
}
