package reports

import (
	"encoding/json"
	"io"

	"brownout/harness/score"
)

// WriteJSON writes the report of one run.
func WriteJSON(w io.Writer, s *score.Snapshot) error { return writeJSON(w, []*score.Snapshot{s}) }

// writeJSON writes one report, or an array of them for several runs.
func writeJSON(w io.Writer, runs []*score.Snapshot) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if len(runs) == 1 {
		return e.Encode(New(runs[0]))
	}
	all := make([]*Report, len(runs))
	for i, s := range runs {
		all[i] = New(s)
	}
	return e.Encode(all)
}
