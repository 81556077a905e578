// Package scorecard judges single requests under single faults: what a gateway
// made of each, and whether it behaved towards its providers meanwhile.
//
// Events of a run flow in: what a client sent and got, and what the providers
// saw. A grade with its evidence flows out. The package starts nothing and
// knows nothing of targets; like the score, it judges every gateway by what is
// seen from outside.
package scorecard

import (
	"time"

	"brownout/harness/journal"
)

// Grade of one fault at one target.
type Grade string

// Grades, from the best to the worst.
const (
	Pass    Grade = "pass"    // a whole answer, or the right refusal, and right conduct
	Partial Grade = "partial" // rescued, though it neglected what is advised
	Safe    Grade = "safe"    // a clean, bounded error that names the real cause
	Unknown Grade = "unknown" // the fault was not in effect, or did not meet the request: nothing is proven
	Fail    Grade = "fail"    // it hung, gave a wrong answer as a good one, hammered a provider, or masked the cause
)

// Grades lists them from the best to the worst.
var Grades = []Grade{Pass, Partial, Safe, Unknown, Fail}

// worse is the worse of two grades.
func worse(a, b Grade) Grade {
	for i := len(Grades) - 1; i >= 0; i-- {
		if Grades[i] == a || Grades[i] == b {
			return Grades[i]
		}
	}
	return Fail
}

// Cell is what came of one fault at one target.
type Cell struct {
	Fault    string   `json:"fault"` // name of the row
	Grade    Grade    `json:"grade"`
	Why      string   `json:"why"` // a sentence: what decided
	Answer   string   `json:"answer"`
	Requests int      `json:"requests"`
	Outcomes Outcomes `json:"outcomes"`
	TookS    float64  `json:"took_s"` // until the client knew, the longest
	Calls    []Call   `json:"calls"`  // of the request that decided, by arrival
	CallsAll int      `json:"calls_total"`
}

// Outcomes counts requests by what the client saw.
type Outcomes struct {
	OK       int `json:"ok"`
	Degraded int `json:"degraded"`
	Failed   int `json:"failed"`
	Hung     int `json:"hung"`
	Corrupt  int `json:"corrupt"`
}

func (o *Outcomes) add(is journal.Outcome) {
	switch is {
	case journal.OK:
		o.OK++
	case journal.Degraded:
		o.Degraded++
	case journal.Failed:
		o.Failed++
	case journal.Hung:
		o.Hung++
	case journal.Corrupt:
		o.Corrupt++
	}
}

// Call is one call that a provider saw.
type Call struct {
	Provider string  `json:"provider"`
	AtS      float64 `json:"at_s"`  // since the client sent its request
	GapS     float64 `json:"gap_s"` // since the end of the call before it; negative: they overlapped
	TookS    float64 `json:"took_s"`
	Status   int     `json:"status"`
	Failure  string  `json:"failure,omitempty"`
	Left     bool    `json:"left,omitempty"`  // the gateway left before its end
	Early    bool    `json:"early,omitempty"` // before the retry-after that the provider had stated
}

// Card is the column of one target.
type Card struct {
	Target   string   `json:"target"`
	Title    string   `json:"title"`
	Cells    []Cell   `json:"cells"`           // in the order of the faults
	Findings []string `json:"findings"`        // about its process
	TookS    float64  `json:"took_s"`          // the whole column
	Error    string   `json:"error,omitempty"` // why it has no cells
}

// Count is the number of cells with a grade.
func (c Card) Count(g Grade) int {
	n := 0
	for _, v := range c.Cells {
		if v.Grade == g {
			n++
		}
	}
	return n
}

// Row is one fault.
type Row struct {
	Name    string `json:"name"`
	Kind    string `json:"kind"` // of the fault catalogue
	On      string `json:"on"`
	Request string `json:"request"`
	Summary string `json:"summary"`
}

// Sheet is the whole matrix.
type Sheet struct {
	Seed  uint64 `json:"seed"`
	Rows  []Row  `json:"faults"`
	Cards []Card `json:"targets"`
}

// Worst is the worst grade of the sheet, Fail where a target has no cells.
func (s Sheet) Worst() Grade {
	out := Pass
	for _, c := range s.Cards {
		if len(c.Cells) == 0 {
			return Fail
		}
		for _, v := range c.Cells {
			out = worse(out, v.Grade)
		}
	}
	return out
}

func seconds(d time.Duration) float64 { return float64(d.Milliseconds()) / 1000 }
