// Package reports turns the final state of a run into things that people and
// machines read: report.json, JUnit, Markdown and terminal tables.
//
// A score.Snapshot flows in; bytes flow out. The package computes nothing that
// a snapshot does not hold: it arranges, rounds for people, and escapes.
package reports

import (
	"math"
	"time"

	"brownout/harness/score"
)

// Schema names the shape of report.json.
const Schema = "brownout.report/1"

// Report is report.json. Every figure is in the unit its name says: seconds,
// shares from 0 to 1, USD, counts.
type Report struct {
	Schema       string        `json:"schema"`
	Run          Run           `json:"run"`
	Verdict      score.Verdict `json:"verdict"`
	Reasons      []string      `json:"reasons"`
	Score        Score         `json:"score"`
	Windows      []Window      `json:"windows"`
	Steady       Steady        `json:"steady"`
	Requests     Requests      `json:"requests"`
	Acts         []Act         `json:"acts"`
	Tracing      Tracing       `json:"tracing"`
	Latency      []Latency     `json:"latency"`
	Providers    []Provider    `json:"providers"`
	Expectations []Expectation `json:"expectations"`
	Violations   []Violation   `json:"violations"`
	Target       Target        `json:"target"`
	Instrument   Instrument    `json:"instrument"`
	Repeat       *Repeat       `json:"repeat,omitempty"` // only among the reports of several runs
}

// Run identifies a run.
type Run struct {
	ID          string            `json:"id"`
	Scenario    string            `json:"scenario"`
	Title       string            `json:"title"`
	Seed        uint64            `json:"seed"`
	Target      string            `json:"target"`
	Started     time.Time         `json:"started"`
	DurationS   float64           `json:"duration_s"`
	Interrupted bool              `json:"interrupted"`
	Error       string            `json:"error,omitempty"`
	Versions    map[string]string `json:"versions"`
	// Overrides is what differs from the scenario's own file, a change each.
	Overrides []string `json:"overrides"`
}

// ByHand counts what a person did while the run was on.
func (r *Report) ByHand() (n int) {
	for _, a := range r.Acts {
		if a.ByHand {
			n++
		}
	}
	return n
}

// Act is something that was changed while the run was on.
type Act struct {
	AtS    float64 `json:"at_s"`
	Text   string  `json:"text"`
	ByHand bool    `json:"by_hand"` // false: the scenario planned it
}

// Score is the score of a run, with its parts by name. Total is null where no
// window could be scored.
type Score struct {
	Version int             `json:"version"`
	Total   *float64        `json:"total"`
	Low     *float64        `json:"low"`
	High    *float64        `json:"high"`
	Worst   *float64        `json:"worst"`
	Parts   map[string]Part `json:"parts"`
}

// Part is one part of a score and what it was computed from. Value is null
// where too little is known.
type Part struct {
	Value    *float64 `json:"value"`
	Weight   float64  `json:"weight"`
	Attained *float64 `json:"attained"`
	Promised *float64 `json:"promised"`
	Unit     string   `json:"unit"`
	Note     string   `json:"note,omitempty"`
}

// Window is one fault and what it did.
type Window struct {
	Fault            string            `json:"fault"`
	Kind             string            `json:"kind"`
	Providers        []string          `json:"providers"`
	InjectedS        float64           `json:"injected_s"`
	ClearedS         float64           `json:"cleared_s"`
	EndS             float64           `json:"end_s"`
	Confirmed        bool              `json:"confirmed"`
	Touched          uint64            `json:"touched_calls"`
	TouchedBy        map[string]uint64 `json:"touched_calls_by_provider"`
	Score            *float64          `json:"score"`
	Parts            map[string]Part   `json:"parts"`
	Availability     float64           `json:"availability"`
	TimeToFailoverS  *float64          `json:"time_to_failover_s"` // null: it never came
	TimeToRecoverS   *float64          `json:"time_to_recover_s"`  // null: it never came, or could not be seen
	LatencyP95S      float64           `json:"latency_p95_s"`      // of answers
	WaitP95S         float64           `json:"wait_p95_s"`         // of all requests, to their deadline where no answer came
	CallsPerRequest  float64           `json:"calls_per_request"`
	CostPerGoodUSD   float64           `json:"cost_per_good_answer_usd"`
	RequestsDuring   Requests          `json:"requests_during"`
	RequestsRecovery Requests          `json:"requests_recovery"`
}

// Steady is what the run looked like before its first fault: what windows are
// compared with.
type Steady struct {
	Reached         bool               `json:"reached"`
	Requests        uint64             `json:"requests"`
	Availability    float64            `json:"availability"`
	LatencyP95S     float64            `json:"latency_p95_s"`
	CallsPerRequest float64            `json:"calls_per_request"`
	CostPerGoodUSD  float64            `json:"cost_per_good_answer_usd"`
	Shares          map[string]float64 `json:"shares"` // of good calls, by provider
}

// Tracing is what the calls behind the requests tell, joined to them by their
// markers, for any target.
type Tracing struct {
	Requests     uint64    `json:"requests"`
	Attempts     [5]uint64 `json:"attempts"` // requests by the number of their calls: 0, 1, 2, 3, and 4 or more
	Hedged       uint64    `json:"hedged"`
	Duplicated   uint64    `json:"answered_twice"`
	Early        uint64    `json:"calls_before_retry_after"`
	Foreign      uint64    `json:"foreign_answers"`
	CacheHits    uint64    `json:"cache_answers"`
	WastedTokens uint64    `json:"wasted_tokens"` // billed for calls whose answer no client used
	WastedUSD    float64   `json:"wasted_usd"`
}

// Requests counts requests by outcome. The interval of the availability is
// Wilson's, of 95 %.
type Requests struct {
	Total        uint64  `json:"total"`
	OK           uint64  `json:"ok"`
	Degraded     uint64  `json:"degraded"`
	Failed       uint64  `json:"failed"`
	Hung         uint64  `json:"hung"`
	Corrupt      uint64  `json:"corrupt"`
	Availability float64 `json:"availability"`
	Low          float64 `json:"availability_low"`
	High         float64 `json:"availability_high"`
}

// Latency is one request kind's.
type Latency struct {
	Request        string    `json:"request"`
	Count          uint64    `json:"count"`
	DeadlineS      float64   `json:"deadline_s"`
	DeadlineMisses uint64    `json:"deadline_misses"`
	TTFT           Quantiles `json:"ttft_s"`
	Total          Quantiles `json:"total_s"`
	MaxGap         Quantiles `json:"longest_gap_s"`
}

// Quantiles are in seconds.
type Quantiles struct {
	P50 float64 `json:"p50"`
	P90 float64 `json:"p90"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// Provider is what one provider saw and billed.
type Provider struct {
	Name             string            `json:"name"`
	Class            string            `json:"class"`
	Region           string            `json:"region"`
	Dialect          string            `json:"dialect"`
	Calls            uint64            `json:"calls"`
	Good             uint64            `json:"good"`
	Errors           map[string]uint64 `json:"errors"`
	Aborted          uint64            `json:"aborted"`
	Early            uint64            `json:"calls_before_retry_after"`
	Share            float64           `json:"share"`
	PromptTokens     uint64            `json:"billed_prompt_tokens"`
	CompletionTokens uint64            `json:"billed_completion_tokens"`
	CostUSD          float64           `json:"cost_usd"`
}

// Expectation is a gate and what came of it. Actual is null where it is not
// known.
type Expectation struct {
	Expr   string   `json:"expr"`
	Actual *float64 `json:"actual"`
	Text   string   `json:"text"`
	Pass   bool     `json:"pass"`
}

// Violation is a breach that vetoes a run.
type Violation struct {
	What     string `json:"what"`
	Marker   string `json:"marker"`
	Provider string `json:"provider"`
	Detail   string `json:"detail"`
}

// Target is what is known of a process under test beside what clients and
// providers saw of it; zeros where Brownout did not start it.
type Target struct {
	Findings       []Finding `json:"findings"`
	CPUMean        float64   `json:"cpu_mean_cores"`
	CPUMax         float64   `json:"cpu_max_cores"`
	MemoryMaxBytes int64     `json:"memory_max_bytes"`
	ProcessesMax   int       `json:"processes_max"`
}

// Finding is something wrong with that process itself.
type Finding struct {
	What   string `json:"what"` // crashed, hung, left_running, secret_printed, left_out
	Detail string `json:"detail"`
}

// Instrument is how the harness itself fared.
type Instrument struct {
	Requests         uint64  `json:"dispatched"`
	LagP50S          float64 `json:"dispatch_lag_p50_s"`
	LagP99S          float64 `json:"dispatch_lag_p99_s"`
	LagMaxS          float64 `json:"dispatch_lag_max_s"`
	CPUMean          float64 `json:"cpu_mean_cores"`
	CPUMax           float64 `json:"cpu_max_cores"`
	MemoryMaxBytes   int64   `json:"memory_max_bytes"`
	InFlightMax      int     `json:"in_flight_max"`
	FDLimit          uint64  `json:"fd_limit"`
	Dropped          uint64  `json:"dropped_events"`
	SaturatedSeconds int     `json:"saturated_seconds"`
	SkippedEvents    uint64  `json:"skipped_events"`
}

// New arranges a snapshot as a report.
func New(s *score.Snapshot) *Report {
	r := &Report{
		Schema: Schema, Verdict: s.Verdict, Reasons: orEmpty(s.Reasons),
		Run: Run{
			ID: s.RunID, Scenario: s.Plan.Scenario, Title: s.Plan.Title, Seed: s.Plan.Seed,
			Target: s.Plan.Target, Started: s.Started, DurationS: s.T.Seconds(),
			Interrupted: s.Interrupted, Error: s.Error, Versions: s.Versions,
			Overrides: orEmpty(s.Plan.Overrides),
		},
		Score: Score{
			Version: score.Version,
			Total:   known(s.Score.Scored, s.Score.Total), Low: known(s.Score.Scored, s.Score.Low),
			High: known(s.Score.Scored, s.Score.High), Worst: known(s.Score.Scored, s.Score.Worst),
			Parts: parts(s.Score.Parts),
		},
		Steady:   steady(s.Steady),
		Requests: requests(s.Requests),
		Tracing:  tracing(s.Tracing),
		Instrument: Instrument{
			Requests: s.Instrument.Hits, LagP50S: s.Instrument.LagP50.Seconds(),
			LagP99S: s.Instrument.LagP99.Seconds(), LagMaxS: s.Instrument.LagMax.Seconds(),
			CPUMean: s.Instrument.CPUMean, CPUMax: s.Instrument.CPUMax,
			MemoryMaxBytes: s.Instrument.RSSMax, InFlightMax: s.Instrument.InFlightMax,
			FDLimit: s.Instrument.FDLimit, Dropped: s.Instrument.Dropped,
			SaturatedSeconds: s.Instrument.Saturated, SkippedEvents: s.Skipped,
		},
		Acts: []Act{}, Windows: []Window{}, Latency: []Latency{}, Providers: []Provider{},
		Expectations: []Expectation{}, Violations: []Violation{},
		Target: Target{
			Findings: []Finding{}, CPUMean: finite(s.Target.CPUMean), CPUMax: finite(s.Target.CPUMax),
			MemoryMaxBytes: s.Target.RSSMax, ProcessesMax: s.Target.Processes,
		},
	}
	for _, f := range s.Target.Findings {
		r.Target.Findings = append(r.Target.Findings, Finding{What: f.What, Detail: f.Detail})
	}
	for _, a := range s.Acts {
		r.Acts = append(r.Acts, Act{AtS: a.T.Seconds(), Text: a.Text, ByHand: a.ByHand})
	}
	for _, w := range s.Windows {
		r.Windows = append(r.Windows, window(w))
	}
	for _, k := range s.ByRequest {
		r.Latency = append(r.Latency, Latency{
			Request: k.Request, Count: k.Tally.Total, DeadlineS: k.Deadline.Seconds(), DeadlineMisses: k.Missed,
			TTFT: quantiles(k.TTFT), Total: quantiles(k.Total), MaxGap: quantiles(k.Gap),
		})
	}
	for _, l := range s.Providers {
		r.Providers = append(r.Providers, Provider{
			Name: l.Name, Class: l.Class, Region: l.Region, Dialect: l.Dialect,
			Calls: l.Calls, Good: l.Good, Errors: orNone(l.Errors), Aborted: l.Aborted, Early: l.Early,
			Share: finite(l.Share), PromptTokens: l.Prompt, CompletionTokens: l.Completion, CostUSD: l.CostUSD,
		})
	}
	for _, e := range s.Expectations {
		r.Expectations = append(r.Expectations, Expectation{
			Expr: e.Expr, Actual: known(e.Known, e.Actual), Text: e.Text, Pass: e.Pass,
		})
	}
	for _, v := range s.Violations {
		r.Violations = append(r.Violations, Violation{What: v.What, Marker: v.Marker, Provider: v.Provider, Detail: v.Detail})
	}
	return r
}

func window(w score.Window) Window {
	return Window{
		Fault: w.Fault, Kind: w.Kind, Providers: orEmpty(w.On),
		InjectedS: w.Injected.Seconds(), ClearedS: w.Cleared.Seconds(), EndS: w.End.Seconds(),
		Confirmed: w.Confirmed, Touched: w.Touched, TouchedBy: touchedBy(w),
		Score: known(w.Scored, w.Score), Parts: parts(w.Parts),
		Availability:    finite(w.Availability),
		TimeToFailoverS: known(w.FailedOver, w.TimeToFailover.Seconds()),
		TimeToRecoverS:  known(w.Recovered, w.TimeToRecover.Seconds()),
		LatencyP95S:     w.LatencyP95.Seconds(), WaitP95S: w.WaitP95.Seconds(), CallsPerRequest: finite(w.CallsPerRequest),
		CostPerGoodUSD: finite(w.CostPerGood),
		RequestsDuring: requests(w.During), RequestsRecovery: requests(w.After),
	}
}

func touchedBy(w score.Window) map[string]uint64 {
	out := make(map[string]uint64, len(w.TouchedBy))
	for _, p := range w.TouchedBy {
		out[p.Provider] = p.Calls
	}
	return out
}

func parts(ps score.Parts) map[string]Part {
	out := make(map[string]Part, len(ps))
	for i, p := range ps {
		out[score.PartNames[i]] = Part{
			Value: known(p.Known, p.Value), Weight: p.Weight,
			Attained: known(p.Known, p.Attained), Promised: known(p.Known, p.Promised),
			Unit: p.Unit, Note: p.Note,
		}
	}
	return out
}

func steady(y score.Steady) Steady {
	shares := map[string]float64{}
	for name, v := range y.Shares {
		shares[name] = finite(v)
	}
	return Steady{
		Reached: y.Reached, Requests: y.Requests, Availability: finite(y.Availability), LatencyP95S: y.LatencyP95.Seconds(),
		CallsPerRequest: finite(y.CallsPerRequest), CostPerGoodUSD: finite(y.CostPerGood), Shares: shares,
	}
}

func tracing(t score.Tracing) Tracing {
	return Tracing{
		Requests: t.Requests, Attempts: t.Attempts, Hedged: t.Hedged, Duplicated: t.Duplicated, Early: t.Early,
		Foreign: t.Foreign, CacheHits: t.CacheHits, WastedTokens: t.WastedTokens, WastedUSD: finite(t.WastedUSD),
	}
}

func requests(t score.Tally) Requests {
	low, high := score.Wilson(t.Value, t.Total)
	return Requests{
		Total: t.Total, OK: t.OK, Degraded: t.Degraded, Failed: t.Failed, Hung: t.Hung,
		Corrupt: t.Corrupt, Availability: t.Availability(),
		Low: low, High: high,
	}
}

func quantiles(q score.Quantiles) Quantiles {
	return Quantiles{
		P50: q.P50.Seconds(), P90: q.P90.Seconds(), P95: q.P95.Seconds(),
		P99: q.P99.Seconds(), Max: q.Max.Seconds(),
	}
}

// known is a pointer to v, or nil, which JSON writes as null, where v is not
// known or is no number that JSON can carry.
func known(ok bool, v float64) *float64 {
	if !ok || math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

func finite(v float64) float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	return v
}

func orEmpty(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

func orNone(m map[string]uint64) map[string]uint64 {
	if m == nil {
		return map[string]uint64{}
	}
	return m
}
