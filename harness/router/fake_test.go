package router_test

import (
	"io"
	"net/http"
	"sync"
	"time"

	"brownout/harness/router"
	"brownout/mocks/wire"
	"brownout/plan"
)

// fake is a scripted backend. script is asked for what to do with the nth call
// (from 0).
type fake struct {
	router.Backend
	script func(n int) act
	down   func(n int) bool // refuses the nth connection
	why    error            // with this; nil: errRefused

	dialect wire.Dialect
	mu      sync.Mutex
	dials   int
	calls   []seen
	gone    int // calls whose caller left before the end
	bodies  []string
	lists   int // model lists asked for
	embeds  []*wire.EmbedRequest
	list    http.HandlerFunc // answers for the model list; nil: it has one
	vectors func(n int) act  // answers for embeddings; nil: it has them
	after   time.Duration    // and takes so long
}

// seen is one call as a fake saw it.
type seen struct {
	at  time.Duration // since the world began
	req *wire.Request
	hdr http.Header
}

func (f *fake) times() []time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	var ts []time.Duration
	for _, c := range f.calls {
		ts = append(ts, c.at)
	}
	return ts
}

func (f *fake) count() int { return len(f.times()) }

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	switch op, _, _ := f.dialect.Route(r); op {
	case wire.OpModels, wire.OpHealth, wire.OpVersion:
		f.listed(w, r)
		return
	case wire.OpEmbed:
		f.embed(w, r, body)
		return
	}
	req, fail := f.dialect.DecodeRequest(r, body)
	if fail != nil {
		f.dialect.WriteFailure(w, fail)
		return
	}
	f.mu.Lock()
	f.bodies = append(f.bodies, string(body))
	n := len(f.calls)
	f.calls = append(f.calls, seen{time.Since(epoch()), req, r.Header.Clone()})
	f.mu.Unlock()
	f.script(n)(f, w, r, req)
}

// listed answers for the model list.
func (f *fake) listed(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.lists++
	f.mu.Unlock()
	if f.list != nil {
		f.list(w, r)
		return
	}
	f.dialect.WriteModels(w, r, []wire.ModelInfo{{ID: f.Model}})
}

// embed answers with the length of each input.
func (f *fake) embed(w http.ResponseWriter, r *http.Request, body []byte) {
	d := f.dialect.(wire.Embedder)
	req, fail := d.DecodeEmbed(r, body)
	if fail != nil {
		f.dialect.WriteFailure(w, fail)
		return
	}
	f.mu.Lock()
	n := len(f.embeds)
	f.embeds = append(f.embeds, req)
	f.mu.Unlock()
	if f.vectors != nil {
		if a := f.vectors(n); a != nil {
			a(f, w, r, &wire.Request{Model: req.Model})
			return
		}
	}
	if !pause(r, f.after) {
		f.mu.Lock()
		f.gone++
		f.mu.Unlock()
		return
	}
	e := &wire.Embeddings{Model: req.Model, Usage: wire.Usage{Prompt: len(req.Inputs)}, Created: time.Now()}
	for _, s := range req.Inputs {
		e.Vectors = append(e.Vectors, []float32{float32(len(s)), 0.5})
	}
	_ = d.WriteEmbeddings(w, req, e)
}

// backend is a fake of class cloud in region r1 with a model of its own.
func backend(name string, script func(int) act) *fake {
	return &fake{Backend: router.Backend{
		Name: name, Dialect: "openai", Class: plan.ClassCloud, Region: "r1", Model: name + "-model",
	}, script: script}
}
