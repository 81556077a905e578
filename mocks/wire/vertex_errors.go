package wire

import (
	"fmt"
	"net/http"
	"strings"
)

// vertexFailures are Vertex AI's own errors. Texts without a remark were seen
// in public reports; those of 5xx are unverified.
var vertexFailures = map[FailureKind]usual{
	FailRateLimit: {429, "RESOURCE_EXHAUSTED", "", "", vertexRateLimit},
	// There is no prepaid credit at Vertex AI. What it does when a project's
	// billing is off is a 403 in these words (unverified).
	FailQuota: {403, "PERMISSION_DENIED", "BILLING_DISABLED", "", says("This API method requires billing to be enabled. Please enable billing on project #" + vertexProject + " then retry.")},
	// Out of shared capacity is a 429 at Vertex AI.
	FailOverload: {429, "RESOURCE_EXHAUSTED", "", "", says(vertexExhausted)},
	FailServer:   {500, "INTERNAL", "", "", says("Internal error encountered.")},
	FailTimeout:  {504, "DEADLINE_EXCEEDED", "", "", says("Deadline expired before operation could complete.")},
	FailAuth: {401, "UNAUTHENTICATED", "ACCESS_TOKEN_TYPE_UNSUPPORTED", "", // the reason is unverified
		says("Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.")},
	FailPermission: {403, "PERMISSION_DENIED", "IAM_PERMISSION_DENIED", "", func(f *Failure, _ http.Header) string {
		return "Permission 'aiplatform.endpoints.predict' denied on resource '//aiplatform.googleapis.com/" + vertexResource(f) + "' (or it may not exist)."
	}},
	FailModelNotFound: {404, "NOT_FOUND", "", "", nil}, // worded by notThere
	FailContextLength: geminiFailures[FailContextLength],
	FailContentFilter: geminiFailures[FailContentFilter],
	FailBadRequest:    geminiFailures[FailBadRequest],
	FailTooLarge:      geminiFailures[FailTooLarge],
	FailNotFound:      geminiFailures[FailNotFound],
	FailMethod:        geminiFailures[FailMethod],
	FailMalformed:     geminiFailures[FailMalformed],
	FailTransport:     geminiFailures[FailTransport],
}

const vertexExhausted = "Resource exhausted. Please try again later. Please refer to https://cloud.google.com/vertex-ai/generative-ai/docs/error-code-429 for more details."

// vertexCall is the call that a failure answers.
func vertexCall(f *Failure) geminiCall {
	return gemini{&geminiFacts{versions: []string{"v1"}, parent: vertexParentPath}}.callOf(f.Surface)
}

// vertexResource is the resource that a failure is about.
func vertexResource(f *Failure) string { return vertexCall(f).parent + geminiName(f.Model) }

// vertexRateLimit words the quota of one base model. Anthropic's were seen in
// 2025 and 2026; Google's own are those of the models that have a quota and not
// a share of the common capacity (words unverified).
func vertexRateLimit(f *Failure, _ http.Header) string {
	if f.Limit == "" {
		return vertexExhausted
	}
	tokens := f.Limit == "tokens"
	base, _, _ := strings.Cut(f.Model, "@")
	quota := "generate_content_requests_per_minute_per_project_per_base_model"
	if tokens {
		quota = "generate_content_input_tokens_per_minute_per_base_model"
	}
	if vertexCall(f).anthropics() {
		base = "anthropic-" + base
		quota = "online_prediction_requests_per_base_model"
		if tokens {
			quota = "online_prediction_input_tokens_per_minute_per_base_model"
		}
	}
	return fmt.Sprintf("Quota exceeded for aiplatform.googleapis.com/%s with base model: %s. Please submit a quota increase request. https://cloud.google.com/vertex-ai/docs/generative-ai/quotas-genai.", quota, base)
}

// vertexNotThere words a model that is not there: unknown, retired and not
// allowed look the same.
func vertexNotThere(c geminiCall, f *Failure) string {
	return fmt.Sprintf("Publisher Model `%s` was not found or your project does not have access to it. Please ensure you are using a valid model version. For more information, see: https://cloud.google.com/vertex-ai/generative-ai/docs/learn/model-versions", c.parent+geminiName(f.Model))
}

// vertexDetails appends the details of Vertex AI's errors. A 429 has none: no
// delay is stated anywhere.
func vertexDetails(dst []byte, f *Failure) []byte {
	switch f.Kind {
	case FailAuth:
		dst = appendString(append(dst, `{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":`...), f.Code)
		dst = appendString(append(dst, `,"domain":"googleapis.com","metadata":{"method":`...), "google.cloud.aiplatform."+vertexCall(f).version+".PredictionService."+rpcName(vertexCall(f).method))
		return append(dst, `,"service":"aiplatform.googleapis.com"}}`...)
	case FailPermission:
		dst = appendString(append(dst, `{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":`...), f.Code)
		dst = appendString(append(dst, `,"domain":"aiplatform.googleapis.com","metadata":{"resource":`...), vertexResource(f))
		return append(dst, `,"permission":"aiplatform.endpoints.predict"}}`...)
	}
	return geminiBadRequest(dst, f)
}

// rpcName is a method's name in its service.
func rpcName(method string) string {
	if method == "" {
		return method
	}
	return strings.ToUpper(method[:1]) + method[1:]
}

// vertexAuthorize takes an OAuth token; in express mode, where no project is in
// the path, an API key too.
func vertexAuthorize(c geminiCall, r *http.Request, ok func(string) bool) *Failure {
	key := r.Header.Get("X-Goog-Api-Key")
	if key == "" {
		key = r.URL.Query().Get("key")
	}
	token, given := bearer(r.Header.Get("Authorization"))
	express := !strings.HasPrefix(c.parent, "projects/")
	switch {
	case given && ok(token), !given && express && key != "" && ok(key):
		return nil
	case given, express && key != "":
		return &Failure{Kind: FailAuth}
	case key != "":
		return &Failure{
			Kind: FailAuth, Code: "CREDENTIALS_MISSING",
			Message: "API keys are not supported by this API. Expected OAuth2 access token or other authentication credentials that assert a principal. See https://cloud.google.com/docs/authentication",
		}
	}
	return &Failure{ // words unverified, as for other APIs of Google's
		Kind: FailAuth, Code: "CREDENTIALS_MISSING",
		Message: "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
	}
}

// claudesOwn are the failures of Anthropic's models that Anthropic's API
// answers; Google's front answers the others. Which of them words an overload
// is unverified: it is taken to be the model's own 529.
var claudesOwn = map[FailureKind]bool{
	FailBadRequest: true, FailContextLength: true, FailContentFilter: true, FailOverload: true, FailServer: true,
}

// WriteFailure writes an error answer. Google's errors of Anthropic's streams
// come in an array, and others bare: both were seen for one quota.
func (d vertex) WriteFailure(w http.ResponseWriter, f *Failure) {
	if !d.asksClaude(f.Surface) {
		d.gemini.WriteFailure(w, f)
		return
	}
	if claudesOwn[f.Kind] {
		own := *f
		if !strings.HasPrefix(own.RequestID, d.claude.requestPrefix) {
			own.RequestID = d.claude.NewRequestID(answerBits(&Request{Model: f.RequestID}))
		}
		d.claude.WriteFailure(w, &own)
		return
	}
	own := *f
	if c := d.callOf(f.Surface); f.Stream && !c.array {
		c.array = true
		own.Surface = d.surface(c)
	}
	d.gemini.WriteFailure(w, &own)
}
