package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Request kinds of a mix.
const (
	KindChat      = "chat"      // unary answer
	KindStream    = "stream"    // streamed answer, timed token by token
	KindFAQ       = "faq"       // cacheable: questions repeat and share a marker; a stale or cached answer is worth "degraded"
	KindSensitive = "sensitive" // must stay within Allow; may never leave it
	KindLong      = "long"      // a long prompt and a long answer
	KindEmbed     = "embed"     // embeddings of several inputs; the vectors are verified
	KindTools     = "tools"     // offers functions; one must be called, and its result, sent back, be answered: two requests, one after the other
	KindAgent     = "agent"     // a workflow of dependent steps under one deadline; every step is a request
	KindFanout    = "fanout"    // a workflow of independent prompts in one request, under one deadline; each is a sample
)

// Kinds lists the request kinds a mix may name.
var Kinds = []string{KindChat, KindStream, KindFAQ, KindSensitive, KindLong, KindEmbed, KindTools, KindAgent, KindFanout}

// Mix is one kind of request and its share of the load.
type Mix struct {
	Kind     string        `json:"kind" toml:"kind"`
	Weight   float64       `json:"weight" toml:"weight"`                 // > 0; shares are weight over the sum of weights
	Deadline time.Duration `json:"deadline_ns" toml:"deadline"`          // from the scheduled send time; later is "hung". Of an agent: of the whole workflow
	Tokens   int           `json:"tokens" toml:"tokens"`                 // asked length of the answer, in words; embeddings have none
	Prompt   int           `json:"prompt_words" toml:"prompt"`           // length of the prompt, or of each input to embed, in words
	Stream   bool          `json:"stream,omitempty" toml:"stream"`       // the answer is streamed; always so of kind stream, never of kind embed
	Model    string        `json:"model,omitempty" toml:"model"`         // the model that is asked for; empty: the plan's first choice
	Allow    []string      `json:"allow,omitempty" toml:"allow"`         // classes the request may reach; empty: any
	Regions  []string      `json:"regions,omitempty" toml:"regions"`     // regions the request may reach; empty: any
	Strict   bool          `json:"strict,omitempty" toml:"strict"`       // an answer of a lesser class or model, or of a cache, counts as failed, not degraded
	Degraded float64       `json:"degraded_value" toml:"degraded"`       // worth of a degraded answer, 0..1
	FAQs     int           `json:"questions,omitempty" toml:"questions"` // number of distinct questions of kind faq
	Wordings int           `json:"wordings,omitempty" toml:"wordings"`   // of kind faq: ways in which each question is put; 0: one
	MaxAge   time.Duration `json:"max_age_ns,omitempty" toml:"max_age"`  // an answer of a cache that is older counts as failed; 0: no bound
	Inputs   int           `json:"inputs,omitempty" toml:"inputs"`       // texts in one request of kind embed
	// Dimensions is the length of the vectors that kind embed asks for; 0: the
	// model's own. An answer of another length is corrupt: vectors of two
	// lengths cannot be compared.
	Dimensions int `json:"dimensions,omitempty" toml:"dimensions"`
	Steps      int `json:"steps,omitempty" toml:"steps"` // of one workflow: dependent ones of kind agent, independent ones of kind fanout
	// History is how many questions and answers come before the last question;
	// the words of the prompt are spread over all of them.
	History int `json:"history,omitempty" toml:"history"`
	// Personal has the prompts carry personal data, which only providers of these
	// classes may be shown; and each answer has to say to whom it is. Empty: they
	// carry none.
	Personal []string `json:"personal,omitempty" toml:"personal"`
	// Twice asks every request again, word for word, once it was answered. A
	// second answer that differs from the first is corrupt: "disagrees". The
	// target is told to keep the requests out of its caches.
	Twice bool `json:"twice,omitempty" toml:"twice"`
	// Refusal is a kind of error that is as right an answer as any, where the
	// target passes it on cleanly: one of Refusals; empty: none but that of a
	// content filter.
	Refusal     string  `json:"refusal,omitempty" toml:"refusal"`
	Temperature float64 `json:"temperature,omitempty" toml:"temperature"` // 0..2
	Seed        int     `json:"seed,omitempty" toml:"seed"`               // sent as the request's own seed; 0: none is sent
	Priority    string  `json:"priority,omitempty" toml:"priority"`       // one of Priorities, told to the target; empty: not told
	Budget      float64 `json:"budget_usd,omitempty" toml:"budget"`       // USD that one request, or one whole workflow, may cost, told to the target; 0: not told
}

// Priorities lists what a mix may say of a request's urgency.
var Priorities = []string{"interactive", "batch"}

// Refusals lists the kinds of error that a mix may call a right answer, in the
// words of package wire.
var Refusals = []string{"context_length", "too_large", "quota_exhausted", "permission", "rate_limit", "overload"}

// Streams tells whether the answers are streamed.
func (m Mix) Streams() bool { return m.Kind == KindStream || m.Stream }

// Workflow tells whether the requests are of workflows: several answers under
// one deadline and one budget.
func (m Mix) Workflow() bool { return m.Kind == KindAgent || m.Kind == KindFanout }

// Turns is how many samples of the mix follow from one that is due, itself
// included.
func (m Mix) Turns() int {
	switch {
	case m.Workflow():
		return max(1, m.Steps)
	case m.Kind == KindTools || m.Twice:
		return 2
	}
	return 1
}

// Life is how long the requests that follow from one that is due may take, one
// after the other.
func (m Mix) Life() time.Duration {
	if m.Workflow() {
		return m.Deadline
	}
	return time.Duration(m.Turns()) * m.Deadline
}

// twice lists the kinds that may be asked twice: those whose answer is a text
// that nobody else asks for, and that stand alone.
var twice = []string{KindChat, KindStream, KindSensitive, KindLong}

// personal lists the kinds whose prompts may carry personal data: those that
// are answered in words, to one person.
var personal = []string{KindChat, KindStream, KindLong, KindTools}

// historic lists the kinds whose requests may have a history: those that are
// one question.
var historic = []string{KindChat, KindStream, KindLong}

// Reveals tells whether a provider of that class may be shown the personal
// data in the prompts.
func (m Mix) Reveals(class string) bool {
	return len(m.Personal) == 0 || slices.Contains(m.Personal, class)
}

// Check tells what is wrong with an entry on its own, beside what is out of
// bounds.
func (m Mix) Check() error {
	switch {
	case m.Weight <= 0 || m.Deadline <= 0:
		return errors.New("weight and deadline must be above zero")
	case m.Tokens <= 0 && m.Kind != KindEmbed:
		return errors.New("tokens must be above zero")
	case m.Kind == KindEmbed && m.Inputs <= 0:
		return errors.New("inputs must be above zero")
	case m.Kind == KindEmbed && m.Stream:
		return errors.New("embeddings cannot be streamed; leave out stream")
	case m.Kind == KindFanout && m.Stream:
		return errors.New("a fan-out cannot be streamed; leave out stream")
	case m.Workflow() && m.Steps <= 0:
		return errors.New("steps must be above zero")
	case m.Twice && !slices.Contains(twice, m.Kind):
		return fmt.Errorf("kind %s cannot be asked twice; twice is for %s", m.Kind, strings.Join(twice, ", "))
	case m.History > 0 && (!slices.Contains(historic, m.Kind) || m.Twice):
		return fmt.Errorf("requests of kind %s, or asked twice, have no history; history is for %s", m.Kind, strings.Join(historic, ", "))
	case len(m.Personal) > 0 && !slices.Contains(personal, m.Kind):
		return fmt.Errorf("prompts of kind %s carry no personal data; personal is for %s", m.Kind, strings.Join(personal, ", "))
	case m.Refusal != "" && !slices.Contains(Refusals, m.Refusal):
		return fmt.Errorf("%q is no refusal; known are %s", m.Refusal, strings.Join(Refusals, ", "))
	case m.Priority != "" && !slices.Contains(Priorities, m.Priority):
		return fmt.Errorf("%q is no priority; known are %s", m.Priority, strings.Join(Priorities, ", "))
	}
	return nil
}

// FirstModel is the model that requests ask for where their mix names none:
// the first chat model of the plan's first choice that has one. "" where
// nobody has.
func (p *Plan) FirstModel() string { return p.firstModel(false) }

// FirstEmbedding is FirstModel for embeddings.
func (p *Plan) FirstEmbedding() string { return p.firstModel(true) }

func (p *Plan) firstModel(embedding bool) string {
	for _, v := range p.Preferred() {
		for _, m := range v.Models {
			if (m.Embedding > 0) == embedding {
				return m.ID
			}
		}
	}
	return ""
}

// Preferred are the providers, best first: those of the router's order, and
// then the others.
func (p *Plan) Preferred() []Provider {
	out := make([]Provider, 0, len(p.Providers))
	for _, name := range p.Router.Order {
		if v, ok := p.Provider(name); ok {
			out = append(out, v)
		}
	}
	for _, v := range p.Providers {
		if !slices.Contains(p.Router.Order, v.Name) {
			out = append(out, v)
		}
	}
	return out
}

// Reaches tells whether a request of the mix may be sent to a provider of that
// class and region.
func (m Mix) Reaches(class, region string) bool {
	return (len(m.Allow) == 0 || slices.Contains(m.Allow, class)) &&
		(len(m.Regions) == 0 || slices.Contains(m.Regions, region))
}

// Names are the ids under which calls for a model may be answered at the
// provider: its own, and those of its versions. Aliases lead to the model too,
// but no answer carries one.
func (p Provider) Names(m Model) []string {
	ids := []string{m.ID}
	for _, v := range p.Variants {
		if v.Model == m.ID {
			ids = append(ids, v.ID)
		}
	}
	return ids
}

// Model returns the provider's model of that id or alias.
func (p Provider) Model(id string) (Model, bool) {
	i := slices.IndexFunc(p.Models, func(m Model) bool { return m.ID == id || slices.Contains(m.Aliases, id) })
	if i < 0 {
		return Model{}, false
	}
	return p.Models[i], true
}
