//go:build !race

package chaos_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"brownout/harness/chaos"
	"brownout/mocks/presets"
	"brownout/mocks/wire"
	"brownout/plan"
)

// matrixCalls is how many calls each provider gets under each fault, half of
// them streams.
const matrixCalls = 20

// matrixParams are what kinds are injected with where their defaults would do
// nothing in so short a time, or to quick services. A kind may have several
// rows.
var matrixParams = map[string][]map[string]any{
	"rate_limit":    {{"requests_per_minute": 6}},
	"latency_spike": {{"first_token": "50ms"}, {"layer": "link", "latency": "60ms", "jitter": "5ms"}},
	"outage":        {{}, {"mode": "blackhole"}, {"mode": "reset"}, {"mode": "errors"}, {"mode": "flapping", "period": "1m"}},
	"partition":     {{}, {"mode": "refused"}},
	"degraded_link": {{"data_limit": 100}, {"slice_size": 50, "slice_jitter": 20, "slice_delay": "10ms"}},
	"deprecation":   {{"announced_for": "0s"}, {"announced_for": "0s", "mode": "renamed"}},
	"api_change":    {{}, {"mode": "version"}, {"mode": "required_header"}, {"mode": "renamed_param", "param": "temperature"}, {"mode": "renamed_field"}},
	"peak_hour":     {{"capacity": 1}},
	"throttle":      {{"factor": 20.0}},
	"context_limit": {{"tokens": 8}},
}

// matrixRow is one kind with its parameters.
type matrixRow struct {
	kind   string
	label  string
	params map[string]any
}

func matrixRows() []matrixRow {
	var rows []matrixRow
	for _, kind := range chaos.KindNames() {
		list := matrixParams[kind]
		if list == nil {
			list = []map[string]any{{}}
		}
		for _, params := range list {
			r := matrixRow{kind: kind, label: kind, params: params}
			for _, by := range []string{"mode", "layer"} {
				if v, ok := params[by]; ok {
					r.label += fmt.Sprint(" ", v)
				}
			}
			if _, ok := params["slice_size"]; ok {
				r.label += " slices"
			}
			rows = append(rows, r)
		}
	}
	return rows
}

// How many of twenty calls each fault bites at each provider, and that none
// fails once it is cleared. With -v the table is printed. Of a fault of the
// service the calls count that carry its name; of one of the link, where no
// call can, those that failed or were late.
func TestMatrixOfFaultsAndProviders(t *testing.T) {
	names := presets.Names()
	rows := matrixRows()
	bitten := make([][]string, len(names))
	var wg sync.WaitGroup
	places := make(chan struct{}, 6) // most of the time is waited
	for i, name := range names {
		bitten[i] = make([]string, len(rows))
		wg.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			t.Run(name, func(t *testing.T) {
				p := newPath(t, slowToLoad(quick(t, name)))
				p.warm(t)
				for j, r := range rows {
					bitten[i][j] = p.cell(t, r, 1+2*matrixCalls*j)
				}
			})
		})
	}
	wg.Wait()
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 1, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "of %d calls\t%s\t\n", matrixCalls, strings.Join(names, "\t"))
	for j, r := range rows {
		fmt.Fprintf(w, "%s\t", r.label)
		for i := range names {
			fmt.Fprintf(w, "%s\t", bitten[i][j])
		}
		fmt.Fprintln(w)
	}
	w.Flush()
	t.Logf("calls bitten (–: the provider cannot have it)\n%s", b.String())
}

// cell has one fault bite one provider, and heal.
func (p *path) cell(t *testing.T, r matrixRow, from int) string {
	t.Helper()
	f, _, err := chaos.Bind(r.kind, r.params)
	if err != nil {
		t.Fatal(err)
	}
	env := chaos.Env{Name: r.kind, Share: 1, For: time.Minute, Seed: 1, Note: func(string) {}}
	if why := chaos.Fits(f, p.Provider.Spec()); why != nil {
		if end, err := f.Inject(t.Context(), p.Victim, env); err == nil {
			_ = end(context.WithoutCancel(t.Context()))
			t.Errorf("%s: does not fit (%v) and is injected all the same", r.label, why)
		}
		return "–"
	}
	end, err := f.Inject(t.Context(), p.Victim, env)
	if err != nil {
		t.Errorf("%s: %v", r.label, err)
		return "!"
	}
	began := p.seen.Load()
	seen := p.askTwenty(t, from, patience)
	n := seen.failed + seen.late
	if !f.OnLink() {
		n = p.named(t, r.kind, began, seen.reached)
	}
	if err := end(context.WithoutCancel(t.Context())); err != nil {
		t.Errorf("%s: %v", r.label, err)
	}
	p.warm(t)
	if n == 0 {
		t.Errorf("%s: bit none of %d calls", r.label, matrixCalls)
	}
	if after := p.askTwenty(t, from+matrixCalls, 10*time.Second); after.failed > 0 {
		t.Errorf("%s: %d of %d calls fail once it is cleared: %s", r.label, after.failed, matrixCalls, after.why)
	}
	return fmt.Sprint(n)
}

// slowToLoad is a provider whose models take so long to load that calls which a
// busy machine sends late still find it cold.
func slowToLoad(p plan.Provider) plan.Provider {
	for _, d := range []*time.Duration{&p.Service.ColdStart, &p.Service.ScaleUpDelay} {
		if *d > 0 {
			*d = 2 * time.Second
		}
	}
	return p
}

// warm waits until the provider has its model in memory.
func (p *path) warm(t *testing.T) {
	t.Helper()
	model := p.Provider.Spec().Models[0].ID
	for deadline := time.Now().Add(20 * time.Second); p.Provider.Cold(model) && time.Now().Before(deadline); {
		p.askTwenty(t, 1_000_000, patience) // whoever asks makes it load
	}
}

// late is how long a call to a quick service over a good link does not take,
// and patience how long its client waits while a fault lasts.
const (
	late     = 50 * time.Millisecond
	patience = 400 * time.Millisecond
)

// twenty is what became of the calls of a cell.
type twenty struct {
	failed, late int
	reached      int    // were answered, whatever the answer
	why          string // one of them failed
}

// askTwenty makes the calls of a cell, each with a marker of its own.
func (p *path) askTwenty(t *testing.T, from int, patience time.Duration) (out twenty) {
	t.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	for n := range matrixCalls {
		wg.Go(func() {
			start := time.Now()
			status, err := p.askWire(t, from+n, n%2 == 1, patience)
			took := time.Since(start)
			mu.Lock()
			defer mu.Unlock()
			if status != 0 {
				out.reached++
			}
			switch {
			case err != nil || status != http.StatusOK:
				out.failed++
				out.why = fmt.Sprint(status, " ", err)
			case took > late:
				out.late++
			}
		})
	}
	wg.Wait()
	return out
}

// askWire makes one call in the provider's dialect and reads the answer to its
// end.
func (p *path) askWire(t *testing.T, n int, stream bool, patience time.Duration) (status int, err error) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	d, _ := wire.Lookup(p.Provider.Spec().Dialect)
	zero := 0.0
	r, err := d.NewRequest(ctx, "http://"+p.Link.Addr, "sk-test", &wire.Request{
		Model: p.Provider.Spec().Models[0].ID, Stream: stream, IncludeUsage: true, MaxTokens: 100, Temperature: &zero,
		Messages: []wire.Message{{Role: "user", Text: fmt.Sprintf("Answer in 20 words. [[bo:chat-0001-%x]]", n)}},
	})
	if err != nil {
		return 0, err
	}
	resp, err := p.client.Do(r)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}

// named is how many of the calls since the first so many carry a name, once
// all are told.
func (p *path) named(t *testing.T, name string, since int64, reached int) int {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); p.seen.Load() < since+matrixCalls && time.Now().Before(deadline); {
		<-time.After(time.Millisecond)
	}
	if got := p.seen.Load() - since; got < int64(reached) {
		t.Errorf("%d calls were told of, %d were answered", got, reached)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, o := range p.calls[since:] {
		if slices.Contains(o.Faults, name) {
			n++
		}
	}
	return n
}
