package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// databricks is Databricks' model serving: OpenAI's chat completions at an
// endpoint's own invocations, or below /serving-endpoints with the endpoint's
// name as the model. Sources: docs.databricks.com and public reports, named
// beside what was seen there.
var databricks = cousin{openAI{&flavour{
	name:        "databricks",
	failures:    databricksFailures,
	appendError: appendDatabricksError,
	judge:       databricksJudge,
	invalid:     databricksComplaints(),

	answerPrefix: "chatcmpl_", answerLetters: hex32, answerLength: 32, // unverified
	hosted:   true,
	guarded:  "/",
	wrongKey: func(string) string { return "Invalid access token." },

	maxTokensKey: "max_tokens",

	listHead:    `{"endpoints":[`,
	appendModel: appendDatabricksEndpoint,
	health:      openAICom.health,
}}, &customs{
	locate: databricksLocate,
	goTo: func(r *http.Request, _ string) {
		r.URL.Path = "/serving-endpoints" + strings.TrimPrefix(r.URL.Path, "/v1")
	},
	misrouted: func(r *http.Request, _ FailureKind) string {
		return fmt.Sprintf("No API found for '%s %s'", r.Method, r.URL.Path) // seen in public reports
	},
	noKey: &Failure{Kind: FailAuth, Status: http.StatusUnauthorized, Code: "401", Message: "Credential was not sent or was of an unsupported type for this API."}, // seen in public reports
	headers: func(h http.Header, requestID string, _ Budgets) { // unverified; no limits are told
		h.Set("X-Request-Id", requestID)
		h.Set("Server", "databricks")
	},
	failing: func(h http.Header, f *Failure) {
		f.RetryAfter = 0 // none is documented
		f.RequestID = h.Get("X-Request-Id")
	},
	requestID: uuid,
	embedsAt:  func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/invocations") },
}}

// databricksLocate finds what r asks for. The list of endpoints is the
// workspace's own API.
func databricksLocate(r *http.Request) (path, model string, fail *Failure) {
	if rest, ok := strings.CutPrefix(r.URL.Path, "/serving-endpoints/"); ok {
		switch rest {
		case "chat/completions", "embeddings", "responses":
			return "/v1/" + rest, "", nil
		}
		if name, ok := strings.CutSuffix(rest, "/invocations"); ok && name != "" {
			return "/v1/chat/completions", name, nil
		}
		return "", "", nil
	}
	const list = "/api/2.0/serving-endpoints"
	switch rest, ok := strings.CutPrefix(r.URL.Path, list); {
	case !ok:
	case rest == "":
		return "/v1/models", "", nil
	case len(rest) > 1 && rest[0] == '/':
		return "/v1/models" + rest, "", nil
	}
	return "", "", nil
}

// databricksFailures are Databricks' own errors; the code is error_code.
var databricksFailures = map[FailureKind]usual{
	FailRateLimit: {429, "", "REQUEST_LIMIT_EXCEEDED", "", databricksRateLimit},
	FailQuota:     {403, "", "QUOTA_EXCEEDED", "", says("The budget of this workspace's serving endpoints is used up.")}, // unverified
	FailOverload: {503, "", "TEMPORARILY_UNAVAILABLE", "", func(f *Failure, _ http.Header) string { // unverified for serving endpoints
		return "The service at /serving-endpoints/" + f.Model + "/invocations is temporarily unavailable. Please try again later."
	}},
	FailServer:  {500, "", "INTERNAL_ERROR", "", says("Internal server error.")},    // unverified
	FailTimeout: {504, "", "DEADLINE_EXCEEDED", "", says("The request timed out.")}, // status seen, words unverified
	FailAuth:    {403, "", "403", "", says("Invalid access token.")},                // status and words seen, code unverified
	FailPermission: {403, "", "PERMISSION_DENIED", "", func(f *Failure, _ http.Header) string { // dbdemos#218
		return "User does not have permission 'View' on Endpoint " + f.Model
	}},
	FailModelNotFound: {404, "", "RESOURCE_DOES_NOT_EXIST", "", func(f *Failure, _ http.Header) string { // dbdemos#220
		return "Endpoint with name '" + f.Model + "' does not exist."
	}},
	FailContextLength: {400, "", "BAD_REQUEST", "", func(f *Failure, _ http.Header) string { // unverified
		return fmt.Sprintf("Bad request: This model's maximum context length is %d tokens. However, you requested %d tokens.", f.LimitValue, f.Asked)
	}},
	FailContentFilter: {400, "", "INPUT_GUARDRAIL_TRIGGERED", "", says("The request was refused by the endpoint's guardrails.")}, // unverified
	FailBadRequest:    {400, "", "BAD_REQUEST", "", says("Failed to parse input")},
	FailTooLarge:      {413, "", "BAD_REQUEST", "", says("Request body exceeds the limit of 4194304 bytes.")}, // limit documented, words unverified
	FailNotFound:      {404, "", "ENDPOINT_NOT_FOUND", "", says("No API found")},
	FailMethod:        {404, "", "ENDPOINT_NOT_FOUND", "", says("No API found")}, // path and method are matched together
	FailMalformed:     {502, "", "INTERNAL_ERROR", "", says("Bad Gateway")},
	FailTransport:     {502, "", "INTERNAL_ERROR", "", says("Bad Gateway")},
}

// databricksRateLimit words the limits (n8n#38642; debugging guide for the one
// on parallel requests).
func databricksRateLimit(f *Failure, _ http.Header) string {
	what := "QPS"
	switch f.Limit {
	case "concurrency":
		return "Exceeded max number of parallel requests. Please contact your Databricks representative to increase the limit"
	case "tokens":
		what = "input tokens per minute" // unverified
	}
	return "REQUEST_LIMIT_EXCEEDED: Exceeded workspace " + what + " rate limit for " + f.Model + ". Please use a provisioned throughput Foundation Model APIs endpoint for a higher rate limit."
}

func appendDatabricksError(dst []byte, f *Failure) []byte {
	dst = appendString(append(dst, `{"error_code":`...), f.Code)
	dst = appendString(append(dst, `,"message":`...), f.Message)
	dst = appendString(append(dst, `,"details":[{"@type":"type.googleapis.com/google.rpc.RequestInfo","request_id":`...), f.RequestID)
	return append(dst, `,"serving_data":""}]}`...)
}

// databricksComplaints are those of Go's encoding/json, which it uses ("Bad
// request: json: unknown field \"inputs\"").
func databricksComplaints() complaints {
	c := openAIComplaints
	c.needModel = false
	bad := func(format string, args ...any) *Failure {
		return &Failure{Kind: FailBadRequest, Message: "Bad request: " + fmt.Sprintf(format, args...)}
	}
	c.syntax = func(err error) *Failure {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return bad("%s", syntax)
		}
		return bad("json: cannot unmarshal the request body")
	}
	c.missing = func(param string) *Failure { return bad("missing required field %q", param) } // unverified, as are the following
	c.wrongType = func(param, want, got string) *Failure {
		return bad("json: cannot unmarshal %s into Go struct field ChatRequest.%s of type %s", got, param, goType(want))
	}
	c.empty = func(param string) *Failure { return bad("%s must not be empty", param) }
	c.low = func(param string, least, got int) *Failure {
		return bad("%s must be at least %d, got %d", param, least, got)
	}
	c.high = func(param string, bound, got float64) *Failure {
		return bad("%s is out of range: %g beyond %g", param, got, bound)
	}
	c.role = func(param, got string) *Failure { return bad("invalid %s: %q", param, got) }
	return c
}

// goType is the Go type for what encoding/json would have wanted.
func goType(want string) string {
	switch want {
	case "an array":
		return "[]Message"
	case "an integer":
		return "int"
	case "a decimal":
		return "float64"
	case "a boolean":
		return "bool"
	}
	return "string"
}

// databricksJudge reads the envelope.
func databricksJudge(f *Failure, _ http.Header, body []byte) {
	var in struct {
		Code    word   `json:"error_code"`
		Message string `json:"message"`
		Details []struct {
			RequestID string `json:"request_id"`
		} `json:"details"`
	}
	if json.Unmarshal(body, &in) != nil || in.Code == "" {
		return
	}
	f.Code, f.Message = string(in.Code), in.Message
	if len(in.Details) > 0 && f.RequestID == "" {
		f.RequestID = in.Details[0].RequestID
	}
	if kind, ok := databricksCodes[f.Code]; ok {
		f.Kind = kind
	}
	switch {
	case containsAny(f.Message, "invalid access token"):
		f.Kind = FailAuth
	case containsAny(f.Message, "maximum context length"):
		f.Kind = FailContextLength
	case f.Kind == FailRateLimit && containsAny(f.Message, "parallel requests", "concurren"):
		f.Limit = "concurrency"
	case f.Kind == FailRateLimit && containsAny(f.Message, "tokens per minute"):
		f.Limit = "tokens"
	}
}

// databricksCodes are the codes that settle what a failure means.
var databricksCodes = map[string]FailureKind{
	"REQUEST_LIMIT_EXCEEDED":    FailRateLimit,
	"QUOTA_EXCEEDED":            FailQuota,
	"TEMPORARILY_UNAVAILABLE":   FailOverload,
	"INTERNAL_ERROR":            FailServer,
	"DEADLINE_EXCEEDED":         FailTimeout,
	"PERMISSION_DENIED":         FailPermission,
	"RESOURCE_DOES_NOT_EXIST":   FailModelNotFound,
	"ENDPOINT_NOT_FOUND":        FailNotFound,
	"INPUT_GUARDRAIL_TRIGGERED": FailContentFilter,
}

// appendDatabricksEndpoint appends an entry of the workspace's list.
func appendDatabricksEndpoint(dst []byte, m ModelInfo) []byte {
	dst = appendString(append(dst, `{"name":`...), m.ID)
	dst = appendString(append(dst, `,"creator":`...), m.OwnedBy)
	created := unix(m.Created) * 1000
	dst = strconv.AppendInt(append(dst, `,"creation_timestamp":`...), created, 10)
	dst = strconv.AppendInt(append(dst, `,"last_updated_timestamp":`...), created, 10)
	task := "llm/v1/chat"
	if m.Embedding > 0 {
		task = "llm/v1/embeddings"
	}
	dst = append(dst, `,"state":{"ready":"READY","config_update":"NOT_UPDATING"},"task":"`+task+`","id":`...)
	return append(appendString(dst, spell("", answerBits(&Request{Model: m.ID}), hex32, 32)), '}')
}
