package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

// vLLM is a self-hosted vLLM server: the OpenAI dialect with its own errors,
// model list and health. Sources: vLLM's error_response.py, protocol.py,
// health.py and public reports.
var vLLM = &flavour{
	name:        "vllm",
	failures:    vLLMFailures,
	appendError: appendVLLMError,
	invalid:     vLLMComplaints,

	answerPrefix: "chatcmpl-", answerLetters: hex32, answerLength: 32,
	callPrefix:  "chatcmpl-tool-",
	embedPrefix: "embd-",
	guarded:     "/v1", // the key guards only these paths
	missingKey:  "Unauthorized",
	wrongKey:    func(string) string { return "Unauthorized" },

	maxTokensKey: "max_tokens",
	seedKey:      "seed",
	continueKeys: `,"add_generation_prompt":false,"continue_final_message":true`,

	messageTail:    `,"refusal":null,"annotations":null,"audio":null,"function_call":null`,
	noCalls:        `,"tool_calls":[]`,
	choiceTail:     `,"stop_reason":null`,
	answerTail:     `,"prompt_logprobs":null,"kv_transfer_params":null`,
	usageTail:      `,"prompt_tokens_details":null`,
	embedUsageTail: `,"completion_tokens":0,"prompt_tokens_details":null`,

	doneAfterError: true,

	// vllm-project/vllm#16831, Qwen3-VL#988; the words for embeddings by analogy.
	wrongModel: func(op Operation, _ string) *Failure {
		if op == OpEmbed {
			return &Failure{Kind: FailBadRequest, Message: "The model does not support Embeddings API"}
		}
		return &Failure{Kind: FailBadRequest, Message: "The model does not support Chat Completions API"}
	},
	own: map[string]Operation{
		"/health": OpHealth, "/ping": OpHealth, "/version": OpVersion, "/metrics": OpMetrics, "/load": OpOther,
	},
	metrics: appendVLLMMetrics,
	measure: newVLLMMeasures,
	other:   vLLMLoad,

	appendModel: appendVLLMModel,
	health:      vLLMHealth,
}

// vLLMVersion is what /version answers: the version that the facts were read
// from.
const vLLMVersion = "0.32.0"

// vLLMFailures are vLLM's own errors.
var vLLMFailures = map[FailureKind]usual{
	FailRateLimit:  {429, "Too Many Requests", "", "", says("Too many requests.")},                        // unverified: vLLM itself has no rate limit
	FailQuota:      {429, "Too Many Requests", "", "", says("Quota exceeded.")},                           // unverified: vLLM itself has no quota
	FailOverload:   {503, "ServiceUnavailableError", "", "", says("The server's request queue is full.")}, // status seen, words unverified
	FailServer:     {500, "InternalServerError", "", "", says("Internal server error")},
	FailTimeout:    {504, "Gateway Timeout", "", "", says("Gateway Timeout")}, // unverified
	FailAuth:       {401, "Unauthorized", "", "", says("Unauthorized")},
	FailPermission: {403, "Forbidden", "", "", says("Forbidden")}, // unverified
	FailModelNotFound: {404, "NotFoundError", "", "model", func(f *Failure, _ http.Header) string {
		return "The model `" + f.Model + "` does not exist."
	}},
	FailContextLength: {400, "BadRequestError", "", "input_tokens", func(f *Failure, _ http.Header) string {
		// Written as if no output had been asked for, so that the sum is right
		// whatever part of Asked was meant for it.
		return fmt.Sprintf("You passed %[1]d input tokens and requested 0 output tokens. However, the model's context length is only %[2]d tokens, resulting in a maximum input length of %[2]d tokens. Please reduce the length of the input prompt. (parameter=input_tokens, value=%[1]d)", f.Asked, f.LimitValue)
	}},
	FailContentFilter: {400, "BadRequestError", "", "", says("The request was refused.")}, // unverified: vLLM filters nothing itself
	FailBadRequest:    {400, "BadRequestError", "", "", says("Bad Request")},
	FailTooLarge:      {413, "Request Entity Too Large", "", "", says("Request Entity Too Large")},
	FailNotFound:      {404, "Not Found", "", "", says("Not Found")},
	FailMethod:        {405, "Method Not Allowed", "", "", says("Method Not Allowed")},
	FailMalformed:     {502, "Bad Gateway", "", "", says("Bad Gateway")},
	FailTransport:     {502, "Bad Gateway", "", "", says("Bad Gateway")},
}

// appendVLLMError appends vLLM's envelope: the code is the status, as a
// number. A wrong key is answered by a middleware with a bare string.
func appendVLLMError(dst []byte, f *Failure) []byte {
	if f.Kind == FailAuth {
		return append(appendString(append(dst, `{"error":`...), f.Message), '}')
	}
	dst = appendString(append(dst, `{"error":{"message":`...), f.Message)
	dst = appendString(append(dst, `,"type":`...), f.Type)
	dst = appendNullable(append(dst, `,"param":`...), f.Param)
	return append(appendField(dst, `,"code":`, f.Status), "}}"...)
}

// vLLMComplaints are FastAPI's, as vLLM's handler of validation errors wraps
// them. The list of errors is printed as Python does; real texts also hold the
// whole input, which is left out here.
var vLLMComplaints = complaints{
	syntax: func(err error) *Failure {
		at := int64(0)
		var bad *json.SyntaxError
		if errors.As(err, &bad) {
			at = bad.Offset
		}
		return pydantic("json_invalid", strconv.FormatInt(at, 10), "JSON decode error")
	},
	missing: func(param string) *Failure { return pydantic("missing", "'"+param+"'", "Field required") },
	wrongType: func(param, want, _ string) *Failure {
		return pydantic("type_error", "'"+param+"'", "Input should be "+validly(want))
	},
	empty: func(param string) *Failure {
		return pydantic("too_short", "'"+param+"'", "List should have at least 1 item after validation, not 0")
	},
	low: func(param string, least, got int) *Failure {
		return &Failure{Kind: FailBadRequest, Param: param, Message: fmt.Sprintf("%s must be at least %d, got %d.", param, least, got)}
	},
	high: func(param string, bound, got float64) *Failure {
		sign := "at most"
		if got < bound {
			sign = "non-negative: at least"
		}
		return &Failure{Kind: FailBadRequest, Param: param, Message: fmt.Sprintf("%s must be %s %g, got %g.", param, sign, bound, got)}
	},
	role: func(param, got string) *Failure {
		return &Failure{Kind: FailBadRequest, Message: fmt.Sprintf("Unexpected message role: %s (%s)", got, param)}
	},
}

func pydantic(typ, loc, msg string) *Failure {
	return &Failure{
		Kind: FailBadRequest, Type: "Bad Request",
		Message: fmt.Sprintf("[{'type': '%s', 'loc': ('body', %s), 'msg': '%s'}]", typ, loc, msg),
	}
}

func appendVLLMModel(dst []byte, m ModelInfo) []byte {
	created := unix(m.Created)
	dst = appendString(append(dst, `{"id":`...), m.ID)
	dst = strconv.AppendInt(append(dst, `,"object":"model","created":`...), created, 10)
	dst = appendString(append(dst, `,"owned_by":"vllm","root":`...), m.ID)
	dst = appendNullable(append(dst, `,"parent":`...), m.Base) // of an adapter: the model it sits on
	dst = appendField(dst, `,"max_model_len":`, m.Context)
	dst = appendString(append(dst, `,"permission":[{"id":`...), spell("modelperm-", answerBits(&Request{Model: m.ID}), hex32, 32))
	dst = strconv.AppendInt(append(dst, `,"object":"model_permission","created":`...), created, 10)
	return append(dst, `,"allow_create_engine":false,"allow_sampling":true,"allow_logprobs":true,"allow_search_indices":false,"allow_view":true,"allow_fine_tuning":false,"organization":"*","group":null,"is_blocking":false}]}`...)
}

// vLLMHealth answers /health with an empty body, and 503 once the engine is
// dead. There is no "loading": until then the port is closed.
func vLLMHealth(w http.ResponseWriter, op Operation, healthy bool) {
	switch {
	case op == OpVersion:
		_ = writeJSON(w, http.StatusOK, []byte(`{"version":"`+vLLMVersion+`"}`))
	case healthy:
		w.WriteHeader(http.StatusOK)
	default:
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}
