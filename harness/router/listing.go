package router

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"brownout/mocks/wire"
)

// listPaths are where dialects list their models. Those that are not in it
// have no list at the address of their models, or one without names that calls
// could use.
var listPaths = map[string]string{
	"openai": "/v1/models", "anthropic": "/v1/models?limit=1000", "vllm": "/v1/models", "llamacpp": "/v1/models",
	"xai": "/v1/models", "mistral": "/v1/models", "groq": "/openai/v1/models", "deepseek": "/models",
	"azure": "/openai/models?api-version=2024-10-21", "gemini": "/v1beta/models?pageSize=1000", "ollama": "/api/tags",
}

// listed is one entry of a list, by any dialect's names.
type listed struct {
	ID          string          `json:"id"`
	Name        string          `json:"name"`
	Shutdown    string          `json:"shutdown_date"` // OpenAI
	Retires     string          `json:"retires_at"`    // Anthropic
	Lifecycle   string          `json:"lifecycle"`     // Anthropic
	Deprecation json.RawMessage `json:"deprecation"`   // Mistral: a date; Azure: {"inference": seconds}
	Aliases     []string        `json:"aliases"`
}

// name is what calls name.
func (m *listed) name() string {
	if m.ID != "" {
		return m.ID
	}
	return strings.TrimPrefix(m.Name, "models/") // Gemini
}

// ends is when the model is said to end; zero: nothing is said.
func (m *listed) ends() time.Time {
	var text string
	var azure struct{ Inference int64 }
	switch {
	case json.Unmarshal(m.Deprecation, &text) == nil:
	case json.Unmarshal(m.Deprecation, &azure) == nil && azure.Inference > 0:
		return time.Unix(azure.Inference, 0)
	}
	for _, s := range [...]string{m.Shutdown, m.Retires, text} {
		for _, layout := range [...]string{time.RFC3339, time.DateOnly} {
			if t, err := time.Parse(layout, s); err == nil {
				return t
			}
		}
	}
	return time.Time{}
}

// list asks a backend for its models. Nothing is returned where it has no list
// that says anything.
func (b *backend) list(ctx context.Context) ([]listed, error) {
	path := listPaths[b.Dialect]
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, b.BaseURL+path, nil)
	if err != nil {
		return nil, err
	}
	if err := b.authorize(q); err != nil {
		return nil, err
	}
	b.named(b.calling(), q)
	res, err := b.trip.RoundTrip(q)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxList))
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the model list of %s was answered %d %s", b.Name, res.StatusCode, http.StatusText(res.StatusCode))
	}
	var v struct{ Data, Models []listed }
	if err := json.Unmarshal(body, &v); err != nil {
		return nil, fmt.Errorf("the model list of %s cannot be read: %w", b.Name, err)
	}
	return append(v.Data, v.Models...), nil
}

// maxList bounds how much of a list is read, in bytes.
const maxList = 4 << 20

// watch looks at the lists, one after the other, until ctx ends.
func (e *endings) watch(ctx context.Context, r *engine) {
	every := time.NewTicker(r.set.DeprecationWatch.Interval)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case name := <-e.look:
			if b := r.byName[name]; b != nil {
				e.lookAt(ctx, r, b)
			}
		case <-every.C:
			for _, b := range r.backends {
				e.lookAt(ctx, r, b)
			}
		}
	}
}

// lookTime bounds one look, so that a silent provider does not keep the others
// waiting.
const lookTime = 5 * time.Second

// lookAt takes in one list. A list that cannot be had says nothing: others
// tell that a provider is down.
func (e *endings) lookAt(ctx context.Context, r *engine, b *backend) {
	if listPaths[b.Dialect] == "" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	list, err := b.list(ctx)
	if err != nil || len(list) == 0 {
		return
	}
	names := make([]string, 0, len(list))
	for i := range list {
		m := &list[i]
		names = append(append(names, m.name()), m.Aliases...)
		if t := m.ends(); !t.IsZero() && b.has(m.name()) {
			to := r.successorOf(b, m.name(), &wire.Failure{})
			what := "it ends on " + t.UTC().Format(time.DateOnly)
			if to != "" {
				what += fmt.Sprintf(", and %q takes its place", to)
			}
			e.announced(r, b, m.name(), what)
		}
	}
	e.compare(r, b, names)
}

// compare takes in which names are in a list, and which were at the last look.
func (e *endings) compare(r *engine, b *backend, names []string) {
	e.mu.Lock()
	before := e.seen[b.Name]
	e.seen[b.Name] = names
	var came, went []string
	for _, n := range names {
		if before != nil && !slices.Contains(before, n) {
			came = append(came, n)
		}
	}
	for _, n := range before {
		if !slices.Contains(names, n) {
			went = append(went, n)
		}
	}
	var tell []Decision
	type returned struct {
		model  string
		served bool // under its successor's name meanwhile
	}
	var back []returned
	for _, n := range came { // refusals are over
		if f := e.of[modelKey{b.Name, n}]; f != nil && !f.gone.IsZero() {
			f.gone = time.Time{}
			back = append(back, returned{n, f.successor != ""})
			tell = append(tell, Decision{What: Deprecated, Provider: b.Name, Detail: fmt.Sprintf("model %q is back in the list", n)})
		}
	}
	if len(tell) == 0 && len(came) == 1 && len(went) == 1 { // renamed
		f := e.fate(b.Name, went[0])
		if f.gone.IsZero() || f.successor == "" {
			f.gone, f.successor = time.Now(), came[0]
			tell = append(tell, Decision{What: Deprecated, Provider: b.Name, Detail: goneWords(went[0], came[0]) + " in the list"})
		}
	}
	e.mu.Unlock()
	for _, d := range tell {
		r.tell(d)
	}
	for _, v := range back {
		b.gate.listed(v.model, v.served)
	}
}
