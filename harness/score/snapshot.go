// Package score folds the events of a journal into scores, windows and
// verdicts. It is the one fold behind the live screen, headless progress, every
// report, compare and replay.
//
// Records flow in through Board.Fold; immutable Snapshots flow out through
// Board.Snapshot. The package sees only the journal and the plan inside it: a
// figure that needs anything else is not a result.
package score

import (
	"time"

	"brownout/harness/journal"
	"brownout/plan"
)

// Version of the formula, written into every report.
const Version = 1

// Verdict of a run.
type Verdict string

// Verdicts. Pending is the verdict of a run that has not finished.
const (
	Pending      Verdict = "pending"
	Pass         Verdict = "pass"
	Fail         Verdict = "fail"
	Inconclusive Verdict = "inconclusive"
)

// Snapshot is all that is known at one moment. It is immutable: readers may
// keep it and share it.
type Snapshot struct {
	RunID       string
	Started     time.Time  // wall clock of the run's start
	Plan        *plan.Plan // as it stands: with the faults made, and the load and the router's settings changed, by hand
	Acts        []Act      // what was changed while it was on, in the order of time
	Versions    map[string]string
	Host        journal.Host
	Seq         uint64        // of the last record folded
	T           time.Duration // time of the last record, since run start
	Phase       string
	Finished    bool
	Interrupted bool
	Error       string

	Verdict Verdict
	Reasons []string // sentences: why it failed, why it is inconclusive
	Score   Total
	Windows []Window
	Steady  Steady

	Requests     Tally
	ByRequest    []RequestStats // one for each request kind of the mix, in its order
	Workflows    Workflows
	Seconds      []Second // one for each second since run start, by scheduled time
	Providers    []Lane   // one for each provider of the plan, in its order
	Expectations []Expectation
	Violations   []journal.Violation // the first MaxViolations
	// ViolationCount counts all of them.
	ViolationCount uint64
	Instrument     Instrument
	Target         Target
	Tracing        Tracing
	Failures       []Trace // the worst requests, a few of each sort, in the order in which they were seen
	Recent         []Trace // the latest requests, oldest first, at most RecentTraces
	Log            []Line  // the last lines, oldest first, at most LogLines
	Skipped        uint64  // events of unknown kind passed over
}

// Act is something that was changed while a run was on: by a person a fault, the
// load or the router's settings, or by the plan the router's settings. What was
// tried and could not be done is none.
type Act struct {
	T      time.Duration // since run start
	Text   string        // what, in words: "load held at 7/s"
	ByHand bool          // a person did it; false: the plan has it
}

// ByHand counts what a person did while the run was on.
func (s *Snapshot) ByHand() (n int) {
	for _, a := range s.Acts {
		if a.ByHand {
			n++
		}
	}
	return n
}

// LogLines bounds Snapshot.Log.
const LogLines = 200

// Total is the score of the whole run.
type Total struct {
	Scored bool    // false until at least one window has a score
	Total  float64 // 0..100: geometric mean over windows
	Worst  float64 // 0..100: the worst window
	Low    float64 // 95 % interval; equal to Total where none was computed
	High   float64
	Parts  Parts // geometric mean of each part over windows
}

// PartNames are the seven parts, in the order of the table of weights.
var PartNames = []string{"availability", "failover", "latency", "integrity", "recovery", "efficiency", "cost"}

// The units of parts. UnitSteady is each request's latency over the steady p95
// of its kind: a factor, no time.
const (
	UnitShare  = "share"
	UnitTime   = "s"
	UnitSteady = "x steady"
	UnitCalls  = "calls/request"
	UnitCost   = "USD/answer"
)

// partUnits are those of PartNames.
var partUnits = [...]string{UnitShare, UnitTime, UnitSteady, UnitShare, UnitTime, UnitCalls, UnitCost}

// Parts are the seven parts, by the index of PartNames.
type Parts [7]Part

// Part is attained over promised, with what it was computed from.
type Part struct {
	Name     string
	Value    float64 // 0..1, 1 is the promise kept; before the floor of 0.01; meaningless unless Known
	Known    bool    // false: too little data yet; counts as absent, and its weight with it
	Weight   float64
	Attained float64 // in Unit
	Promised float64 // in Unit
	Unit     string  // UnitShare … UnitCost
	Note     string  // one line: how it came about, or why it is unknown
}

// Window is one fault from injection to the end of its recovery horizon.
type Window struct {
	Fault     string // name in the plan
	Kind      string
	On        []string
	Injected  time.Duration // as recorded, since run start; 0 until then
	Cleared   time.Duration // as recorded; 0 until then
	End       time.Duration // end of the horizon
	Active    bool
	Confirmed bool
	ByHand    bool    // a person made it while the run was on
	Score     float64 // 0..100
	Scored    bool
	Parts     Parts
	During    Tally // requests scheduled while the fault lasted
	After     Tally // requests scheduled in the recovery horizon
	// Caught are the requests that were under way when the fault was injected:
	// scheduled before it was recorded in effect, and ended after it was due.
	// No scheduled time charges them to the fault, but it may have cut them
	// off, so they count with During in availability and integrity.
	Caught  Tally
	Touched uint64 // calls the fault met; for link faults, calls its providers got just before
	// TouchedBy are the same calls by provider, in the plan's order; those that met none are left out.
	TouchedBy []ProviderCalls
	// TimeToFailover is from injection until the trailing outcome is back at
	// the slo and stays there; it ends at the window's end if it never came.
	TimeToFailover  time.Duration
	FailedOver      bool
	TimeToRecover   time.Duration // from clearance
	Recovered       bool
	CallsPerRequest float64       // calls before a stated retry-after count twice
	CostPerGood     float64       // USD
	LatencyP95      time.Duration // of answers, while the fault lasted
	// WaitP95 is what users waited while the fault lasted, at the 95th
	// percentile of all requests: to the first token of a stream, to the whole
	// of another answer, and to the deadline where none came. It is never above
	// the largest deadline; 0: nobody asked.
	WaitP95      time.Duration
	Availability float64 // mean outcome value of During and Caught
}

// ProviderCalls is a number of calls at one provider.
type ProviderCalls struct {
	Provider string
	Calls    uint64
}

// Steady is what the run looked like before the first fault.
type Steady struct {
	Reached         bool
	Requests        uint64
	Availability    float64
	LatencyP95      time.Duration // time to first token for streams, total otherwise
	CallsPerRequest float64
	CostPerGood     float64 // USD
	Shares          map[string]float64
}

// Tally counts requests by outcome.
type Tally struct {
	Total    uint64
	OK       uint64
	Degraded uint64
	Failed   uint64
	Hung     uint64
	Corrupt  uint64
	Value    float64 // sum of the outcome values
}

// Availability is the mean outcome value, 1 where nothing was asked.
func (t Tally) Availability() float64 {
	if t.Total == 0 {
		return 1
	}
	return t.Value / float64(t.Total)
}

// Integrity is the share of answers that are not corrupt.
func (t Tally) Integrity() float64 {
	if t.Total == 0 {
		return 1
	}
	return 1 - float64(t.Corrupt)/float64(t.Total)
}

// Count is the number of one outcome.
func (t Tally) Count(o journal.Outcome) uint64 {
	switch o {
	case journal.OK:
		return t.OK
	case journal.Degraded:
		return t.Degraded
	case journal.Failed:
		return t.Failed
	case journal.Hung:
		return t.Hung
	case journal.Corrupt:
		return t.Corrupt
	}
	return 0
}

// Quantiles of a latency.
type Quantiles struct {
	Count              uint64
	P50, P90, P95, P99 time.Duration
	Max                time.Duration
}

// RequestStats are the figures of one request kind.
type RequestStats struct {
	Request  string
	Tally    Tally
	TTFT     Quantiles
	Total    Quantiles
	Gap      Quantiles // longest inter-token gap of each stream
	Deadline time.Duration
	Missed   uint64 // deadline misses
	Lesser   uint64 // answers of a lesser class or model, or of a cache: degraded, or failed where the mix is strict
	Cached   uint64 // answers of a cache, too old ones included
	Refused  uint64 // refusals that are right answers, passed on with their reason

	Oldest time.Duration // greatest age of an answer of a cache, at least; 0: none was old, as far as is known
	Stale  uint64        // answers older than the mix allows: failed

	Poisoned    uint64 // answers that carried a canary: corrupt
	Swapped     uint64 // answers of a model that nobody asked for: corrupt
	Disagreeing uint64 // second answers that differed from the first: corrupt
	Misbilled   uint64 // good answers that named another model, or other tokens, than the call behind them
}

// Workflows are the figures of all workflows.
type Workflows struct {
	Total      uint64  // that ended
	Finished   uint64  // all steps answered, or the last one rightly refused
	Steps      uint64  // that were answered, of all
	DearestUSD float64 // billed for the calls of one workflow, the most
}

// Second is one second of the run.
type Second struct {
	At       time.Duration
	Offered  float64 // requests per second the profile asked for
	Tally    Tally
	TTFTP95  time.Duration // streams
	TotalP95 time.Duration // unary
	Calls    uint64
	CostUSD  float64
	Score    float64   // the run's score as known at this second's end; 0 until scored
	Parts    []float64 // the values of its parts then, by the index of PartNames; below 0: not known; nil until scored
	Share    []float64 // of calls answered well, by provider, in the plan's order
	Faults   []string  // names of faults active in it
}

// Lane is one provider.
type Lane struct {
	Name         string
	Class        string
	Region       string
	Dialect      string
	Breaker      string   // closed, open, half-open, off, or "" where the target does not say
	Faults       []string // active now
	Calls        uint64
	Good         uint64            // calls answered whole
	Errors       map[string]uint64 // by failure kind
	ErrorTotal   uint64
	Aborted      uint64
	Share        float64       // of good calls, whole run
	RecentShare  float64       // of good calls in the last seconds
	RecentRate   float64       // calls per second in the last seconds
	RecentErrors float64       // share of calls that failed in the last seconds
	P95          time.Duration // of call totals in the last seconds
	TTFTP95      time.Duration
	Prompt       uint64 // billed tokens
	Completion   uint64
	CostUSD      float64
	Early        uint64         // calls before a stated retry-after had passed
	Throttled    time.Duration  // until which it asked to be left alone, since run start; 0: not
	Gauge        *journal.Gauge // how busy it was when it last told; nil: it never did
	History      []float64      // calls per second, one for each of the last HistorySeconds seconds
}

// HistorySeconds bounds Lane.History.
const HistorySeconds = 60

// Expectation is a gate and what came of it.
type Expectation struct {
	Expr   string
	Actual float64
	Known  bool
	Pass   bool
	Text   string // the actual value for people: "99.2 %", "1.4 s"
}

// Instrument is the state of the harness itself over the whole run.
type Instrument struct {
	Hits        uint64
	LagP50      time.Duration // worst second's
	LagP99      time.Duration // over all dispatches, as far as per-second figures tell: the worst second's
	LagMax      time.Duration
	CPUMean     float64 // cores
	CPUMax      float64
	RSSMax      int64
	InFlight    int // now
	InFlightMax int
	Goroutines  int
	OpenFDs     int
	FDLimit     uint64
	Dropped     uint64
	Saturated   int // seconds at the worker cap
}

// Line is one line of the event log.
type Line struct {
	T     time.Duration
	Level string // info, warn, error
	Text  string
}
