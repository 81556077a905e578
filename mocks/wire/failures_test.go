package wire_test

import (
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"brownout/mocks/wire"
)

var update = flag.Bool("update", false, "rewrite the golden files")

type response struct {
	status int
	header http.Header
	body   string
}

// written is the error answer of a dialect, with the headers every answer has.
func written(d wire.Dialect, f *wire.Failure) response {
	w := httptest.NewRecorder()
	d.WriteHeaders(w.Header(), requestID, wire.Budgets{
		Requests: &wire.Budget{Limit: 3, Remaining: 0, Reset: 20 * time.Second},
		Tokens:   &wire.Budget{Limit: 30000, Remaining: 1961, Reset: 3890 * time.Millisecond},
	}, now)
	d.WriteFailure(w, f)
	return response{w.Code, w.Header(), w.Body.String()}
}

// The bodies that the facts give word by word.
func TestFailureBodies(t *testing.T) {
	rpm := &wire.Failure{Kind: wire.FailRateLimit, Model: "gpt-3.5-turbo", Limit: "requests", LimitValue: 3, Asked: 1, RetryAfter: 20 * time.Second}
	tpm := &wire.Failure{Kind: wire.FailRateLimit, Model: "gpt-4.1", Limit: "tokens", LimitValue: 30000, Asked: 3906, RetryAfter: 3890 * time.Millisecond}
	for _, c := range []struct {
		dialect string
		f       *wire.Failure
		status  int
		retry   string
		body    string
	}{
		{"openai", rpm, 429, "20", `{"error":{"message":"Rate limit reached for gpt-3.5-turbo in organization org-brownout on requests per min (RPM): Limit 3, Used 3, Requested 1. Please try again in 20s. Visit https://platform.openai.com/account/rate-limits to learn more.","type":"requests","param":null,"code":"rate_limit_exceeded"}}`},
		{"openai", tpm, 429, "4", `{"error":{"message":"Rate limit reached for gpt-4.1 in organization org-brownout on tokens per min (TPM): Limit 30000, Used 28039, Requested 3906. Please try again in 3.89s. Visit https://platform.openai.com/account/rate-limits to learn more.","type":"tokens","param":null,"code":"rate_limit_exceeded"}}`},
		{"openai", &wire.Failure{Kind: wire.FailQuota, RetryAfter: time.Minute}, 429, "", `{"error":{"message":"You exceeded your current quota, please check your plan and billing details. For more information on this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}`},
		{"openai", &wire.Failure{Kind: wire.FailModelNotFound, Model: "chatgpt-4o-latest"}, 404, "", "{\"error\":{\"message\":\"The model `chatgpt-4o-latest` does not exist or you do not have access to it.\",\"type\":\"invalid_request_error\",\"param\":null,\"code\":\"model_not_found\"}}"},
		{"openai", &wire.Failure{Kind: wire.FailContextLength, LimitValue: 8192, Asked: 8227}, 400, "", `{"error":{"message":"This model's maximum context length is 8192 tokens. However, your messages resulted in 8227 tokens. Please reduce the length of the messages.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}`},
		{"openai", &wire.Failure{Kind: wire.FailServer}, 500, "", `{"error":{"message":"The server had an error while processing your request. Sorry about that!","type":"server_error","param":null,"code":null}}`},
		{"openai", &wire.Failure{Kind: wire.FailOverload, RetryAfter: time.Nanosecond}, 503, "1", `{"error":{"message":"Our servers are currently overloaded. Please try again later.","type":"service_unavailable_error","param":null,"code":"server_is_overloaded"}}`},
		{"anthropic", &wire.Failure{Kind: wire.FailOverload}, 529, "", `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_test"}`},
		{"anthropic", &wire.Failure{Kind: wire.FailServer}, 500, "", `{"type":"error","error":{"type":"api_error","message":"Internal server error"},"request_id":"req_test"}`},
		{"anthropic", &wire.Failure{Kind: wire.FailModelNotFound, Model: "claude-sonnet-4-20250514"}, 404, "", `{"type":"error","error":{"type":"not_found_error","message":"model: claude-sonnet-4-20250514"},"request_id":"req_test"}`},
		{"anthropic", &wire.Failure{Kind: wire.FailContextLength, Asked: 200251, LimitValue: 200000}, 400, "", `{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 200251 tokens > 200000 maximum"},"request_id":"req_test"}`},
		{"anthropic", &wire.Failure{Kind: wire.FailQuota}, 400, "", `{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits."},"request_id":"req_test"}`},
		{"anthropic", &wire.Failure{Kind: wire.FailQuota, Code: "enforced_spend_limit_reached", RetryAfter: time.Hour}, 429, "", `{"type":"error","error":{"type":"rate_limit_error","message":"You have reached your API usage limits: your organization has crossed its monthly API usage threshold, set based on your organization's API tier. You will regain access on 2000-02-01 at 00:00 UTC.","details":{"error_code":"enforced_spend_limit_reached"}},"request_id":"req_test"}`},
		{"vllm", &wire.Failure{Kind: wire.FailModelNotFound, Model: "x"}, 404, "", "{\"error\":{\"message\":\"The model `x` does not exist.\",\"type\":\"NotFoundError\",\"param\":\"model\",\"code\":404}}"},
		{"vllm", &wire.Failure{Kind: wire.FailAuth}, 401, "", `{"error":"Unauthorized"}`},
		{"vllm", &wire.Failure{Kind: wire.FailServer, RetryAfter: time.Second}, 500, "", `{"error":{"message":"Internal server error","type":"InternalServerError","param":null,"code":500}}`},
		{"ollama", &wire.Failure{Kind: wire.FailOverload, RetryAfter: time.Second}, 503, "", `{"error":"server busy, please try again.  maximum pending requests exceeded"}`},
		{"ollama", &wire.Failure{Kind: wire.FailModelNotFound, Model: "x"}, 404, "", `{"error":"model 'x' not found"}`},
	} {
		var got response
		synctest.Test(t, func(t *testing.T) { got = written(dialect(t, c.dialect), c.f) }) // on the first of January 2000
		if got.status != c.status || got.body != c.body || got.header.Get("Retry-After") != c.retry {
			t.Errorf("%s %s: %d, retry-after %q\n got %s\nwant %d, retry-after %q\n     %s", c.dialect, c.f.Kind, got.status, got.header.Get("Retry-After"), got.body, c.status, c.retry, c.body)
		}
	}
}

// A failure names its status also where HTTP has no word for it.
func TestFailureNamesItsStatus(t *testing.T) {
	for want, f := range map[string]*wire.Failure{
		"rate_limit (429 Too Many Requests): slow down": {Kind: wire.FailRateLimit, Status: 429, Message: "slow down"},
		"overload (529)": {Kind: wire.FailOverload, Status: 529},
		"transport":      {Kind: wire.FailTransport},
	} {
		if got := f.Error(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// Everything else about error answers, headers included, is kept as golden
// files: a change of the wire shows in review.
func TestFailureGolden(t *testing.T) {
	for _, name := range wire.Names() {
		d := dialect(t, name)
		var out strings.Builder
		show := func(title string, f *wire.Failure) {
			r := written(d, f)
			fmt.Fprintf(&out, "== %s\n%d\n", title, r.status)
			keys := make([]string, 0, len(r.header))
			for k := range r.header {
				keys = append(keys, k)
			}
			sort.Strings(keys)
			for _, k := range keys {
				fmt.Fprintf(&out, "%s: %s\n", strings.ToLower(k), strings.Join(r.header[k], " | "))
			}
			fmt.Fprintf(&out, "\n%s\n\n", r.body)
		}
		for _, k := range []wire.FailureKind{
			wire.FailOverload, wire.FailServer, wire.FailTimeout, wire.FailAuth, wire.FailPermission, wire.FailModelNotFound, wire.FailContextLength,
			wire.FailContentFilter, wire.FailBadRequest, wire.FailTooLarge, wire.FailNotFound, wire.FailMethod, wire.FailMalformed, wire.FailTransport, wire.FailQuota,
		} {
			show(string(k), &wire.Failure{Kind: k, Model: "m-1", LimitValue: 4096, Asked: 5000, RetryAfter: 2100 * time.Millisecond})
		}
		for _, limit := range []string{"requests", "tokens", "concurrency", ""} {
			show("rate_limit "+limit, &wire.Failure{Kind: wire.FailRateLimit, Model: "m-1", Limit: limit, LimitValue: 30000, Asked: 40, RetryAfter: 20 * time.Second})
		}
		show("rate_limit larger than the bucket", &wire.Failure{Kind: wire.FailRateLimit, Model: "m-1", Limit: "tokens", LimitValue: 30000, Asked: 30601})
		show("quota 402", &wire.Failure{Kind: wire.FailQuota, Status: 402})
		show("own words", &wire.Failure{Kind: wire.FailServer, Status: 504, Message: "a\nb", Type: "t", Code: "c", Param: "p"})
		show("unknown kind", &wire.Failure{Kind: "odd"})
		golden(t, "failures_"+name+".txt", out.String())
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; look at the change and run with -update if it is meant\n%s", path, got)
	}
}

// Failures as providers and gateways of the family are known to write them.
func TestDecodeFailure(t *testing.T) {
	for _, c := range []struct {
		dialect string
		status  int
		header  http.Header
		body    string
		want    wire.Failure
	}{
		{"openai", 429, nil, `{"error":{"message":"m","type":"insufficient_quota","param":null,"code":"credit_balance_exhausted"}}`, wire.Failure{Kind: wire.FailQuota, Message: "m", Type: "insufficient_quota", Code: "credit_balance_exhausted"}},
		{"openai", 429, nil, `{"error":{"message":"m","type":"insufficient_quota","param":null,"code":null}}`, wire.Failure{Kind: wire.FailQuota, Message: "m", Type: "insufficient_quota"}},
		{"openai", 429, http.Header{"Retry-After": {"1.5"}, "Retry-After-Ms": {"250"}}, `{"error":{"message":"m","type":"tokens","code":"rate_limit_exceeded"}}`, wire.Failure{Kind: wire.FailRateLimit, Message: "m", Type: "tokens", Code: "rate_limit_exceeded", Limit: "tokens", RetryAfter: 250 * time.Millisecond}},
		{"openai", 429, nil, `{"error":{"message":"Request too large for gpt-4o in organization org-X on tokens per min (TPM): Limit 30000, Requested 30601.","type":"tokens","code":"rate_limit_exceeded"}}`, wire.Failure{Kind: wire.FailTooLarge, Message: "Request too large for gpt-4o in organization org-X on tokens per min (TPM): Limit 30000, Requested 30601.", Type: "tokens", Code: "rate_limit_exceeded"}},
		{"openai", 403, nil, `{"error":{"message":"m","type":"invalid_request_error","code":"model_not_found"}}`, wire.Failure{Kind: wire.FailPermission, Message: "m", Type: "invalid_request_error", Code: "model_not_found"}},
		{"openai", 400, nil, `{"code":"Client specified an invalid argument","error":"Incorrect API key provided: sk***gA."}`, wire.Failure{Kind: wire.FailAuth, Message: "Incorrect API key provided: sk***gA.", Code: "Client specified an invalid argument"}},
		{"openai", 429, nil, `{"code":"c","error":"Your team x has either used all available credits or reached its monthly spending limit."}`, wire.Failure{Kind: wire.FailQuota, Message: "Your team x has either used all available credits or reached its monthly spending limit.", Code: "c"}},
		{"openai", 400, nil, `{"error":{"message":"Model Not Exist","type":"invalid_request_error","code":"invalid_request_error"}}`, wire.Failure{Kind: wire.FailModelNotFound, Message: "Model Not Exist", Type: "invalid_request_error", Code: "invalid_request_error"}},
		{"openai", 498, nil, `{"error":{"message":"m","code":"capacity_exceeded"}}`, wire.Failure{Kind: wire.FailOverload, Message: "m", Code: "capacity_exceeded"}},
		{"openai", 401, nil, `{"error":{"code":"401","message":"Access denied"}}`, wire.Failure{Kind: wire.FailAuth, Message: "Access denied", Code: "401"}},
		{"openai", 503, nil, "<html><body>503</body></html>", wire.Failure{Kind: wire.FailOverload}},
		{"openai", 502, nil, "upstream\n connect error", wire.Failure{Kind: wire.FailServer, Message: "upstream connect error"}},
		{"openai", 504, nil, "", wire.Failure{Kind: wire.FailTimeout}},
		{"openai", 418, nil, `[]`, wire.Failure{Kind: wire.FailBadRequest, Message: "[]"}},
		{"openai", 429, nil, `{"object":"error","message":"m","type":"t","param":null,"code":"1300"}`, wire.Failure{Kind: wire.FailRateLimit, Message: "m", Type: "t", Code: "1300"}},
		{"vllm", 400, nil, `{"object":"error","message":"This model's maximum context length is 16384 tokens. However, you requested 122946 tokens.","type":"BadRequestError","param":null,"code":400}`, wire.Failure{Kind: wire.FailContextLength, Message: "This model's maximum context length is 16384 tokens. However, you requested 122946 tokens.", Type: "BadRequestError", Code: "400"}},
		{"vllm", 404, nil, "{\"error\":{\"message\":\"The model `x` does not exist.\",\"type\":\"NotFoundError\",\"param\":\"model\",\"code\":404}}", wire.Failure{Kind: wire.FailModelNotFound, Message: "The model `x` does not exist.", Type: "NotFoundError", Param: "model", Code: "404"}},
		{"anthropic", 429, http.Header{"Request-Id": {"req_1"}}, `{"type":"error","error":{"type":"rate_limit_error","message":"m","details":{"error_code":"enforced_spend_limit_reached"}},"request_id":"req_2"}`, wire.Failure{Kind: wire.FailQuota, Message: "m", Type: "rate_limit_error", Code: "enforced_spend_limit_reached", RequestID: "req_1"}},
		{"anthropic", 400, nil, `{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the Anthropic API."},"request_id":"req_2"}`, wire.Failure{Kind: wire.FailQuota, Message: "Your credit balance is too low to access the Anthropic API.", Type: "invalid_request_error", RequestID: "req_2"}},
		{"anthropic", 200, nil, `{"type":"error","error":{"details":null,"type":"overloaded_error","message":"Overloaded"}}`, wire.Failure{Kind: wire.FailOverload, Message: "Overloaded", Type: "overloaded_error"}},
		{"anthropic", 413, nil, "<html>", wire.Failure{Kind: wire.FailTooLarge}},
		{"anthropic", 500, nil, `{"error":"boom"}`, wire.Failure{Kind: wire.FailServer, Message: "boom"}},
		{"anthropic", 404, nil, `{"type":"error","error":{"type":"not_found_error","message":"Not found"}}`, wire.Failure{Kind: wire.FailNotFound, Message: "Not found", Type: "not_found_error"}},
		{"ollama", 404, nil, `{"error":"model \"x\" not found, try pulling it first"}`, wire.Failure{Kind: wire.FailModelNotFound, Message: `model "x" not found, try pulling it first`}},
		{"ollama", 404, nil, "404 page not found", wire.Failure{Kind: wire.FailNotFound, Message: "404 page not found"}},
		{"ollama", 500, nil, `{"error":{"message":"odd"}}`, wire.Failure{Kind: wire.FailServer}},
	} {
		got := dialect(t, c.dialect).DecodeFailure(c.status, c.header, []byte(c.body))
		c.want.Status = c.status
		if *got != c.want {
			t.Errorf("%s %d %s\n got %#v\nwant %#v", c.dialect, c.status, c.body, *got, c.want)
		}
	}
}

func TestParseRetryAfter(t *testing.T) {
	at := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		ms, after string
		want      time.Duration
	}{
		{"", "", 0},
		{"", "7", 7 * time.Second},
		{"", "1.25", 1250 * time.Millisecond},
		{"", "-3", 0},
		{"", "NaN", 0},
		{"", "soon", 0},
		{"", "1e300", 365 * 24 * time.Hour},
		{"", "Tue, 24 Nov 2026 10:00:30 GMT", 30 * time.Second},
		{"", "Tue, 24 Nov 2026 09:00:00 GMT", 0},
		{"250", "9", 250 * time.Millisecond},
		{"garbage", "9", 9 * time.Second},
	} {
		h := http.Header{}
		if c.ms != "" {
			h.Set("Retry-After-Ms", c.ms)
		}
		if c.after != "" {
			h.Set("Retry-After", c.after)
		}
		if got := wire.ParseRetryAfter(h, at); got != c.want {
			t.Errorf("retry-after-ms %q, retry-after %q: %v, want %v", c.ms, c.after, got, c.want)
		}
	}
	// A date is read against the answer's own clock, not this machine's.
	h := http.Header{"Date": {"Tue, 24 Nov 1998 10:00:00 GMT"}, "Retry-After": {"Tue, 24 Nov 1998 10:00:09 GMT"}}
	if f := dialect(t, "openai").DecodeFailure(429, h, nil); f.RetryAfter != 9*time.Second {
		t.Errorf("retry date against the answer's own: %v, want 9s", f.RetryAfter)
	}
}
