package wire

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Paths of the APIs.
const (
	pathChat       = "/v1/chat/completions"
	pathResponses  = "/v1/responses"
	pathEmbeddings = "/v1/embeddings"
	pathModels     = "/v1/models"
)

// Route tells what r asks for.
func (d openAI) Route(r *http.Request) (Operation, string, *Failure) {
	path := r.URL.Path
	var op Operation
	method, arg := http.MethodGet, ""
	switch path {
	case pathChat, pathResponses:
		op, method = OpChat, http.MethodPost
	case pathEmbeddings:
		op, method = OpEmbed, http.MethodPost
	case pathModels:
		op = OpModels
	default:
		if id, ok := strings.CutPrefix(path, pathModels+"/"); ok && id != "" {
			op, arg = OpModel, id
		} else if rest, ok := strings.CutPrefix(path, pathResponses+"/"); ok && rest != "" && d.keeps {
			op, arg, method = OpKept, rest, keptRoute(rest, r.Method)
		} else {
			op = d.own[path]
		}
	}
	switch {
	case op == OpUnknown:
		f := &Failure{Kind: FailNotFound}
		if d.hosted {
			f.Message = fmt.Sprintf("Invalid URL (%s %s)", r.Method, path)
		}
		return op, "", f
	case r.Method != method:
		f := &Failure{Kind: FailMethod, Model: arg}
		if d.hosted {
			f.Message = fmt.Sprintf("Not allowed to %s on %s. (HINT: Perhaps you meant to use a different HTTP method?)", r.Method, path)
		}
		return op, arg, f
	}
	return op, arg, nil
}

// Authorized checks the bearer key.
func (d openAI) Authorized(r *http.Request, ok func(string) bool) *Failure {
	if !strings.HasPrefix(r.URL.Path, d.guarded) {
		return nil
	}
	key, given := bearer(r.Header.Get("Authorization"))
	switch {
	case !given:
		return &Failure{Kind: FailAuth, Message: d.missingKey}
	case !ok(key):
		return &Failure{Kind: FailAuth, Message: d.wrongKey(key)}
	}
	return nil
}

// WriteHeaders sets request id, version and rate-limit state. vLLM sends none
// of them.
func (d openAI) WriteHeaders(h http.Header, requestID string, b Budgets, _ time.Time) {
	if !d.hosted {
		return
	}
	set := headerSetter{h: h, values: make([]string, 0, 9)}
	set.to("X-Request-Id", requestID)
	set.to("Openai-Version", "2020-10-01")
	set.to("Openai-Organization", openAIOrganization)
	set.limits(b)
}

// openAILimits sets the state of the buckets as several of the family tell it.
func openAILimits(h http.Header, b Budgets) {
	set := headerSetter{h: h, values: make([]string, 0, 6)}
	set.limits(b)
}

// headerSetter sets headers whose values share one allocation. Keys must be in
// their canonical form.
type headerSetter struct {
	h      http.Header
	values []string
}

func (s *headerSetter) to(key, value string) {
	s.values = append(s.values, value)
	n := len(s.values)
	s.h[key] = s.values[n-1 : n : n]
}

func (s *headerSetter) limits(b Budgets) {
	if q := b.Requests; q != nil {
		s.to("X-Ratelimit-Limit-Requests", strconv.Itoa(q.Limit))
		s.to("X-Ratelimit-Remaining-Requests", strconv.Itoa(max(0, q.Remaining)))
		s.to("X-Ratelimit-Reset-Requests", goDuration(q.Reset))
	}
	if q := b.Tokens; q != nil {
		s.to("X-Ratelimit-Limit-Tokens", strconv.Itoa(q.Limit))
		s.to("X-Ratelimit-Remaining-Tokens", strconv.Itoa(max(0, q.Remaining)))
		s.to("X-Ratelimit-Reset-Tokens", goDuration(q.Reset))
	}
}

// WriteFailure writes an error answer.
func (d openAI) WriteFailure(w http.ResponseWriter, f *Failure) {
	if f.Surface == surfaceResponses && f.Kind == FailContextLength {
		f = ofResponses(f)
	}
	full := fill(f, d.failures, w.Header())
	if d.hosted && f.Kind != FailQuota {
		setRetryAfter(w.Header(), f.RetryAfter)
	}
	// A client that has gone is no failure of the answer: nothing to report.
	if f.Message == "" && d.edgePage != "" && (full.Status == http.StatusGatewayTimeout || full.Status == http.StatusBadGateway) {
		_ = writeBody(w, full.Status, "text/html", edgePage(d.edgePage, full.Status))
		return
	}
	_ = writeJSON(w, full.Status, d.appendError(nil, &full))
}

// WriteModels writes the model list. A model that is shut down is not in it.
func (d openAI) WriteModels(w http.ResponseWriter, _ *http.Request, ms []ModelInfo) {
	b := []byte(d.listHead)
	if d.listHead == "" {
		b = []byte(`{"object":"list","data":[`)
	}
	n := 0
	for _, m := range ms {
		if m.Retired {
			continue
		}
		if n++; n > 1 {
			b = append(b, ',')
		}
		b = d.appendModel(b, m)
	}
	_ = writeJSON(w, http.StatusOK, append(b, "]}"...))
}

// WriteModel writes one entry of it.
func (d openAI) WriteModel(w http.ResponseWriter, m ModelInfo) {
	_ = writeJSON(w, http.StatusOK, d.appendModel(nil, m))
}

// WriteMetrics writes a self-hosted server's page for Prometheus.
func (d openAI) WriteMetrics(w http.ResponseWriter, g Gauges) error {
	if d.metrics == nil {
		d.WriteFailure(w, &Failure{Kind: FailNotFound})
		return nil
	}
	return writeBody(w, http.StatusOK, metricsType, d.metrics(nil, g))
}

// NewMeasures makes the statistics of a server that has them.
func (d openAI) NewMeasures(model string, context int) Measures {
	if d.measure == nil {
		return nil
	}
	return d.measure(model, context)
}

// metricsType is the content type of Prometheus' text format.
const metricsType = "text/plain; version=0.0.4; charset=utf-8"

// ServeOther answers the small requests of a self-hosted server.
func (d openAI) ServeOther(w http.ResponseWriter, r *http.Request, arg string, ms []ModelInfo, g Gauges) {
	if d.other == nil {
		d.WriteFailure(w, &Failure{Kind: FailNotFound})
		return
	}
	d.other(w, r, arg, ms, g)
}

// WriteHealth answers vLLM's health and version; OpenAI has neither.
func (d openAI) WriteHealth(w http.ResponseWriter, op Operation, healthy bool) {
	d.health(w, op, healthy)
}
