package reports

import (
	"fmt"
	"io"
	"strings"

	"brownout/harness/score"
)

// Annotations writes the workflow commands by which GitHub shows, beside a
// job, what failed and what could not be told
// (https://docs.github.com/actions/reference/workflow-commands-for-github-actions).
func Annotations(w io.Writer, runs []*score.Snapshot) error {
	for _, s := range runs {
		level := "error"
		switch s.Verdict {
		case score.Pass:
			continue
		case score.Inconclusive, score.Pending:
			level = "warning"
		}
		for _, r := range s.Reasons {
			title := fmt.Sprintf("%s (%s, seed %d): %s", s.Plan.Scenario, s.Plan.Target, s.Plan.Seed, s.Verdict)
			if _, err := fmt.Fprintf(w, "::%s title=%s::%s\n", level, commandProperty.Replace(title), commandData.Replace(r)); err != nil {
				return err
			}
		}
	}
	return nil
}

// The escapes of workflow commands: what a provider says must not become one.
var (
	commandData     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	commandProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)
