package mocks

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"brownout/mocks/service"
	"brownout/mocks/wire"
)

// tally counts what a provider has served since it began.
type tally struct {
	prompt, generation atomic.Uint64 // tokens
	done               [4]atomic.Uint64

	promptTime, generationTime atomic.Int64  // nanoseconds
	measures                   wire.Measures // nil: none
}

// Ways for a call to end, in the words of vLLM's label finished_reason, which
// is the only public list of them. A call of a function is a stop there.
var endings = [len(tally{}.done)]string{"stop", "length", "abort", "error"}

const (
	endedStop = iota
	endedLength
	endedAborted
	endedInError
)

// add counts a call that has ended. Calls that the service never took on count
// for nothing: a server's own counters begin behind its queue.
func (t *tally) add(c *call) {
	if !c.billed {
		return
	}
	t.prompt.Add(uint64(c.obs.Prompt))
	t.generation.Add(uint64(c.obs.Completion))
	end := endedStop
	switch {
	case c.obs.Aborted:
		end = endedAborted
	case c.obs.Failure != "":
		end = endedInError
	case c.finish == wire.FinishLength:
		end = endedLength
	}
	t.done[end].Add(1)
	s := wire.Spent(c.turn.Spent())
	t.promptTime.Add(int64(s.Prompt))
	t.generationTime.Add(int64(s.Decode))
	if t.measures != nil {
		t.measures.Observe(wire.Served{
			Prompt: c.obs.Prompt, Completion: c.obs.Completion, MaxTokens: c.req.MaxTokens,
			Finished: end == endedStop || end == endedLength, Whole: time.Since(c.p.epoch) - c.obs.Arrived, Spent: s,
		})
	}
}

// gauges are what the provider's own pages tell of it.
func (p *Provider) gauges() wire.Gauges {
	now := p.service.Gauge()
	g := wire.Gauges{
		Running: now.Busy, Waiting: now.Waiting, Slots: now.Slots, SlotsBusy: now.Busy,
		PromptTokens: p.tally.prompt.Load(), GenerationTokens: p.tally.generation.Load(),
		KVCacheUsage: now.KVUsage, Preemptions: now.Preemptions,
		PromptTime: time.Duration(p.tally.promptTime.Load()), GenerationTime: time.Duration(p.tally.generationTime.Load()),
		Measures:     p.tally.measures,
		Loading:      now.Loading,
		RequestsDone: make(map[string]uint64, len(endings)),
	}
	if k, ok := p.service.(service.Keeper); ok {
		g.Loaded = k.Loaded()
	}
	for i, name := range endings {
		g.RequestsDone[name] = p.tally.done[i].Load()
	}
	if len(p.spec.Models) > 0 {
		g.Model = p.spec.Models[0].ID
	}
	return g
}

// metrics answers the server's own page for Prometheus.
func (p *Provider) metrics(w http.ResponseWriter, r *http.Request) {
	d, ok := p.dialect.(wire.MetricsWriter)
	if !ok {
		p.refuse(w, &wire.Failure{Kind: wire.FailNotFound})
		return
	}
	if fail := p.dialect.Authorized(r, p.accepts); fail != nil {
		p.refuse(w, fail)
		return
	}
	_ = d.WriteMetrics(w, p.gauges()) // a client that has gone needs no answer
}

// other answers what only this dialect has. Its body is read here, within the
// bounds of all bodies.
func (p *Provider) other(w http.ResponseWriter, r *http.Request, arg string) {
	d, ok := p.dialect.(wire.Oddity)
	if !ok {
		p.refuse(w, &wire.Failure{Kind: wire.FailNotFound})
		return
	}
	if fail := p.dialect.Authorized(r, p.accepts); fail != nil {
		p.refuse(w, fail)
		return
	}
	body := bodies.Get().(*[]byte)
	defer returnBody(body)
	switch err := readBody(w, r, body); {
	case errors.Is(err, errTooLarge):
		p.refuse(w, &wire.Failure{Kind: wire.FailTooLarge})
		return
	case err != nil:
		return // the client is gone
	}
	r.Body = io.NopCloser(bytes.NewReader(*body))
	p.dialect.WriteHeaders(w.Header(), p.anonymousID(), wire.Budgets{}, time.Now())
	d.ServeOther(w, r, arg, p.infos(), p.gauges())
}
