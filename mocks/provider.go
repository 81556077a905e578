package mocks

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"brownout/chance"
	"brownout/mocks/service"
	"brownout/mocks/wire"
	"brownout/plan"
)

// Provider is one mock upstream. It is an http.Handler.
type Provider struct {
	spec    plan.Provider
	seed    uint64
	epoch   time.Time
	observe func(Observation)

	dialect  wire.Dialect
	service  service.Model
	quota    *service.Quota
	models   map[string]*plan.Model // by id and by alias
	versions map[string][]version   // of models in several, by the id asked for
	words    map[wire.FailureKind]plan.Words
	accepts  func(key string) bool

	attempts attempts
	shelf    shelf
	tally    tally
	requests atomic.Uint64               // requests that no marker identifies
	throttle atomic.Pointer[statedRetry] // nil: never stated
	state    atomic.Pointer[state]       // what is not as in spec; see state.go
	mu       sync.Mutex                  // serialises writers of state
}

func newProvider(spec plan.Provider, c Config) (*Provider, error) {
	d, ok := wire.Lookup(spec.Dialect)
	if !ok {
		return nil, fmt.Errorf("provider %q: unknown dialect %q", spec.Name, spec.Dialect)
	}
	m, err := service.New(spec.Service)
	if err != nil {
		return nil, fmt.Errorf("provider %q: %w", spec.Name, err)
	}
	p := &Provider{
		spec: spec, seed: c.Seed, epoch: c.Epoch, observe: c.Observe,
		dialect: d, service: m,
		quota:  service.NewQuota(spec.Limits, c.Epoch),
		models: make(map[string]*plan.Model, len(spec.Models)),
	}
	for i := range spec.Models {
		m := &spec.Models[i]
		for _, name := range append([]string{m.ID}, m.Aliases...) {
			if _, taken := p.models[name]; !taken { // of two models of one name the first answers
				p.models[name] = m
			}
		}
	}
	if p.versions, err = versionsOf(spec, func(id string) (*plan.Model, bool) { m, ok := p.models[id]; return m, ok }); err != nil {
		return nil, err
	}
	if d, ok := d.(wire.Measurer); ok && len(spec.Models) > 0 {
		p.tally.measures = d.NewMeasures(spec.Models[0].ID, spec.Models[0].Context)
	}
	if p.words, err = wordsOf(spec); err != nil {
		return nil, err
	}
	p.accepts = accepting(spec.Key, c.Keys)
	p.state.Store(&state{})
	return p, nil
}

// accepting tells which keys a provider takes: its own and the fleet's, or any
// at all where there is neither.
func accepting(own string, others []string) func(key string) bool {
	return func(key string) bool {
		return key != "" && (own == "" && len(others) == 0 || key == own || slices.Contains(others, key))
	}
}

// Spec is what the provider was made from.
func (p *Provider) Spec() plan.Provider { return p.spec }

// Elapsed is the present moment on the clock of Call.At.
func (p *Provider) Elapsed() time.Duration { return time.Since(p.epoch) }

// Gauge is how busy the provider is now.
func (p *Provider) Gauge() service.Gauge { return p.service.Gauge() }

// Headroom is the share that is left of its tightest rate limit, 0..1; limited
// is false where it has none.
func (p *Provider) Headroom() (share float64, limited bool) { return p.quota.Headroom(time.Now()) }

// ServeHTTP answers one request in the provider's dialect.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	op, arg, fail := p.dialect.Route(r)
	switch {
	case fail != nil:
		p.refuse(w, fail)
	case op == wire.OpChat:
		p.answerCall(w, r, OperationChat, (*call).chat)
	case op == wire.OpEmbed:
		p.answerCall(w, r, OperationEmbed, (*call).embed)
	case op == wire.OpCountTokens:
		p.answerCall(w, r, OperationCount, (*call).count)
	case op == wire.OpMetrics:
		p.metrics(w, r)
	case op == wire.OpKept:
		p.keptAnswer(w, r, arg)
	case op == wire.OpOther:
		p.other(w, r, arg)
	case op == wire.OpHealth, op == wire.OpVersion:
		p.dialect.WriteHealth(w, op, !p.service.Gauge().Loading)
	case op == wire.OpModels, op == wire.OpModel:
		p.catalogue(w, r, op, arg)
	default:
		p.refuse(w, &wire.Failure{Kind: wire.FailNotFound})
	}
}

// model is the one of that id or alias. Some dialects let a caller name none;
// the first one answers then.
func (p *Provider) model(name string) (*plan.Model, bool) {
	if name == "" && len(p.spec.Models) > 0 {
		return &p.spec.Models[0], true
	}
	if m, ok := p.models[name]; ok {
		return m, true
	}
	if id := p.state.Load().nowCalled(name); id != "" {
		return renamed(p.models[id], name), true
	}
	return nil, false
}

// renamed is a model under another id.
func renamed(m *plan.Model, id string) *plan.Model {
	own := *m
	own.ID = id
	return &own
}

// catalogue answers the model list, or one entry of it, which may be asked for
// by an alias. A retired model is in neither, as seen at the hosted providers
// in 2026.
func (p *Provider) catalogue(w http.ResponseWriter, r *http.Request, op wire.Operation, id string) {
	if fail := p.dialect.Authorized(r, p.accepts); fail != nil {
		p.refuse(w, fail)
		return
	}
	if fail := p.listFails(); fail != nil {
		p.refuse(w, fail)
		return
	}
	infos := p.infos()
	if op == wire.OpModels {
		p.dialect.WriteHeaders(w.Header(), p.anonymousID(), wire.Budgets{}, time.Now())
		p.dialect.WriteModels(w, r, infos)
		return
	}
	own := id
	if m, ok := p.models[id]; ok && m.ID != id {
		own = m.ID
		if l, _ := p.state.Load().lifecycle(own); l.Renamed != "" {
			own = l.Renamed
		}
	}
	i := slices.IndexFunc(infos, func(m wire.ModelInfo) bool { return m.ID == own })
	if i < 0 {
		p.refuse(w, &wire.Failure{Kind: wire.FailModelNotFound, Model: id})
		return
	}
	p.dialect.WriteHeaders(w.Header(), p.anonymousID(), wire.Budgets{}, time.Now())
	p.dialect.WriteModel(w, infos[i])
}

// infos are the entries of the model list.
func (p *Provider) infos() []wire.ModelInfo {
	infos := make([]wire.ModelInfo, 0, len(p.spec.Models))
	st := p.state.Load()
	for _, m := range p.spec.Models {
		l, _ := st.lifecycle(m.ID)
		if l.Retired {
			continue
		}
		if l.Renamed != "" {
			m.ID = l.Renamed
		}
		infos = append(infos, wire.ModelInfo{
			ID: m.ID, Context: m.Context, MaxOutput: m.MaxOutput, OwnedBy: m.OwnedBy,
			Created: p.epoch, Deprecated: l.Deprecated, Shutdown: l.Shutdown,
			Embedding: m.Embedding, Base: m.Base,
		})
	}
	return infos
}

// refuse answers a request that is no call with a failure.
func (p *Provider) refuse(w http.ResponseWriter, f *wire.Failure) {
	p.worded(f)
	f.RequestID = p.anonymousID()
	p.dialect.WriteHeaders(w.Header(), f.RequestID, wire.Budgets{}, time.Now())
	p.dialect.WriteFailure(w, f)
}

// anonymousID is the id of a request that no marker identifies.
func (p *Provider) anonymousID() string {
	k := chance.Key{Seed: p.seed, Provider: p.spec.Name, Attempt: int(p.requests.Add(1)), Purpose: "anonymous_request_id"}
	return p.dialect.NewRequestID(k.Bits())
}

// statedRetry is the retry-after that a provider last stated for a rate limit.
type statedRetry struct{ at, until time.Time }

// underway is how long after a retry-after was stated calls are taken to have
// left before their sender could know of it.
const underway = 50 * time.Millisecond

// early tells whether a call that arrived at t ignores a stated retry-after.
func (p *Provider) early(t time.Time) bool {
	s := p.throttle.Load()
	return s != nil && t.Before(s.until) && t.Sub(s.at) > underway
}

// stateRetry remembers what a rate limit's failure tells its receiver.
func (p *Provider) stateRetry(f *wire.Failure, now time.Time) {
	if f.Kind == wire.FailRateLimit && f.RetryAfter > 0 {
		p.throttle.Store(&statedRetry{at: now, until: now.Add(f.RetryAfter)})
	}
}
