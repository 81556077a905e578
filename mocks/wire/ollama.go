package wire

import (
	"net/http"
	"strings"
	"time"
)

// ollama is the dialect of an Ollama server: its native API, which is lines of
// JSON, errors that are plain strings and no keys, and OpenAI's beside it.
// Source: ollama at v0.17.4 and at fb30760 (server/routes.go, api/types.go,
// middleware/openai.go, openai/openai.go).
type ollama struct {
	*ollamaFacts
	compat openAI // of the paths below /v1
}

// ollamaFacts are the settings of the dialect.
type ollamaFacts struct{ version string }

var ollamaLocal = ollama{&ollamaFacts{version: "0.17.4"}, openAI{ollamaCompat}}

// Surfaces besides the native chat.
const (
	surfaceGenerate   = "generate" // /api/generate
	surfaceLoad       = "load"     // either without a question: the model is loaded, and nothing is said
	surfaceGenLoad    = "generate/load"
	surfaceEmbeddings = "embeddings" // /api/embeddings, the older form of /api/embed
	surfaceOpenAI     = "openai"     // the paths below /v1
)

// ofGenerate tells answers in the shape of generate from those of chat.
func ofGenerate(surface string) bool { return surface == surfaceGenerate || surface == surfaceGenLoad }

// loadsOnly tells requests without a question.
func loadsOnly(surface string) bool { return surface == surfaceLoad || surface == surfaceGenLoad }

// Names of what only this dialect has.
const (
	ollamaPs   = "ps"
	ollamaShow = "show"
	ollamaV1   = "v1/models"
)

func (d ollama) Name() string { return "ollama" }

// NewRequestID is empty: Ollama does not number requests.
func (d ollama) NewRequestID(uint64) string { return "" }

// NewAnswerID is empty: the native API does not number answers, and the ids of
// the other one follow from the request.
func (d ollama) NewAnswerID(uint64) string { return "" }

// NewToolCallID spells an id as server/routes.go does.
func (d ollama) NewToolCallID(bits uint64) string {
	return spell("call_", bits, "abcdefghijklmnopqrstuvwxyz0123456789", 8)
}

func (d ollama) Usual(k FailureKind) int {
	return fill(&Failure{Kind: k}, ollamaFailures, nil).Status
}

// ollamaFailures are Ollama's own errors; those it has no notion of have its
// shape and are unverified.
var ollamaFailures = map[FailureKind]usual{
	FailOverload: {status: 503, text: says("server busy, please try again.  maximum pending requests exceeded")}, // two spaces, as in its source
	FailServer:   {status: 500, text: says("an error was encountered while running the model")},
	FailModelNotFound: {status: 404, text: func(f *Failure, _ http.Header) string {
		return "model '" + f.Model + "' not found"
	}},
	FailContextLength: {status: 400, text: func(f *Failure, _ http.Header) string {
		if f.Surface == surfaceEmbeddings {
			return "the input length exceeds the context length"
		}
		return "the prompt is longer than the context length currently available to the model; shorten the prompt, adjust the context length in settings, or use a model with a longer context length"
	}},
	FailBadRequest:    {status: 400, text: says("invalid request")},
	FailRateLimit:     {status: 429, text: says("too many requests")}, // only for models in its cloud
	FailQuota:         {status: 429, text: says("usage limit reached")},
	FailTimeout:       {status: 504, text: says("timed out waiting for the model")},
	FailAuth:          {status: 401, text: says("unauthorized")},
	FailPermission:    {status: 403, text: says("forbidden")},
	FailContentFilter: {status: 400, text: says("the request was refused")},
	FailTooLarge:      {status: 413, text: says("request body too large")},
	// What gin, its web framework, says; as plain text.
	FailNotFound:  {status: 404, text: says("404 page not found")},
	FailMethod:    {status: 405, text: says("405 method not allowed")},
	FailMalformed: {status: 502, text: says("bad gateway")},
	FailTransport: {status: 502, text: says("bad gateway")},
}

// ollamaRoutes are the paths, each with its one method besides HEAD.
var ollamaRoutes = map[string]struct {
	op     Operation
	method string
	arg    string
}{
	"/":                    {OpHealth, http.MethodGet, ""},
	"/api/version":         {OpVersion, http.MethodGet, ""},
	"/api/tags":            {OpModels, http.MethodGet, ""},
	"/api/ps":              {OpOther, http.MethodGet, ollamaPs},
	"/api/show":            {OpOther, http.MethodPost, ollamaShow},
	"/api/chat":            {OpChat, http.MethodPost, ""},
	"/api/generate":        {OpChat, http.MethodPost, ""},
	"/api/embed":           {OpEmbed, http.MethodPost, ""},
	"/api/embeddings":      {OpEmbed, http.MethodPost, ""},
	"/v1/chat/completions": {OpChat, http.MethodPost, ""},
	"/v1/responses":        {OpChat, http.MethodPost, ""},
	"/v1/messages":         {OpChat, http.MethodPost, ""},
	"/v1/embeddings":       {OpEmbed, http.MethodPost, ""},
	"/v1/models":           {OpOther, http.MethodGet, ollamaV1},
}

// Route tells what r asks for.
func (d ollama) Route(r *http.Request) (Operation, string, *Failure) {
	to, ok := ollamaRoutes[r.URL.Path]
	if id, one := strings.CutPrefix(r.URL.Path, "/v1/models/"); one && id != "" {
		to, ok = ollamaRoutes["/v1/models"], true
		to.arg += "/" + id
	}
	switch {
	case !ok:
		return OpUnknown, "", &Failure{Kind: FailNotFound}
	case r.Method != to.method && (r.Method != http.MethodHead || to.method != http.MethodGet):
		return to.op, "", &Failure{Kind: FailMethod}
	}
	return to.op, to.arg, nil
}

// Authorized: there are no keys.
func (d ollama) Authorized(*http.Request, func(string) bool) *Failure { return nil }

// WriteHeaders sets nothing: Ollama has no request ids and no limits.
func (d ollama) WriteHeaders(http.Header, string, Budgets, time.Time) {}

// WriteFailure writes an error answer. There is no retry-after in Ollama.
func (d ollama) WriteFailure(w http.ResponseWriter, f *Failure) {
	full := fill(f, ollamaFailures, nil)
	// A client that has gone is no failure of the answer: nothing to report.
	switch {
	case f.Kind == FailNotFound || f.Kind == FailMethod:
		_ = writeBody(w, full.Status, "text/plain", []byte(full.Message))
	case f.Surface == surfaceMessages:
		d.failMessages(w, f)
	case f.Surface == surfaceOpenAI || f.Surface == surfaceResponses:
		d.compat.WriteFailure(w, f)
	default:
		_ = writeBody(w, full.Status, ollamaJSON, append(appendString([]byte(`{"error":`), full.Message), '}'))
	}
}

// WriteHealth answers the root path and the version.
func (d ollama) WriteHealth(w http.ResponseWriter, op Operation, healthy bool) {
	switch {
	case op == OpVersion:
		_ = writeBody(w, http.StatusOK, ollamaJSON, append(appendString([]byte(`{"version":`), d.version), '}'))
	case healthy:
		_ = writeBody(w, http.StatusOK, "text/plain; charset=utf-8", []byte("Ollama is running"))
	default:
		d.WriteFailure(w, &Failure{Kind: FailServer})
	}
}
