// Package mocks is the mock upstream: a Provider answers in a dialect, as fast
// as its service model says, within its limits, and as its active faults make
// it; a Fleet is the set of them that a run needs.
//
// HTTP requests and faults flow in; answers flow out to the client and an
// Observation of each call to whoever listens. The package knows nothing of
// the harness, links, targets or scores.
package mocks

import (
	"time"

	"brownout/mocks/wire"
)

// Fault is a misbehaviour of a provider. Meet is asked once for each call,
// from many goroutines, before the service model; it must be a pure function
// of the call (see package chance), so that order cannot change it.
type Fault interface {
	Meet(c *Call) Effect
}

// Operations of calls, as Call and Observation name them.
const (
	OperationChat  = "chat"
	OperationEmbed = "embed" // embeddings
	OperationCount = "count" // of a prompt's tokens
)

// Call is what a fault may know of one attempt when it arrives.
type Call struct {
	Seed      uint64
	Provider  string
	Operation string
	Marker    string        // from the prompt, or derived from its text
	Attempt   int           // 1 for the first call of this marker at this provider
	At        time.Duration // since the fleet's epoch
	Request   *wire.Request // of embeddings: one whose user messages are the inputs
}

// Effect is what a fault does to one call. The zero Effect is no effect.
// Effects of several faults add up; the first Fail wins.
type Effect struct {
	Touched        bool          // the fault met this call, whatever else it does
	Fail           *wire.Failure // answered instead of an answer
	FirstTokenAdd  time.Duration // slower first token, added
	FirstTokenMult float64       // slower first token, multiplied; 0 means 1
	PerTokenMult   float64       // slower tokens, multiplied; 0 means 1
	Notice         string        // a deprecation notice to send where the dialect has a place for it
}

// Observation is what a provider saw of one call, told once when it has ended.
type Observation struct {
	Provider   string
	Operation  string
	Marker     string
	Attempt    int
	Model      string
	Stream     bool
	Arrived    time.Duration // since the fleet's epoch
	FirstToken time.Duration // since the epoch; 0: none was sent
	Ended      time.Duration // since the epoch
	Status     int           // as sent; 499 where the client left before the head
	Failure    wire.FailureKind
	Aborted    bool // the client left before the end
	Prompt     int  // tokens
	Completion int  // tokens sent
	CostUSD    float64
	Faults     []string // names of the faults that touched it
	Early      bool     // came before the retry-after this provider last stated had passed
}
