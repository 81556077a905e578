// Package conduct judges how a program behaves towards its providers, from
// what those saw of it: how often it asks again, whether it waits as it was
// told, which answers it walks away from, and whom it shows what.
//
// Records of a journal flow in; a Report flows out. Nothing is known of what
// the program made of the answers: that is its own tests' to tell.
package conduct

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"brownout/harness/journal"
	"brownout/harness/scorecard"
	"brownout/plan"
)

// Verdict of a program's conduct.
type Verdict string

// Verdicts.
const (
	Pass         Verdict = "pass"
	Fail         Verdict = "fail"         // it hammered a provider, asked too often, or showed somebody what was private
	Inconclusive Verdict = "inconclusive" // no fault met any of its calls
)

// Report is what the providers saw of a program.
type Report struct {
	Scenario string   `json:"scenario"`
	Title    string   `json:"title"`
	Seed     uint64   `json:"seed"`
	TookS    float64  `json:"took_s"`
	Verdict  Verdict  `json:"verdict"`
	Reasons  []string `json:"reasons"` // why it failed, or is inconclusive
	Advice   []string `json:"advice"`  // what was neglected, and fails nothing

	Requests         int     `json:"requests"`  // logical ones: a call and those that repeat it until one is answered
	Answered         int     `json:"answered"`  // of them
	GaveUp           int     `json:"gave_up"`   // of them: the last call failed
	Abandoned        int     `json:"abandoned"` // of them: the program left before the last call's end
	Moved            int     `json:"moved"`     // of them: to another provider than the first
	Calls            int     `json:"calls"`
	CallsPerRequest  float64 `json:"calls_per_request"`
	MostCalls        int     `json:"most_calls_of_a_request"`
	Early            int     `json:"calls_before_retry_after"`
	Useless          int     `json:"calls_of_what_no_retry_mends"` // repetitions at the same provider
	Touched          int     `json:"calls_touched_by_faults"`
	AbandonedStreams int     `json:"abandoned_streams"` // left after their first token

	Faults     []Fault     `json:"faults"`
	Providers  []Provider  `json:"providers"`
	Violations []Violation `json:"violations"`
	Stories    []Story     `json:"stories"` // of the requests that failed the verdict or neglected advice, and those with the most calls
}

// Fault is one fault of the timeline.
type Fault struct {
	Name      string   `json:"name"`
	Kind      string   `json:"kind"`
	On        []string `json:"on"`
	InjectedS *float64 `json:"injected_s"` // null: the program had ended before
	ClearedS  *float64 `json:"cleared_s"`
	Touched   int      `json:"calls_touched"`
}

// Provider is what one provider saw.
type Provider struct {
	Name    string         `json:"name"`
	Class   string         `json:"class"`
	Calls   int            `json:"calls"`
	Good    int            `json:"good"`
	Aborted int            `json:"aborted"`
	Early   int            `json:"calls_before_retry_after"`
	Errors  map[string]int `json:"errors"`
	CostUSD float64        `json:"cost_usd"`
}

// Violation is a prompt that was shown to somebody who must not see it.
type Violation struct {
	What     string `json:"what"`
	Marker   string `json:"marker"`
	Provider string `json:"provider"`
	Detail   string `json:"detail"`
}

// Story is one request with its calls.
type Story struct {
	Marker string           `json:"marker"` // of its prompt
	AtS    float64          `json:"at_s"`   // of its first call, since the start
	Why    string           `json:"why"`
	Calls  []scorecard.Call `json:"calls"` // the first of them
	// CallsAll is how many there were.
	CallsAll int `json:"calls_total"`
}

// Board folds the records of a journal. It belongs to one goroutine.
type Board struct {
	MostCalls float64 // calls per request, on average, above which the verdict is fail; 0: any number

	plan       *plan.Plan
	now        time.Duration
	calls      []*journal.Call
	faults     map[string]*Fault
	violations []Violation
	over       bool // more calls came than are kept
}

// maxCalls bounds the calls that are kept: a program under test makes far
// fewer.
const maxCalls = 1_000_000

// Fold takes the next record.
func (b *Board) Fold(r journal.Record) {
	b.now = max(b.now, r.T)
	switch e := r.Event.(type) {
	case *journal.RunStarted:
		b.plan, b.faults = &e.Plan, map[string]*Fault{}
		for _, f := range e.Plan.Faults {
			b.faults[f.Name] = &Fault{Name: f.Name, Kind: f.Kind, On: f.On}
		}
	case *journal.FaultOn:
		if f := b.faults[e.Name]; f != nil && e.Confirmed {
			f.InjectedS = new(seconds(r.T))
		}
	case *journal.FaultOff:
		if f := b.faults[e.Name]; f != nil {
			f.ClearedS = new(seconds(r.T))
		}
	case *journal.Call:
		if b.over = len(b.calls) == maxCalls; !b.over {
			b.calls = append(b.calls, e)
		}
	case *journal.Violation:
		b.violations = append(b.violations, Violation{What: e.What, Marker: e.Marker, Provider: e.Provider, Detail: e.Detail})
	}
}

func seconds(d time.Duration) float64 { return float64(d.Milliseconds()) / 1000 }

// good tells whether a call was answered whole.
func good(c *journal.Call) bool { return c.Failure == "" && !c.Aborted && c.Status/100 == 2 }

// requests are the logical requests: the calls of one prompt, until one of
// them is answered. Whoever asks the same after that asks anew.
func (b *Board) requests() [][]*journal.Call {
	by := map[string][]*journal.Call{}
	var markers []string
	for _, c := range b.calls {
		if by[c.Marker] == nil {
			markers = append(markers, c.Marker)
		}
		by[c.Marker] = append(by[c.Marker], c)
	}
	var out [][]*journal.Call
	for _, m := range markers {
		calls := by[m]
		slices.SortStableFunc(calls, func(a, b *journal.Call) int { return int(a.Arrived - b.Arrived) })
		from, answered := 0, time.Duration(-1)
		for i, c := range calls {
			if answered >= 0 && c.Arrived >= answered {
				out = append(out, calls[from:i:i])
				from, answered = i, -1
			}
			if end := c.Arrived + c.Total; good(c) && (answered < 0 || end < answered) {
				answered = end
			}
		}
		out = append(out, calls[from:])
	}
	slices.SortStableFunc(out, func(a, b []*journal.Call) int { return int(a[0].Arrived - b[0].Arrived) })
	return out
}

// Bounds of the requests that are told with their calls, and of those.
const (
	maxStories = 20
	maxTold    = 50
)

// Report tells what was seen so far.
func (b *Board) Report() *Report {
	r := &Report{
		Verdict: Pass, TookS: seconds(b.now), Calls: len(b.calls),
		Reasons: []string{}, Advice: []string{}, Faults: []Fault{}, Providers: []Provider{}, Violations: []Violation{}, Stories: []Story{},
	}
	if b.plan == nil {
		r.Verdict, r.Reasons = Inconclusive, append(r.Reasons, "the journal does not begin with its plan")
		return r
	}
	r.Scenario, r.Title, r.Seed = b.plan.Scenario, b.plan.Title, b.plan.Seed
	r.Violations = append(r.Violations, b.violations...)
	requests := b.requests()
	b.count(r, requests)
	hammered, neglected := r.judge(requests)
	switch {
	case len(b.violations) > 0:
		r.Verdict = Fail
		r.Reasons = append(r.Reasons, fmt.Sprintf("veto: %s; the first: %s", b.shown(), b.violations[0].Detail))
	case b.over:
		r.Verdict = Inconclusive
		r.Reasons = append(r.Reasons, fmt.Sprintf("inconclusive: more than %d calls came, and the rest is not judged", maxCalls))
	}
	if hammered > 0 {
		r.Verdict = Fail
		r.Reasons = append(r.Reasons, counted(hammered, "request hammered a provider", "requests hammered a provider"))
	}
	if b.MostCalls > 0 && r.CallsPerRequest > b.MostCalls {
		r.Verdict = Fail
		r.Reasons = append(r.Reasons, fmt.Sprintf("%.2f calls per request, and %.2f are the most that were allowed", r.CallsPerRequest, b.MostCalls))
	}
	if neglected > 0 {
		r.Advice = append(r.Advice, counted(neglected, "request was repeated otherwise than is advised", "requests were repeated otherwise than is advised"))
	}
	if r.AbandonedStreams > 0 {
		r.Advice = append(r.Advice, counted(r.AbandonedStreams, "stream was left after its first token: what came was billed", "streams were left after their first token: what came was billed"))
	}
	if r.Verdict == Pass {
		b.doubt(r)
	}
	return r
}

// shown says how many prompts were shown to whom.
func (b *Board) shown() string {
	var prompts, to []string
	for _, v := range b.violations {
		if !slices.Contains(prompts, v.Marker) {
			prompts = append(prompts, v.Marker)
		}
		if !slices.Contains(to, v.Provider) {
			to = append(to, v.Provider)
		}
	}
	names := strings.Join(to, ", ")
	return counted(len(prompts), "private prompt was shown to "+names, "private prompts were shown to "+names)
}

// doubt tells where nothing is proven.
func (b *Board) doubt(r *Report) {
	var why string
	switch {
	case r.Calls == 0 && b.onLinks():
		why = "no call reached a provider: all were turned away on their path by the fault there, or the program does not read the variables that it is given"
	case r.Calls == 0:
		why = "no call reached a provider: does the program read the variables that it is given?"
	case len(r.Faults) == 0:
		return
	case !slices.ContainsFunc(r.Faults, func(f Fault) bool { return f.InjectedS != nil }):
		why = "the program had ended before the first fault: begin later in the scenario with --from, or have its faults all the time with --throughout"
	case r.Touched == 0 && !b.onLinks():
		why = "no fault met any of its calls"
	default:
		return
	}
	r.Verdict = Inconclusive
	r.Reasons = append(r.Reasons, "inconclusive: "+why)
}

// onLinks tells whether a fault was in effect that acts on the path alone, so
// that no call can tell of it.
func (b *Board) onLinks() bool {
	return slices.ContainsFunc(b.plan.Faults, func(f plan.Fault) bool { return f.LinkOnly && b.faults[f.Name].InjectedS != nil })
}

// count fills in what the providers and the faults counted.
func (b *Board) count(r *Report, requests [][]*journal.Call) {
	at := map[string]int{}
	for _, p := range b.plan.Providers {
		at[p.Name] = len(r.Providers)
		r.Providers = append(r.Providers, Provider{Name: p.Name, Class: p.Class, Errors: map[string]int{}})
	}
	for _, c := range b.calls {
		p := &r.Providers[at[c.Provider]]
		p.Calls++
		p.CostUSD += c.CostUSD
		switch {
		case c.Aborted:
			p.Aborted++
		case good(c):
			p.Good++
		}
		if c.Failure != "" {
			p.Errors[c.Failure]++
		}
		if c.Aborted && c.Stream && c.TTFT > 0 {
			r.AbandonedStreams++
		}
		if len(c.Faults) > 0 {
			r.Touched++
		}
		for _, name := range c.Faults {
			if f := b.faults[name]; f != nil {
				f.Touched++
			}
		}
	}
	for _, calls := range requests {
		for i, early := range scorecard.Early(calls) {
			if early {
				r.Providers[at[calls[i].Provider]].Early++
				r.Early++
			}
		}
	}
	for _, f := range b.plan.Faults {
		r.Faults = append(r.Faults, *b.faults[f.Name])
	}
}

// judge looks at each request, and counts those that hammered and those that
// neglected advice.
func (r *Report) judge(requests [][]*journal.Call) (hammered, neglected int) {
	var most []*journal.Call
	for _, calls := range requests {
		r.Requests++
		r.MostCalls = max(r.MostCalls, len(calls))
		last := calls[len(calls)-1]
		switch {
		case slices.ContainsFunc(calls, good):
			r.Answered++
		case last.Aborted:
			r.Abandoned++
		default:
			r.GaveUp++
		}
		if slices.ContainsFunc(calls, func(c *journal.Call) bool { return c.Provider != calls[0].Provider }) {
			r.Moved++
		}
		r.Useless += scorecard.Useless(calls)
		if len(calls) > len(most) {
			most = calls
		}
		if why := scorecard.Hammered(calls); why != "" {
			hammered++
			r.tell(calls, why)
		} else if why := scorecard.Neglected(calls); why != "" {
			neglected++
			r.tell(calls, why)
		}
	}
	if r.Requests > 0 {
		r.CallsPerRequest = float64(r.Calls) / float64(r.Requests)
	}
	if len(most) > 1 && !slices.ContainsFunc(r.Stories, func(s Story) bool { return s.Marker == most[0].Marker && s.AtS == seconds(most[0].Arrived) }) {
		r.tell(most, "the most calls")
	}
	return hammered, neglected
}

func (r *Report) tell(calls []*journal.Call, why string) {
	if len(r.Stories) < maxStories {
		r.Stories = append(r.Stories, Story{
			Marker: calls[0].Marker, AtS: seconds(calls[0].Arrived), Why: why,
			Calls: scorecard.Calls(calls[0].Arrived, calls[:min(len(calls), maxTold)]), CallsAll: len(calls),
		})
	}
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
