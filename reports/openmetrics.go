package reports

import (
	"io"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"brownout/harness/journal"
	"brownout/harness/score"
)

// writeOpenMetrics writes the figures of runs as one OpenMetrics exposition,
// for a push gateway or a file that a scraper reads.
func writeOpenMetrics(w io.Writer, runs []*score.Snapshot) error {
	reg := prometheus.NewPedanticRegistry()
	g := newGauges(reg)
	for _, s := range runs {
		g.set(s)
	}
	families, err := reg.Gather()
	if err != nil {
		return err
	}
	e := expfmt.NewEncoder(w, expfmt.NewFormat(expfmt.TypeOpenMetrics))
	for _, f := range families {
		if err := e.Encode(f); err != nil {
			return err
		}
	}
	return e.(expfmt.Closer).Close()
}

// runLabels tell runs apart.
var runLabels = []string{"run", "scenario", "target", "seed"}

// gauges are all figures that are exported, each with its unit in its name.
type gauges struct {
	verdict, score, part, window, failover, recovery *prometheus.GaugeVec
	requests, availability, latency                  *prometheus.GaugeVec
	calls, cost, share, wasted                       *prometheus.GaugeVec
}

func newGauges(reg *prometheus.Registry) *gauges {
	vec := func(name, help string, labels ...string) *prometheus.GaugeVec {
		v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "brownout", Name: name, Help: help}, append(append([]string{}, runLabels...), labels...))
		reg.MustRegister(v)
		return v
	}
	return &gauges{
		verdict:      vec("verdict", "1 for the verdict of the run", "verdict"),
		score:        vec("score", "score of the run, 0 to 100; bound: total, low, high, worst", "bound"),
		part:         vec("score_part_ratio", "part of the score, 0 to 1", "part"),
		window:       vec("window_score", "score of one fault window, 0 to 100", "fault"),
		failover:     vec("time_to_failover_seconds", "from injection until users were back at the slo; absent where it never came", "fault"),
		recovery:     vec("time_to_recover_seconds", "from clearance until steady state was back; absent where it never came", "fault"),
		requests:     vec("requests", "requests by outcome", "outcome"),
		availability: vec("availability_ratio", "mean outcome value, 0 to 1", "request"),
		latency:      vec("latency_seconds", "quantiles of latency by request kind; of: ttft, total", "request", "of", "quantile"),
		calls:        vec("provider_calls", "calls that a provider saw", "provider"),
		cost:         vec("provider_cost_usd", "billed by a provider", "provider"),
		share:        vec("provider_share_ratio", "share of good calls that a provider answered", "provider"),
		wasted:       vec("wasted_usd", "billed for calls whose answer no client got"),
	}
}

func (g *gauges) set(s *score.Snapshot) {
	run := []string{s.RunID, s.Plan.Scenario, s.Plan.Target, count(s.Plan.Seed)}
	put := func(v *prometheus.GaugeVec, value float64, labels ...string) {
		v.WithLabelValues(append(append([]string{}, run...), labels...)...).Set(finite(value))
	}
	put(g.verdict, 1, string(s.Verdict))
	if s.Score.Scored {
		put(g.score, s.Score.Total, "total")
		put(g.score, s.Score.Low, "low")
		put(g.score, s.Score.High, "high")
		put(g.score, s.Score.Worst, "worst")
	}
	for i, p := range s.Score.Parts {
		if p.Known {
			put(g.part, p.Value, score.PartNames[i])
		}
	}
	for _, w := range s.Windows {
		if w.Scored {
			put(g.window, w.Score, w.Fault)
		}
		if w.FailedOver {
			put(g.failover, w.TimeToFailover.Seconds(), w.Fault)
		}
		if w.Recovered {
			put(g.recovery, w.TimeToRecover.Seconds(), w.Fault)
		}
	}
	for _, o := range journal.Outcomes {
		put(g.requests, float64(s.Requests.Count(o)), string(o))
	}
	for _, k := range s.ByRequest {
		put(g.availability, k.Tally.Availability(), k.Request)
		for _, q := range []struct {
			of string
			q  score.Quantiles
		}{{"ttft", k.TTFT}, {"total", k.Total}} {
			if q.q.Count == 0 {
				continue
			}
			put(g.latency, q.q.P50.Seconds(), k.Request, q.of, "0.5")
			put(g.latency, q.q.P95.Seconds(), k.Request, q.of, "0.95")
			put(g.latency, q.q.P99.Seconds(), k.Request, q.of, "0.99")
		}
	}
	for _, l := range s.Providers {
		put(g.calls, float64(l.Calls), l.Name)
		put(g.cost, l.CostUSD, l.Name)
		put(g.share, l.Share, l.Name)
	}
	put(g.wasted, s.Tracing.WastedUSD)
}
