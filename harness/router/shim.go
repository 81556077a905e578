package router

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"brownout/mocks/wire"
)

// shims are the fields that a provider was seen to refuse, by model: an API
// that changed is reported and got along with, not crashed on. A field that
// the provider has a new name for is sent under that; any other is left out.
// It is tried again as it was after some time, in case the change is undone.
type shims struct {
	some atomic.Bool // nothing is looked up while nothing was ever refused

	mu sync.Mutex
	by map[shimKey]shim

	asks interfaces
	lost missing
}

type shimKey struct{ provider, model, field string }

type shim struct {
	name  string // the new name; "": left out
	until time.Time
}

// shimFor is how long a refused field stays as it is.
const shimFor = 10 * time.Minute

// maxShims bounds what is remembered.
const maxShims = 1024

// essential are the fields without which a request is no request, by any
// dialect's name. They may have a new name, but are never left out.
var essential = []string{
	"model", "messages", "contents", "input", "system", "systemInstruction", "system_instruction", "stream",
	"tools", "toolConfig", "tool_config", "tool_choice", "response_format", "format", "anthropic_version",
}

// apiShim is the mitigation: for what providers take (here and in
// interfaces.go), and for what they answer (missing.go).
func apiShim(r *engine) *stage {
	s := keep(r, "api_shim", nil, func() *shims {
		return &shims{by: map[shimKey]shim{}, asks: interfaces{of: map[string]*required{}}, lost: missing{told: map[missingKey]bool{}}}
	})
	return &stage{
		prepare: s.asks.prepare,
		edit: func(a *attempt, q *http.Request) {
			s.asks.edit(a, q)
			s.edit(a, q)
		},
		refused: s.asks.refused,
		answer:  s.lost.answer,
		flow:    s.lost.flow,
		amend: func(c *call, a *attempt) bool {
			s.lost.failed(c, a)
			if a.again { // it knows by now what the provider asks for
				c.amends++
				return true
			}
			if a.fail.Kind != wire.FailBadRequest || c.amends >= maxAmends {
				return false
			}
			what, ok := s.learn(c, a)
			if !ok {
				if !a.extra || c.plain {
					return false
				}
				c.plain, what = true, "fields that the neutral form does not know are left out"
			}
			c.amends++
			c.r.tell(Decision{What: Shimmed, Provider: a.cand.Name, Marker: c.marker, Detail: what + ": " + a.fail.Error()})
			return true
		},
	}
}

// maxAmends bounds how often one request is changed.
const maxAmends = 4

// Words in which providers name a field that they refuse, and its new name.
// Sources: OpenAI ("Unsupported parameter: 'max_tokens' is not supported with
// this model. Use 'max_completion_tokens' instead."), vLLM and Mistral
// (pydantic's "Extra inputs are not permitted", with its place where it is
// printed raw), Anthropic ("top_p: Extra inputs are not permitted"), Google
// ("Unknown name \"topK\" at 'generation_config': Cannot find field."), Bedrock
// ("extraneous key [topK] is not permitted"), Ollama ("invalid option provided:
// \"tfs_z\"").
var (
	refusedField = regexp.MustCompile("(?i)(?:unsupported|unknown|unrecognized|unexpected|deprecated|removed|invalid option)[^'\"`]{0,60}['\"`]([a-z_]+)['\"`]|['\"`]?\\b([a-z_]+)['\"`]?: extra inputs are not permitted|'loc': \\('body', '([a-z_]+)'\\)|extraneous key \\[([a-z_]+)\\]")
	newName      = regexp.MustCompile("(?i)\\buse ['\"`]([a-z_]+)['\"`] instead")
)

// learn takes in what a provider refused; false where it names no field that
// was sent.
func (s *shims) learn(c *call, a *attempt) (what string, ok bool) {
	name, _, _ := strings.Cut(strings.NewReplacer("[", ".").Replace(a.fail.Param), ".")
	if name == "" {
		m := refusedField.FindStringSubmatch(a.fail.Message)
		if m == nil {
			return "", false
		}
		name = m[1] + m[2] + m[3] + m[4]
	}
	to := ""
	if m := newName.FindStringSubmatch(a.fail.Message); m != nil {
		to = m[1]
	}
	if !s.sent(c, a, name) || to == "" && slices.Contains(essential, name) {
		return "", false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.by) >= maxShims {
		clear(s.by)
	}
	s.by[shimKey{a.cand.Name, a.cand.model, name}] = shim{name: to, until: time.Now().Add(shimFor)}
	s.some.Store(true)
	if to != "" {
		return fmt.Sprintf("%s is sent as %s", name, to), true
	}
	return name + " is left out", true
}

// sent tells whether a field was in what the attempt sent.
func (s *shims) sent(c *call, a *attempt, name string) bool {
	q, err := c.encode(a)
	if err != nil {
		return false
	}
	body, err := io.ReadAll(q.Body)
	return err == nil && hasField(body, name)
}

// nests are the objects in which dialects keep a request's settings: Google's,
// Bedrock's, Ollama's. Others hold what is the client's own.
var nests = []string{"generationConfig", "inferenceConfig", "options"}

// hasField tells whether a body has a field, at its top or among its settings.
func hasField(body []byte, name string) bool {
	list, ok := scan(body)
	return ok && slices.ContainsFunc(list, func(f field) bool {
		return f.key == name || slices.Contains(nests, f.key) && hasField(body[f.value:f.end], name)
	})
}

// edit changes a request for a provider by what it refused so far.
func (s *shims) edit(a *attempt, q *http.Request) {
	if !s.some.Load() {
		return
	}
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return // it is in memory and cannot fail
	}
	s.mu.Lock()
	out := s.rewrite(a.cand, body, time.Now())
	s.mu.Unlock()
	setBody(q, out)
	if d, ok := a.cand.dialect.(wire.Signer); ok && !bytes.Equal(out, body) {
		// One that cannot be signed again is refused, and that is told.
		_ = d.Sign(q, out, a.cand.Key)
	}
}

// rewrite is a body, or the settings in it, without the refused fields. The
// caller holds mu.
func (s *shims) rewrite(cand *candidate, body []byte, now time.Time) []byte {
	list, ok := scan(body)
	if !ok {
		return body
	}
	out := make([]byte, 1, len(body))
	out[0] = '{'
	for _, f := range list {
		v, refused := s.by[shimKey{cand.Name, cand.model, f.key}]
		refused = refused && now.Before(v.until)
		if refused && v.name == "" {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		switch {
		case refused:
			out = append(append(append(out, '"'), v.name...), `":`...)
			out = append(out, body[f.value:f.end]...)
		case slices.Contains(nests, f.key):
			out = append(out, body[f.start:f.value]...)
			out = append(out, s.rewrite(cand, body[f.value:f.end], now)...)
		default:
			out = append(out, body[f.start:f.end]...)
		}
	}
	return append(out, '}')
}

// setBody gives a request another body.
func setBody(q *http.Request, body []byte) {
	q.Body = io.NopCloser(bytes.NewReader(body))
	q.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	q.ContentLength = int64(len(body))
}
