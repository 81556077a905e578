package score

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"brownout/harness/journal"
	"brownout/plan"
)

// value is a figure that an expectation names. unknown says why there is none.
type value struct {
	v       float64
	unknown string
}

// expect compares one figure with its bound. A figure that is not known passes
// no gate.
func (b *Board) expect(e plan.Expectation, index int, s *Snapshot) Expectation {
	out := Expectation{Expr: e.Expr}
	m, ok := plan.MetricOf(e.Metric)
	if !ok {
		out.Text = "unknown"
		return out
	}
	var v value
	if e.Span != "" || e.Figure != "" {
		v = b.scoped(e, index, s)
	} else {
		v = b.measure(e, s)
	}
	if v.unknown != "" {
		out.Text = v.unknown
		return out
	}
	out.Actual, out.Known = v.v, true
	out.Pass = e.Holds(v.v)
	out.Text = valueText(m.Unit, v.v)
	return out
}

// measure finds the figure: design.md 4.4 and the table of plan.Metrics say
// what each is.
func (b *Board) measure(e plan.Expectation, s *Snapshot) value {
	switch e.Metric {
	case "score", "worst":
		if !s.Score.Scored {
			return value{unknown: "unknown: no window has a score"}
		}
		if e.Metric == "worst" {
			return value{v: s.Score.Worst}
		}
		return value{v: s.Score.Total}
	case "availability":
		if e.Arg != "" && b.kindOf(e.Arg) == nil {
			return overFaults(e.Arg, s, math.Min, func(w *Window) value {
				if w.During.Total == 0 {
					return value{unknown: "unknown: no request fell in the time of " + w.Fault}
				}
				return value{v: w.Availability}
			})
		}
		return b.ofTally(e.Arg, Tally.Availability)
	case "integrity":
		return b.ofTally(e.Arg, Tally.Integrity)
	case "time_to_failover":
		return overFaults(e.Arg, s, math.Max, timeToFailover)
	case "time_to_recover":
		return b.timeToRecover(e.Arg, s)
	case "calls_per_request":
		if len(s.Windows) == 0 && s.Requests.Total > 0 {
			return value{v: float64(b.calls) / float64(s.Requests.Total)}
		}
		return overFaults(e.Arg, s, math.Max, func(w *Window) value {
			if w.During.Total == 0 {
				return value{unknown: "unknown: no request fell in the time of " + w.Fault}
			}
			return value{v: w.CallsPerRequest}
		})
	case "cost_factor":
		return overFaults(e.Arg, s, math.Max, func(w *Window) value {
			if s.Steady.CostPerGood == 0 || w.During.good() == 0 {
				return value{unknown: "unknown: there is no cost to compare"}
			}
			return value{v: w.CostPerGood / s.Steady.CostPerGood}
		})
	case "cost_per_good_answer":
		if s.Requests.good() == 0 {
			return value{unknown: "unknown: there was no good answer"}
		}
		return value{v: b.costUSD / float64(s.Requests.good())}
	case "violations":
		return value{v: float64(b.breaches.count)}
	case "corrupt", "hung", "failed", "degraded":
		t := b.tallyOf(e.Arg)
		return value{v: float64(t.Count(journal.Outcome(e.Metric)))}
	case "share":
		return b.servedBy(e.Arg)
	case "workflows", "workflow_cost":
		w := &b.workflows.out
		if w.Total == 0 {
			return value{unknown: "unknown: no workflow has ended"}
		}
		if e.Metric == "workflows" {
			return value{v: share(w.Finished, w.Total)}
		}
		return value{v: w.DearestUSD}
	case "stale_age":
		var oldest time.Duration
		for i := range b.kinds {
			if r := &b.kinds[i].out; e.Arg == "" || r.Request == e.Arg {
				oldest = max(oldest, r.Oldest)
			}
		}
		return value{v: oldest.Seconds()}
	}
	if p, ok := percentiles[e.Metric]; ok {
		return b.latency(e.Arg, p)
	}
	if of, ok := counts[e.Metric]; ok {
		return value{v: float64(b.sum(e.Arg, of))}
	}
	return value{unknown: "unknown"}
}

// counts are the metrics that count requests beside their outcomes.
var counts = map[string]func(*RequestStats) uint64{
	"deadline_misses": func(r *RequestStats) uint64 { return r.Missed },
	"refused":         func(r *RequestStats) uint64 { return r.Refused },
	"cached":          func(r *RequestStats) uint64 { return r.Cached },
	"stale":           func(r *RequestStats) uint64 { return r.Stale },
	"poisoned":        func(r *RequestStats) uint64 { return r.Poisoned },
	"swapped":         func(r *RequestStats) uint64 { return r.Swapped },
	"disagreeing":     func(r *RequestStats) uint64 { return r.Disagreeing },
	"misbilled":       func(r *RequestStats) uint64 { return r.Misbilled },
}

// sum adds up a counter of a request kind, or of all.
func (b *Board) sum(arg string, of func(*RequestStats) uint64) (n uint64) {
	for i := range b.kinds {
		if r := &b.kinds[i].out; arg == "" || r.Request == arg {
			n += of(r)
		}
	}
	return n
}

// overFaults folds a figure of each injected fault, or of the one named.
func overFaults(arg string, s *Snapshot, fold func(a, b float64) float64, of func(*Window) value) value {
	out := value{unknown: "unknown: no fault was injected"}
	for i := range s.Windows {
		w := &s.Windows[i]
		if w.Injected == 0 || (arg != "" && arg != plan.AnyFault && arg != w.Fault) {
			continue
		}
		v := of(w)
		switch {
		case v.unknown != "":
			return v
		case out.unknown != "":
			out = v
		default:
			out.v = fold(out.v, v.v)
		}
	}
	return out
}

func timeToFailover(w *Window) value {
	switch {
	case w.FailedOver:
		return value{v: w.TimeToFailover.Seconds()}
	case !w.Parts[partFailover].Known:
		return value{unknown: "unknown: " + w.Parts[partFailover].Note}
	}
	return value{unknown: "never (" + seconds(w.TimeToFailover) + " passed)"}
}

// timeToRecover leaves out faults whose recovery nobody can know, unless they
// are all there are.
func (b *Board) timeToRecover(arg string, s *Snapshot) value {
	var judged Snapshot
	for _, w := range s.Windows {
		if w.Recovered || w.Parts[partRecovery].Known {
			judged.Windows = append(judged.Windows, w)
		}
	}
	if len(judged.Windows) == 0 {
		return value{unknown: "unknown: no fault's recovery could be judged"}
	}
	return overFaults(arg, &judged, math.Max, func(w *Window) value {
		if !w.Recovered {
			return value{unknown: "never (" + seconds(w.TimeToRecover) + " passed)"}
		}
		return value{v: w.TimeToRecover.Seconds()}
	})
}

// tallyOf is the tally of a request kind, or of all.
func (b *Board) tallyOf(arg string) Tally {
	if arg == "" {
		return b.total
	}
	if k := b.kindOf(arg); k != nil {
		return k.out.Tally
	}
	return Tally{}
}

func (b *Board) ofTally(arg string, figure func(Tally) float64) value {
	t := b.tallyOf(arg)
	if t.Total == 0 {
		return value{unknown: "unknown: there was no request"}
	}
	return value{v: figure(t)}
}

func (b *Board) latency(arg string, percentile float64) value {
	l := &b.figure
	if k := b.kindOf(arg); k != nil {
		l = &k.total
		if k.stream {
			l = &k.ttft
		}
	}
	if l.count() == 0 || (arg != "" && b.kindOf(arg) == nil) {
		return value{unknown: "unknown: there was no answer"}
	}
	return value{v: l.duration(percentile).Seconds()}
}

// servedBy is the share over the whole run.
func (b *Board) servedBy(arg string) value {
	served := make([]uint64, len(b.lanes))
	for i := range b.lanes {
		served[i] = b.lanes[i].out.Good
	}
	return b.sharedBy(arg, served, b.models, "in the run")
}

// valueText writes a figure for people.
func valueText(u plan.Unit, v float64) string {
	switch u {
	case plan.UnitShare:
		return percent(v)
	case plan.UnitTime:
		d := time.Duration(v * float64(time.Second))
		if d < time.Second {
			return fmt.Sprintf("%.0f ms", v*1000)
		}
		return fmt.Sprintf("%.2f s", d.Seconds())
	case plan.UnitPoints:
		return fmt.Sprintf("%.1f", v)
	case plan.UnitFactor:
		return fmt.Sprintf("%.2f x", v)
	case plan.UnitUSD:
		return "$" + strconv.FormatFloat(v, 'g', 4, 64)
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}
