package examiner

import (
	"fmt"
	"slices"
	"time"

	"brownout/harness/chaos"
	"brownout/harness/scorecard"
	"brownout/mocks/presets"
	"brownout/plan"
)

// Rows are the faults of the scorecard, in their order.
func Rows() []scorecard.Row {
	var out []scorecard.Row
	for _, q := range questions() {
		k, _ := chaos.Lookup(q.kind)
		out = append(out, scorecard.Row{Name: q.name, Kind: q.kind, On: q.first(), Request: q.mix().Kind, Summary: k.Summary})
	}
	return out
}

func (q question) first() string {
	if q.on != "" {
		return q.on
	}
	return firstChoice
}

func (q question) mix() plan.Mix {
	kind := q.request
	if kind == "" {
		kind = plan.KindChat
	}
	m := plan.DefaultMix[kind]
	m.Deadline = deadline
	return m
}

// plan makes the run of one cell: the fault first, and the requests a while
// after it, which wait is longer by the tries that came too early.
func (q question) plan(target string, seed uint64, try int) (*plan.Plan, error) {
	p := &plan.Plan{
		Scenario: "scorecard", Title: q.name, Seed: seed, Target: target,
		Router: plan.DefaultRouter, Promise: plan.DefaultPromise, Weights: plan.DefaultWeights,
	}
	for _, name := range append([]string{q.first()}, others...) {
		if slices.Contains(p.Router.Order, name) {
			continue
		}
		v, ok := presets.Get(name)
		if !ok {
			return nil, fmt.Errorf("scorecard: there is no preset %q", name)
		}
		p.Providers = append(p.Providers, v)
		p.Router.Order = append(p.Router.Order, name)
	}
	bound, params, err := chaos.Bind(q.kind, q.params)
	if err == nil {
		err = chaos.Fits(bound, p.Providers[0])
	}
	if err != nil {
		return nil, fmt.Errorf("scorecard: %s: %w", q.name, err)
	}
	begin := inject + lead*time.Duration(1+3*try)
	last := begin + 100*time.Millisecond
	perSecond := 1.0
	if q.count > 1 {
		perSecond = rate
		last = begin + time.Duration(q.count)*time.Second/rate
	}
	p.Load = plan.Load{
		Profile:  []plan.Point{{At: 0, Rate: 0}, {At: begin, Rate: 0}, {At: begin, Rate: perSecond}},
		Duration: last, Mix: []plan.Mix{q.mix()}, Workers: max(4, 2*q.count),
	}
	p.Faults = []plan.Fault{{
		Name: q.kind, Kind: q.kind, On: []string{q.first()}, At: inject, For: last + deadline + time.Minute,
		Share: 1, Params: params, LinkOnly: bound.OnLink(),
	}}
	return p, nil
}
