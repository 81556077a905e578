// Package load is the clients of a run: an open loop of requests that vegeta
// sends by the plan's schedule, whether or not the answers come.
//
// A plan and the address of a target flow in; a Sample of
// each request, and what became of each workflow, flow out, timed from the moment the request was due and judged
// by its text, and each second what the load generator itself was able to do.
// The package does not know what stands behind the address, which faults are
// active, or what a sample is worth to a score.
package load

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"brownout/harness/dialing"
	"brownout/harness/journal"
	"brownout/mocks/wire"
	"brownout/plan"
)

// Config says what a Runner sends, where to, and who is told.
type Config struct {
	Plan          *plan.Plan          // what is sent and when
	BaseURL       string              // scheme, host and path of the target
	Dialect       string              // that it speaks; empty: OpenAI's
	Key           string              // sent as a bearer token; never written anywhere
	Model         string              // the model that requests ask for where their mix names none
	Embedding     string              // likewise of embeddings
	Renamed       []string            // ids that models have from some moment of the run on, beside those of their catalogues
	Start         time.Time           // run start, the zero of all times; zero value: when Run is called
	Emit          func(journal.Event) // told of each sample and workflow, from many goroutines; must not block
	VegetaResults io.Writer           // samples in vegeta's own encoding; nil: none
	FanOut        bool                // the target takes several prompts in one request, as the bundled router does; else each is sent by itself, side by side
	Open          bool                // Change may be called: Run lasts as long as the load, even where nothing more is due
	// Extra is what the target wants in each request of a kind beside what all
	// targets want: headers, and fields of the JSON body; nil: nothing.
	Extra     func(plan.Mix) (headers map[string]string, body map[string]json.RawMessage, err error)
	Transport http.RoundTripper // how requests travel; must end them when their context ends; nil: HTTP/1.1 with pooled connections
}

// defaultDialect is what targets speak that do not say otherwise.
const defaultDialect = "openai"

// firstWorkers is how many workers vegeta begins with. It adds more as answers
// take longer, up to the plan's cap.
const firstWorkers = 16

// Runner sends the load of one run.
type Runner struct {
	cfg     Config
	client  wire.Client
	workers int
	due     atomic.Pointer[edition]
	mix     *mix
	meter   *meter
	results results
	start   time.Time
	began   atomic.Bool
}

// New prepares a load: every prompt is made, nothing is sent.
func New(c Config) (*Runner, error) {
	switch {
	case c.Plan == nil:
		return nil, errors.New("load: no plan")
	case c.Emit == nil:
		return nil, errors.New("load: nobody listens to the samples")
	}
	dialect := cmp.Or(c.Dialect, defaultDialect)
	client, ok := wire.Lookup(dialect)
	if !ok {
		return nil, fmt.Errorf("load: this build does not speak the dialect %q", dialect)
	}
	m, err := newMix(c, client)
	if err != nil {
		return nil, err
	}
	due := NewSchedule(c.Plan.Load)
	if due.Total() == 0 {
		return nil, errors.New("load: the profile asks for no request within the load's duration; raise a rate or the duration")
	}
	workers := c.Plan.Load.Workers
	if workers <= 0 {
		workers = plan.DefaultWorkers
	}
	r := &Runner{cfg: c, client: client, workers: workers, mix: m, meter: newMeter(workers)}
	r.due.Store(newEdition(c.Plan.Load, due))
	r.results = results{attack: c.Plan.Scenario}
	if c.VegetaResults != nil {
		r.results.to(c.VegetaResults)
	}
	return r, nil
}

// Run sends the load and returns when the last answer is in, those to the later
// steps of workflows included. It returns an
// error where ctx ended first: requests in flight are then given up at once
// and are not samples. It may be called once.
func (r *Runner) Run(ctx context.Context) error {
	if r.began.Swap(true) {
		return errors.New("load: a runner runs once")
	}
	r.start = r.cfg.Start
	if r.start.IsZero() {
		r.start = time.Now()
	}
	r.results.start = r.start

	transport := r.cfg.Transport
	if transport == nil {
		t := dialing.Limit(newTransport(r.workers), dialsPerSecond)
		defer t.CloseIdleConnections()
		transport = t
	}
	attacker := vegeta.NewAttacker(
		vegeta.Client(&http.Client{
			Transport: &probe{Runner: r, ctx: ctx, base: transport},
			// A target that redirects is judged by its redirect.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}),
		vegeta.Workers(uint64(min(firstWorkers, r.workers))),
		vegeta.MaxWorkers(uint64(r.workers)),
		vegeta.MaxBody(0),
	)
	defer context.AfterFunc(ctx, func() { attacker.Stop() })()

	pace := &pacer{ctx: ctx, start: r.start, due: &r.due, open: r.cfg.Open}
	// The pacer ends the attack; a duration would drop requests that are late.
	err := r.drain(ctx, attacker.Attack(r.targeter(), pace, 0, r.cfg.Plan.Scenario))
	return errors.Join(err, r.results.close())
}

// drain waits for the attack's end. Every request has a deadline, so it comes
// by itself. Requests that nothing can end, because the transport does not
// honour contexts, are left behind once nothing else has ended for a while.
func (r *Runner) drain(ctx context.Context, attack <-chan *vegeta.Result) error {
	longest := time.Duration(0)
	for _, k := range r.mix.kinds {
		longest = max(longest, k.Life())
	}
	over := time.NewTimer(time.Until(r.start.Add(r.cfg.Plan.Load.Duration + longest + plan.Grace)))
	defer over.Stop()
	stopped := ctx.Done()
	ended, before := 0, -1
	for {
		select {
		case _, more := <-attack:
			if !more {
				return ctx.Err()
			}
			ended++
		case <-stopped:
			stopped = nil
			over.Reset(plan.Grace)
		case <-over.C:
			if ended > before {
				before = ended
				over.Reset(plan.Grace)
				continue
			}
			go func() {
				for range attack { // lets the workers go when their requests end after all
				}
			}()
			left := fmt.Errorf("load: %d requests went on past their deadlines and were left behind", r.meter.flying())
			return errors.Join(ctx.Err(), left)
		}
	}
}

// Take returns what the load generator did since the last Take. It may be
// called at any time, from any goroutine.
func (r *Runner) Take() Second { return r.meter.take() }

// since is the time since run start.
func (r *Runner) since() time.Duration { return time.Since(r.start) }
