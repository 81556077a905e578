package main

import (
	"fmt"
	"time"

	"brownout/harness/journal"
	"brownout/plan"
)

// journalRate is the load of the journal of a million requests, in requests per
// second.
const journalRate = 2000

// makeJournal writes the journal of a run that never was: that many requests at
// so many a second, of three kinds, with an outage of the first provider in the middle third, in
// which each is failed over.
func makeJournal(path string, requests, rate int) (err error) {
	w, err := journal.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if e := w.Close(); err == nil {
			err = e
		}
	}()
	step := time.Second / time.Duration(rate)
	length := time.Duration(requests) * step
	from, to := length/3, 2*length/3
	kinds := []string{plan.KindChat, plan.KindStream, plan.KindFAQ}
	p := plan.Plan{
		Scenario: "made-up", Title: "A journal of many requests", Seed: 1, Target: "bundled",
		Load: plan.Load{Profile: []plan.Point{{Rate: float64(rate)}}, Duration: length},
		Providers: []plan.Provider{
			{Name: "openai", Class: plan.ClassCloud, Region: "us-east-1"}, {Name: "anthropic", Class: plan.ClassCloud, Region: "us-west-2"},
		},
		Faults:  []plan.Fault{{Name: "outage", Kind: "outage", On: []string{"openai"}, At: from, For: to - from, Horizon: length - to, Share: 1}},
		Promise: plan.DefaultPromise, Weights: plan.DefaultWeights,
	}
	for _, k := range kinds {
		p.Load.Mix = append(p.Load.Mix, plan.Mix{Kind: k, Weight: 1, Deadline: 4 * time.Second, Degraded: .7})
	}
	m := maker{w: w}
	m.add(0, &journal.RunStarted{Schema: journal.Schema, RunID: "made-up", Started: time.Unix(1, 0).UTC(), Plan: p, Host: journal.Host{CPUs: 4, FDLimit: 1 << 20}})
	on, off := false, false
	for i := range requests {
		at := time.Duration(i) * step
		if !on && at >= from {
			on = true
			m.add(at, &journal.FaultOn{Name: "outage", Fault: "outage", On: []string{"openai"}, Confirmed: true})
		}
		if !off && at >= to {
			off = true
			m.add(at, &journal.FaultOff{Name: "outage", Fault: "outage", On: []string{"openai"}, Confirmed: true})
		}
		m.request(i, at, kinds[i%len(kinds)], on && !off)
	}
	m.add(length+time.Second, &journal.RunFinished{})
	return m.err
}

// maker appends records in order, and keeps the first error.
type maker struct {
	w   *journal.Writer
	seq uint64
	err error
}

func (m *maker) add(t time.Duration, e journal.Event) {
	m.seq++
	if err := m.w.Append(journal.Record{Seq: m.seq, T: t, Event: e}); m.err == nil {
		m.err = err
	}
}

// request writes one request and its calls. All take the same time, so that
// their records are in the order of time as they are made.
func (m *maker) request(i int, at time.Duration, kind string, outage bool) {
	const took = 200 * time.Millisecond
	marker := fmt.Sprintf("%s-bench-%x", kind, i)
	if kind == plan.KindFAQ {
		marker = fmt.Sprintf("faq-bench-q%d", i%20)
	}
	call := func(provider string, fault bool) {
		c := &journal.Call{
			Provider: provider, Class: plan.ClassCloud, Model: "gpt-4o", Marker: marker, Stream: kind == plan.KindStream,
			Arrived: at + time.Duration(1+i%5)*time.Millisecond, TTFT: 90 * time.Millisecond, Total: took - 20*time.Millisecond, Status: 200,
			Prompt: 60, Completion: 42, CostUSD: .0004,
		}
		if fault {
			c.Status, c.Failure, c.Completion, c.CostUSD, c.Total, c.TTFT = 503, "overload", 0, 0, 2*time.Millisecond, 0
			c.Faults = []string{"outage"}
		}
		m.add(at+took, c)
	}
	s := &journal.Sample{
		Marker: marker, Request: kind, Scheduled: at, Sent: at + 50*time.Microsecond, Total: took + time.Duration(i%50)*time.Millisecond,
		Outcome: journal.OK, Value: 1, Status: 200, Provider: "openai", Model: "gpt-4o", Prompt: 60, Completion: 42, Attempts: 1, Bytes: 700,
	}
	if kind == plan.KindStream {
		s.TTFT, s.Gaps, s.MaxGap = 95*time.Millisecond, 41, 12*time.Millisecond
	}
	if outage {
		call("openai", true)
		call("anthropic", false)
		s.Provider, s.Attempts = "anthropic", 2
	} else {
		call("openai", false)
	}
	if outage && i%500 == 0 {
		s.Outcome, s.Value, s.Reason, s.Status = journal.Failed, 0, "overload", 503
	}
	m.add(at+took+time.Millisecond, s)
}
