package reports

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"brownout/harness/score"
	"brownout/plan"
)

// The placeholders that the path of a report may hold, so that each run has a
// file of its own.
const (
	forScenario = "{scenario}"
	forSeed     = "{seed}"
	forNumber   = "{n}"
)

func placeholders() []string { return []string{forScenario, forSeed, forNumber} }

// checkPlaceholders refuses those that nobody knows.
func checkPlaceholders(path string) error {
	rest := path
	for _, p := range placeholders() {
		rest = strings.ReplaceAll(rest, p, "")
	}
	if i := strings.IndexAny(rest, "{}"); i >= 0 {
		return fmt.Errorf("unknown placeholder in the path %q; known are %s", path, strings.Join(placeholders(), ", "))
	}
	return nil
}

// PerRun tells whether each run has a file of its own.
func (o Output) PerRun() bool { return strings.Contains(o.Path, "{") }

// of is the output of run n, from 1.
func (o Output) of(n int, p *plan.Plan) Output {
	o.Path = strings.NewReplacer(
		forScenario, p.Scenario, forSeed, strconv.FormatUint(p.Seed, 10), forNumber, strconv.Itoa(n),
	).Replace(o.Path)
	return o
}

// CheckPaths refuses outputs of which one run would overwrite another's.
func CheckPaths(outputs []Output, plans []*plan.Plan) error {
	taken := map[string]string{}
	for _, o := range outputs {
		shared := "every run"
		if o.PerRun() {
			shared = ""
		}
		for i, p := range plans {
			path, who := o.of(i+1, p).Path, shared
			if who == "" {
				who = fmt.Sprintf("run %d (%s, seed %d)", i+1, p.Scenario, p.Seed)
			}
			key := path
			if before, ok := taken[key]; ok {
				return fmt.Errorf("--report %s=%s: %s would be written twice, for %s and for %s; tell them apart by %s", o.Format.Name, o.Path, path, before, who, strings.Join(placeholders(), ", "))
			}
			taken[key] = who
			if !o.PerRun() {
				break
			}
		}
	}
	return nil
}

// WriteRun writes the reports that run n, from 1, has for itself; dir is where
// it is kept, or "".
func WriteRun(outputs []Output, n int, s *score.Snapshot, dir string) error {
	var journals []string
	if dir != "" {
		journals = []string{filepath.Join(dir, JournalFile)}
	}
	var own []Output
	for _, o := range outputs {
		if o.PerRun() {
			own = append(own, o.of(n, s.Plan))
		}
	}
	return WriteAll(own, []*score.Snapshot{s}, journals)
}
