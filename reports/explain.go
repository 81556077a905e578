package reports

import (
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"

	"brownout/harness/score"
	"brownout/plan"
)

// ExplainScore prints the score's formula with the defaults that it is computed
// by where a scenario names no others.
func ExplainScore(w io.Writer, st Style) {
	fmt.Fprintf(w, `score: one number from 0 to 100 for how well users were served (formula %d)

Each fault has a window: from its injection to the end of its recovery horizon.
Seven parts of it are judged, each as attained over promised and never more than
1. The window's score is 100 x the weighted geometric mean of its parts. Each part
counts as at least %g, so that a lost one weighs heavily and no other can buy it
back. The run's score is the geometric mean over its windows, and the worst window
is always shown beside it. Only what clients and providers saw is scored.

`, score.Version, score.PartFloor)
	what := map[string]string{
		"availability": "mean outcome value, in nines; the lower of while the fault lasts and in the horizon after it",
		"failover":     "from injection until users are served as promised again, and stay so",
		"latency":      "p95 while the fault lasts of what a request took over the steady p95 of its kind: time to first token for streams, total otherwise",
		"integrity":    "answers that are not truncated, foreign, altered, empty or swapped, in nines",
		"recovery":     "from clearance until shares, latency and cost are as in steady state",
		"efficiency":   "calls to providers for each request; those before a stated retry-after count twice",
		"cost":         "billed cost per good answer over that of steady state",
	}
	weights := reflect.ValueOf(plan.DefaultWeights)
	var rows [][]string
	for i, name := range score.PartNames {
		rows = append(rows, []string{name, percent(weights.Field(i).Float()), promised(name), what[name]})
	}
	Listing(w, []string{"part", "weight", "promised by default", "what is measured"}, rows, st)
	fmt.Fprintf(w, `
attained over promised is, of availability and integrity, nines over nines, where
the nines of a share are -log10(1 - share) and a promise has at most %g; of all
others, of which less is better, promised over measured. What is not known yet
leaves the product, and its weight with it.

Resolution and tolerances
`, score.MaxNines)
	Listing(w, []string{"what", "value"}, constants(), st)
	fmt.Fprint(w, `
Weights and promises are set in [weights] and [promise]. A request that may not
leave certain classes or regions and does so fails the run whatever its score.
As an expectation, score is the figure of the run: score = ">= 80".

A run proves nothing, and is called inconclusive, where
`)
	rows = nil
	for _, d := range score.Doubts() {
		rows = append(rows, []string{d.Name, d.When})
	}
	Listing(w, []string{"doubt", "when"}, rows, st)
	fmt.Fprintf(w, `
A target that crashed, too, fails the run whatever its score. The verdict is
decided in this order: veto or crash, doubt, missed expectation, pass.

Shares have Wilson's 95 %% interval. The score has one by a local bootstrap over blocks
of a second (%d resamples, a fixed seed); over several seeds (--repeat N) the mean has
one by Student's t. docs/reports.md tells what they suppose. brownout report RUN --trace WHAT shows what the score of a run,
or one of its parts, was computed from; the score itself with its interval.
`, score.Resamples)
}

// constants are what the formula goes by beside weights and promises.
func constants() [][]string {
	return [][]string{
		{"times to failover and to recover are counted in steps of", score.SliceWidth.String()},
		{"failover: back at the slo for, and for the rest of the fault", score.FailoverSpan.String()},
		{"recovery: like steady state for", score.RecoverySpan.String()},
		{"recovery: shares of the providers, half the sum of differences, at most", fmt.Sprint(score.ShareTolerance)},
		{"recovery: p95 over steady state, at most", fmt.Sprintf("%g x", score.LatencyTolerance)},
		{"recovery: cost of a good answer over steady state, at most", fmt.Sprintf("%g x", score.CostTolerance)},
		{"a recovery horizon's availability counts from", fmt.Sprintf("%d requests", score.MinSamples)},
		{"a part is known from", fmt.Sprintf("%d requests", score.MinKnown)},
		{"steady state leaves out the first", score.Warmup.String()},
		{"worth of a degraded answer, where the mix says nothing", fmt.Sprint(plan.DefaultMix[plan.KindChat].Degraded)},
	}
}

// faultRow is a fault as Explain shows it. When one that waits for its moment
// ends, only a run can tell.
func faultRow(f plan.Fault) []string {
	r := []string{f.Name, f.Kind, strings.Join(f.On, ", "), f.At.String(), f.Clear().String(), f.End().String(), "all"}
	if f.When != nil {
		r[3] = fmt.Sprintf("when %s, from %s on", f.When, f.At)
		r[4], r[5] = f.For.String()+" later", (f.For+f.Horizon).String()+" later"
	}
	if f.Share < 1 {
		r[6] = percent(f.Share)
	}
	if f.Model != "" {
		r[6] += " of those for " + f.Model
	}
	if f.Ramp > 0 {
		r[6] += ", growing over " + f.Ramp.String()
	}
	if f.LinkOnly {
		r[6] = "the link"
	}
	return r
}

// promised is the default promise of a part.
func promised(part string) string {
	p := plan.DefaultPromise
	switch part {
	case "availability":
		return percent(p.Availability)
	case "integrity":
		return percent(p.Integrity)
	case "failover":
		return "within " + p.Failover.String()
	case "recovery":
		return "within " + p.Recovery.String()
	case "latency":
		return fmt.Sprintf("at most %gx", p.LatencyFactor)
	case "efficiency":
		return fmt.Sprintf("at most %g", p.CallsPerRequest)
	default:
		return fmt.Sprintf("at most %gx", p.CostFactor)
	}
}

// ExplainMetric prints what a figure is and how an expectation names it.
func ExplainMetric(w io.Writer, m plan.Metric) {
	fmt.Fprintf(w, "%s: %s\n\nunit        %s\n", m.Name, m.Doc, m.Unit)
	name := m.Name
	if len(m.Arg) > 0 {
		optional := " (may be left out)"
		if m.Required {
			optional = ""
		}
		fmt.Fprintf(w, "argument    a %s%s\n", strings.Join(m.Arg, " or a "), optional)
	}
	if m.Required {
		name = fmt.Sprintf("%q", m.Name+"(NAME)")
	}
	if len(m.Spans) > 0 {
		var of []string
		for _, span := range m.Spans {
			of = append(of, fmt.Sprintf("%q", m.Name+" "+span+" FAULT"))
		}
		fmt.Fprintf(w, "of a window %s\n", strings.Join(of, " or "))
	}
	fmt.Fprintf(w, "in a file   [expect]\n            %s = %q\n", name, m.Example())
}

// ExplainProvider prints a preset: what it speaks, what it sells, how fast it is
// and what it allows.
func ExplainProvider(w io.Writer, p plan.Provider, st Style) {
	fmt.Fprintf(w, "%s: a preset for a provider of class %s\n\n", p.Preset, p.Class)
	fmt.Fprintf(w, "dialect     %s\nregion      %s\n", p.Dialect, p.Region)
	fmt.Fprintf(w, "limits      %s\n", limits(p.Limits))
	seconds, slots := p.Service.Busy(100, 100)
	fmt.Fprintf(w, "service     %s: an answer of 100 tokens takes about %s", p.Service.Model, time.Duration(seconds*float64(time.Second)).Round(10*time.Millisecond))
	if slots > 0 {
		fmt.Fprintf(w, " when it is full, %d at once", slots)
	}
	fmt.Fprint(w, "\n\n")
	var rows [][]string
	for _, m := range p.Models {
		kind := "chat"
		if m.Embedding > 0 {
			kind = fmt.Sprintf("embedding (%d)", m.Embedding)
		}
		rows = append(rows, []string{m.ID, kind, fmt.Sprint(m.Context), fmt.Sprint(m.MaxOutput), fmt.Sprintf("%g", m.PriceIn), fmt.Sprintf("%g", m.PriceOut), m.Replaces})
	}
	Listing(w, []string{"model", "kind", "context", "max output", "USD/Mtok in", "USD/Mtok out", "replaced by"}, rows, st)
	fmt.Fprintf(w, "in a file   [[provider]]\n            name = %q\n", p.Preset)
}

func limits(l plan.Limits) string {
	var out []string
	for _, v := range []struct {
		n    int
		what string
	}{{l.RequestsPerMinute, "requests per minute"}, {l.TokensPerMinute, "tokens per minute"}, {l.Concurrency, "calls in progress"}} {
		if v.n > 0 {
			out = append(out, fmt.Sprintf("%d %s", v.n, v.what))
		}
	}
	if len(out) == 0 {
		return "none"
	}
	return strings.Join(out, ", ")
}
