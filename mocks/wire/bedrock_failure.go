package wire

import (
	"fmt"
	"net/http"
	"strings"
)

// Types of Bedrock's errors.
const (
	bedrockThrottling  = "ThrottlingException"
	bedrockQuota       = "ServiceQuotaExceededException"
	bedrockNotReady    = "ModelNotReadyException"
	bedrockTimeout     = "ModelTimeoutException"
	bedrockModelError  = "ModelErrorException"
	bedrockStreamError = "ModelStreamErrorException"
	bedrockNotFound    = "ResourceNotFoundException"
	bedrockValidation  = "ValidationException"
	bedrockUnavailable = "ServiceUnavailableException"
	bedrockServer      = "InternalServerException"
)

// bedrockAPI are Bedrock's errors. Statuses are the service model's; the suffix
// of the type is that of captured answers.
var bedrockAPI = &awsAPI{
	service: "bedrock", bearer: true, member: "message",
	suffix:   ":http://internal.amazon.com/coral/com.amazon.bedrock/",
	failures: bedrockFailures,
	types:    bedrockTypes,
	statuses: map[int]string{
		400: bedrockValidation, 403: awsAccessDenied, 404: bedrockNotFound, 408: bedrockTimeout,
		424: bedrockModelError, 429: bedrockThrottling, 500: bedrockServer, 503: bedrockUnavailable,
	},
	kind: bedrockKind,
}

// bedrockTypes are the errors of the service's model, with the SDK's comments
// as words where no capture is public (unverified on the wire).
var bedrockTypes = map[string]awsError{
	bedrockThrottling:  {kind: FailRateLimit, status: 429},
	bedrockQuota:       {kind: FailQuota, status: 400, text: "Your request exceeds the service quota for your account."},
	bedrockNotReady:    {kind: FailOverload, status: 429, text: "The model specified in the request is not ready to serve inference requests."},
	bedrockTimeout:     {kind: FailTimeout, status: 408, text: "The request took too long to process. Processing time exceeded the model timeout length."},
	bedrockModelError:  {kind: FailServer, status: 424, text: "The request failed due to an error while processing the model.", tail: bedrockModelTail},
	bedrockStreamError: {kind: FailServer, status: 424, text: "An error occurred while streaming the response. Retry your request.", tail: bedrockStreamTail},
	bedrockNotFound:    {kind: FailModelNotFound, status: 404, text: bedrockEndOfLife},
	bedrockValidation:  {kind: FailBadRequest, status: 400},
	"ConflictException": {
		kind: FailBadRequest, status: 400, text: "Error occurred because of a conflict while performing an operation.",
	},
	bedrockUnavailable: {kind: FailOverload, status: 503, text: "Bedrock is unable to process your request."},
	bedrockServer:      {kind: FailServer, status: 500, text: "The system encountered an unexpected error during processing. Try your request again."},
	awsAccessDenied:    {kind: FailPermission, status: 403, text: "You don't have access to the model with the specified model ID."},
}

// What a model that is gone answers. Bedrock has two words for it: at the end
// of its life, and, while it is Legacy, to accounts that have not used it of
// late (30 days; 15 were seen in 2026-03). The code tells them apart here.
const (
	bedrockEndOfLife = "This model version has reached the end of its life. Please refer to the AWS documentation for more details."
	bedrockIdle      = "Access denied. This Model is marked by provider as Legacy and you have not been actively using the model in the last 30 days. Please upgrade to an active model on Amazon Bedrock"
	bedrockLegacy    = "legacy"
)

// bedrockFailures are the usual errors. Words without a remark were seen in
// public reports.
var bedrockFailures = map[FailureKind]usual{
	FailRateLimit: {429, bedrockThrottling, "", "", func(f *Failure, _ http.Header) string {
		if f.Limit == "tokens" {
			return "Too many tokens, please wait before trying again."
		}
		return "Too many requests, please wait before trying again."
	}},
	FailQuota:      {400, bedrockQuota, "", "", says(bedrockTypes[bedrockQuota].text)},
	FailOverload:   {503, bedrockUnavailable, "", "", says("Bedrock is unable to process your request.")},
	FailServer:     {500, bedrockServer, "", "", says("The system encountered an unexpected error during processing. Try your request again.")},
	FailTimeout:    {408, bedrockTimeout, "", "", says(bedrockTypes[bedrockTimeout].text)}, // words unverified
	FailAuth:       {403, awsUnknownKey, "", "", says("The security token included in the request is invalid.")},
	FailPermission: {403, awsAccessDenied, "", "", says("You don't have access to the model with the specified model ID.")},
	// An unknown id; a retired model is told apart in bedrockFill.
	FailModelNotFound: {400, bedrockValidation, "", "", says("The provided model identifier is invalid.")},
	FailContextLength: {400, bedrockValidation, "", "", func(f *Failure, _ http.Header) string {
		if makerOf(f.Model) == "anthropic" && f.LimitValue > 0 {
			return fmt.Sprintf("The model returned the following errors: prompt is too long: %d tokens > %d maximum", f.Asked, f.LimitValue)
		}
		if f.Surface == surfaceTitanEmbed { // unverified
			return fmt.Sprintf("400 Bad Request: Too many input tokens. Max input tokens: %d, request input token count: %d", f.LimitValue, f.Asked)
		}
		return "Input is too long for requested model."
	}},
	// Answered with 200, see block. As an error, which is how a model's own filter
	// may show, its words are unverified.
	FailContentFilter: {200, bedrockValidation, "", "", says("The model returned the following errors: Output blocked by content filtering policy")},
	FailBadRequest:    {400, bedrockValidation, "", "", says("Malformed input request, please reformat your input and try again.")},
	FailTooLarge:      {400, bedrockValidation, "", "", says("1 validation error detected: Value at 'body' failed to satisfy constraint: Member must have length less than or equal to 25000000")},
	FailNotFound:      {404, "UnknownOperationException", "", "", says("The requested operation is not recognized by the service.")}, // words unverified
	FailMethod:        {405, "UnknownOperationException", "", "", says("The requested operation is not recognized by the service.")}, // status and words unverified
	FailMalformed:     {500, bedrockServer, "", "", says("The system encountered an unexpected error during processing. Try your request again.")},
	FailTransport:     {500, bedrockServer, "", "", says("The system encountered an unexpected error during processing. Try your request again.")},
}

// WriteFailure writes an error answer. What a guardrail blocks is an answer
// with its own stop reason.
func (d bedrock) WriteFailure(w http.ResponseWriter, f *Failure) {
	if f.Kind == FailContentFilter && f.Type == "" && (f.Status == 0 || f.Status == http.StatusOK) {
		d.block(w, f)
		return
	}
	full := bedrockFill(f)
	d.api.writeFailure(w, &full)
}

// bedrockBlocked is what a guardrail says instead of an answer, unless its
// owner words it otherwise: the console's own suggestion.
const bedrockBlocked = "Sorry, the model cannot answer this question."

// block answers in a guardrail's place. It costs no tokens.
func (d bedrock) block(w http.ResponseWriter, f *Failure) {
	a := &Answer{Model: f.Model, Text: f.Message, Finish: FinishContentFilter}
	setIfEmpty(&a.Text, bedrockBlocked)
	req := &Request{Surface: f.Surface, Stream: f.Stream}
	// A client that has gone is no failure of the answer: nothing to report.
	if !f.Stream {
		_ = d.WriteAnswer(w, req, a)
		return
	}
	if s, err := d.StartStream(w, req, a); err == nil && s.Text(a.Text) == nil {
		_ = s.End(a.Finish, a.Usage)
	}
}

// DecodeFailure reads an error answer, and what a guardrail answered.
func (d bedrock) DecodeFailure(status int, h http.Header, body []byte) *Failure {
	f := d.api.decodeFailure(status, h, body)
	if status == http.StatusOK {
		if a, err := d.DecodeAnswer(body); err == nil && a.Finish == FinishContentFilter {
			f.Kind, f.Message = FailContentFilter, a.Text
		}
	}
	return f
}

// bedrockFill settles what the kind alone does not: a retired model and an
// exhausted day are answered otherwise than an unknown model and a quota.
func bedrockFill(f *Failure) Failure {
	full := *f
	switch {
	case f.Kind == FailModelNotFound && (f.Retired || f.Code == bedrockLegacy):
		setIfEmpty(&full.Type, bedrockNotFound)
		if f.Code == bedrockLegacy {
			setIfEmpty(&full.Message, bedrockIdle)
		}
	case f.Kind == FailQuota && f.Status == http.StatusTooManyRequests:
		setIfEmpty(&full.Type, bedrockThrottling)
		setIfEmpty(&full.Message, "Too many tokens per day, please wait before trying again.")
	case f.Kind == FailOverload && (f.Loading && f.Status == 0 || f.Status == http.StatusTooManyRequests):
		setIfEmpty(&full.Type, bedrockNotReady)
	}
	return full
}

func bedrockModelTail(dst []byte, f *Failure) []byte {
	dst = append(dst, `,"originalStatusCode":500,"resourceName":`...)
	return appendString(dst, f.Model)
}

func bedrockStreamTail(dst []byte, f *Failure) []byte {
	dst = append(dst, `,"originalStatusCode":500,"originalMessage":`...)
	return appendString(dst, f.Message)
}

// bedrockKind settles what one type says several things of in its message.
func bedrockKind(f *Failure, _ *awsBody) FailureKind {
	has := func(phrases ...string) bool { return containsAny(f.Message, phrases...) }
	switch f.Type {
	case bedrockThrottling:
		if has("per day") {
			return FailQuota
		}
	case awsAccessDenied:
		if has("authentication failed") {
			return FailAuth
		}
	case bedrockValidation:
		switch {
		case has("length less than or equal to 25000000"):
			return FailTooLarge
		case has("input is too long", "prompt is too long", "context window", "maximum context length", "too many input tokens"):
			return FailContextLength
		case has("model identifier is invalid", "marked by provider as legacy", "on-demand throughput", "end of its life"):
			return FailModelNotFound
		case has("content filtering policy", "blocked by"):
			return FailContentFilter
		}
	case "":
		if has("authentication failed") {
			return FailAuth
		}
	}
	return ""
}

// bedrockInvalid is a refusal of a request that says what is wrong with it.
func bedrockInvalid(format string, args ...any) *Failure {
	return &Failure{Kind: FailBadRequest, Message: fmt.Sprintf(format, args...)}
}

// constraint is a refusal in the words of AWS's checks of a service's model.
func constraint(value any, at, must string) *Failure {
	return bedrockInvalid("1 validation error detected: Value '%v' at '%s' failed to satisfy constraint: %s", value, at, must)
}

// throughput is the refusal of a model that needs an inference profile, with a
// curly apostrophe as in public reports.
func throughput(id string) *Failure {
	return bedrockInvalid("Invocation of model ID %s with on-demand throughput isn’t supported. Retry your request with the ID or ARN of an inference profile that contains this model.", strings.TrimSpace(id))
}
