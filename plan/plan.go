// Package plan holds the nouns that every other room shares: a Plan is a
// scenario resolved with a seed to absolute times, with the providers, faults,
// load, promises and expectations of one run.
//
// Values flow in from package scenarios (which decodes and resolves TOML) and
// out to the mocks, the harness, the journal and everything that reads a
// journal. The package is data and arithmetic on that data: it imports nothing
// of this module, starts nothing and reads no file.
package plan

import (
	"slices"
	"time"
)

// Plan is one fully resolved run. It is written whole into the journal's first
// event, so that a journal alone is enough to compute every figure again.
type Plan struct {
	Scenario   string        `json:"scenario"`             // built-in name, or the file's base name without .toml
	Title      string        `json:"title"`                // one line for people
	About      string        `json:"about,omitempty"`      // a paragraph for people
	Tags       []string      `json:"tags,omitempty"`       // free words for filtering
	Challenges []string      `json:"challenges,omitempty"` // the TOML key "seeds": the challenges it exercises
	Shows      []string      `json:"shows,omitempty"`      // mitigations whose worth it shows: without one of them it scores lower
	Seed       uint64        `json:"seed"`                 // key of every random decision
	Target     string        `json:"target"`               // name of the system under test
	Load       Load          `json:"load"`
	Providers  []Provider    `json:"providers"`
	Router     Router        `json:"router"`
	Changes    []Change      `json:"changes,omitempty"` // of the router's settings, in the order of time
	Faults     []Fault       `json:"faults"`
	Promise    Promise       `json:"promise"`
	Weights    Weights       `json:"weights"`
	Expect     []Expectation `json:"expect,omitempty"`
	// Overrides is what differs from the scenario's own file, a change each:
	// "load.rate=20", "without gpu-a". Runs are only alike where it is the same.
	Overrides []string `json:"overrides,omitempty"`
}

// Override notes a change from the scenario's own file. No plan that shares
// the list sees it.
func (p *Plan) Override(change string) { p.Overrides = append(slices.Clip(p.Overrides), change) }

// Load is what the clients do: an open loop of requests at a rate that is
// piecewise linear in time.
type Load struct {
	Profile  []Point       `json:"profile"`     // ascending in At; the rate is linear between points and constant after the last
	Duration time.Duration `json:"duration_ns"` // how long requests are sent
	Mix      []Mix         `json:"mix"`         // what is sent, by weight
	Workers  int           `json:"workers"`     // upper bound of requests in flight
}

// Point is one corner of a load profile.
type Point struct {
	At   time.Duration `json:"at_ns"` // since run start
	Rate float64       `json:"rate"`  // requests per second, >= 0
}

// Rate is the offered rate at t, in requests per second: linear between
// points, flat before the first and after the last.
func (l Load) Rate(t time.Duration) float64 {
	p := l.Profile
	switch {
	case len(p) == 0:
		return 0
	case t <= p[0].At:
		return p[0].Rate
	}
	for i := 1; i < len(p); i++ {
		if t < p[i].At {
			f := float64(t-p[i-1].At) / float64(p[i].At-p[i-1].At)
			return p[i-1].Rate + f*(p[i].Rate-p[i-1].Rate)
		}
	}
	return p[len(p)-1].Rate
}

// Classes of providers, from the most to the least capable. An answer of a
// class further down than the plan's first choice is "degraded".
const (
	ClassCloud   = "cloud"
	ClassManaged = "managed"
	ClassGPU     = "gpu"
	ClassEdge    = "edge"
)

// Classes lists the classes a provider may have.
var Classes = []string{ClassCloud, ClassManaged, ClassGPU, ClassEdge}

// Provider is one mock upstream: what it speaks, what it sells, how fast it is
// and where it stands. Presets fill it; a scenario may override any value.
type Provider struct {
	Name    string  `json:"name" toml:"name"`       // unique within a plan
	Preset  string  `json:"preset" toml:"preset"`   // where the values came from
	Dialect string  `json:"dialect" toml:"dialect"` // wire format: openai, anthropic, vllm, ollama
	Class   string  `json:"class" toml:"class"`     // cloud, managed, gpu, edge
	Region  string  `json:"region" toml:"region"`   // e.g. us-east-1
	Key     string  `json:"-" toml:"key"`           // accepted key; empty: any non-empty key (dialects without keys: none needed)
	Models  []Model `json:"models" toml:"model"`    // the first is the one the router asks for by default
	// Variants split the calls for a model between versions of it (A/B).
	Variants []Variant `json:"variants,omitempty" toml:"variant"`
	// Words are what its errors say, by kind, where the dialect does not suit.
	Words   []Words `json:"words,omitempty" toml:"error"`
	Limits  Limits  `json:"limits" toml:"limits"` // 0 in a field: no such limit
	Service Service `json:"service" toml:"service"`
}

// Model is one entry of a provider's catalogue.
type Model struct {
	ID        string   `json:"id" toml:"id"`
	Context   int      `json:"context_tokens" toml:"context"`       // prompt plus answer, in tokens
	MaxOutput int      `json:"max_output_tokens" toml:"max_output"` // tokens
	PriceIn   float64  `json:"usd_per_mtok_in" toml:"price_in"`     // USD per million prompt tokens
	PriceOut  float64  `json:"usd_per_mtok_out" toml:"price_out"`   // USD per million answer tokens
	OwnedBy   string   `json:"owned_by,omitempty" toml:"owned_by"`
	Replaces  string   `json:"replaced_by,omitempty" toml:"replaced_by"` // the successor a deprecation notice names
	Embedding int      `json:"embedding,omitempty" toml:"embedding"`     // length of its vectors; 0: a chat model
	Aliases   []string `json:"aliases,omitempty" toml:"aliases"`         // other ids that calls may name; answers name ID
	NoPrefill bool     `json:"no_prefill,omitempty" toml:"no_prefill"`   // refuses a conversation that ends with the beginning of its own answer
	Base      string   `json:"base,omitempty" toml:"base"`               // of a fine-tuned model: the id of the model it was tuned from
}

// Limits are token-bucket limits of a provider. Zero means no limit of that
// sort.
type Limits struct {
	RequestsPerMinute int `json:"requests_per_minute,omitempty" toml:"requests_per_minute"`
	TokensPerMinute   int `json:"tokens_per_minute,omitempty" toml:"tokens_per_minute"` // prompt plus asked answer tokens
	Concurrency       int `json:"concurrency,omitempty" toml:"concurrency"`             // calls in progress
}

// Fault is one resolved fault: a kind on some providers in a time window. A
// fault with When has a window only once the run has met it: At is then the
// earliest moment of its injection, and Horizon the longest that may be left.
type Fault struct {
	Name     string         `json:"name"`                // unique within a plan; the kind, or kind-2, kind-3 … unless given
	Kind     string         `json:"kind"`                // a kind of the fault catalogue
	On       []string       `json:"on"`                  // provider names, selectors resolved
	At       time.Duration  `json:"at_ns"`               // injection, since run start
	For      time.Duration  `json:"for_ns"`              // from injection to clearance
	Horizon  time.Duration  `json:"horizon_ns"`          // recovery horizon after clearance, cut at the next window's start and at the load's end
	Share    float64        `json:"share"`               // share of calls touched, keyed by marker; 0 < Share <= 1
	Ramp     time.Duration  `json:"ramp_ns,omitempty"`   // the share touched grows linearly from 0 to Share over this time from injection; 0 <= Ramp <= For; 0: at once
	Model    string         `json:"model,omitempty"`     // only calls that ask for this model, by its id or an alias, are touched; empty: all
	When     *Trigger       `json:"when,omitempty"`      // injected at the first moment from At on at which it holds; nil: at At
	Params   map[string]any `json:"params,omitempty"`    // the kind's own parameters, defaults filled in; durations as strings
	LinkOnly bool           `json:"link_only,omitempty"` // acts on the TCP path alone, so that no call can carry its name
}

// ShareAt is the share of calls touched so long after injection: Share, or
// less while the ramp lasts.
func (f Fault) ShareAt(since time.Duration) float64 {
	if since >= f.Ramp {
		return f.Share
	}
	return f.Share * max(0, float64(since)/float64(f.Ramp))
}

// Clear is when the fault ends, since run start.
func (f Fault) Clear() time.Duration { return f.At + f.For }

// End is when the fault's scoring window ends, since run start.
func (f Fault) End() time.Duration { return f.At + f.For + f.Horizon }

// Has tells whether the catalogue has a model of that id or alias.
func (p Provider) Has(model string) bool {
	for _, m := range p.Models {
		if m.ID == model || slices.Contains(m.Aliases, model) {
			return true
		}
	}
	return false
}

// Provider returns the provider of that name.
func (p *Plan) Provider(name string) (Provider, bool) {
	for _, v := range p.Providers {
		if v.Name == name {
			return v, true
		}
	}
	return Provider{}, false
}

// MixOf returns the mix entry of a request kind.
func (p *Plan) MixOf(kind string) (Mix, bool) {
	for _, m := range p.Load.Mix {
		if m.Kind == kind {
			return m, true
		}
	}
	return Mix{}, false
}
