package reports

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"brownout/harness/score"
)

// bites prints which calls each kind of fault met over several runs, and at
// whom: what was put to the test and what was not.
func bites(w io.Writer, runs []*score.Snapshot, st Style) {
	type bitten struct {
		windows int
		calls   uint64
		by      map[string]uint64
	}
	kinds := map[string]*bitten{}
	for _, s := range runs {
		if s == nil {
			continue
		}
		for _, f := range s.Windows {
			k := kinds[f.Kind]
			if k == nil {
				k = &bitten{by: map[string]uint64{}}
				kinds[f.Kind] = k
			}
			k.windows++
			k.calls += f.Touched
			for _, p := range f.TouchedBy {
				k.by[p.Provider] += p.Calls
			}
		}
	}
	if len(kinds) == 0 {
		return
	}
	var rows [][]string
	for _, name := range slices.Sorted(maps.Keys(kinds)) {
		k := kinds[name]
		most := slices.SortedFunc(maps.Keys(k.by), func(a, b string) int {
			return cmp.Or(cmp.Compare(k.by[b], k.by[a]), cmp.Compare(a, b))
		})
		for i, p := range most {
			most[i] = fmt.Sprintf("%s %d", p, k.by[p])
		}
		rows = append(rows, []string{name, fmt.Sprint(k.windows), fmt.Sprint(k.calls), strings.Join(most, ", ")})
	}
	fmt.Fprintln(w, "\nCalls that met the faults")
	Listing(w, []string{"fault", "windows", "calls", "by provider"}, rows, st)
}
