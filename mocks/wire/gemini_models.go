package wire

import (
	"net/http"
	"strings"
	"time"
)

// WriteHeaders sets what Google's front sends with everything. It has no
// request id and no rate-limit headers. Left out are server-timing, whose
// figure is unknown here, and alt-svc, which would send clients to HTTP/3.
func (d gemini) WriteHeaders(h http.Header, _ string, _ Budgets, _ time.Time) {
	h.Set("Vary", "Origin, X-Origin, Referer")
	h.Set("Server", "scaffolding on HTTPServer2")
	h.Set("X-Xss-Protection", "0")
	h.Set("X-Frame-Options", "SAMEORIGIN")
	h.Set("X-Content-Type-Options", "nosniff")
}

// WriteModels writes the page of the model list that r asks for. A model that
// is shut down is not in it.
func (d gemini) WriteModels(w http.ResponseWriter, r *http.Request, ms []ModelInfo) {
	ms, next, fail := geminiPageOf(r.URL.Query(), withoutRetired(ms))
	if fail != nil {
		d.WriteFailure(w, fail)
		return
	}
	b := append(append([]byte(`{"`), d.modelList...), `":[`...)
	n := len(b)
	for _, m := range ms {
		if len(b) > n {
			b = append(b, ',')
		}
		b = d.appendModel(b, m)
	}
	if len(b) == n { // protobuf's JSON leaves out an empty list
		b = append(b[:0], '{')
	} else {
		b = append(b, ']')
	}
	if next != "" { // there is a model before it
		b = appendString(append(b, `,"nextPageToken":`...), next)
	}
	_ = writeBody(w, http.StatusOK, googleJSON, append(appendIndented(nil, append(b, '}')), '\n'))
}

// WriteModel writes one entry of it.
func (d gemini) WriteModel(w http.ResponseWriter, m ModelInfo) {
	_ = writeBody(w, http.StatusOK, googleJSON, append(appendIndented(nil, d.appendModel(nil, m)), '\n'))
}

// WriteHealth: Google has no health or version call, and Route never asks.
func (d gemini) WriteHealth(w http.ResponseWriter, _ Operation, _ bool) {
	w.WriteHeader(http.StatusNotFound)
}

// appendGeminiModel appends an entry of the Gemini API's list. Sampling
// defaults are those of the 2.5 family; there is no date in it.
func appendGeminiModel(dst []byte, m ModelInfo) []byte {
	dst = appendString(append(dst, `{"name":`...), geminiName(m.ID))
	if m.Base != "" {
		dst = appendString(append(dst, `,"baseModel":`...), geminiName(m.Base))
	}
	dst = append(dst, `,"version":"001"`...)
	dst = appendString(append(dst, `,"displayName":`...), anthropicTitle(m.ID[strings.LastIndexByte(m.ID, '/')+1:]))
	dst = appendField(dst, `,"inputTokenLimit":`, m.Context)
	dst = appendField(dst, `,"outputTokenLimit":`, max(1, m.MaxOutput))
	if m.Embedding > 0 {
		return append(dst, `,"supportedGenerationMethods":["embedContent","countTokens"]}`...)
	}
	return append(dst, `,"supportedGenerationMethods":["generateContent","countTokens"],"temperature":1,"topP":0.95,"topK":64,"maxTemperature":2}`...)
}
