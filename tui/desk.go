package tui

import (
	"errors"
	"time"

	"brownout/harness/score"
)

// Desk is what the screens can ask of the program around them. Its functions
// are called beside the screens and may take their time; what is nil is not
// offered. The zero value offers nothing.
type Desk struct {
	Entries     []Entry  // scenarios to choose
	Targets     []string // what may be tested, the default first
	Mitigations []string // of the bundled router, that can be left out in a comparison
	Formats     []Format // of reports

	MatrixFormats []Format // of comparisons

	// Begin starts a run.
	Begin func(Order) (Source, error)
	// Kept lists the runs that were kept, the latest first.
	Kept func() ([]Kept, error)
	// Read folds a run that was kept.
	Read func(id string) (*score.Snapshot, error)
	// Play plays a run that was kept.
	Play func(id string) (Player, error)
	// Write writes a report of a run to a file. It fails with ErrExists where
	// there is such a file and over is false.
	Write func(s *score.Snapshot, format, path string, over bool) error
	// Contest starts runs side by side.
	Contest func(Contest) (Race, error)
	// Matrix sets figures of runs side by side, with a column for each label;
	// runs without a verdict are left out.
	Matrix func([]Lane) Matrix
	// WriteMatrix writes a comparison to a file, as Write does.
	WriteMatrix func(title string, lanes []Lane, format, path string, over bool) error
}

// ErrExists means that a file is there already.
var ErrExists = errors.New("the file is there already")

// Order is a run that the user wants.
type Order struct {
	Scenario string
	Target   string
	Seed     uint64
	Without  []string // providers of the scenario that are left out
}

// Format is a kind of report.
type Format struct {
	Name    string
	Summary string
	File    string // the name that is offered for its file
}

// Kept is a run in the history.
type Kept struct {
	ID       string
	Scenario string
	Title    string
	Target   string
	Seed     uint64
	Started  time.Time
	Verdict  score.Verdict // Pending: it left no report
	Scored   bool
	Score    float64
	Changed  bool // there was a scored run of the same scenario, target and overrides before
	Change   float64
	Reasons  []string

	Overrides []string // what differed from the scenario's own file
	ByHand    int      // things done by hand while it was on
}

// altered tells whether a run was not what its scenario's own file says.
func (k Kept) altered() bool { return len(k.Overrides) > 0 || k.ByHand > 0 }

// Contest is a comparison that the user wants: an order, and what is varied.
type Contest struct {
	Order
	Vary  Vary
	Names []string // two or more
}

// Vary is what differs between the runs of a comparison.
type Vary string

// What can be varied.
const (
	VaryTargets     Vary = "targets"
	VaryVictims     Vary = "victims"     // each provider meets the faults in turn
	VaryMitigations Vary = "mitigations" // each is left out in turn
)

// Race is a comparison under way.
type Race interface {
	Title() string
	Lanes() []Lane         // in the order in which they are shown
	Done() <-chan struct{} // closed when all have ended and all is down
	Stop()                 // asks all to end now; Done follows
}

// Lane is one of the things that are compared.
type Lane struct {
	Label string
	Snap  *score.Snapshot // nil: not begun
	Err   error           // why it did not run
}

// Matrix is a table of figures, with a column for each label of a lane.
type Matrix struct {
	Lanes []string // labels
	Rows  []MatrixRow
}

// MatrixRow is one figure of every label.
type MatrixRow struct {
	Name  string
	Cells []MatrixCell
}

// MatrixCell is a figure of one label.
type MatrixCell struct {
	Text string
	Mark Mark
}

// Mark is how a figure stands among those of its row.
type Mark int

// Marks.
const (
	MarkNone Mark = iota
	MarkBest
	MarkLike // not to be told from the best
	MarkWorst
)
