// Package journal is the record of a run: an append-only stream of events, its
// writer and reader on disk, and the recorder, the one goroutine through which
// every event passes.
//
// Events flow in from the load, the mocks, the chaos and the router; records
// (events with a sequence number and a time) flow out to the disk and to a
// fold. Every screen, score and report is such a fold. The package knows what
// events say, never what they are worth.
package journal

import (
	"time"

	"brownout/plan"
)

// Schema is the version written into a journal's header.
const Schema = "brownout.journal/1"

// Kind names an event on disk.
type Kind string

// The closed set of kinds.
const (
	KindRunStarted  Kind = "run_started"
	KindPhase       Kind = "phase"
	KindFaultOn     Kind = "fault_injected"
	KindFaultOff    Kind = "fault_cleared"
	KindSample      Kind = "sample"
	KindCall        Kind = "call"
	KindDecision    Kind = "decision"
	KindViolation   Kind = "violation"
	KindNote        Kind = "note"
	KindInstrument  Kind = "instrument"
	KindWorkflow    Kind = "workflow"
	KindLoad        Kind = "load_changed"
	KindRouter      Kind = "router_changed"
	KindGauge       Kind = "gauge"
	KindTarget      Kind = "target"
	KindFinding     Kind = "finding"
	KindRunFinished Kind = "run_finished"
)

// Event is a pointer to one of the structs below. It must not be changed once
// it has been recorded.
type Event interface{ Kind() Kind }

// Record is an event in its place.
type Record struct {
	Seq   uint64        // 1, 2, 3 … in the order of recording
	T     time.Duration // since run start, monotonic
	Event Event
}

// RunStarted is the first event.
type RunStarted struct {
	Schema   string            `json:"schema"`
	RunID    string            `json:"run_id"`
	Started  time.Time         `json:"started"` // wall clock
	Plan     plan.Plan         `json:"plan"`
	Versions map[string]string `json:"versions"` // brownout, go, toxiproxy, vegeta
	Host     Host              `json:"host"`
}

// Host is the machine's facts.
type Host struct {
	OS      string `json:"os"`
	Arch    string `json:"arch"`
	CPUs    int    `json:"cpus"`
	FDLimit uint64 `json:"fd_limit"`
}

// Phases of a run.
const (
	PhaseSteady   = "steady"   // before the first fault
	PhaseFault    = "fault"    // at least one fault is active
	PhaseRecovery = "recovery" // no fault is active, at least one was
	PhaseDrain    = "drain"    // no more requests are sent
)

// Phase says that another phase began.
type Phase struct {
	Name string `json:"name"`
}

// FaultOn says that a fault was injected, at the time of the record.
type FaultOn struct {
	Name      string   `json:"name"`  // of the plan's fault
	Fault     string   `json:"fault"` // its kind
	On        []string `json:"on"`
	Confirmed bool     `json:"confirmed"` // seen in effect before it was recorded
	Detail    string   `json:"detail,omitempty"`
	// Made is the whole fault where a person made it while the run was on; nil:
	// it is one of the plan's.
	Made *plan.Fault `json:"made,omitempty"`
}

// FaultOff says that a fault was cleared.
type FaultOff struct {
	Name      string   `json:"name"`
	Fault     string   `json:"fault"`
	On        []string `json:"on"`
	Confirmed bool     `json:"confirmed"`
	Detail    string   `json:"detail,omitempty"`
	// Lasted is how long the fault was in effect where a person cleared it before
	// its time; 0: it ended by itself.
	Lasted time.Duration `json:"lasted_ns,omitempty"`
}

// Outcome is what a request came to.
type Outcome string

// Outcomes of a request.
const (
	OK       Outcome = "ok"
	Degraded Outcome = "degraded"
	Failed   Outcome = "failed"
	Hung     Outcome = "hung"
	Corrupt  Outcome = "corrupt"
)

// Outcomes lists them from best to worst.
var Outcomes = []Outcome{OK, Degraded, Failed, Hung, Corrupt}

// Sample is what the client saw of one request.
type Sample struct {
	Marker     string        `json:"marker"`
	Request    string        `json:"request"`              // request kind: chat, stream …
	Scheduled  time.Duration `json:"scheduled_ns"`         // since run start; the request counts in this second
	Sent       time.Duration `json:"sent_ns"`              // since run start
	TTFT       time.Duration `json:"ttft_ns"`              // from Scheduled to the first token; 0: none came
	Total      time.Duration `json:"total_ns"`             // from Scheduled to the end, capped at the deadline where it hung
	MaxGap     time.Duration `json:"max_gap_ns,omitempty"` // longest silence between two tokens
	Gaps       int           `json:"gaps,omitempty"`       // number of inter-token gaps
	Outcome    Outcome       `json:"outcome"`
	Value      float64       `json:"value"`              // worth, 0..1
	Reason     string        `json:"reason,omitempty"`   // verification reason or failure kind, one word: truncated, foreign, rate_limit, timeout …
	Detail     string        `json:"detail,omitempty"`   // bounded, redacted text of the error
	Status     int           `json:"status"`             // HTTP status; 0: none came
	Provider   string        `json:"provider,omitempty"` // who answered, where the target says so
	Model      string        `json:"model,omitempty"`
	Attempts   int           `json:"attempts,omitempty"` // as the target says; shown, never scored
	Prompt     int           `json:"prompt_tokens,omitempty"`
	Completion int           `json:"completion_tokens,omitempty"`
	Bytes      int64         `json:"bytes,omitempty"`
	Workflow   string        `json:"workflow,omitempty"` // the workflow it is a step of
	Step       int           `json:"step,omitempty"`     // of a workflow, of a call of a function and its result, or of one request asked twice: 1, 2 …; 0: it stands alone
	Age        time.Duration `json:"age_ns,omitempty"`   // of an answer of a cache, as the target says
	Trimmed    bool          `json:"trimmed,omitempty"`  // the prompt was trimmed, as the target says
}

// Workflow is what the client saw of a series of dependent requests, each of
// which is a Sample too. It is told when the last of them has ended.
type Workflow struct {
	ID        string        `json:"id"`           // the Workflow of its samples; their markers are ID-1, ID-2 …
	Request   string        `json:"request"`      // request kind: agent, fanout
	Scheduled time.Duration `json:"scheduled_ns"` // of the first step, since run start
	Total     time.Duration `json:"total_ns"`     // from Scheduled to the end of the last step, capped at the deadline
	Steps     int           `json:"steps"`        // that it has
	Done      int           `json:"done"`         // that were answered
	Outcome   Outcome       `json:"outcome"`      // ok where all steps were answered, or where the last one was rightly refused; else that of the step that ended it
	Reason    string        `json:"reason,omitempty"`
}

// Call is what a provider saw of one attempt. T of its record is its end.
type Call struct {
	Provider   string        `json:"provider"`
	Class      string        `json:"class"`
	Region     string        `json:"region"`
	Model      string        `json:"model"`
	Marker     string        `json:"marker"`
	Attempt    int           `json:"attempt"` // nth call of this marker at this provider
	Stream     bool          `json:"stream,omitempty"`
	Arrived    time.Duration `json:"arrived_ns"`        // since run start
	TTFT       time.Duration `json:"ttft_ns,omitempty"` // from Arrived; 0: no token was sent
	Total      time.Duration `json:"total_ns"`          // from Arrived
	Status     int           `json:"status"`
	Failure    string        `json:"failure,omitempty"` // wire failure kind
	Aborted    bool          `json:"aborted,omitempty"` // the caller left before the end
	Prompt     int           `json:"prompt_tokens"`
	Completion int           `json:"completion_tokens"`
	CostUSD    float64       `json:"cost_usd"`
	Faults     []string      `json:"faults,omitempty"` // names of the faults that touched it
	Early      bool          `json:"early,omitempty"`  // before the retry-after that a rate limit had stated to all
	// RetryAfter is the wait that its failure stated; 0: none.
	RetryAfter time.Duration `json:"retry_after_ns,omitempty"`
}

// Decision is what the bundled router says it did. Shown, never scored.
type Decision struct {
	What     string        `json:"what"` // a word of the router: breaker_open, breaker_half_open, breaker_closed, retry, failover, first_token_timeout, gap_timeout, wait_retry_after, last_resort, refused, exhausted
	Provider string        `json:"provider,omitempty"`
	Marker   string        `json:"marker,omitempty"`
	Wait     time.Duration `json:"wait_ns,omitempty"`
	Detail   string        `json:"detail,omitempty"`
}

// Violation is a breach that vetoes the run whatever its score.
type Violation struct {
	What     string `json:"what"` // privacy
	Marker   string `json:"marker"`
	Provider string `json:"provider"`
	Detail   string `json:"detail"`
}

// Note is a sentence for the event log.
type Note struct {
	Level string `json:"level"` // info, warn, error
	Text  string `json:"text"`
}

// Instrument is how the harness itself is doing, told once a second.
type Instrument struct {
	InFlight   int           `json:"in_flight"`
	Hits       uint64        `json:"hits"`       // dispatches in this second
	LagP50     time.Duration `json:"lag_p50_ns"` // actual minus scheduled dispatch, in this second
	LagP99     time.Duration `json:"lag_p99_ns"`
	LagMax     time.Duration `json:"lag_max_ns"`
	CPU        float64       `json:"cpu"` // process CPU over wall time, in cores
	RSS        int64         `json:"rss_bytes"`
	Goroutines int           `json:"goroutines"`
	OpenFDs    int           `json:"open_fds"`
	Dropped    uint64        `json:"dropped"`   // events the recorder's queue could not take, so far
	Saturated  bool          `json:"saturated"` // the worker cap was reached in this second
}

// LoadChanged says that a person changed what the clients send from then on.
type LoadChanged struct {
	Profile []plan.Point `json:"profile"` // the whole profile: up to then as it was
	Text    string       `json:"text"`    // in words, for the event log
}

// RouterChanged says that settings of the bundled router were switched.
type RouterChanged struct {
	Change plan.Change `json:"change"`
	ByHand bool        `json:"by_hand,omitempty"` // by a person; false: it is one of the plan's
	Detail string      `json:"detail,omitempty"`  // why it could not be; "": it was
}

// Gauge is how busy one provider is, told once a second, as it sees itself.
// What it has no notion of is zero.
type Gauge struct {
	Provider string  `json:"provider"`
	Busy     int     `json:"busy"`               // calls being served
	Waiting  int     `json:"waiting,omitempty"`  // calls in its queue
	Slots    int     `json:"slots,omitempty"`    // calls that can be served at once; 0: no bound
	Replicas int     `json:"replicas,omitempty"` // that are ready
	KVCache  float64 `json:"kv_cache,omitempty"` // share of its blocks in use, 0..1
	Limited  bool    `json:"limited,omitempty"`  // it has a rate limit, of which Headroom is left
	Headroom float64 `json:"headroom,omitempty"` // share of the tightest limit that is left, 0..1
	Slow     float64 `json:"slow,omitempty"`     // time per token over the usual; 0 or 1: as usual
}

// Target is how a process under test is doing, with all that it started, told
// once a second where Brownout started it and the system says.
type Target struct {
	CPU       float64 `json:"cpu"` // cores, in this second
	RSS       int64   `json:"rss_bytes"`
	Processes int     `json:"processes"`
}

// Words of Finding.What. Any other is shown as it is.
const (
	FindingCrashed = "crashed" // it ended before it was told to; fails the run
)

// Finding is something wrong with the process under test itself, beside what
// clients and providers saw of it.
type Finding struct {
	What   string `json:"what"`   // one word: crashed, hung, left_running, secret_printed, left_out
	Detail string `json:"detail"` // a sentence, redacted
}

// RunFinished is the last event of a run that ended by itself or was stopped.
type RunFinished struct {
	Interrupted bool   `json:"interrupted,omitempty"`
	Error       string `json:"error,omitempty"`
	Dropped     uint64 `json:"dropped"` // events lost to a full queue; any makes the run inconclusive
}

// Kind names the event on disk.
func (RunStarted) Kind() Kind { return KindRunStarted }

// Kind names the event on disk.
func (Phase) Kind() Kind { return KindPhase }

// Kind names the event on disk.
func (FaultOn) Kind() Kind { return KindFaultOn }

// Kind names the event on disk.
func (FaultOff) Kind() Kind { return KindFaultOff }

// Kind names the event on disk.
func (Sample) Kind() Kind { return KindSample }

// Kind names the event on disk.
func (Call) Kind() Kind { return KindCall }

// Kind names the event on disk.
func (Decision) Kind() Kind { return KindDecision }

// Kind names the event on disk.
func (Violation) Kind() Kind { return KindViolation }

// Kind names the event on disk.
func (Note) Kind() Kind { return KindNote }

// Kind names the event on disk.
func (Instrument) Kind() Kind { return KindInstrument }

// Kind names the event on disk.
func (Workflow) Kind() Kind { return KindWorkflow }

// Kind names the event on disk.
func (LoadChanged) Kind() Kind { return KindLoad }

// Kind names the event on disk.
func (RouterChanged) Kind() Kind { return KindRouter }

// Kind names the event on disk.
func (Gauge) Kind() Kind { return KindGauge }

// Kind names the event on disk.
func (Target) Kind() Kind { return KindTarget }

// Kind names the event on disk.
func (Finding) Kind() Kind { return KindFinding }

// Kind names the event on disk.
func (RunFinished) Kind() Kind { return KindRunFinished }
