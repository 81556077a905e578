package router

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"

	"brownout/harness/dialing"
	"brownout/mocks/wire"
)

// backend is a Backend with its state.
type backend struct {
	Backend
	dialect wire.Dialect
	trip    http.RoundTripper
	gate    *gate
	seen    *backendMetrics
	stats   *statsBook
	ramp    ramp // of all its models

	inFlight atomic.Int64 // calls in progress
	pulse    pulse
	asks     atomic.Pointer[calling] // what it asks of calls beyond its dialect; nil: nothing
}

// addBackends checks and adds the configured backends and puts them in order.
func (r *engine) addBackends(c Config) error {
	if len(c.Backends) == 0 {
		return errors.New("no backend: the router needs at least one [[backend]]")
	}
	names := make([]string, 0, len(c.Backends))
	for _, b := range c.Backends {
		if err := check(b, r.byName); err != nil {
			return err
		}
		names = append(names, b.Name)
		v := r.backend(c, b)
		r.byName[b.Name] = v
		r.backends = append(r.backends, v)
	}
	for name := range r.set.Weights {
		if r.byName[name] == nil {
			return fmt.Errorf("weights: no backend is named %q; the backends are %s", name, strings.Join(names, ", "))
		}
	}
	order := r.set.Order
	if len(order) == 0 {
		order = names
	}
	for i, name := range order {
		v := r.byName[name]
		if v == nil {
			return fmt.Errorf("order: no backend is named %q; the backends are %s", name, strings.Join(names, ", "))
		}
		if slices.Contains(order[:i], name) {
			return fmt.Errorf("order: %q is named twice; name each backend once", name)
		}
		r.order = append(r.order, v)
	}
	return nil
}

// backend is b with its state: the state it had before where it stays as it
// was.
func (r *engine) backend(c Config, b Backend) *backend {
	if r.before != nil {
		old := r.before.byName[b.Name]
		same := r.set.ConnectTimeout == r.before.set.ConnectTimeout && r.set.Breaker == r.before.set.Breaker && r.set.RateLimits == r.before.set.RateLimits &&
			r.set.MaxRetryAfterWait == r.before.set.MaxRetryAfterWait
		trimmed := b
		trimmed.BaseURL = strings.TrimRight(b.BaseURL, "/")
		if old != nil && same && reflect.DeepEqual(old.Backend, trimmed) {
			return old
		}
	}
	d, _ := wire.Lookup(b.Dialect)
	v := &backend{Backend: b, dialect: d, seen: r.metrics.backend(b.Name), stats: newStatsBook()}
	v.BaseURL = strings.TrimRight(v.BaseURL, "/")
	if c.Transport != nil {
		v.trip = c.Transport(b)
	} else {
		v.trip = dialing.Limit(newTransport(r.set), dialsPerSecond)
	}
	v.gate = newGate(v, r.set, r.tell)
	return v
}

// check tells what is wrong with a backend, given those before it.
func check(b Backend, before map[string]*backend) error {
	if b.Name == "" {
		return errors.New("a backend has no name; give it one")
	}
	if before[b.Name] != nil {
		return fmt.Errorf("backend %q: the name is used twice; names must differ", b.Name)
	}
	if strings.ContainsAny(b.Name, "/ ") {
		return fmt.Errorf("backend %q: the name has a slash or a space, which routes could not tell apart; take them out", b.Name)
	}
	if _, ok := wire.Lookup(b.Dialect); !ok {
		return fmt.Errorf("backend %q: unknown dialect %q; use one of: %s", b.Name, b.Dialect, strings.Join(wire.Names(), ", "))
	}
	for _, m := range b.Catalogue {
		for _, lack := range m.Lacks {
			if !slices.Contains(lacks, lack) {
				return fmt.Errorf("backend %q: model %q lacks %q, which is no word for it; use some of: %s", b.Name, m.ID, lack, strings.Join(lacks, ", "))
			}
		}
	}
	u, err := url.Parse(b.BaseURL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return fmt.Errorf("backend %q: %q is no base URL; give scheme and host, as in http://127.0.0.1:8000", b.Name, b.BaseURL)
	}
	return nil
}

// Backend is one provider as the router sees it.
type Backend struct {
	Name      string   // unique; what Order and the answer's headers say
	Dialect   string   // wire format: openai, anthropic, vllm, ollama …
	BaseURL   string   // scheme and host, no path
	Key       string   // sent in the dialect's own way; empty for dialects without keys
	Class     string   // cloud, managed, gpu, edge; a request that names classes never reaches a backend without one
	Region    string   // as Class
	Model     string   // asked for when the client names a model that is not in Models; empty: the first of Models
	Models    []string // asked for as the client names them
	Catalogue []Model  // what is known of its models; may be empty
}

// Model is what is known of one model of a backend. Zero is not known.
type Model struct {
	ID         string   `toml:"id"`
	Aliases    []string `toml:"aliases"`     // other names that it is asked for by, or answers under
	ReplacedBy string   `toml:"replaced_by"` // the model of the same backend to ask when this one is gone
	Context    int      `toml:"context"`     // tokens of prompt and answer
	MaxOutput  int      `toml:"max_output"`  // tokens of an answer
	PriceIn    float64  `toml:"price_in"`    // USD per million tokens of prompt
	PriceOut   float64  `toml:"price_out"`   // USD per million tokens of answer
	Embedding  int      `toml:"embedding"`   // length of its vectors; 0: a chat model
	Lacks      []string `toml:"lacks"`       // what it does not do: tools, json, streams
}

// cost is the price of so many tokens, in USD.
func (m *Model) cost(u wire.Usage) float64 {
	return (float64(u.Prompt)*m.PriceIn + float64(u.Completion)*m.PriceOut) / 1e6
}

// unknownModel stands for what is in no catalogue.
var unknownModel = &Model{}

// model is what to ask b for when the client asks for want.
func (b *Backend) model(want string) string {
	switch {
	case slices.Contains(b.Models, want):
		return want
	case b.Model != "":
		return b.Model
	case len(b.Models) > 0:
		return b.Models[0]
	}
	return want
}

// entry is what is known of a model of b, by its id or an alias.
func (b *Backend) entry(id string) *Model {
	for i := range b.Catalogue {
		if m := &b.Catalogue[i]; m.ID == id || slices.Contains(m.Aliases, id) {
			return m
		}
	}
	return unknownModel
}
