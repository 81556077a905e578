package reports

import (
	"encoding/json"
	"io"

	"brownout/harness/score"
)

// WriteJSON writes the report of one run.
func WriteJSON(w io.Writer, s *score.Snapshot) error { return writeJSON(w, []*score.Snapshot{s}) }

// writeJSON writes one report, or an array of them for several runs. Those that
// ran more than once know what they came to together.
func writeJSON(w io.Writer, runs []*score.Snapshot) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if len(runs) == 1 {
		return e.Encode(New(runs[0]))
	}
	all := make([]*Report, len(runs))
	together := map[string]*Repeat{}
	names := runNames(runs)
	for _, r := range repeatsOf(names, runs) {
		together[r.name] = r.repeat()
	}
	for i, s := range runs {
		all[i] = New(s)
		all[i].Repeat = together[names[i]]
	}
	return e.Encode(all)
}
