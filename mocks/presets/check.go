package presets

import (
	"fmt"
	"slices"

	"brownout/plan"
)

// check tells what a decoded preset lacks to be of use.
func check(p plan.Provider) error {
	switch {
	case p.Dialect == "":
		return fmt.Errorf("preset: no dialect")
	case !slices.Contains(plan.Classes, p.Class):
		return fmt.Errorf("preset: class %q is none of %q", p.Class, plan.Classes)
	case len(p.Models) == 0:
		return fmt.Errorf("preset: no [[model]]")
	}
	seen := map[string]bool{}
	for _, m := range p.Models {
		switch {
		case m.ID == "":
			return fmt.Errorf("preset: a [[model]] without an id")
		case seen[m.ID]:
			return fmt.Errorf("preset: model %q twice", m.ID)
		case m.Context < 1 || m.MaxOutput < 1:
			return fmt.Errorf("preset: model %q needs context and max_output of at least one token", m.ID)
		case !(m.PriceIn >= 0) || !(m.PriceOut >= 0):
			return fmt.Errorf("preset: model %q has a negative price", m.ID)
		}
		seen[m.ID] = true
	}
	return nil
}
