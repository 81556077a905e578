package wire

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Route tells what r asks for. Calls without a body have their version header
// checked here, the others where their body is.
func (d anthropic) Route(r *http.Request) (Operation, string, *Failure) {
	const one = "/v1/models/"
	path := r.URL.Path
	op, method, arg := OpUnknown, http.MethodGet, ""
	switch {
	case path == "/v1/messages":
		op, method = OpChat, http.MethodPost
	case path == "/v1/messages/count_tokens":
		op, method = OpCountTokens, http.MethodPost
	case path == "/v1/models":
		op = OpModels
	case strings.HasPrefix(path, one) && len(path) > len(one):
		op, arg = OpModel, path[len(one):]
	default:
		return op, "", &Failure{Kind: FailNotFound}
	}
	if r.Method != method {
		return op, arg, &Failure{Kind: FailMethod}
	}
	if method == http.MethodGet {
		if _, f := d.version(r); f != nil {
			return op, arg, f
		}
	}
	return op, arg, nil
}

// version checks anthropic-version, and tells whether sampling parameters are
// refused under it.
func (d anthropic) version(r *http.Request) (strict bool, fail *Failure) {
	v := strings.Join(r.Header.Values("Anthropic-Version"), ", ")
	if v == "" {
		return false, &Failure{Kind: FailBadRequest, Message: "anthropic-version: header is required"}
	}
	strict, ok := d.versions[v]
	if !ok {
		return false, &Failure{Kind: FailBadRequest, Message: fmt.Sprintf("anthropic-version: %q is not a valid version", v)}
	}
	return strict, nil
}

// Authorized takes a key from x-api-key or, without it, from Authorization.
func (d anthropic) Authorized(r *http.Request, ok func(string) bool) *Failure {
	if key := r.Header.Get("X-Api-Key"); key != "" {
		if ok(key) {
			return nil
		}
		return &Failure{Kind: FailAuth, Message: "invalid x-api-key"}
	}
	key, given := bearer(r.Header.Get("Authorization"))
	switch {
	case !given:
		return &Failure{Kind: FailAuth, Message: "x-api-key header is required"}
	case !ok(key):
		return &Failure{Kind: FailAuth, Message: "Invalid bearer token"}
	}
	return nil
}

// WriteHeaders sets request id, organisation and rate-limit state. One bucket
// of tokens is known, so the headers on input and output tokens apart, which
// newer answers add, are not sent; older answers lacked them too.
func (d anthropic) WriteHeaders(h http.Header, requestID string, b Budgets, now time.Time) {
	h.Set("Request-Id", requestID)
	h.Set("Anthropic-Organization-Id", anthropicOrganization)
	if q := b.Requests; q != nil {
		h.Set("Anthropic-Ratelimit-Requests-Limit", strconv.Itoa(q.Limit))
		h.Set("Anthropic-Ratelimit-Requests-Remaining", strconv.Itoa(max(0, q.Remaining)))
		h.Set("Anthropic-Ratelimit-Requests-Reset", resetAt(now, q.Reset))
	}
	if q := b.Tokens; q != nil {
		h.Set("Anthropic-Ratelimit-Tokens-Limit", strconv.Itoa(q.Limit))
		h.Set("Anthropic-Ratelimit-Tokens-Remaining", strconv.Itoa(max(0, q.Remaining)))
		h.Set("Anthropic-Ratelimit-Tokens-Reset", resetAt(now, q.Reset))
	}
}

// resetAt is a moment in RFC 3339, in UTC, in whole seconds, rounded up so
// that a client that waits for it does not come too early.
func resetAt(now time.Time, d time.Duration) string {
	return now.Add(max(d, 0) + time.Second - 1).UTC().Truncate(time.Second).Format(time.RFC3339)
}

// WriteFailure writes an error answer.
func (d anthropic) WriteFailure(w http.ResponseWriter, f *Failure) {
	h := w.Header()
	full := anthropicFill(f, h)
	switch {
	case f.Kind == FailQuota, f.Kind == FailOverload && !d.overloadRetryAfter:
	default:
		setRetryAfter(h, f.RetryAfter)
	}
	if f.Kind == FailRateLimit {
		h.Set("X-Should-Retry", "true")
	}
	// A client that has gone is no failure of the answer: nothing to report.
	if full.Status == http.StatusRequestEntityTooLarge && d.tooLargePage != "" {
		_ = writeBody(w, full.Status, "text/html", edgePage(d.tooLargePage, full.Status))
		return
	}
	_ = writeJSON(w, full.Status, appendAnthropicError(nil, &full, requestIDOf(f, h)))
}

// requestIDOf is the id an error names in its body: its own, or the header's.
func requestIDOf(f *Failure, h http.Header) string {
	if f.RequestID != "" {
		return f.RequestID
	}
	return h.Get("Request-Id")
}

func appendAnthropicModel(dst []byte, m ModelInfo) []byte {
	lifecycle := "active"
	switch {
	case m.Retired:
		lifecycle = "retired"
	case !m.Deprecated.IsZero():
		lifecycle = "deprecated"
	}
	dst = appendString(append(dst, `{"type":"model","id":`...), m.ID)
	dst = appendString(append(dst, `,"display_name":`...), anthropicTitle(m.ID))
	created := m.Created
	if created.IsZero() {
		created = time.Unix(0, 0) // what the SDK documents for an unknown date
	}
	dst = appendDate(append(dst, `,"created_at":`...), created)
	dst = append(append(append(dst, `,"lifecycle":"`...), lifecycle...), '"')
	dst = appendDate(append(dst, `,"deprecated_at":`...), m.Deprecated)
	dst = appendDate(append(dst, `,"retires_at":`...), m.Shutdown)
	dst = appendField(dst, `,"max_input_tokens":`, m.Context)
	dst = appendField(dst, `,"max_tokens":`, m.MaxOutput)
	return append(dst, '}')
}

// appendDate appends a moment, or null.
func appendDate(dst []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(dst, "null"...)
	}
	return t.UTC().AppendFormat(dst, `"2006-01-02T15:04:05Z"`)
}

// WriteModels writes the page of the model list that r asks for.
func (d anthropic) WriteModels(w http.ResponseWriter, r *http.Request, ms []ModelInfo) {
	if !d.listRetired {
		ms = withoutRetired(ms)
	}
	ms, more, fail := anthropicPageOf(r.URL.Query(), ms)
	if fail != nil {
		d.WriteFailure(w, fail)
		return
	}
	b := []byte(`{"data":[`)
	first, last := "", ""
	for _, m := range ms {
		if first == "" {
			first = m.ID
		} else {
			b = append(b, ',')
		}
		last = m.ID
		b = appendAnthropicModel(b, m)
	}
	b = strconv.AppendBool(append(b, `],"has_more":`...), more)
	b = appendNullable(append(b, `,"first_id":`...), first)
	b = appendNullable(append(b, `,"last_id":`...), last)
	_ = writeJSON(w, http.StatusOK, append(b, '}'))
}

// WriteModel writes one entry of it.
func (d anthropic) WriteModel(w http.ResponseWriter, m ModelInfo) {
	_ = writeJSON(w, http.StatusOK, appendAnthropicModel(nil, m))
}

// WriteHealth: Anthropic has no health or version call, and Route never asks.
func (d anthropic) WriteHealth(w http.ResponseWriter, _ Operation, _ bool) {
	w.WriteHeader(http.StatusNotFound)
}
