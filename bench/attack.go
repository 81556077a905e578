package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// round is what one stage carried in one round.
type round struct {
	requests  uint64
	bad       uint64
	wall, cpu time.Duration
	p50, p99  time.Duration
}

func (r round) rate() float64 { return float64(r.requests) / max(1e-9, r.wall.Seconds()) }

// perRequest is the processor time of a request in microseconds: of client,
// everything between, and mock.
func (r round) perRequest() float64 {
	return float64(r.cpu.Microseconds()) / float64(max(1, r.requests))
}

func (r round) usual() float64   { return r.p50.Seconds() }
func (r round) slowest() float64 { return r.p99.Seconds() }

// measured is what one stage carried in all rounds.
type measured struct {
	rounds []round
	why    string // of the first request that failed
}

// of is the median of a property over the rounds.
func (m *measured) of(property func(round) float64) float64 {
	all := make([]float64, len(m.rounds))
	for i, r := range m.rounds {
		all[i] = property(r)
	}
	return median(all)
}

// over is the median of how many times a property is another stage's in the
// same round.
func (m *measured) over(other *measured, property func(round) float64) float64 {
	all := make([]float64, len(m.rounds))
	for i, r := range m.rounds {
		all[i] = property(r) / max(1e-9, property(other.rounds[i]))
	}
	return median(all)
}

// attack drives a stage with vegeta in a closed loop for one round: so many
// clients, each of which asks again once it has its whole answer.
func (m *measured) attack(ctx context.Context, s stage, o options, stream bool) {
	a := vegeta.NewAttacker(vegeta.Workers(uint64(o.workers)), vegeta.MaxWorkers(uint64(o.workers)), vegeta.Connections(o.workers), vegeta.MaxBody(64))
	defer a.Stop()
	target := vegeta.NewStaticTargeter(vegeta.Target{
		Method: http.MethodPost, URL: s.url + "/v1/chat/completions", Body: []byte(body(s.model, stream)), Header: headers(s.header),
	})
	var n round
	var latencies []time.Duration
	before := usageWithChildren()
	begun := time.Now()
	last := begun
	for r := range a.Attack(target, vegeta.Rate{}, o.span, s.name) {
		if ctx.Err() != nil {
			a.Stop()
		}
		last = time.Now()
		n.requests++
		latencies = append(latencies, r.Latency)
		if r.Code != http.StatusOK || r.BytesIn < uint64(words) {
			n.bad++
			if m.why == "" {
				m.why = fmt.Sprintf("HTTP %d %s", r.Code, r.Error)
			}
		}
	}
	n.wall, n.cpu = last.Sub(begun), usageWithChildren()-before
	if len(latencies) > 0 {
		slices.Sort(latencies)
		n.p50, n.p99 = latencies[len(latencies)/2], latencies[len(latencies)*99/100]
	}
	m.rounds = append(m.rounds, n)
}

// added is the median, over the rounds, of how many times the p50 that a stage
// adds to what is behind it is the one that another adds to the same.
func (m *measured) added(other, behind *measured) float64 {
	all := make([]float64, len(m.rounds))
	for i, r := range m.rounds {
		base := behind.rounds[i].usual()
		all[i] = (r.usual() - base) / max(1e-9, other.rounds[i].usual()-base)
	}
	return median(all)
}

func inTime(seconds float64) string {
	return time.Duration(seconds * float64(time.Second)).Round(10 * time.Microsecond).String()
}

// chain measures every stage in turn, several rounds of it, so that a machine
// that drifts drifts for all of them.
func chain(ctx context.Context, o *options, stream bool) (text string, err error) {
	b, err := lay(ctx, *o, stream)
	if err != nil {
		return "", err
	}
	defer func() {
		if e := b.close(); err == nil {
			err = e
		}
	}()
	all := make([]measured, len(b.stages))
	warm := *o
	warm.span = o.span / 5
	for i := range b.stages {
		new(measured).attack(ctx, b.stages[i], warm, stream)
	}
	for range o.rounds {
		for i := range b.stages {
			if ctx.Err() != nil {
				return "", ctx.Err()
			}
			all[i].attack(ctx, b.stages[i], *o, stream)
		}
	}
	return chainTable(b, all, o, stream), nil
}

func chainTable(b *bed, all []measured, o *options, stream bool) string {
	head := []string{"stage", "requests/s", "of the bare handler", "processor time per request", "of the bare handler", "p50", "p99", "not answered"}
	title := fmt.Sprintf("What each part carries, unary (%d clients, closed loop, medians of %d interleaved rounds)", o.workers, o.rounds)
	if stream {
		head[1] = "streams/s (tokens/s)"
		title = fmt.Sprintf("What each part carries, streaming (%d clients, %d tokens in a stream, medians of %d interleaved rounds)", o.workers, tokens, o.rounds)
	}
	var rows [][]string
	byName := map[string]*measured{}
	for i := range all {
		m := &all[i]
		byName[b.stages[i].name] = m
		rate := fmt.Sprintf("%.0f", m.of(round.rate))
		if stream {
			rate += fmt.Sprintf(" (%.0f)", m.of(round.rate)*tokens)
		}
		bad := uint64(0)
		for _, r := range m.rounds {
			bad += r.bad
		}
		lost := fmt.Sprint(bad)
		if m.why != "" {
			lost += ": " + m.why
		}
		each, times := fmt.Sprintf("%.0f µs", m.of(round.perRequest)), fmt.Sprintf("%.2f", m.over(&all[0], round.perRequest))
		if b.stages[i].apart { // what was measured is that of client and mock
			each, times = "-", "-"
		}
		rows = append(rows, []string{
			b.stages[i].name, rate, fmt.Sprintf("%.2f", m.over(&all[0], round.rate)), each, times,
			inTime(m.of(round.usual)), inTime(m.of(round.slowest)), lost,
		})
	}
	for _, l := range b.lacking {
		rows = append(rows, []string{l.name, "not measured: " + l.why, "-", "-", "-", "-", "-", "-"})
	}
	return markdown(title, head, rows) + chainRatios(byName, o, stream)
}

// chainRatios sets the router against what it is measured by.
func chainRatios(byName map[string]*measured, o *options, stream bool) string {
	var text string
	kind := map[bool]string{false: "unary", true: "streaming"}[stream]
	against := func(other, title, behind string, want float64) {
		them, routed := byName[other], byName["bundled router to the "+behind]
		if them == nil || routed == nil {
			return
		}
		rate, cpu := routed.over(them, round.rate), 1/max(1e-9, routed.over(them, round.perRequest))
		text += fmt.Sprintf("\nBundled router over %s, both to the %s: %.2f in requests/s, %.2f in requests per processor time.\n", title, behind, rate, cpu)
		o.figures.atLeast(fmt.Sprintf("requests/s of the bundled router over those of %s, both to the %s, %s", title, behind, kind), want, rate, "%.2f")
	}
	for _, behind := range []string{"mock", "link"} {
		against("pass-through proxy to the "+behind, "the pass-through proxy", behind, .8)
	}
	if router, proxy, mock := byName["bundled router to the mock"], byName["pass-through proxy to the mock"], byName["mock"]; router != nil && proxy != nil && mock != nil {
		times := router.added(proxy, mock)
		text += fmt.Sprintf("\nThe p50 that the bundled router adds to the mock's is %.2f times the one that the pass-through proxy adds.\n", times)
		o.figures.atMost("p50 that the bundled router adds to the mock's over the one that the pass-through proxy adds, "+kind, 1.5, times, "%.2f")
	}
	against(portkeyStage, "Portkey", "mock", 10)
	if them, routed := byName[yours(*o)], byName["bundled router to the mock"]; them != nil && routed != nil {
		text += fmt.Sprintf("\nBundled router to the mock over your gateway: %.2f in requests/s.\n", routed.over(them, round.rate))
	}
	return text
}
