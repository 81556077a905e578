package score_test

import (
	"math"
	"testing"

	"brownout/harness/score"
)

// The inputs of a window give its parts again.
func TestInputsMakeTheParts(t *testing.T) {
	for name, m := range map[string]*sim{"eventful": eventful(), "quiet": newSim(), "slow": slowRequests()} {
		t.Run(name, func(t *testing.T) {
			b := score.NewBoard()
			for _, r := range m.records() {
				b.Fold(r)
			}
			sn, all := b.Snapshot(), b.Inputs()
			if len(all) != len(sn.Windows) || len(all) == 0 {
				t.Fatalf("inputs of %d windows, of %d", len(all), len(sn.Windows))
			}
			for i, in := range all {
				w := sn.Windows[i]
				var requests uint64
				back := -1
				for j, f := range in.Failover {
					requests += f.Slice.Total
					if f.Back && back < 0 {
						back = j
					}
				}
				switch {
				case back < 0 && w.FailedOver || back >= 0 && (!w.FailedOver || in.Failover[back].At != w.TimeToFailover):
					t.Errorf("%s: back at moment %d of %d, and the window says %s (%v)", w.Fault, back, len(in.Failover), w.TimeToFailover, w.FailedOver)
				case len(in.Failover) > 0 && in.Failover[0].Rest.Total != w.During.Total:
					t.Errorf("%s: %d requests are left at its beginning, of %d", w.Fault, in.Failover[0].Rest.Total, w.During.Total)
				case requests == 0:
					t.Errorf("%s: nobody asked", w.Fault)
				}
				if n := len(in.Recovery); n > 0 {
					last := in.Recovery[n-1]
					if last.Back != w.Recovered || last.Back && last.At != w.TimeToRecover {
						t.Errorf("%s: recovered at %s (%v), and the window says %s (%v)", w.Fault, last.At, last.Back, w.TimeToRecover, w.Recovered)
					}
					ok := last.Distance <= score.ShareTolerance && last.Relative <= score.LatencyTolerance && last.CostFactor <= score.CostTolerance
					if last.Back && !ok {
						t.Errorf("%s: back with figures beyond the tolerances: %+v", w.Fault, last)
					}
				}
				near := func(what string, got, want float64) {
					t.Helper()
					if math.Abs(got-want) > 1e-9*max(1, math.Abs(want)) {
						t.Errorf("%s: %s is %v by the inputs, and %v in the window", w.Fault, what, got, want)
					}
				}
				near("calls per request", float64(in.Calls+in.Early)/float64(w.During.Total), w.CallsPerRequest)
				near("cost of a good answer", in.BilledUSD/float64(in.Good), w.CostPerGood)
				near("cost in steady state", in.SteadyUSD, sn.Steady.CostPerGood)
				near("latency", in.Relative, w.Parts[2].Attained)
			}
		})
	}
}
