package score_test

import (
	"fmt"
	"slices"
	"time"

	"brownout/harness/journal"
	"brownout/harness/score"
	"brownout/plan"
)

const (
	ms = time.Millisecond
	s  = time.Second
)

// sim makes the records of a run by a rule for each request, so that a test
// says only what differs from a run in which nothing goes wrong.
type sim struct {
	plan    plan.Plan
	rate    int // requests per second, evenly spaced
	request func(at time.Duration, r *request)
	extra   []journal.Record
	finish  journal.RunFinished
	open    bool // the run has not finished
	host    journal.Host
	noFault bool // the planned fault is not injected
	doubt   bool // the injection is not confirmed
}

// request is one request with all that was seen of it.
type request struct {
	kind    string
	marker  string
	took    time.Duration
	ttft    time.Duration
	outcome journal.Outcome
	edit    func(*journal.Sample) // what else the client saw
	calls   []journal.Call        // Arrived is from the request's scheduled time; Total 0: as long as the request
}

// newSim is a run of 30 s with one fault from 10 s to 20 s that touches every
// call and hurts nobody: 40 chats a second, answered by alpha in 100 ms for a
// tenth of a cent.
func newSim() *sim {
	return &sim{
		rate: 40,
		host: journal.Host{CPUs: 4, FDLimit: 1000},
		plan: plan.Plan{
			Scenario: "made-up",
			Load: plan.Load{
				Profile: []plan.Point{{Rate: 40}}, Duration: 30 * s,
				Mix: []plan.Mix{
					{Kind: plan.KindChat, Weight: 1, Deadline: 4 * s, Degraded: .7},
					{Kind: plan.KindStream, Weight: 1, Deadline: 4 * s, Degraded: .7},
					{Kind: plan.KindFAQ, Weight: 1, Deadline: 4 * s, Degraded: .7},
					{Kind: plan.KindSensitive, Weight: 1, Deadline: 4 * s, Degraded: .7, Allow: []string{plan.ClassGPU, plan.ClassEdge}},
				},
			},
			Providers: []plan.Provider{
				{Name: "alpha", Class: plan.ClassCloud, Region: "north"},
				{Name: "beta", Class: plan.ClassCloud, Region: "south"},
				{Name: "rack", Class: plan.ClassGPU, Region: "here"},
				{Name: "phone", Class: plan.ClassEdge, Region: "here"},
			},
			Faults:  []plan.Fault{{Name: "upset", Kind: "latency_spike", On: []string{"alpha"}, At: 10 * s, For: 10 * s, Horizon: 10 * s, Share: 1}},
			Promise: plan.DefaultPromise,
			Weights: plan.DefaultWeights,
		},
	}
}

// records lays the run out in time.
func (m *sim) records() []journal.Record {
	out := []journal.Record{{Event: &journal.RunStarted{Schema: journal.Schema, RunID: "r1", Plan: m.plan, Host: m.host}}}
	add := func(t time.Duration, e journal.Event) { out = append(out, journal.Record{T: t, Event: e}) }
	for i := range m.plan.Faults {
		f := &m.plan.Faults[i]
		if m.noFault {
			break
		}
		add(f.At, &journal.FaultOn{Name: f.Name, Fault: f.Kind, On: f.On, Confirmed: !m.doubt})
		add(f.Clear(), &journal.FaultOff{Name: f.Name, Fault: f.Kind, On: f.On, Confirmed: true})
	}
	end := m.plan.Load.Duration
	step := s / time.Duration(m.rate)
	for i := 0; ; i++ {
		// Half a step in, so that no request sits on the edge of a slice.
		at := step/2 + time.Duration(i)*step
		if at >= m.plan.Load.Duration {
			break
		}
		r := request{kind: plan.KindChat, took: 100 * ms, outcome: journal.OK, calls: []journal.Call{{Provider: "alpha", CostUSD: .001}}}
		if m.request != nil {
			m.request(at, &r)
		}
		if r.marker == "" {
			r.marker = fmt.Sprintf("%s-ab12-%d", r.kind, i)
		}
		value := 0.0
		if r.outcome == journal.OK {
			value = 1
		}
		for _, c := range r.calls {
			c.Marker, c.Arrived = r.marker, at+c.Arrived
			if c.Total == 0 {
				c.Total = max(0, at+r.took-c.Arrived)
			}
			if c.Status == 0 {
				c.Status = 200
			}
			if p, ok := m.plan.Provider(c.Provider); ok {
				c.Class, c.Region = p.Class, p.Region
			}
			for i := range m.plan.Faults {
				if f := &m.plan.Faults[i]; c.Arrived >= f.At && c.Arrived < f.Clear() && !f.LinkOnly {
					c.Faults = append(c.Faults, f.Name)
				}
			}
			add(c.Arrived+c.Total, &c)
		}
		saw := &journal.Sample{
			Marker: r.marker, Request: r.kind, Scheduled: at, Sent: at, TTFT: r.ttft, Total: r.took,
			Outcome: r.outcome, Value: value, Status: 200,
		}
		if r.edit != nil {
			r.edit(saw)
		}
		add(at+r.took, saw)
		end = max(end, at+r.took)
	}
	out = append(out, m.extra...)
	slices.SortStableFunc(out, func(a, b journal.Record) int { return int(a.T - b.T) })
	if !m.open {
		add(end+500*ms, &m.finish)
	}
	for i := range out {
		out[i].Seq = uint64(i + 1)
	}
	return out
}

func (m *sim) snapshot() *score.Snapshot { return fold(m.records()) }

func fold(records []journal.Record) *score.Snapshot {
	b := score.NewBoard()
	for _, r := range records {
		b.Fold(r)
	}
	return b.Snapshot()
}

// during is true while the fault of newSim lasts.
func during(at time.Duration) bool { return at >= 10*s && at < 20*s }

func part(sn *score.Snapshot, name string) score.Part {
	return sn.Windows[0].Parts[slices.Index(score.PartNames, name)]
}
