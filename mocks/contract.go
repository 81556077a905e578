// Package mocks is the mock upstream: a Provider answers in a dialect, as fast
// as its service model says, within its limits, and as its active faults make
// it; a Fleet is the set of them that a run needs.
//
// HTTP requests and faults flow in; answers flow out to the client and an
// Observation of each call to whoever listens. The package knows nothing of
// the harness, links, targets or scores.
package mocks

import (
	"net/http"
	"time"

	"brownout/mocks/wire"
)

// Fault is a misbehaviour of a provider. Meet is asked once for each call,
// from many goroutines, before the service model; it must be a pure function
// of the call (see package chance), so that order cannot change it.
type Fault interface {
	Meet(c *Call) Effect
}

// Inspector is a Fault that looks at the bytes of a request, too: at what it
// was asked with rather than at what was asked.
type Inspector interface {
	// Inspect is asked before Meet. r is the request, whose body has been read;
	// it must keep nothing of r or body.
	Inspect(c *Call, r *http.Request, body []byte) Effect
}

// Translator is a Fault under which an interface takes what it did not take
// before.
type Translator interface {
	// Translate is a request's body in the words of the dialect as it was.
	Translate(body []byte) []byte
}

// Operations of calls, as Call and Observation name them.
const (
	OperationChat  = "chat"
	OperationEmbed = "embed"  // embeddings
	OperationCount = "count"  // of a prompt's tokens
	OperationList  = "models" // the model list, or one entry of it; met by faults, never observed
)

// Call is what a fault may know of one attempt when it arrives.
type Call struct {
	Seed      uint64
	Provider  string
	Operation string
	Model     string        // catalogue id of what is asked for; "" for a list
	Marker    string        // from the prompt, or derived from its text; of a list: the request's own id
	Attempt   int           // 1 for the first call of this marker at this provider
	At        time.Duration // since the fleet's epoch
	Prompt    int           // tokens; 0 of a list
	Request   *wire.Request // never nil; of embeddings: one whose user messages are the inputs
}

// Effect is what a fault does to one call. The zero Effect is no effect.
// Effects of several faults add up; of what can be had only once, the first
// wins.
type Effect struct {
	Touched        bool          // the fault met this call, whatever else it does
	Fail           *wire.Failure // answered instead of an answer
	FirstTokenAdd  time.Duration // slower first token, added
	FirstTokenMult float64       // slower first token, multiplied; 0 means 1
	PerTokenMult   float64       // slower tokens, multiplied; 0 means 1
	Notice         string        // a deprecation notice to send where the dialect has a place for it
	Context        int           // context size in tokens in place of the model's, where smaller; 0: the model's
	PriceMult      float64       // billed price, multiplied; 0 means 1
	Break          *Break        // the answer goes wrong on its way
	Garble         *Garble       // the bytes that are sent are not the dialect's
	Tamper         *Tamper       // the answer says something else
	RequestID      *string       // sent as the answer's request id; pointing to "": none is sent
}

// Break is how an answer goes wrong on its way. At is where: a share of its
// tokens, 0..1; 0 is before the first of them and 1 behind the last, before the
// end marker. It is met by streams, and by whole answers where How says so.
type Break struct {
	At      float64
	After   int // tokens, in place of At where above 0; a shorter answer breaks behind its last
	How     BreakHow
	For     time.Duration // of BreakStall: goes on after this long; 0: never
	Failure *wire.Failure // of BreakError: what the stream says
}

// BreakHow is a way in which an answer breaks.
type BreakHow string

// Ways to break.
const (
	BreakStall    BreakHow = "stall"    // nothing more comes, and the connection stays open; also of whole answers
	BreakTruncate BreakHow = "truncate" // the connection's end comes cleanly, without the dialect's end marker
	BreakAbort    BreakHow = "abort"    // the connection is cut in the middle of the body; also of whole answers
	BreakError    BreakHow = "error"    // the provider's own in-stream error
	BreakChunk    BreakHow = "chunk"    // one chunk that cannot be read stands between the others
)

// Garble is bytes that stand in place of an answer. One with a ContentType
// alone is the answer's own bytes under a wrong name.
type Garble struct {
	Status      int
	ContentType string
	Body        []byte
	// Rewrite makes what is sent of what would have been, where it is set, in
	// place of Body: of whole answers the body, where "" ContentType keeps the
	// dialect's; of streams each chunk.
	Rewrite func(body []byte) []byte
}

// Tamper is what an answer says beside, or instead of, what it ought to.
type Tamper struct {
	Before, After string  // said before and behind the text
	Empty         bool    // nothing is said at all
	Instead       string  // said in place of all else, calls of functions too; "": nothing
	Swap          bool    // another model's words: the text is not the marker's
	Model         string  // the model that the answer names; "": the one that was asked for
	Refusal       bool    // stops with the finish reason of a content filter
	RefusalAt     float64 // of a refusal: the share of the answer that is said before it, 0..1
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
	Early      bool     // came before the retry-after that this provider's rate limit last stated had passed
	// RetryAfter is the wait that the headers of a failure stated; 0: none.
	RetryAfter time.Duration
}
