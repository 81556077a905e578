package wire

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// llamaCpp is a llama.cpp server (llama-server): OpenAI's dialect with its own
// errors, timings and pages. Sources: tools/server of llama.cpp and public
// reports, named beside what was seen there.
type llamaCpp struct{ openAI }

var llamaCppServer = llamaCpp{openAI{&flavour{
	name:        "llamacpp",
	failures:    llamaFailures,
	appendError: appendLlamaError,
	judge:       llamaJudge,
	invalid:     llamaComplaints,

	answerPrefix: "chatcmpl-", answerLetters: base62, answerLength: 32,
	missingKey: llamaBadKey,
	wrongKey:   func(string) string { return llamaBadKey },

	maxTokensKey: "max_tokens",
	seedKey:      "seed",
	fingerprint:  `,"system_fingerprint":"` + llamaBuild + `"`,
	usageTail:    `,"prompt_tokens_details":{"cached_tokens":0}`,

	own: map[string]Operation{
		"/health": OpHealth, "/metrics": OpMetrics, "/slots": OpOther, "/props": OpOther,
	},
	metrics: appendLlamaMetrics,
	other:   llamaPages,

	appendModel: appendLlamaModel,
	health: func(w http.ResponseWriter, _ Operation, healthy bool) {
		if !healthy {
			llamaUnavailable(w, "")
			return
		}
		_ = writeJSON(w, http.StatusOK, []byte(`{"status":"ok"}`))
	},
}}}

// llamaBuild is the build that answers name. The number is illustrative.
const llamaBuild = "b6900-8cf6b42d4"

const llamaBadKey = "Invalid API Key"

// llamaFailures are llama.cpp's own errors. It turns nobody away for being
// busy: calls beyond its slots wait. What it answers 503 for is a model that
// is not there yet.
var llamaFailures = map[FailureKind]usual{
	FailOverload:   {503, "unavailable_error", "", "", says("Loading model")},
	FailServer:     {500, "server_error", "", "", says("Compute error.")},
	FailTimeout:    {504, "server_error", "", "", says("Gateway Timeout")},            // unverified: it has none of its own
	FailRateLimit:  {429, "rate_limit_error", "", "", says("Too many requests")},      // unverified: it has no limits
	FailQuota:      {429, "insufficient_quota", "", "", says("Quota exceeded")},       // unverified: it has no quota
	FailAuth:       {401, "authentication_error", "", "", says(llamaBadKey)},          // wrong or missing
	FailPermission: {403, "permission_error", "", "", says("Permission denied")},      // wording unverified
	FailTooLarge:   {413, "invalid_request_error", "", "", says("Payload Too Large")}, // unverified
	FailModelNotFound: {404, "not_found_error", "", "", func(f *Failure, _ http.Header) string {
		return "model '" + f.Model + "' not found" // of a server with several models; wording unverified
	}},
	FailContextLength: {400, "exceed_context_size_error", "", "", func(f *Failure, _ http.Header) string { // unsloth#9390
		return fmt.Sprintf("request (%d tokens) exceeds the available context size (%d tokens), try increasing it", f.Asked, f.LimitValue)
	}},
	FailContentFilter: {400, "invalid_request_error", "", "", says("The request was refused")}, // unverified: it filters nothing
	FailBadRequest:    {400, "invalid_request_error", "", "", says("Bad Request")},
	FailNotFound:      {404, "not_found_error", "", "", says("File Not Found")},
	FailMethod:        {404, "not_found_error", "", "", says("File Not Found")}, // its HTTP library knows a path by its method
	FailMalformed:     {502, "server_error", "", "", says("Bad Gateway")},
	FailTransport:     {502, "server_error", "", "", says("Bad Gateway")},
}

// appendLlamaError appends llama.cpp's envelope: the code is the status, and a
// prompt that is too long is counted.
func appendLlamaError(dst []byte, f *Failure) []byte {
	dst = appendField(dst, `{"error":{"code":`, f.Status)
	dst = appendString(append(dst, `,"message":`...), f.Message)
	dst = appendString(append(dst, `,"type":`...), f.Type)
	if f.Kind == FailContextLength {
		dst = appendField(dst, `,"n_prompt_tokens":`, f.Asked)
		dst = appendField(dst, `,"n_ctx":`, f.LimitValue)
	}
	return append(dst, "}}"...)
}

// llamaJudge reads what only llama.cpp says.
func llamaJudge(f *Failure, _ http.Header, _ []byte) {
	switch {
	case f.Type == "exceed_context_size_error", containsAny(f.Message, "exceeds the available context size"):
		f.Kind = FailContextLength
	case f.Type == "unavailable_error":
		f.Kind = FailOverload
	}
}

// llamaUnavailable answers 503; "": with the usual words.
func llamaUnavailable(w http.ResponseWriter, message string) {
	f := fill(&Failure{Kind: FailOverload, Message: message}, llamaFailures, nil)
	_ = writeJSON(w, f.Status, appendLlamaError(nil, &f))
}

// llamaComplaints are llama.cpp's texts on requests it cannot read; those of
// its JSON library are shortened. All but the first two are unverified.
var llamaComplaints = func() complaints {
	bad := func(format string, args ...any) *Failure {
		return &Failure{Kind: FailBadRequest, Message: fmt.Sprintf(format, args...)}
	}
	missing := func(param string) *Failure { return bad("'%s' is required", param) }
	return complaints{
		syntax:  func(err error) *Failure { return bad("[json.exception.parse_error.101] parse error: %s", plainly(err)) },
		missing: missing,
		empty:   missing,
		wrongType: func(param, want, got string) *Failure {
			return bad("[json.exception.type_error.302] type of '%s' must be %s, but is %s", param, want, got)
		},
		low: func(param string, least, got int) *Failure {
			return bad("%s must be at least %d, not %d", param, least, got)
		},
		high: func(param string, bound, got float64) *Failure {
			return bad("%s must not pass %g, but is %g", param, bound, got)
		},
		role: func(_, got string) *Failure { return bad("unknown role '%s'", got) },
	}
}()

// llamaAliases are second names of paths.
var llamaAliases = map[string]string{
	"/v1/health": "/health", "/models": pathModels,
	"/chat/completions": pathChat, "/embeddings": pathEmbeddings,
}

// inner is r under the first name of its path.
func (d llamaCpp) inner(r *http.Request) *http.Request {
	path, ok := llamaAliases[r.URL.Path]
	if !ok {
		return r
	}
	in := r.WithContext(r.Context()) // a shallow copy
	u := *r.URL
	u.Path = path
	in.URL = &u
	return in
}

// Route tells what r asks for. There is no list entry by id, and no responses.
func (d llamaCpp) Route(r *http.Request) (Operation, string, *Failure) {
	in := d.inner(r)
	op, _, fail := d.openAI.Route(in)
	if op == OpModel || in.URL.Path == pathResponses {
		return OpUnknown, "", &Failure{Kind: FailNotFound}
	}
	return op, in.URL.Path, fail
}

// llamaPublic are the paths that ask for no key.
var llamaPublic = map[string]bool{"/health": true, pathModels: true}

// Authorized checks the key, which a server need not have: one that takes any
// key asks for none.
func (d llamaCpp) Authorized(r *http.Request, ok func(string) bool) *Failure {
	if llamaPublic[d.inner(r).URL.Path] || ok("\x00any key at all") {
		return nil
	}
	key, given := bearer(r.Header.Get("Authorization"))
	if !given {
		key = r.Header.Get("X-Api-Key")
	}
	if ok(key) {
		return nil
	}
	return &Failure{Kind: FailAuth}
}

// WriteHeaders sets the one header that every answer has.
func (d llamaCpp) WriteHeaders(h http.Header, _ string, _ Budgets, _ time.Time) {
	h.Set("Server", "llama.cpp")
}

// NewRequestID is empty: requests have no numbers.
func (d llamaCpp) NewRequestID(uint64) string { return "" }

// NewToolCallID spells an id as newer builds do: letters without a prefix.
func (d llamaCpp) NewToolCallID(bits uint64) string { return spell("", bits, base62, 32) }

// DecodeRequest reads a chat request.
func (d llamaCpp) DecodeRequest(_ *http.Request, body []byte) (*Request, *Failure) {
	return d.openAI.DecodeRequest(nil, body)
}

func appendLlamaModel(dst []byte, m ModelInfo) []byte {
	dst = appendString(append(dst, `{"id":`...), m.ID)
	dst = strconv.AppendInt(append(dst, `,"object":"model","created":`...), unix(m.Created), 10)
	dst = append(dst, `,"owned_by":"llamacpp","meta":`...)
	dst = appendField(dst, `{"n_ctx_train":`, m.Context)
	if m.Embedding > 0 {
		dst = appendField(dst, `,"n_embd":`, m.Embedding)
	}
	return append(dst, `},"architecture":{"input_modalities":["text"],"output_modalities":["text"]}}`...)
}

// llamaPages answers the state of the slots and of the server.
func llamaPages(w http.ResponseWriter, r *http.Request, path string, ms []ModelInfo, g Gauges) {
	if g.Loading {
		llamaUnavailable(w, "")
		return
	}
	context, model := 0, ""
	if len(ms) > 0 {
		context, model = ms[0].Context, ms[0].ID
	}
	slots := max(1, g.Slots)
	if path == "/props" {
		b := appendField([]byte(`{"default_generation_settings":{"n_ctx":`), "", context)
		b = appendField(b, `},"total_slots":`, slots)
		b = appendString(append(b, `,"model_path":`...), "/models/"+model+".gguf")
		_ = writeJSON(w, http.StatusOK, append(b, `,"chat_template":"","build_info":"`+llamaBuild+`"}`...))
		return
	}
	if r.URL.Query().Has("fail_on_no_slot") && g.SlotsBusy >= slots {
		llamaUnavailable(w, "no slot available") // words unverified
		return
	}
	b := []byte{'['}
	for i := range slots {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendField(b, `{"id":`, i)
		b = appendField(b, `,"n_ctx":`, context)
		b = strconv.AppendBool(append(b, `,"is_processing":`...), i < g.SlotsBusy)
		b = append(b, '}')
	}
	_ = writeJSON(w, http.StatusOK, append(b, ']'))
}

// WriteMetrics writes the server's page for Prometheus. While a model loads
// every path but the model list's is refused (server.cpp's middleware on its
// state).
func (d llamaCpp) WriteMetrics(w http.ResponseWriter, g Gauges) error {
	if g.Loading {
		llamaUnavailable(w, "")
		return nil
	}
	return d.openAI.WriteMetrics(w, g)
}

// appendLlamaMetrics appends the server's page for Prometheus, by its names.
func appendLlamaMetrics(dst []byte, g Gauges) []byte {
	for _, m := range []struct {
		name, typ, help string
		value           float64
	}{
		{"prompt_tokens_total", "counter", "Number of prompt tokens processed.", float64(g.PromptTokens)},
		{"tokens_predicted_total", "counter", "Number of generation tokens processed.", float64(g.GenerationTokens)},
		{"prompt_seconds_total", "counter", "Prompt process time", g.PromptTime.Seconds()},
		{"tokens_predicted_seconds_total", "counter", "Predict process time", g.GenerationTime.Seconds()},
		{"prompt_tokens_seconds", "gauge", "Average prompt throughput in tokens/s.", rate(g.PromptTokens, g.PromptTime)},
		{"predicted_tokens_seconds", "gauge", "Average generation throughput in tokens/s.", rate(g.GenerationTokens, g.GenerationTime)},
		{"requests_processing", "gauge", "Number of requests processing.", float64(g.Running)},
		{"requests_deferred", "gauge", "Number of requests deferred.", float64(g.Waiting)},
	} {
		name := "llamacpp:" + m.name
		dst = append(dst, "# HELP "+name+" "+m.help+"\n# TYPE "+name+" "+m.typ+"\n"+name+" "...)
		dst = append(strconv.AppendFloat(dst, m.value, 'f', -1, 64), '\n')
	}
	return dst
}

// rate is how many there were in a second.
func rate(n uint64, d time.Duration) float64 {
	if d <= 0 {
		return 0
	}
	return float64(n) / d.Seconds()
}

// llamaPing is the comment by which the server shows that it lives while a stream
// has nothing to say (--sse-ping-interval).
const llamaPing = ":\n\n"

// ShowsLife: streams do.
func (d llamaCpp) ShowsLife(req *Request) bool { return req.Stream }

// KeepAlive writes a sign of life before a stream's first chunk. Its head goes
// with the first one.
func (d llamaCpp) KeepAlive(w http.ResponseWriter, _ *Request, first bool) error {
	p := &pipe{}
	if first {
		p.start(w, "text/event-stream; charset=utf-8")
	} else {
		p.w, p.flush = w, flusherOf(w)
	}
	return p.send([]byte(llamaPing))
}
