package harness

import (
	"brownout/harness/journal"
	"brownout/harness/load"
	"brownout/harness/router"
	"brownout/mocks"
)

// observe makes an event of what a mock saw of one call.
func (r *run) observe(o mocks.Observation) {
	if r.started.Load() {
		r.record(r.callOf(o))
	}
}

// callOf is what a mock saw of one call, as an event.
func (r *run) callOf(o mocks.Observation) *journal.Call {
	spec, _ := r.plan.Provider(o.Provider)
	// The mocks' clocks began when the rig was built, the run's when it was up.
	shift := r.epoch.Sub(r.start)
	c := &journal.Call{
		Provider: o.Provider, Class: spec.Class, Region: spec.Region, Model: o.Model,
		Marker: o.Marker, Attempt: o.Attempt, Stream: o.Stream,
		Arrived: o.Arrived + shift, Total: o.Ended - o.Arrived,
		Status: o.Status, Failure: string(o.Failure), Aborted: o.Aborted,
		Prompt: o.Prompt, Completion: o.Completion, CostUSD: o.CostUSD,
		Faults: o.Faults, Early: o.Early, RetryAfter: o.RetryAfter,
	}
	if o.FirstToken != 0 {
		c.TTFT = o.FirstToken - o.Arrived
	}
	return c
}

// decided makes an event of what the target says it did.
func (r *run) decided(d router.Decision) {
	if !r.started.Load() {
		return
	}
	r.recorder.Record(&journal.Decision{
		What: d.What, Provider: d.Provider, Marker: d.Marker, Wait: d.Wait,
		Detail: load.Redact(d.Detail, ""), // it may quote what a provider said
	})
}
