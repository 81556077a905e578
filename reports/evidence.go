package reports

import (
	"fmt"
	"slices"
	"strings"

	"brownout/harness/journal"
	"brownout/harness/score"
	"brownout/harness/scorecard"
)

// Evidence is what one variant of a comparison did wrong, as far as its users
// and the providers saw it.
type Evidence struct {
	Variant    string           `json:"variant"`
	Reasons    []string         `json:"reasons"`    // why runs did not pass, each once
	Requests   []EvidentRequest `json:"requests"`   // the worst, one of each sort
	Violations []string         `json:"violations"` // the first of its runs
	Findings   []string         `json:"findings"`   // about its process

	words string // how many of its requests went wrong, and how
	falls []waterfall
}

// EvidentRequest is a request that went wrong, with the calls behind it.
type EvidentRequest struct {
	Seed    uint64           `json:"seed"` // of its run
	Marker  string           `json:"marker"`
	Request string           `json:"request"`
	Outcome string           `json:"outcome"`
	Reason  string           `json:"reason"`
	Detail  string           `json:"detail,omitempty"`
	Status  int              `json:"status"` // 0: there was no answer
	AtS     float64          `json:"at_s"`   // when it was to be sent, since its run's start
	TookS   float64          `json:"took_s"`
	Calls   []scorecard.Call `json:"calls"` // since it was sent
}

// Bounds of what is shown of a variant in one scenario.
const (
	mostEvident   = 5 // requests, and likewise breaches and findings
	evidentInText = 3 // scenarios, above which a terminal does without
)

// evidence gathers what the runs of a variant did wrong.
func evidence(v Variant) Evidence {
	e := Evidence{Variant: v.Label, Reasons: []string{}, Requests: []EvidentRequest{}, Violations: []string{}, Findings: []string{}}
	var all score.Tally
	seen := map[string]bool{}
	for _, s := range v.Runs {
		all.Total += s.Requests.Total
		all.Failed += s.Requests.Failed
		all.Hung += s.Requests.Hung
		all.Corrupt += s.Requests.Corrupt
		for _, r := range s.Reasons {
			if !slices.Contains(e.Reasons, r) {
				e.Reasons = addFew(e.Reasons, r)
			}
		}
		for _, t := range score.Worst(s.Failures) {
			sort := string(t.Outcome) + " " + t.Sample.Reason
			if seen[sort] || len(e.Requests) == mostEvident {
				continue
			}
			seen[sort] = true
			e.Requests = append(e.Requests, evident(s.Plan.Seed, t))
			e.falls = append(e.falls, waterfallOf(t))
		}
		for _, b := range s.Violations {
			e.Violations = addFew(e.Violations, fmt.Sprintf("%s: %s at %s: %s", b.What, b.Marker, b.Provider, b.Detail))
		}
		for _, f := range s.Target.Findings {
			e.Findings = addFew(e.Findings, findingWords(f))
		}
	}
	e.words = fmt.Sprintf("of %d requests %d were answered wrongly, %d hung, %d failed", all.Total, all.Corrupt, all.Hung, all.Failed)
	return e
}

func addFew(list []string, s string) []string {
	if len(list) == mostEvident {
		return list
	}
	return append(list, s)
}

func findingWords(f journal.Finding) string {
	return strings.ReplaceAll(f.What, "_", " ") + ": " + f.Detail
}

func evident(seed uint64, t score.Trace) EvidentRequest {
	r := t.Sample
	return EvidentRequest{
		Seed: seed, Marker: r.Marker, Request: r.Request, Outcome: string(t.Outcome), Reason: r.Reason, Detail: r.Detail, Status: r.Status,
		AtS: r.Scheduled.Seconds(), TookS: r.Total.Seconds(), Calls: scorecard.Calls(r.Scheduled, t.Calls),
	}
}

// blameless tells that there is nothing to show.
func (e Evidence) blameless() bool {
	return len(e.Reasons) == 0 && len(e.Requests) == 0 && len(e.Violations) == 0 && len(e.Findings) == 0
}

// evidenceTable is what each variant did wrong, a line for each request; without
// rows where none did.
// The reasons of verdicts are left out where a table of all runs has them.
func evidenceTable(m Matrix, reasons bool) table {
	t := table{title: m.Scenario + ": what went wrong", head: []string{"variant", "request", "what its client got", "calls"}}
	for _, e := range m.Evidence {
		if reasons {
			for _, r := range e.Reasons {
				t.rows = append(t.rows, []string{e.Variant, "(verdict)", r, ""})
			}
		}
		for _, r := range e.Requests {
			t.rows = append(t.rows, []string{e.Variant, fmt.Sprintf("%s at %.1f s", r.Request, r.AtS), r.got(), scorecard.Waterfall(r.Calls)})
		}
		for _, b := range e.Violations {
			t.rows = append(t.rows, []string{e.Variant, "(violation)", b, ""})
		}
		for _, f := range e.Findings {
			t.rows = append(t.rows, []string{e.Variant, "(its process)", f, ""})
		}
	}
	return t
}

// got is what the client of a request saw.
func (r EvidentRequest) got() string {
	s := r.Outcome
	if r.Reason != "" {
		s += ": " + r.Reason
	}
	if r.Status != 0 {
		s = fmt.Sprintf("HTTP %d, %s", r.Status, s)
	}
	if r.Detail != "" {
		s += " (" + r.Detail + ")"
	}
	return s + fmt.Sprintf(" after %.2f s", r.TookS)
}

// htmlEvidence is the evidence of one scenario, arranged for the page.
type htmlEvidence struct {
	Scenario string
	Variants []htmlBlame
}

// htmlBlame is that of one variant.
type htmlBlame struct {
	Label, Words string
	Falls        []waterfall
	Others       []string
}

func arrangedEvidence(ms []Matrix) []htmlEvidence {
	var out []htmlEvidence
	for _, m := range ms {
		h := htmlEvidence{Scenario: m.Scenario}
		for _, e := range m.Evidence {
			if e.blameless() {
				continue
			}
			h.Variants = append(h.Variants, htmlBlame{e.Variant, e.words, e.falls, slices.Concat(e.Reasons, e.Violations, e.Findings)})
		}
		if len(h.Variants) > 0 {
			out = append(out, h)
		}
	}
	return out
}
