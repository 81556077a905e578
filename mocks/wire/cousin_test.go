package wire_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"brownout/mocks/wire"
)

// cousins are the providers that speak OpenAI's dialect in their own way.
var cousins = []string{"azure", "xai", "groq", "mistral", "deepseek", "databricks", "azureml"}

// The bodies that the facts give word by word.
func TestCousinFailureBodies(t *testing.T) {
	const team = "b7d1e0c2-5a3f-4c96-8e21-0f6d9a4b7c35"
	for _, c := range []struct {
		dialect string
		f       *wire.Failure
		status  int
		retry   string
		body    string
	}{
		{"azure", &wire.Failure{Kind: wire.FailAuth}, 401, "", `{"error":{"code":"401","message":"Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource."}}`},
		{"azure", &wire.Failure{Kind: wire.FailPermission}, 403, "", `{"error":{"code":"403","message": "Access denied due to Virtual Network/Firewall rules."}}`},
		{"azure", &wire.Failure{Kind: wire.FailModelNotFound, Model: "x"}, 404, "", `{"error":{"code":"DeploymentNotFound","message":"The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, please wait a moment and try again."}}`},
		{"azure", &wire.Failure{Kind: wire.FailNotFound}, 404, "", `{"error":{"code":"404","message": "Resource not found"}}`},
		{"azure", &wire.Failure{Kind: wire.FailBadRequest, Code: "BadRequest", Message: "API version not supported"}, 400, "", `{"error":{"code":"BadRequest","message":"API version not supported"}}`},
		{"azure", &wire.Failure{Kind: wire.FailOverload, RetryAfter: 20 * time.Second}, 429, "20", `{"error":{"code":"429","message":"The system is currently experiencing high demand and cannot process your request. Your request exceeds the maximum usage size allowed during peak load. Please retry after 20 seconds. For improved latency reliability, consider switching to Provisioned Throughput."}}`},
		{"azure", &wire.Failure{Kind: wire.FailContentFilter}, 400, "", `{"error":{"message":"The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please modify your prompt and retry. To learn more about our content filtering policies please read our documentation: https://go.microsoft.com/fwlink/?linkid=2198766","type":null,"param":"prompt","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation","content_filter_result":{"hate":{"filtered":false,"severity":"safe"},"jailbreak":{"filtered":true,"detected":true},"self_harm":{"filtered":false,"severity":"safe"},"sexual":{"filtered":false,"severity":"safe"},"violence":{"filtered":false,"severity":"safe"}}}}}`},
		{"xai", &wire.Failure{Kind: wire.FailQuota, RetryAfter: time.Minute}, 429, "", `{"code":"Some resource has been exhausted","error":"Your team ` + team + ` has either used all available credits or reached its monthly spending limit. To continue making API requests, please purchase more credits or raise your spending limit."}`},
		{"xai", &wire.Failure{Kind: wire.FailModelNotFound, Model: "grok-beta"}, 404, "", `{"code":"Some requested entity was not found","error":"The model grok-beta does not exist or your team ` + team + ` does not have access to it. Please ensure you're using the correct API key. If you believe this is a mistake, please contact support and quote your team ID and the model name."}`},
		{"xai", &wire.Failure{Kind: wire.FailNotFound}, 404, "", `{"code":"Some requested entity was not found","error":"No handler found on route. Please double check your URL and consult https://api.x.ai/docs for more information."}`},
		{"xai", &wire.Failure{Kind: wire.FailRateLimit, Model: "grok-4-0709", Limit: "tokens", LimitValue: 16000, Asked: 51566}, 429, "", `{"code":"Some resource has been exhausted","error":"Too many tokens for team ` + team + ` and model grok-4-0709. Your team's rate limit is — Tokens per Minute (actual/limit): 65605/16000. You can view your team rate limits at https://console.x.ai."}`},
		{"groq", &wire.Failure{Kind: wire.FailAuth}, 401, "", `{"error":{"message":"Invalid API Key","type":"invalid_request_error","code":"invalid_api_key"}}`},
		{"groq", &wire.Failure{Kind: wire.FailModelNotFound, Model: "X", Retired: true}, 400, "", "{\"error\":{\"message\":\"The model `X` has been decommissioned and is no longer supported. Please refer to https://console.groq.com/docs/deprecations for a recommendation on which model to use instead.\",\"type\":\"invalid_request_error\",\"code\":\"model_decommissioned\"}}"},
		{"groq", &wire.Failure{Kind: wire.FailModelNotFound, Model: "X"}, 404, "", "{\"error\":{\"message\":\"The model `X` does not exist or you do not have access to it.\",\"type\":\"invalid_request_error\",\"code\":\"model_not_found\"}}"},
		{"groq", &wire.Failure{Kind: wire.FailOverload, Status: 498, RetryAfter: time.Second}, 498, "", `{"error":{"message":"The flex tier is at capacity and the request won't be processed. You can try again later.","type":"internal_server_error","code":"capacity_exceeded"}}`},
		{"groq", &wire.Failure{Kind: wire.FailOverload, Model: "llama-3.3-70b-versatile"}, 503, "", `{"error":{"message":"llama-3.3-70b-versatile is currently over capacity. Please try again and back off exponentially. Visit https://groqstatus.com to see if there is an active incident.","type":"internal_server_error"}}`},
		{"groq", &wire.Failure{Kind: wire.FailRateLimit, Model: "m", Limit: "tokens", LimitValue: 6000, Asked: 12328}, 413, "", "{\"error\":{\"message\":\"Request too large for model `m` in organization `org-brownout` service tier `on_demand` on tokens per minute (TPM): Limit 6000, Requested 12328, please reduce your message size and try again. Need more tokens? Upgrade to Dev Tier today at https://console.groq.com/settings/billing\",\"type\":\"tokens\",\"code\":\"rate_limit_exceeded\"}}"},
		{"mistral", &wire.Failure{Kind: wire.FailAuth}, 401, "", `{"detail":"Unauthorized"}`},
		{"mistral", &wire.Failure{Kind: wire.FailModelNotFound, Model: "X"}, 400, "", `{"object":"error","message":"Invalid model: X","type":"invalid_model","param":null,"code":"1500","raw_status_code":400}`},
		{"mistral", &wire.Failure{Kind: wire.FailRateLimit, RetryAfter: time.Second}, 429, "", `{"object":"error","message":"Rate limit exceeded","type":"rate_limited","param":null,"code":"1300","raw_status_code":429}`},
		{"mistral", &wire.Failure{Kind: wire.FailOverload, Status: 429}, 429, "", `{"object":"error","message":"Service tier capacity exceeded for this model.","type":"invalid_request_error","param":null,"code":null,"raw_status_code":429}`},
		{"deepseek", &wire.Failure{Kind: wire.FailQuota}, 402, "", `{"error":{"message":"Insufficient Balance","type":"unknown_error","param":null,"code":"invalid_request_error"}}`},
		{"deepseek", &wire.Failure{Kind: wire.FailModelNotFound, Model: "x"}, 400, "", `{"error":{"message":"Model Not Exist","type":"invalid_request_error","param":null,"code":"invalid_request_error"}}`},
		{"databricks", &wire.Failure{Kind: wire.FailPermission, Model: "gte-large-en"}, 403, "", `{"error_code":"PERMISSION_DENIED","message":"User does not have permission 'View' on Endpoint gte-large-en","details":[{"@type":"type.googleapis.com/google.rpc.RequestInfo","request_id":"req_test","serving_data":""}]}`},
		{"databricks", &wire.Failure{Kind: wire.FailModelNotFound, Model: "x"}, 404, "", `{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"Endpoint with name 'x' does not exist.","details":[{"@type":"type.googleapis.com/google.rpc.RequestInfo","request_id":"req_test","serving_data":""}]}`},
		{"azureml", &wire.Failure{Kind: wire.FailModelNotFound}, 404, "", `{"error":{"code":"NotFound","message":"The endpoint doesn't have any valid deployment with positive weight."}}`},
	} {
		got := written(dialect(t, c.dialect), c.f)
		if got.status != c.status || got.body != c.body || got.header.Get("Retry-After") != c.retry {
			t.Errorf("%s %s: %d, retry-after %q\n got %s\nwant %d, retry-after %q\n     %s", c.dialect, c.f.Kind, got.status, got.header.Get("Retry-After"), got.body, c.status, c.retry, c.body)
		}
		// What it means must not be lost on the way back.
		if back := dialect(t, c.dialect).DecodeFailure(got.status, got.header, []byte(got.body)); back.Kind != c.f.Kind && !(c.f.Kind == wire.FailRateLimit && back.Kind == wire.FailTooLarge) {
			t.Errorf("%s %s: read as %s from %s", c.dialect, c.f.Kind, back.Kind, got.body)
		}
	}
}

// Failures as seen in public reports, and not as the mocks write them.
func TestCousinDecodeFailure(t *testing.T) {
	for _, c := range []struct {
		dialect string
		status  int
		header  http.Header
		body    string
		want    wire.Failure
	}{
		{"azure", 429, http.Header{"Retry-After": {"60"}}, `{"error":{"code":"429","message":"Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-08-01-preview have exceeded token rate limit of your current OpenAI S0 pricing tier."}}`, wire.Failure{Kind: wire.FailRateLimit, Limit: "tokens", Code: "429", RetryAfter: time.Minute}},
		{"azure", 400, nil, `{"error":{"code":"BadRequest","message":"Model {modelName} is enabled only for api versions 2024-12-01-preview and later"}}`, wire.Failure{Kind: wire.FailBadRequest, Code: "BadRequest"}},
		{"azure", 500, http.Header{"Apim-Request-Id": {"g"}}, `{ "statusCode": 500, "message": "Internal server error", "activityId": "x" }`, wire.Failure{Kind: wire.FailServer, RequestID: "g"}},
		{"xai", 403, nil, `{"code":"permission-denied","error":"Your newly created teams doesn't have any credits yet. You can purchase credits on https://console.x.ai/team/x."}`, wire.Failure{Kind: wire.FailQuota, Code: "permission-denied"}},
		{"xai", 429, nil, `{"code":"c","error":"Too many requests for team x"}`, wire.Failure{Kind: wire.FailRateLimit, Limit: "requests", Code: "c"}},
		{"groq", 429, nil, `{"error":{"message":"m","type":"tokens","code":"rate_limit_exceeded"}}`, wire.Failure{Kind: wire.FailRateLimit, Limit: "tokens", Type: "tokens", Code: "rate_limit_exceeded"}},
		{"mistral", 401, nil, `{"message":"Unauthorized","request_id":"0"}`, wire.Failure{Kind: wire.FailAuth}},
		{"mistral", 429, nil, `{"message":"Requests rate limit exceeded"}`, wire.Failure{Kind: wire.FailRateLimit}},
		{"mistral", 429, nil, `{"object":"error","message":"Service tier capacity exceeded for this model.","type":"invalid_request_error","param":null,"code":null}`, wire.Failure{Kind: wire.FailOverload, Type: "invalid_request_error"}},
		{"mistral", 422, nil, `{"detail":[{"type":"extra_forbidden","loc":["body","store"],"msg":"Extra inputs are not permitted","input":false}]}`, wire.Failure{Kind: wire.FailBadRequest, Type: "extra_forbidden", Param: "store"}},
		{"deepseek", 401, nil, `{"error":{"message":"Authentication Fails, Your api key: ****fcc2 is invalid","type":"authentication_error","param":null,"code":"invalid_request_error"}}`, wire.Failure{Kind: wire.FailAuth, Type: "authentication_error", Code: "invalid_request_error"}},
		{"databricks", 429, nil, `{"error_code":"REQUEST_LIMIT_EXCEEDED","message":"Too many concurrent requests. Consider increasing the provisioned concurrency of the served entity."}`, wire.Failure{Kind: wire.FailRateLimit, Limit: "concurrency", Code: "REQUEST_LIMIT_EXCEEDED"}},
		{"azureml", 424, http.Header{"Ms-Azureml-Model-Error-Statuscode": {"503"}}, `busy`, wire.Failure{Kind: wire.FailOverload}},
		{"azureml", 424, nil, ``, wire.Failure{Kind: wire.FailServer}},
	} {
		got := *dialect(t, c.dialect).DecodeFailure(c.status, c.header, []byte(c.body))
		c.want.Status, got.Message = c.status, ""
		if got != c.want {
			t.Errorf("%s %d %s\n got %#v\nwant %#v", c.dialect, c.status, c.body, got, c.want)
		}
	}
}

func TestCousinRoutes(t *testing.T) {
	routes(t, []route{
		{"azure", "POST", "/openai/deployments/d/chat/completions?api-version=2024-10-21", wire.OpChat, "", ""},
		{"azure", "POST", "/openai/deployments/d/embeddings?api-version=2024-10-21", wire.OpEmbed, "", ""},
		{"azure", "POST", "/openai/v1/chat/completions", wire.OpChat, "", ""},
		{"azure", "POST", "/openai/v1/responses?api-version=preview", wire.OpChat, "", ""},
		{"azure", "POST", "/openai/responses?api-version=2025-03-01-preview", wire.OpChat, "", ""},
		{"azure", "GET", "/openai/models?api-version=2024-10-21", wire.OpModels, "", ""},
		{"azure", "GET", "/openai/v1/models/m", wire.OpModel, "m", ""},
		{"azure", "POST", "/openai/deployments/d/chat/completions", wire.OpUnknown, "", wire.FailNotFound},
		{"azure", "POST", "/openai/deployments/d/chat/completions?api-version=1999-01-01", wire.OpUnknown, "", wire.FailNotFound},
		{"azure", "POST", "/openai/deployments/d/audio/speech?api-version=2024-10-21", wire.OpUnknown, "", wire.FailNotFound},
		{"azure", "POST", "/openai/v1/chat/completions?api-version=2024-10-21", wire.OpUnknown, "", wire.FailBadRequest},
		{"azure", "POST", "/openai/responses?api-version=1", wire.OpUnknown, "", wire.FailBadRequest},
		{"azure", "GET", "/openai/v1/chat/completions", wire.OpChat, "", wire.FailMethod},
		{"azure", "POST", "/v1/chat/completions", wire.OpUnknown, "", wire.FailNotFound},
		{"xai", "POST", "/v1/chat/completions", wire.OpChat, "", ""},
		{"xai", "POST", "/v1/embeddings", wire.OpUnknown, "", wire.FailNotFound},
		{"groq", "POST", "/openai/v1/chat/completions", wire.OpChat, "", ""},
		{"groq", "GET", "/openai/v1/models/openai/gpt-oss-120b", wire.OpModel, "openai/gpt-oss-120b", ""},
		{"groq", "POST", "/v1/chat/completions", wire.OpUnknown, "", wire.FailNotFound},
		{"mistral", "POST", "/v1/embeddings", wire.OpEmbed, "", ""},
		{"mistral", "POST", "/v1/responses", wire.OpUnknown, "", wire.FailNotFound},
		{"deepseek", "POST", "/chat/completions", wire.OpChat, "", ""},
		{"deepseek", "POST", "/v1/chat/completions", wire.OpChat, "", ""},
		{"deepseek", "GET", "/models", wire.OpModels, "", ""},
		{"deepseek", "GET", "/chat/completions", wire.OpChat, "", wire.FailMethod},
		{"databricks", "POST", "/serving-endpoints/e/invocations", wire.OpChat, "", ""},
		{"databricks", "POST", "/serving-endpoints/chat/completions", wire.OpChat, "", ""},
		{"databricks", "POST", "/serving-endpoints/embeddings", wire.OpEmbed, "", ""},
		{"databricks", "GET", "/api/2.0/serving-endpoints", wire.OpModels, "", ""},
		{"databricks", "GET", "/api/2.0/serving-endpoints/e", wire.OpModel, "e", ""},
		{"databricks", "POST", "/serving-endpoints//invocations", wire.OpUnknown, "", wire.FailNotFound},
		{"azureml", "POST", "/score", wire.OpChat, "", ""},
		{"azureml", "POST", "/v1/chat/completions", wire.OpChat, "", ""},
		{"azureml", "GET", "/", wire.OpHealth, "", ""},
		{"azureml", "GET", "/score", wire.OpChat, "", wire.FailMethod},
	})
	_, _, fail := dialect(t, "databricks").Route(httptest.NewRequest("GET", "/api/2.0/jobs", nil))
	if fail == nil || fail.Message != "No API found for 'GET /api/2.0/jobs'" {
		t.Errorf("databricks, an unknown path: %v", fail)
	}
}

// Where the client goes, and with what key.
func TestCousinNewRequest(t *testing.T) {
	for name, want := range map[string]string{
		"azure":      "/openai/deployments/m-1/chat/completions?api-version=2024-10-21",
		"xai":        "/v1/chat/completions",
		"groq":       "/openai/v1/chat/completions",
		"mistral":    "/v1/chat/completions",
		"deepseek":   "/chat/completions",
		"databricks": "/serving-endpoints/chat/completions",
		"azureml":    "/v1/chat/completions",
	} {
		r, err := dialect(t, name).NewRequest(t.Context(), "http://localhost/", "k", &wire.Request{Model: "m-1", Stream: true, Messages: []wire.Message{{Role: "user", Text: "hi"}}})
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(r.Body)
		if r.URL.RequestURI() != want {
			t.Errorf("%s: %s, want %s", name, r.URL.RequestURI(), want)
		}
		if azure := name == "azure"; azure != (r.Header.Get("Api-Key") == "k") || azure == (r.Header.Get("Authorization") == "Bearer k") {
			t.Errorf("%s: headers %v", name, r.Header)
		}
		if mistral := name == "mistral"; mistral == strings.Contains(string(body), "stream_options") {
			t.Errorf("%s: body %s", name, body)
		}
	}
	if _, err := dialect(t, "azure").NewRequest(t.Context(), "://", "", &wire.Request{}); err == nil {
		t.Error("a base that is no URL was accepted")
	}
}

func TestCousinAuthorized(t *testing.T) {
	const secret = "sk-PMafPxxxxxxxxxxxxxxxxxxxxxxxxE873"
	for _, c := range []struct {
		dialect, header, value string
		status                 int
		message                string // "": accepted
	}{
		{"azure", "Api-Key", goodKey, 0, ""},
		{"azure", "Authorization", "Bearer " + goodKey, 0, ""},
		{"azure", "Api-Key", secret, 401, "Access denied due to invalid subscription key"},
		{"azure", "", "", 401, "Access denied due to invalid subscription key"},
		{"xai", "Authorization", "Bearer " + goodKey, 0, ""},
		{"xai", "Authorization", "Bearer " + secret, 400, "Incorrect API key provided: sk***73."},
		{"xai", "Authorization", "Bearer x", 400, "Incorrect API key provided: ***."},
		{"xai", "", "", 401, "No API key provided."},
		{"groq", "Authorization", "Bearer " + secret, 401, "Invalid API Key"},
		{"mistral", "Authorization", "Bearer " + secret, 401, "Unauthorized"},
		{"deepseek", "Authorization", "Bearer " + secret, 401, "Authentication Fails, Your api key: ****E873 is invalid"},
		{"deepseek", "", "", 401, "Authentication Fails (auth header format"},
		{"databricks", "Authorization", "Bearer " + secret, 403, "Invalid access token."},
		{"databricks", "", "", 401, "Credential was not sent"},
		{"azureml", "Authorization", "Bearer " + goodKey, 0, ""},
		{"azureml", "Authorization", "Bearer " + secret, 401, "Access token is missing"},
	} {
		d := dialect(t, c.dialect)
		r := httptest.NewRequest("GET", "/", nil)
		if c.header != "" {
			r.Header.Set(c.header, c.value)
		}
		fail := d.Authorized(r, func(key string) bool { return key == goodKey })
		if fail == nil {
			if c.message != "" {
				t.Errorf("%s %s: accepted", c.dialect, c.value)
			}
			continue
		}
		resp := written(d, fail)
		if c.message == "" || resp.status != c.status || !strings.HasPrefix(fail.Message, c.message) || strings.Contains(resp.body, secret) {
			t.Errorf("%s %s: %d %s", c.dialect, c.value, resp.status, resp.body)
		}
		if back := d.DecodeFailure(resp.status, resp.header, []byte(resp.body)); back.Kind != wire.FailAuth {
			t.Errorf("%s: read as %s from %s", c.dialect, back.Kind, resp.body)
		}
	}
}

// Requests that cannot be read, refused in each provider's own words.
func TestCousinRefusals(t *testing.T) {
	const messages = `"messages":[{"role":"user","content":"hi"}]`
	for _, c := range []struct {
		dialect, path, body string
		status              int
		want                string
	}{
		{"azure", "/openai/v1/chat/completions", `{` + messages + `}`, 400, `{"error":{"message":"you must provide a model parameter","type":"invalid_request_error","param":null,"code":null}}`},
		{"xai", "/v1/chat/completions", `{"model":"m"}`, 422, "{\"code\":\"Client specified an invalid argument\",\"error\":\"Failed to deserialize the JSON body into the target type: missing field `messages` at line 1 column 13\"}"},
		{"xai", "/v1/chat/completions", "{\n\"model\":", 400, `{"code":"Client specified an invalid argument","error":"Failed to parse the request body as JSON: EOF while parsing an object at line 2 column 8"}`},
		{"deepseek", "/chat/completions", `{"model":"m","messages":"hi"}`, 400, `{"error":{"message":"Failed to deserialize the JSON body into the target type: messages: invalid type: string, expected a sequence at line 1 column 29","type":"invalid_request_error","param":null,"code":"invalid_request_error"}}`},
		{"deepseek", "/chat/completions", `{"model":"m","messages":[{"role":"king","content":"x"}]}`, 400, "{\"error\":{\"message\":\"Failed to deserialize the JSON body into the target type: messages[0]: unknown variant `king`, expected one of `system`, `user`, `assistant`, `tool` at line 1 column 56\",\"type\":\"invalid_request_error\",\"param\":null,\"code\":\"invalid_request_error\"}}"},
		{"groq", "/openai/v1/chat/completions", `{"model":"m","messages":[{"content":"x"}]}`, 400, `{"error":{"message":"'messages.0.role' : property is missing","type":"invalid_request_error"}}`},
		{"groq", "/openai/v1/chat/completions", `{"model":"m",` + messages + `,"temperature":3}`, 400, `{"error":{"message":"'temperature' : number must be at most 2","type":"invalid_request_error"}}`},
		{"mistral", "/v1/chat/completions", `{"model":"m",` + messages + `,"store":false}`, 422, `{"detail":[{"type":"extra_forbidden","loc":["body","store"],"msg":"Extra inputs are not permitted","input":false}]}`},
		{"mistral", "/v1/chat/completions", `{"00":00`, 422, `{"detail":[{"type":"json_invalid","loc":["body",8],"msg":"JSON decode error"}]}`},
		{"mistral", "/v1/chat/completions", `{"0[1].a":"x"}`, 422, `{"detail":[{"type":"extra_forbidden","loc":["body","0[1].a"],"msg":"Extra inputs are not permitted","input":"x"}]}`},
		{"mistral", "/v1/chat/completions", `{"model":"m","messages":[{"content":"x"}]}`, 422, `{"detail":[{"type":"missing","loc":["body","messages",0,"role"],"msg":"Field required"}]}`},
		{"mistral", "/v1/chat/completions", `{"model":"m"}`, 422, `{"detail":[{"type":"missing","loc":["body","messages"],"msg":"Field required"}]}`},
		{"mistral", "/v1/chat/completions", `{`, 422, `{"detail":[{"type":"json_invalid","loc":["body",1],"msg":"JSON decode error"}]}`},
		{"mistral", "/v1/chat/completions", `{"model":"m",` + messages + `,"max_tokens":0}`, 422, `{"detail":[{"type":"greater_than_equal","loc":["body","max_tokens"],"msg":"Input should be greater than or equal to 1","input":0}]}`},
		{"mistral", "/v1/chat/completions", `{"model":"m","messages":[{"role":"user","content":"x"},{"role":"assistant","content":"y"}]}`, 400, `{"object":"error","message":"Expected last role User or Tool (or Assistant with prefix True) for serving but got assistant","type":"invalid_request_message_order","param":null,"code":"3230","raw_status_code":400}`},
		{"databricks", "/serving-endpoints/e/invocations", `{"messages":"hi"}`, 400, `{"error_code":"BAD_REQUEST","message":"Bad request: json: cannot unmarshal string into Go struct field ChatRequest.messages of type []Message","details":[{"@type":"type.googleapis.com/google.rpc.RequestInfo","request_id":"req_test","serving_data":""}]}`},
		{"databricks", "/serving-endpoints/chat/completions", `{`, 400, `{"error_code":"BAD_REQUEST","message":"Bad request: unexpected end of JSON input","details":[{"@type":"type.googleapis.com/google.rpc.RequestInfo","request_id":"req_test","serving_data":""}]}`},
		{"azureml", "/score", `{"input_data":{"input_string":[]}}`, 424, `{"error":{"code":"BadRequestError","message":"[{'type': 'too_short', 'loc': ('body', 'input_string'), 'msg': 'List should have at least 1 item after validation, not 0'}]"}}`},
		{"azureml", "/score", `{"input_data":{"input_string":[{"role":"king"}]}}`, 424, `{"error":{"code":"BadRequestError","message":"Unexpected message role: king (input_string[0].role)"}}`},
	} {
		d := dialect(t, c.dialect)
		got, fail := d.DecodeRequest(post(c.path, c.body), []byte(c.body))
		if fail == nil {
			t.Errorf("%s %s: accepted as %+v", c.dialect, c.body, got)
			continue
		}
		if resp := written(d, fail); resp.status != c.status || resp.body != c.want || !json.Valid([]byte(resp.body)) {
			t.Errorf("%s %s\n got %d %s\nwant %d %s", c.dialect, c.body, resp.status, resp.body, c.status, c.want)
		}
	}
}

// Which model is meant: by the path, by a header, by the body.
func TestCousinModels(t *testing.T) {
	const messages = `"messages":[{"role":"user","content":"hi"}]`
	for _, c := range []struct{ dialect, path, header, body, model string }{
		{"azure", "/openai/deployments/my/dep/chat/completions?api-version=2024-10-21", "", `{` + messages + `}`, "my/dep"},
		{"azure", "/openai/deployments/dep/chat/completions?api-version=2024-10-21", "", `{"model":"other",` + messages + `}`, "dep"},
		{"azure", "/openai/v1/chat/completions", "", `{"model":"dep",` + messages + `}`, "dep"},
		{"databricks", "/serving-endpoints/e/invocations", "", `{` + messages + `}`, "e"},
		{"azureml", "/v1/chat/completions", "", `{` + messages + `}`, ""},
		{"azureml", "/score", "green", `{"model":"m",` + messages + `}`, "green"},
	} {
		r := post(c.path, c.body)
		if c.header != "" {
			r.Header.Set("Azureml-Model-Deployment", c.header)
		}
		req, fail := dialect(t, c.dialect).DecodeRequest(r, []byte(c.body))
		if fail != nil || req.Model != c.model {
			t.Errorf("%s %s: %+v, %v", c.dialect, c.path, req, fail)
		}
	}
	body := `{"input":"hi"}`
	e, fail := dialect(t, "azure").(wire.Embedder).DecodeEmbed(post("/openai/deployments/emb/embeddings?api-version=2024-10-21", body), []byte(body))
	if fail != nil || e.Model != "emb" || !reflect.DeepEqual(e.Inputs, []string{"hi"}) {
		t.Errorf("embeddings of a deployment: %+v, %v", e, fail)
	}
	if _, fail := dialect(t, "mistral").(wire.Embedder).DecodeEmbed(post("/v1/embeddings", body), []byte(body)); fail == nil || fail.Param != "model" {
		t.Errorf("embeddings without a model: %v", fail)
	}
}

// The catalogue's own shape of a chat at an endpoint of Azure ML.
func TestAzureMLScore(t *testing.T) {
	d := dialect(t, "azureml")
	body := `{"input_data":{"input_string":[{"role":"user","content":"hi [[bo:1]]"}],"parameters":{"temperature":0.5,"max_new_tokens":20}}}`
	req, fail := d.DecodeRequest(post("/score", body), []byte(body))
	if fail != nil || req.LastUser() != "hi [[bo:1]]" || req.MaxTokens != 20 || *req.Temperature != 0.5 || req.Stream {
		t.Fatalf("%+v, %v", req, fail)
	}
	w := httptest.NewRecorder()
	if err := d.WriteAnswer(w, req, &wire.Answer{Text: "a\"b"}); err != nil || w.Body.String() != `{"output":"a\"b"}` {
		t.Errorf("%s, %v", w.Body, err)
	}
}

// headCounter counts the heads that are written.
type headCounter struct {
	*httptest.ResponseRecorder
	heads int
}

func (h *headCounter) WriteHeader(status int) {
	h.heads++
	h.ResponseRecorder.WriteHeader(status)
}

// DeepSeek's signs of life do not disturb what comes behind them.
func TestDeepSeekKeepAlive(t *testing.T) {
	d := dialect(t, "deepseek")
	alive, ok := d.(wire.KeepAliver)
	if !ok {
		t.Fatal("no signs of life")
	}
	for _, stream := range []bool{false, true} {
		req := &wire.Request{Model: "m", Stream: stream}
		w := &headCounter{ResponseRecorder: httptest.NewRecorder()}
		for i := range 3 {
			if err := alive.KeepAlive(w, req, i == 0); err != nil {
				t.Fatal(err)
			}
		}
		if w.Code != http.StatusOK || !w.Flushed {
			t.Errorf("status %d, flushed %v", w.Code, w.Flushed)
		}
		rest := wire.Begun(w)
		t.Cleanup(func() {
			if w.heads != 1 {
				t.Errorf("%d heads were written", w.heads)
			}
		})
		a := &wire.Answer{ID: "i", Model: "m", Text: "x", Finish: wire.FinishStop, Created: created}
		if !stream {
			if err := d.WriteAnswer(rest, req, a); err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(w.Body.String(), "\n\n\n{") {
				t.Errorf("body %q", w.Body)
			}
			if got, err := d.DecodeAnswer(w.Body.Bytes()); err != nil || got.Text != "x" {
				t.Errorf("%+v, %v", got, err)
			}
			continue
		}
		s, err := d.StartStream(rest, req, a)
		if err == nil {
			err = s.Text("x")
		}
		if err == nil {
			err = s.End(wire.FinishStop, wire.Usage{})
		}
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(w.Body.String(), ": keep-alive\n\n: keep-alive\n\n: keep-alive\n\ndata: {") {
			t.Errorf("body %q", w.Body)
		}
		events, bad, end := readAll(d.NewStreamReader(w.Body))
		if got := sumOf(events); got.text != "x" || !got.done || bad != 0 || end != io.EOF {
			t.Errorf("%+v, %d bad, end %v", got, bad, end)
		}
	}
}

// Streams as the providers were seen to send them.
func TestCousinStreams(t *testing.T) {
	for _, c := range []struct {
		name, dialect, in, text string
		kind                    wire.FailureKind
	}{
		{"asynchronous filter", "azure", `data: {"id":"a","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"x"},"finish_reason":null,"content_filter_results":{}}]}` + "\n\n" + `data: {"id":"","object":"","created":0,"model":"","choices":[{"index":0,"finish_reason":null,"content_filter_results":{},"content_filter_offsets":{"check_offset":44,"start_offset":44,"end_offset":198}}],"usage":null}` + "\n\ndata: [DONE]\n\n", "x", ""},
		{"error in a valid chunk", "groq", `data: {"id":"a","choices":[{"index":0,"delta":{"content":"x"}}]}` + "\n\n" + `data: {"id":"a","choices":[{"index":0,"delta":{}}],"x_groq":{"id":"req_1","error":"m is currently over capacity"}}` + "\n\ndata: [DONE]\n\n", "x", wire.FailOverload},
		{"error", "xai", `data: {"code":"c","error":"The model is currently at capacity due to high demand."}` + "\n\n", "", wire.FailOverload},
		{"flat error", "mistral", `data: {"object":"error","message":"Rate limit exceeded","type":"rate_limited","param":null,"code":"1300"}` + "\n\n", "", wire.FailRateLimit},
		{"own error", "databricks", `data: {"error_code":"INTERNAL_ERROR","message":"m"}` + "\n\n", "", wire.FailServer},
		{"comments", "deepseek", ": keep-alive\n\n" + `data: {"choices":[{"index":0,"delta":{"content":"x"}}]}` + "\n\n: keep-alive\n\ndata: [DONE]\n\n", "x", ""},
	} {
		events, bad, end := readAll(dialect(t, c.dialect).NewStreamReader(strings.NewReader(c.in)))
		got := sumOf(events)
		var kind wire.FailureKind
		if got.fail != nil {
			kind = got.fail.Kind
		}
		if got.text != c.text || kind != c.kind || bad != 0 || end != io.EOF {
			t.Errorf("%s, %s: %+v (failure %v), %d bad, end %v", c.dialect, c.name, got, got.fail, bad, end)
		}
	}
}
