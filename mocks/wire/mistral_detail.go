package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// detail is a request that pydantic finds to be of the wrong shape: a 422 whose
// Type, Param and Code hold pydantic's type, place and input (as JSON).
func detail(typ, param, msg string) *Failure {
	return &Failure{Kind: FailBadRequest, Status: http.StatusUnprocessableEntity, Type: typ, Param: param, Message: msg}
}

// appendDetail appends pydantic's list of one error (openclaude#739).
func appendDetail(dst []byte, f *Failure) []byte {
	dst = appendString(append(dst, `{"detail":[{"type":`...), f.Type)
	dst = append(dst, `,"loc":["body"`...)
	if f.Type == extraForbidden { // a name of the client's choice
		dst = appendString(append(dst, ','), f.Param)
	} else {
		dst = appendPlace(dst, f.Param)
	}
	dst = appendString(append(dst, `],"msg":`...), f.Message)
	if json.Valid([]byte(f.Code)) {
		dst = append(append(dst, `,"input":`...), f.Code...)
	}
	return append(dst, "}]}"...)
}

// extraForbidden is pydantic's type of a field that it does not know.
const extraForbidden = "extra_forbidden"

// appendPlace appends messages[0].role as ,"messages",0,"role".
func appendPlace(dst []byte, param string) []byte {
	for _, part := range strings.Split(param, ".") {
		name, indices, _ := strings.Cut(part, "[")
		if name != "" {
			dst = appendString(append(dst, ','), name)
		}
		for _, i := range strings.Split(indices, "[") {
			if n, err := strconv.Atoi(strings.TrimSuffix(i, "]")); err == nil {
				dst = appendField(dst, ",", n)
			}
		}
	}
	return dst
}

// mistralComplaints are pydantic's, in a list.
func mistralComplaints() complaints {
	c := openAIComplaints
	c.syntax = func(err error) *Failure {
		at := int64(0)
		var bad *json.SyntaxError
		if errors.As(err, &bad) {
			at = bad.Offset
		}
		return detail("json_invalid", "["+strconv.FormatInt(at, 10)+"]", "JSON decode error")
	}
	c.missing = func(param string) *Failure { return detail("missing", param, "Field required") }
	c.wrongType = func(param, want, _ string) *Failure {
		noun := strings.TrimPrefix(validly(want), "a valid ")
		return detail(map[string]string{"list": "list_type", "dictionary": "dict_type", "string": "string_type", "boolean": "bool_parsing", "integer": "int_parsing", "number": "float_parsing"}[noun], param, "Input should be a valid "+noun)
	}
	c.empty = func(param string) *Failure {
		return detail("too_short", param, "List should have at least 1 item after validation, not 0")
	}
	c.low = func(param string, least, got int) *Failure {
		f := detail("greater_than_equal", param, fmt.Sprintf("Input should be greater than or equal to %d", least))
		f.Code = strconv.Itoa(got)
		return f
	}
	c.high = func(param string, bound, got float64) *Failure {
		typ, side := "less_than_equal", "less"
		if got < bound {
			typ, side = "greater_than_equal", "greater"
		}
		f := detail(typ, param, fmt.Sprintf("Input should be %s than or equal to %g", side, bound))
		f.Code = strconv.FormatFloat(got, 'g', -1, 64)
		return f
	}
	c.role = func(param, got string) *Failure {
		at := strings.TrimSuffix(param, ".role")
		return detail("union_tag_invalid", at, fmt.Sprintf("Input tag '%s' found using 'role' does not match any of the expected tags: 'system', 'user', 'assistant', 'tool'", got))
	}
	return c
}

// mistralKnows are the fields of a request that it takes, of client-python's
// ChatCompletionRequest. stream_options and max_completion_tokens were refused
// once (public reports) and are taken here; store was still refused in 2026.
var mistralKnows = []string{
	"model", "messages", "temperature", "top_p", "max_tokens", "stream", "stop", "random_seed", "response_format",
	"tools", "tool_choice", "parallel_tool_calls", "presence_penalty", "frequency_penalty", "n", "prediction",
	"prompt_mode", "safe_prompt", "metadata", "guardrails", "reasoning_effort", "prompt_cache_key",
	"stream_options", "max_completion_tokens",
	"input", "output_dimension", "output_dtype", "encoding_format", // of embeddings
}

// mistralCheck refuses fields it does not know, and a last message of the
// assistant's that is not marked as the answer's beginning. Bodies that are no
// objects, or broken, are left to the decoder.
func mistralCheck(_ *http.Request, body []byte) *Failure {
	dec := json.NewDecoder(bytes.NewReader(body))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') || !json.Valid(body) {
		return nil
	}
	for dec.More() {
		key, err := dec.Token()
		var value json.RawMessage
		if err != nil || dec.Decode(&value) != nil {
			return nil
		}
		if name, _ := key.(string); !slices.Contains(mistralKnows, name) {
			f := detail(extraForbidden, name, "Extra inputs are not permitted")
			f.Code = string(value)
			return f
		} else if name == "messages" {
			if fail := mistralOrder(value); fail != nil {
				return fail
			}
		}
	}
	return nil
}

// mistralOrder looks at the last message. Texts from public reports.
func mistralOrder(messages json.RawMessage) *Failure {
	var ms []struct {
		Role   string `json:"role"`
		Prefix bool   `json:"prefix"`
	}
	if json.Unmarshal(messages, &ms) != nil || len(ms) == 0 {
		return nil
	}
	if last := ms[len(ms)-1]; (last.Role == "assistant" && !last.Prefix) || last.Role == "system" {
		return &Failure{
			Kind: FailBadRequest, Type: "invalid_request_message_order", Code: "3230",
			Message: "Expected last role User or Tool (or Assistant with prefix True) for serving but got " + last.Role,
		}
	}
	return nil
}

// mistralJudge reads the envelopes that only Mistral has.
func mistralJudge(f *Failure, h http.Header, body []byte) {
	f.RequestID = h.Get("X-Kong-Request-Id")
	var in struct {
		Detail json.RawMessage `json:"detail"`
	}
	if json.Unmarshal(body, &in) == nil && len(in.Detail) > 0 {
		readDetail(f, in.Detail)
	}
	switch {
	case f.Type == "rate_limited":
		f.Kind = FailRateLimit
	case f.Type == "usage_limit_exceeded", containsAny(f.Message, "usage limit exceeded"):
		f.Kind = FailQuota
	case f.Code == "3505", containsAny(f.Message, "capacity exceeded"): // also as a 429
		f.Kind = FailOverload
	case f.Type == "guardrail_violation":
		f.Kind = FailContentFilter
	}
}

// readDetail reads FastAPI's text or pydantic's first error.
func readDetail(f *Failure, raw json.RawMessage) {
	var list []struct {
		Type string            `json:"type"`
		Loc  []json.RawMessage `json:"loc"`
		Msg  string            `json:"msg"`
	}
	switch {
	case jsonType(raw) == "string":
		f.Message, _ = unquote(raw)
	case json.Unmarshal(raw, &list) == nil && len(list) > 0:
		f.Message, f.Type = list[0].Msg, list[0].Type
		var at []string
		for _, l := range list[0].Loc {
			at = append(at, strings.Trim(string(l), `"`))
		}
		f.Param = strings.TrimPrefix(strings.Join(at, "."), "body.")
	}
}
