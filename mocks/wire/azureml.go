package wire

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// azureMLEndpoint is a managed online endpoint of Azure Machine Learning: a
// front that knows keys, weights and queues, and a container behind it that
// speaks OpenAI's chat completions, or the catalogue's score. What the container
// refuses comes out as a 424. Serverless endpoints have the same paths and no
// front of that sort; of them only /chat/completions is served here.
// Sources: learn.microsoft.com, how-to-troubleshoot-online-endpoints; bodies
// were seen nowhere and are unverified, all of them.
var azureMLEndpoint = azureML{cousin{openAI{&flavour{
	name:        "azureml",
	failures:    azureMLFailures,
	appendError: appendAzureMLError,
	judge:       azureMLJudge,
	invalid:     azureMLComplaints(),

	answerPrefix: "chatcmpl-", answerLetters: hex32, answerLength: 32,
	hosted:     true,
	guarded:    "/",
	missingKey: "Access token is missing, invalid, audience is incorrect (https://ml.azure.com), or have expired.",
	wrongKey: func(string) string {
		return "Access token is missing, invalid, audience is incorrect (https://ml.azure.com), or have expired."
	},

	maxTokensKey: "max_tokens",

	noCalls:     `,"tool_calls":[]`,
	appendModel: appendPlainModel,
	health: func(w http.ResponseWriter, _ Operation, healthy bool) { // the score URI's GET / says so
		if !healthy {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	},
}}, &customs{
	places: []place{
		{"/v1/chat/completions", "/v1/chat/completions"},
		{"/chat/completions", "/v1/chat/completions"},
		{"/score", "/v1/chat/completions"},
		{"/v1/embeddings", "/v1/embeddings"},
		{"/v1/models", "/v1/models"},
	},
	headers: func(h http.Header, requestID string, _ Budgets) {
		h.Set("X-Ms-Request-Id", requestID)
		h.Set("Azureml-Model-Deployment", "blue")
		h.Set("X-Ms-Server-Version", "azmlinfsrv/1.4.1") // the inference server's own header
	},
	failing:   azureMLFailing,
	requestID: uuid,
}}}

// azureML is such an endpoint with its score path.
type azureML struct{ cousin }

// surfaceScore is the catalogue's own shape of a chat, at /score.
const surfaceScore = "score"

// azureMLFailures are the front's errors, and the container's behind a 424.
var azureMLFailures = map[FailureKind]usual{
	FailRateLimit:     {429, "", "TooManyRequests", "", says("Rate-limiting")}, // older docs: over 100 requests a second
	FailQuota:         {403, "", "QuotaExceeded", "", says("The subscription's quota is exceeded.")},
	FailOverload:      {429, "", "TooManyRequests", "", says("Too many pending requests")},
	FailServer:        {424, "", "InternalServerError", "", says("Internal Server Error")},
	FailTimeout:       {408, "", "RequestTimeout", "", says("Request timeout")},
	FailAuth:          {401, "", "Unauthorized", "", says("Unauthorized")},
	FailPermission:    {403, "", "Forbidden", "", says("Forbidden")},
	FailModelNotFound: {404, "", "NotFound", "", says("The endpoint doesn't have any valid deployment with positive weight.")},
	FailContextLength: {424, "", "BadRequestError", "", vLLMFailures[FailContextLength].text},
	FailContentFilter: {424, "", "content_filter", "", says("The response was filtered due to the prompt triggering the content management policy.")},
	FailBadRequest:    {424, "", "BadRequestError", "", says("Bad Request")},
	FailTooLarge:      {413, "", "RequestEntityTooLarge", "", says("Request Entity Too Large")},
	FailNotFound:      {404, "", "NotFound", "", says("Not Found")},
	FailMethod:        {405, "", "MethodNotAllowed", "", says("Method Not Allowed")},
	FailMalformed:     {424, "", "BadGateway", "", says("Bad Gateway")},
	FailTransport:     {502, "", "BadGateway", "", says("Bad Gateway")},
}

func appendAzureMLError(dst []byte, f *Failure) []byte {
	dst = appendString(append(dst, `{"error":{"code":`...), f.Code)
	return append(appendString(append(dst, `,"message":`...), f.Message), "}}"...)
}

// azureMLComplaints are the container's, taken to be vLLM's.
func azureMLComplaints() complaints {
	c := vLLMComplaints
	c.needModel = false // an endpoint has one
	return c
}

// azureMLFailing adds what the container really answered.
func azureMLFailing(h http.Header, f *Failure) {
	f.RetryAfter = 0 // none is documented
	if fill(f, azureMLFailures, nil).Status != http.StatusFailedDependency {
		return
	}
	inner := http.StatusInternalServerError
	switch f.Kind {
	case FailContextLength, FailContentFilter, FailBadRequest:
		inner = http.StatusBadRequest
	case FailMalformed:
		inner = http.StatusBadGateway
	}
	h.Set("Ms-Azureml-Model-Error-Statuscode", strconv.Itoa(inner))
	h.Set("Ms-Azureml-Model-Error-Reason", "model_error")
}

// azureMLJudge judges a 424 by what stands behind it.
func azureMLJudge(f *Failure, h http.Header, body []byte) {
	if f.Status == http.StatusFailedDependency {
		inner, err := strconv.Atoi(h.Get("Ms-Azureml-Model-Error-Statuscode"))
		if err != nil {
			inner = http.StatusInternalServerError
		}
		f.Kind = decodeOpenAIFailure(inner, nil, body).Kind
	}
	f.RequestID = h.Get("X-Ms-Request-Id")
	switch {
	case containsAny(f.Message, "pending requests"):
		f.Kind = FailOverload
	case f.Code == "QuotaExceeded":
		f.Kind = FailQuota
	case f.Status == http.StatusNotFound && containsAny(f.Message, "valid deployment"):
		f.Kind = FailModelNotFound
	}
}

// Route tells what r asks for. The front answers its root for probes.
func (d azureML) Route(r *http.Request) (Operation, string, *Failure) {
	if r.URL.Path == "/" && r.Method == http.MethodGet {
		return OpHealth, "", nil
	}
	return d.cousin.Route(r)
}

// scoreRequest is a chat as the catalogue's containers take it. Source:
// azure.github.io/PyRIT, hf_aml_model_endpoint_guide.
type scoreRequest struct {
	Input *struct {
		Messages   []openAIMessage `json:"input_string"`
		Parameters struct {
			MaxTokens   *int     `json:"max_new_tokens"`
			Temperature *float64 `json:"temperature"`
		} `json:"parameters"`
	} `json:"input_data"`
}

// DecodeRequest reads a chat request. Which deployment is meant may be said in
// a header; without it and without a model the endpoint's own is meant.
func (d azureML) DecodeRequest(r *http.Request, body []byte) (*Request, *Failure) {
	model := r.Header.Get("Azureml-Model-Deployment")
	var in scoreRequest
	if r.URL.Path == "/score" && json.Unmarshal(body, &in) == nil && in.Input != nil {
		out := &Request{Model: model, Surface: surfaceScore, Temperature: in.Input.Parameters.Temperature}
		if n := in.Input.Parameters.MaxTokens; n != nil {
			out.MaxTokens = max(0, *n)
		}
		for i, m := range in.Input.Messages {
			switch m.Role {
			case "user", "assistant", "system":
				out.Messages = append(out.Messages, Message{Role: m.Role, Text: m.Content.text})
			default:
				return nil, d.invalid.role("input_string["+strconv.Itoa(i)+"].role", m.Role)
			}
		}
		if len(out.Messages) == 0 {
			return nil, d.invalid.empty("input_string")
		}
		return out, nil
	}
	in2, _, _ := d.inner(r)
	req, fail := d.openAI.DecodeRequest(in2, body)
	if fail == nil && model != "" {
		req.Model = model
	}
	return req, fail
}

// WriteAnswer writes a whole answer.
func (d azureML) WriteAnswer(w http.ResponseWriter, req *Request, a *Answer) error {
	if req.Surface == surfaceScore {
		return writeJSON(w, http.StatusOK, append(appendString([]byte(`{"output":`), a.Text), '}'))
	}
	return d.cousin.WriteAnswer(w, req, a)
}
