package reports

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"brownout/harness/journal"
	"brownout/harness/score"
)

// The elements of JUnit XML that CI systems agree on. There is no official
// schema; Jenkins, GitLab and GitHub actions read these.
type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name      string      `xml:"name,attr"`
	Tests     int         `xml:"tests,attr"`
	Failures  int         `xml:"failures,attr"`
	Errors    int         `xml:"errors,attr"`
	Time      string      `xml:"time,attr"`
	Timestamp string      `xml:"timestamp,attr"`
	Cases     []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name      string        `xml:"name,attr"`
	Class     string        `xml:"classname,attr"`
	Time      string        `xml:"time,attr"`
	Failure   *junitProblem `xml:"failure,omitempty"`
	Error     *junitProblem `xml:"error,omitempty"`
	SystemOut string        `xml:"system-out,omitempty"`
}

type junitProblem struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// writeJUnit makes a suite of each run: each expectation and each veto is a case
// that passes or fails. A doubt of the instrument is an error of a
// case of its own, because CI systems know no third outcome.
func writeJUnit(w io.Writer, runs []*score.Snapshot) error {
	var all junitSuites
	for _, s := range runs {
		suite := junitRun(s)
		all.Suites = append(all.Suites, suite)
		all.Tests += suite.Tests
		all.Failures += suite.Failures
		all.Errors += suite.Errors
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func junitRun(s *score.Snapshot) junitSuite {
	class := "brownout." + s.Plan.Scenario
	suite := junitSuite{
		Name:      fmt.Sprintf("%s (target %s, seed %d)", s.Plan.Scenario, s.Plan.Target, s.Plan.Seed),
		Time:      fmt.Sprintf("%.3f", s.T.Seconds()),
		Timestamp: s.Started.UTC().Format("2006-01-02T15:04:05"),
	}
	add := func(c junitCase) {
		c.Class, c.Time = class, "0"
		suite.Cases = append(suite.Cases, c)
		suite.Tests++
		if c.Failure != nil {
			suite.Failures++
		}
		if c.Error != nil {
			suite.Errors++
		}
	}
	for _, e := range s.Expectations {
		c := junitCase{Name: e.Expr, SystemOut: "actual: " + e.Text}
		if !e.Pass {
			c.Failure = &junitProblem{Message: "actual: " + e.Text, Text: fmt.Sprintf("expected %s, actual: %s", e.Expr, e.Text)}
		}
		add(c)
	}
	veto := junitCase{Name: "no sensitive request leaves its allowed classes and regions"}
	if len(s.Violations) > 0 {
		var lines []string
		for _, v := range s.Violations {
			lines = append(lines, fmt.Sprintf("%s reached %s: %s", v.Marker, v.Provider, v.Detail))
		}
		veto.Failure = &junitProblem{Message: "privacy violated", Text: strings.Join(lines, "\n")}
	}
	add(veto)
	up := junitCase{Name: "the target does not crash"}
	for _, f := range s.Target.Findings {
		if f.What == journal.FindingCrashed {
			up.Failure = &junitProblem{Message: "crashed", Text: f.Detail}
		}
	}
	add(up)
	conclusive := junitCase{Name: "the run is conclusive"}
	if s.Verdict == score.Inconclusive || s.Verdict == score.Pending {
		conclusive.Error = &junitProblem{Message: "inconclusive", Text: strings.Join(s.Reasons, "\n")}
	}
	add(conclusive)
	return suite
}
