package wire_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"brownout/mocks/wire"
)

// Failures as Google is known to write them.
func TestDecodeGoogleFailures(t *testing.T) {
	const quota = `{"error":{"code":429,"message":"You exceeded your current quota","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.Help","links":[{"description":"d","url":"u"}]},{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaMetric":"m","quotaId":"ID","quotaDimensions":{"location":"global","model":"g"}}]},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"45.837906927s"}]}}`
	of := func(id string) string { return strings.Replace(quota, `"ID"`, `"`+id+`"`, 1) }
	for _, c := range []struct {
		status int
		body   string
		kind   wire.FailureKind
		after  time.Duration
		limit  string
	}{
		{429, of("GenerateRequestsPerMinutePerProjectPerModel-FreeTier"), wire.FailRateLimit, 45837906927, "requests"},
		{429, of("GenerateContentInputTokensPerModelPerMinute-FreeTier"), wire.FailRateLimit, 45837906927, "tokens"},
		{429, of("GenerateRequestsPerDayPerProjectPerModel-FreeTier"), wire.FailQuota, 45837906927, ""}, // not today, whatever the delay says
		{429, "[" + of("GenerateRequestsPerMinutePerProjectPerModel-FreeTier") + "]", wire.FailRateLimit, 45837906927, "requests"},
		{429, `{"error":{"code":429,"message":"Resource has been exhausted (e.g. check quota).","errors":[{"message":"m","domain":"global","reason":"rateLimitExceeded"}],"status":"RESOURCE_EXHAUSTED"}}`, wire.FailRateLimit, 0, ""},
		{429, `{"error":{"code":429,"message":"Resource exhausted. Please try again later. Please refer to https://cloud.google.com/vertex-ai/generative-ai/docs/error-code-429 for more details.","status":"RESOURCE_EXHAUSTED"}}`, wire.FailOverload, 0, ""},
		{200, `{"error":{"code":503,"message":"The model is overloaded. Please try again later.","status":"UNAVAILABLE"}}`, wire.FailOverload, 0, ""},
		{503, `{"error":{"code":503,"message":"Deadline expired before operation could complete.","status":"UNAVAILABLE"}}`, wire.FailTimeout, 0, ""},
		{400, `{"error":{"code":400,"message":"API Key not found. Please pass a valid API key.","status":"INVALID_ARGUMENT"}}`, wire.FailAuth, 0, ""},
		{400, `{"error":{"code":400,"message":"Manually set deadline 5s is too short. Minimum allowed deadline is 10s.","status":"INVALID_ARGUMENT"}}`, wire.FailBadRequest, 0, ""},
		{403, `{"error":{"code":403,"message":"Your API key was reported as leaked. Please use another API key.","status":"PERMISSION_DENIED"}}`, wire.FailAuth, 0, ""},
		{400, `{"error":{"code":400,"message":"User location is not supported for the API use.","status":"FAILED_PRECONDITION"}}`, wire.FailPermission, 0, ""},
		{404, `{"error":{"code":404,"message":"This model models/g is no longer available to new users. Please update your code to use a newer model for the latest features and improvements.","status":"NOT_FOUND"}}`, wire.FailModelNotFound, 0, ""},
		{499, `{"error":{"code":499,"message":"m","status":"CANCELLED"}}`, wire.FailBadRequest, 0, ""},
		{500, `{"error":"boom"}`, wire.FailServer, 0, ""},
		{502, `<html>`, wire.FailServer, 0, ""},
		{413, ``, wire.FailTooLarge, 0, ""},
		{503, `[]`, wire.FailOverload, 0, ""},
		{503, `{"error":{"code":"503","message":["m"],"status":"UNAVAILABLE","details":null}}`, wire.FailOverload, 0, ""},
	} {
		for _, name := range []string{"gemini", "vertex"} {
			f := dialect(t, name).DecodeFailure(c.status, http.Header{}, []byte(c.body))
			if f.Kind != c.kind || f.RetryAfter != c.after || f.Limit != c.limit || f.Status != c.status {
				t.Errorf("%s %d %s\n got %+v", name, c.status, c.body, *f)
			}
		}
	}
}

func TestGeminiStreamTolerance(t *testing.T) {
	chunk := func(text, more string) string {
		return `data: {"candidates":[{"content":{"parts":[{"text":"` + text + `"}],"role":"model"}` + more + `,"index":0}],"usageMetadata":{"promptTokenCount":4,"totalTokenCount":4},"modelVersion":"m"}`
	}
	const end = `,"finishReason":"STOP"`
	for _, c := range []struct {
		name, in, text string
		bad            int
		end            error
		kind           wire.FailureKind
		finish         wire.Finish
	}{
		{name: "LF", in: chunk("x", "") + "\n\n" + chunk("y", end) + "\n\n", text: "xy", end: io.EOF, finish: wire.FinishStop},
		{name: "CRLF", in: chunk("x", "") + "\r\n\r\n" + chunk("y", end) + "\r\n\r\n", text: "xy", end: io.EOF, finish: wire.FinishStop},
		{name: "cut", in: chunk("x", "") + "\n\n" + chunk("y", "") + "\n\n", text: "xy", end: wire.ErrCut},
		{name: "thoughts", in: `data: {"candidates":[{"content":{"parts":[{"text":"hm","thought":true},{"text":"x"}]},"finishReason":"MAX_TOKENS"}]}` + "\n\n", text: "x", end: io.EOF, finish: wire.FinishLength},
		{name: "blocked", in: `data: {"promptFeedback":{"blockReason":"SAFETY"},"modelVersion":"m"}` + "\n\n", end: io.EOF, finish: wire.FinishContentFilter},
		{name: "new reason", in: chunk("x", `,"finishReason":"TOO_MANY_TOOL_CALLS"`) + "\n\n", text: "x", end: io.EOF, finish: "TOO_MANY_TOOL_CALLS"},
		{name: "error", in: chunk("x", "") + "\n\n" + `data: {"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"Quota exceeded"}}` + "\n\n", text: "x", end: io.EOF, kind: wire.FailRateLimit},
		{name: "error in an array", in: `data: [{"error":{"code":500,"status":"INTERNAL","message":"m"}}]` + "\n\n", end: io.EOF, kind: wire.FailServer},
		{name: "broken chunk", in: chunk("x", "") + "\n\ndata: {\"cand\n\n" + chunk("y", end) + "\n\n", text: "xy", bad: 1, end: io.EOF, finish: wire.FinishStop},
		{name: "other candidates", in: `data: {"candidates":[{"content":{"parts":[{"text":"no"}]},"index":1,"finishReason":"STOP"},{"content":{"parts":[{"text":"x"}]}}]}` + "\n\n", text: "x", end: wire.ErrCut},
		{name: "nothing", end: wire.ErrCut},
	} {
		for _, name := range []string{"gemini", "vertex"} {
			events, bad, end := readAll(dialect(t, name).NewStreamReader(strings.NewReader(c.in)))
			got := sumOf(events)
			var kind wire.FailureKind
			if got.fail != nil {
				kind = got.fail.Kind
			}
			if got.text != c.text || bad != c.bad || !errors.Is(end, c.end) || kind != c.kind || got.finish != c.finish || got.done != (c.end == io.EOF && c.kind == "") {
				t.Errorf("%s %s: %+v (failure %v), %d bad, end %v", name, c.name, got, got.fail, bad, end)
			}
		}
	}
}

// Usage is told where it is new: at the start, and at the end with the
// answer's own.
func TestGeminiUsage(t *testing.T) {
	in := `data: {"candidates":[{"content":{"parts":[{"text":"a"}]}}],"usageMetadata":{"promptTokenCount":4,"totalTokenCount":4}}

data: {"candidates":[{"content":{"parts":[{"text":"b"}]}}],"usageMetadata":{"promptTokenCount":4,"totalTokenCount":4}}

data: {"candidates":[{"content":{"parts":[{"text":"c"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":4,"candidatesTokenCount":2,"thoughtsTokenCount":20,"totalTokenCount":26}}

`
	events, _, _ := readAll(dialect(t, "gemini").NewStreamReader(strings.NewReader(in)))
	if len(events) != 3 || events[0].Usage == nil || events[1].Usage != nil || *events[2].Usage != (wire.Usage{Prompt: 4, Completion: 22}) {
		t.Errorf("%+v", events)
	}
}

// The body of a 429 that the facts give whole, but for its indentation: the
// value of a limit of 0 is left out.
func TestGeminiQuotaBody(t *testing.T) {
	const want = `{"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing details. For more information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits. To monitor your current usage, head to: https://ai.dev/rate-limit. \n* Quota exceeded for metric: generativelanguage.googleapis.com/generate_content_free_tier_requests, limit: 0, model: gemini-2.0-flash\nPlease retry in 49s.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.Help","links":[{"description":"Learn more about Gemini API quotas","url":"https://ai.google.dev/gemini-api/docs/rate-limits"}]},{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaMetric":"generativelanguage.googleapis.com/generate_content_free_tier_requests","quotaId":"GenerateRequestsPerDayPerProjectPerModel-FreeTier","quotaDimensions":{"location":"global","model":"gemini-2.0-flash"}}]},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"49s"}]}}`
	f := &wire.Failure{Kind: wire.FailQuota, Status: 429, Model: "gemini-2.0-flash", RetryAfter: 49 * time.Second}
	var line bytes.Buffer
	if err := json.Compact(&line, []byte(written(dialect(t, "gemini"), f).body)); err != nil || line.String() != want {
		t.Errorf("%v\n got %s\nwant %s", err, line.String(), want)
	}
	f = &wire.Failure{Kind: wire.FailRateLimit, Limit: "requests", LimitValue: 20, Model: "m"}
	if got := written(dialect(t, "gemini"), f).body; !strings.Contains(got, `"quotaValue": "20"`) || strings.Contains(got, "retryDelay") {
		t.Error(got)
	}
}

// Calls and results that name no call are matched by their functions, in
// order.
func TestGeminiResultsWithoutIDs(t *testing.T) {
	req, fail := dialect(t, "gemini").DecodeRequest(post("/v1beta/models/g:generateContent", ""), []byte(`{"contents":[
		{"role":"model","parts":[{"functionCall":{"name":"f","args":{"n":1}}},{"functionCall":{"name":"g"}},{"functionCall":{"name":"f","args":{"n":2}}}]},
		{"role":"user","parts":[{"functionResponse":{"name":"f","response":{"output":"one"}}},{"functionResponse":{"name":"f","response":{"output":"two"}}},{"functionResponse":{"name":"g","response":{}}}]}]}`))
	if fail != nil {
		t.Fatal(fail)
	}
	calls, results := req.Messages[0].ToolCalls, req.Messages[1:]
	if len(calls) != 3 || len(results) != 3 || calls[0].ID == calls[2].ID ||
		results[0].ToolCallID != calls[0].ID || results[1].ToolCallID != calls[2].ID || results[2].ToolCallID != calls[1].ID || results[1].Text != "two" {
		t.Errorf("calls %+v, results %+v", calls, results)
	}
}
