package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// measured is what one stage carried.
type measured struct {
	requests  uint64
	bad       uint64
	wall, cpu time.Duration
	latencies []time.Duration
	why       string // of the first that failed
}

func (m *measured) rate() float64 { return float64(m.requests) / max(1e-9, m.wall.Seconds()) }

// perRequest is the processor time of this whole process for one request:
// client, everything between, and mock.
func (m *measured) perRequest() float64 {
	return float64(m.cpu.Microseconds()) / float64(max(1, m.requests))
}

func (m *measured) p99() time.Duration {
	if len(m.latencies) == 0 {
		return 0
	}
	slices.Sort(m.latencies)
	return m.latencies[len(m.latencies)*99/100]
}

// attack drives a stage with vegeta in a closed loop: so many clients, each of
// which asks again once it has its whole answer.
func (m *measured) attack(ctx context.Context, s stage, o options, stream bool) {
	a := vegeta.NewAttacker(vegeta.Workers(uint64(o.workers)), vegeta.MaxWorkers(uint64(o.workers)), vegeta.Connections(o.workers), vegeta.MaxBody(64))
	defer a.Stop()
	target := vegeta.NewStaticTargeter(vegeta.Target{
		Method: http.MethodPost, URL: s.url + "/v1/chat/completions", Body: []byte(body(s.model, stream)), Header: headers(s.header),
	})
	before, _ := usage()
	begun := time.Now()
	var last time.Time
	for r := range a.Attack(target, vegeta.Rate{}, o.span, s.name) {
		if ctx.Err() != nil {
			a.Stop()
		}
		last = time.Now()
		m.requests++
		m.latencies = append(m.latencies, r.Latency)
		if r.Code != http.StatusOK || r.BytesIn < uint64(words) {
			m.bad++
			if m.why == "" {
				m.why = fmt.Sprintf("HTTP %d %s", r.Code, r.Error)
			}
		}
	}
	after, _ := usage()
	m.wall += last.Sub(begun)
	m.cpu += after - before
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
	return chainTable(b.stages, all, *o, stream), nil
}

func chainTable(stages []stage, all []measured, o options, stream bool) string {
	head := []string{"stage", "requests/s", "of the bare handler", "processor time per request", "of the bare handler", "p99", "not answered"}
	title := fmt.Sprintf("What each part carries, unary (%d clients, vegeta in a closed loop)", o.workers)
	if stream {
		head[1] = "streams/s (tokens/s)"
		title = fmt.Sprintf("What each part carries, streaming (%d clients, %d tokens in a stream)", o.workers, tokens)
	}
	var rows [][]string
	byName := map[string]*measured{}
	for i := range all {
		m := &all[i]
		byName[stages[i].name] = m
		rate := fmt.Sprintf("%.0f", m.rate())
		if stream {
			rate += fmt.Sprintf(" (%.0f)", m.rate()*tokens)
		}
		bad := fmt.Sprint(m.bad)
		if m.why != "" {
			bad += ": " + m.why
		}
		rows = append(rows, []string{
			stages[i].name, rate, fmt.Sprintf("%.2f", m.rate()/all[0].rate()), fmt.Sprintf("%.0f µs", m.perRequest()),
			fmt.Sprintf("%.2f", m.perRequest()/all[0].perRequest()), m.p99().Round(10 * time.Microsecond).String(), bad,
		})
	}
	text := markdown(title, head, rows)
	for _, behind := range []string{"mock", "link"} {
		proxy, routed := byName["pass-through proxy to the "+behind], byName["bundled router to the "+behind]
		if proxy != nil && routed != nil {
			text += fmt.Sprintf("\nBundled router over pass-through proxy, both to the %s: %.2f in requests/s, %.2f in processor time.\n",
				behind, routed.rate()/proxy.rate(), proxy.perRequest()/routed.perRequest())
		}
	}
	return text
}
