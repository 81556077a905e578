package scenarios

import (
	"fmt"
	"time"

	"brownout/plan"
)

// minSamples is the least number of requests that a verdict on a fault is based
// on: score.MinSamples.
const minSamples = 30

// sparse warns of a fault that too few requests meet: its run would be
// inconclusive.
func (d *document) sparse(f fault) {
	if f.When != nil || f.round > 0 {
		return
	}
	if n := d.requests(f.At, min(f.Clear(), d.plan.Load.Duration)); n < minSamples {
		d.warn(f.node.find("for"), fmt.Sprintf("fault %q: about %.0f requests are sent while it lasts, too few to score", f.Name, n), fmt.Sprintf("%d are needed: let it last longer, or raise the rate", minSamples))
	}
}

// requests is how many requests are due between two moments.
func (d *document) requests(from, to time.Duration) float64 {
	const steps = 200
	sum, step := 0.0, (to-from)/steps
	for i := range steps {
		sum += d.plan.Load.Rate(from+time.Duration(i)*step+step/2) * step.Seconds()
	}
	return max(sum, 0)
}

// unmeasurable warns of expectations whose figure no run of the scenario can
// have, so that they always fail, or always hold.
func (d *document) unmeasurable() {
	horizon := false
	for _, f := range d.plan.Faults {
		horizon = horizon || f.Horizon >= minHorizon || f.When != nil
	}
	free := true
	for _, p := range d.plan.Providers {
		for _, m := range p.Models {
			free = free && m.PriceIn == 0 && m.PriceOut == 0
		}
	}
	bound := false
	for _, m := range d.plan.Load.Mix {
		bound = bound || len(m.Allow) > 0 || len(m.Regions) > 0 || len(m.Personal) > 0
	}
	for i, e := range d.plan.Expect {
		why, hint := "", "remove it"
		if e.Span != "" && e.Window != plan.SteadyWindow && len(d.plan.Faults) == 0 {
			why, hint = "the scenario has no fault", "add a [[fault]]"
		} else if e.Span == plan.SpanAfter && !d.watched(e.Window) {
			why, hint = "the load ends with the fault, so that no time is left to watch a recovery", "lengthen the load"
		}
		switch e.Metric {
		case "score", "worst", "time_to_failover", "time_to_recover", "cost_factor":
			if len(d.plan.Faults) == 0 {
				why, hint = "the scenario has no fault, and without one it cannot be known", "add a [[fault]]"
			} else if e.Metric == "time_to_recover" && !horizon {
				why, hint = "no fault leaves time to watch a recovery", "lengthen the load"
			}
		case "availability":
			if e.Arg == plan.AnyFault && len(d.plan.Faults) == 0 {
				why, hint = "the scenario has no fault", "add a [[fault]]"
			}
		case "share":
			if contains(plan.Classes, e.Arg) && !d.hasClass(e.Arg) {
				if _, named := d.plan.Provider(e.Arg); !named {
					why, hint = "no provider is of class "+e.Arg+", so that it is always 0", "add such a provider"
				}
			}
		case "violations":
			if !bound {
				why, hint = "every request may go anywhere, so that there are never any", "add a kind of request with allow, regions or personal"
			}
		}
		if why == "" && free && (e.Metric == "cost_factor" || e.Metric == "cost_per_good_answer") {
			why, hint = "every model is free", "give prices, or remove it"
		}
		if why != "" {
			d.warn(d.expects[i].node, fmt.Sprintf("[expect]: %s can never be measured: %s", e.Expr, why), hint)
		}
	}
}

// watched tells whether the fault, or any of them, has a recovery horizon.
func (d *document) watched(fault string) bool {
	for _, f := range d.plan.Faults {
		if (fault == plan.AnyFault || f.Name == fault) && (f.Horizon > 0 || f.When != nil) {
			return true
		}
	}
	return false
}

func (d *document) hasClass(class string) bool {
	for _, p := range d.plan.Providers {
		if p.Class == class {
			return true
		}
	}
	return false
}
