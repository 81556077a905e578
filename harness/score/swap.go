package score

import (
	"slices"

	"brownout/harness/journal"
	"brownout/plan"
)

// swapped tells whether an answer names a model of its provider that nobody
// asked that provider for: another one has answered under the name of the one
// that was asked, and whoever looked could have told. A gateway that names the
// model its client asked for, whoever answered, says nothing of that kind.
func swapped(s *journal.Sample, asked string, by plan.Provider, calls []*joined) bool {
	if bare(s.Model) == bare(asked) {
		return false
	}
	for _, c := range calls {
		if c.named(s) {
			return false
		}
	}
	return slices.ContainsFunc(by.Models, func(m plan.Model) bool { return bare(m.ID) == bare(s.Model) })
}
