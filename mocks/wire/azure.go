package wire

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// azureOpenAI is OpenAI's models behind Azure's gateway: a deployment's name in
// the path with an api-version, or OpenAI's own paths below /openai/v1.
// Sources: learn.microsoft.com (foundry/openai), and public reports, named
// beside what was seen there.
var azureOpenAI = azureAPI{cousin{openAI{&flavour{
	name:        "azure",
	failures:    azureFailures,
	appendError: appendAzureError,
	judge:       azureJudge,
	invalid:     azureComplaints(),

	answerPrefix: "chatcmpl-", answerLetters: base62, answerLength: 29,
	hosted:     true,
	guarded:    "/",
	missingKey: azureDenied,
	wrongKey:   func(string) string { return azureDenied },

	maxTokensKey: "max_completion_tokens",
	seedKey:      "seed",

	fingerprint:  `,"system_fingerprint":"fp_44709d6fcb"`,
	messageTail:  `,"refusal":null,"annotations":[]`,
	choiceTail:   `,"content_filter_results":` + azureSafeAnswer,
	filteredTail: `,"content_filter_results":` + azureFilteredAnswer,
	answerTail:   azurePromptResults,
	usageTail:    openAICom.usageTail,
	nullUsage:    true,
	keeps:        true,
	// archive-old-cli-mentat#429, autogen#6465
	lead:      `data: {"choices":[],"created":0,"id":"","model":"","object":""` + azurePromptResults + "}\n\n",
	deltaTail: `,"content_filter_results":` + azureSafeAnswer,

	appendModel: appendAzureModel,
	health:      openAICom.health,
}}, &customs{
	locate:     azureLocate,
	goTo:       azureGoTo,
	keyOf:      azureKey,
	setKey:     func(h http.Header, key string) { h.Set("Api-Key", key) },
	headers:    azureHeaders,
	failing:    azureFailing,
	requestID:  uuid,
	toolCallID: func(bits uint64) string { return spell("call_", bits, base62, 24) },
}}}

// What the content filter says of a harmless prompt and answer. The filter of
// jailbreaks looks at prompts only.
const (
	azureSafe           = `"hate":{"filtered":false,"severity":"safe"},"self_harm":{"filtered":false,"severity":"safe"},"sexual":{"filtered":false,"severity":"safe"},"violence":{"filtered":false,"severity":"safe"}}`
	azureSafeAnswer     = "{" + azureSafe
	azureFilteredAnswer = `{"hate":{"filtered":false,"severity":"safe"},"self_harm":{"filtered":false,"severity":"safe"},"sexual":{"filtered":false,"severity":"safe"},"violence":{"filtered":true,"severity":"medium"}}` // which category it was is made up
	azurePromptResults  = `,"prompt_filter_results":[{"prompt_index":0,"content_filter_results":{"jailbreak":{"filtered":false,"detected":false},` + azureSafe + "}]"
)

// azureVersion is the api-version that the client asks for: the last stable one
// of the deployment paths.
const azureVersion = "2024-10-21"

// azureVersions are those that the deployment paths take. Microsoft retires
// previews; which of them still answer is unverified.
var azureVersions = []string{
	"2022-12-01", "2023-05-15", "2024-02-01", "2024-06-01", "2024-10-21",
	"2024-05-01-preview", "2024-07-01-preview", "2024-08-01-preview", "2024-09-01-preview", "2024-10-01-preview", "2024-12-01-preview",
	"2025-01-01-preview", "2025-02-01-preview", "2025-03-01-preview", "2025-04-01-preview",
}

// azureRegion is the region that headers and messages name. A dialect does not
// know where its provider stands.
const azureRegion = "East US 2"

// azureLocate finds what r asks for, checking the version as the gateway does
// before it looks at anything else. An unknown version on the deployment paths
// is a path it does not have (azure-docs#114602, #110272); the newer paths
// name it (aider-desk#460).
func azureLocate(r *http.Request) (path, model string, fail *Failure) {
	rest, ok := strings.CutPrefix(r.URL.Path, "/openai/")
	if !ok {
		return "", "", nil
	}
	version := r.URL.Query().Get("api-version")
	stated := slices.Contains(azureVersions, version)
	if v1, ok := strings.CutPrefix(rest, "v1/"); ok {
		if version != "" && version != "preview" && version != "latest" && version != "v1" {
			return "", "", azureBadVersion()
		}
		return azureKnown(v1), "", nil
	}
	if rest == "responses" || strings.HasPrefix(rest, "responses/") {
		if !stated {
			return "", "", azureBadVersion()
		}
		return "/v1/" + rest, "", nil
	}
	if !stated {
		return "", "", nil
	}
	if rest, ok := strings.CutPrefix(rest, "deployments/"); ok {
		for _, what := range []string{"/chat/completions", "/embeddings"} {
			if name, ok := strings.CutSuffix(rest, what); ok && name != "" {
				return "/v1" + what, name, nil
			}
		}
		return "", "", nil
	}
	if rest == "models" || strings.HasPrefix(rest, "models/") {
		return "/v1/" + rest, "", nil
	}
	return "", "", nil
}

// azureKnown is OpenAI's path for what stands below /openai/v1/.
func azureKnown(rest string) string {
	switch rest {
	case "chat/completions", "responses", "embeddings", "models":
		return "/v1/" + rest
	}
	if strings.HasPrefix(rest, "models/") || strings.HasPrefix(rest, "responses/") {
		return "/v1/" + rest
	}
	return ""
}

func azureBadVersion() *Failure {
	return &Failure{Kind: FailBadRequest, Code: "BadRequest", Message: "API version not supported"}
}

// azureGoTo sends chats and embeddings to the deployment that has the model's
// name, and everything else to the newer paths.
func azureGoTo(r *http.Request, model string) {
	switch r.URL.Path {
	case "/v1/chat/completions", "/v1/embeddings":
		what := strings.TrimPrefix(r.URL.Path, "/v1")
		r.URL.Path = "/openai/deployments/" + model + what
		r.URL.RawPath = "/openai/deployments/" + url.PathEscape(model) + what
		r.URL.RawQuery = "api-version=" + azureVersion
	default:
		r.URL.Path = "/openai" + r.URL.Path
	}
}

// azureKey is the key in the header that Azure has for it, or a bearer's: a
// token of Entra, or the same key from a plain OpenAI client.
func azureKey(h http.Header) (string, bool) {
	if key := h.Get("Api-Key"); key != "" {
		return key, true
	}
	return bearerKey(h)
}

// azureHeaders sets what was captured on a 200 (oaib#11). Resets are whole
// seconds, where OpenAI has durations (openai-dotnet#838).
func azureHeaders(h http.Header, requestID string, b Budgets) {
	h.Set("Apim-Request-Id", requestID)
	h.Set("X-Ms-Client-Request-Id", requestID)
	h.Set("X-Request-Id", uuid(answerBits(&Request{Model: requestID})))
	h.Set("X-Ms-Region", azureRegion)
	h.Set("Azureml-Model-Session", "d008-20240215231538")
	h.Set("X-Accel-Buffering", "no")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains; preload")
	h.Set("Cache-Control", "no-cache, must-revalidate")
	for name, q := range map[string]*Budget{"Requests": b.Requests, "Tokens": b.Tokens} {
		if q != nil {
			h.Set("X-Ratelimit-Limit-"+name, strconv.Itoa(q.Limit))
			h.Set("X-Ratelimit-Remaining-"+name, strconv.Itoa(max(0, q.Remaining)))
			h.Set("X-Ratelimit-Reset-"+name, strconv.FormatInt(seconds(q.Reset), 10))
		}
	}
}

// seconds is d in whole seconds, rounded up.
func seconds(d time.Duration) int64 {
	return int64((max(d, 0) + time.Second - 1) / time.Second)
}

// azureKept are the headers that an error answer keeps.
var azureKept = []string{"Apim-Request-Id", "Strict-Transport-Security", "X-Content-Type-Options"}

// azureFailing leaves an error answer the few headers that it really has. Only
// a 429 says how long to wait, twice over.
func azureFailing(h http.Header, f *Failure) {
	limited := f.Kind == FailRateLimit || f.Kind == FailOverload
	for name := range h {
		if !slices.Contains(azureKept, name) && !(limited && strings.HasPrefix(name, "X-Ratelimit-")) {
			h.Del(name)
		}
	}
	switch {
	case !limited:
		f.RetryAfter = 0
	case f.RetryAfter > 0:
		h.Set("Retry-After-Ms", strconv.FormatInt(int64((f.RetryAfter+time.Millisecond-1)/time.Millisecond), 10))
	}
	if f.Kind == FailPermission {
		h.Set("Policy-Id", "ThrowExceptionDueToTrafficDenied")
	}
	if f.Kind == FailModelNotFound && f.Retired && f.Status == 0 {
		f.Status, f.Code = http.StatusBadRequest, "OperationNotSupported"
	}
}

// appendAzureModel appends an entry of the list that both kinds of paths have.
func appendAzureModel(dst []byte, m ModelInfo) []byte {
	dst = appendString(append(dst, `{"id":`...), m.ID)
	dst = strconv.AppendInt(append(dst, `,"object":"model","created_at":`...), unix(m.Created), 10)
	dst = strconv.AppendInt(append(dst, `,"created":`...), unix(m.Created), 10)
	dst = append(dst, `,"status":"succeeded","lifecycle_status":"generally-available","capabilities":{"fine_tune":false,"inference":true,"completion":false,"chat_completion":`...)
	dst = strconv.AppendBool(dst, m.Embedding == 0)
	dst = strconv.AppendBool(append(dst, `,"embeddings":`...), m.Embedding > 0)
	dst = append(dst, `},"deprecation":{`...)
	if !m.Shutdown.IsZero() {
		dst = strconv.AppendInt(append(dst, `"inference":`...), m.Shutdown.Unix(), 10)
	}
	return append(dst, "}}"...)
}
