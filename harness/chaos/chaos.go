// Package chaos is the fault catalogue and its execution on mocks and links.
//
// A kind of fault is one file: a struct of parameters with units, defaults and
// bounds in its tags, what it does to a mock or a link, and a page in plain
// words; and one line in the table of Kinds. Parameters flow in from a
// scenario; a fault in effect, and its clearance, flow out. The package knows
// nothing of load, targets or scores.
package chaos

import (
	"context"
	"time"

	"brownout/mocks"
)

// Layer says where a fault acts.
type Layer string

// Layers.
const (
	LayerService Layer = "service"         // in the mock
	LayerLink    Layer = "link"            // on the TCP path
	LayerBoth    Layer = "link or service" // by its parameters
)

// Victim is one provider a fault acts on, with the path to it.
type Victim struct {
	Provider *mocks.Provider
	Link     *Link
}

// Fault is a kind with its parameters bound.
type Fault interface {
	// Inject puts the fault in effect on v, confirms that it is, and returns
	// how to end it. After an error nothing is left in effect. The returned
	// function confirms the clearance, and must be called once, also where the
	// run was cancelled.
	Inject(ctx context.Context, v Victim, env Env) (end func(context.Context) error, err error)
	// OnLink tells whether, with these parameters, it acts on the TCP path
	// alone, so that no call can carry its name.
	OnLink() bool
}

// Env is what a fault knows beside its own parameters.
type Env struct {
	Name  string            // of the plan's fault
	Share float64           // of calls touched, keyed by marker
	Ramp  time.Duration     // over which the share grows from 0; 0: at once
	For   time.Duration     // from injection to clearance; 0: until it is ended
	Model string            // touches calls for this model only; "": for any
	Seed  uint64            // of the run
	Note  func(text string) // tells the journal what a person should read; never nil
}

// Kind is one entry of the catalogue.
type Kind struct {
	Name    string
	Layer   Layer
	Summary string // one line
	Page    string // paragraphs in plain words for explain
	// Claims names what of a provider the fault takes for itself. Two faults
	// that claim the same of one provider at one time contradict each other.
	Claims string
	New    func() Fault // a pointer to the kind's struct of parameters
}

// Kinds is the catalogue, in the order in which list and explain print it.
// Adding a kind is adding its file and its line here.
func Kinds() []Kind {
	return []Kind{
		outageKind,
		rateLimitKind,
		latencySpikeKind,
		deprecationKind,
	}
}

// Lookup returns the kind of that name.
func Lookup(name string) (Kind, bool) {
	for _, k := range Kinds() {
		if k.Name == name {
			return k, true
		}
	}
	return Kind{}, false
}
