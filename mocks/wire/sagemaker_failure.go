package wire

import (
	"fmt"
	"net/http"
	"strconv"
)

// Types of SageMaker's errors. Most have no "Exception" in their names.
const (
	sageMakerModelError  = "ModelError"
	sageMakerNotReady    = "ModelNotReadyException"
	sageMakerInvalid     = "ValidationError"
	sageMakerUnavailable = "ServiceUnavailable"
	sageMakerInternal    = "InternalFailure"
	sageMakerDependency  = "InternalDependencyException"
	sageMakerThrottling  = "ThrottlingException"
	sageMakerStreamError = "ModelStreamError"
)

// sageMakerAccount is the account that messages name.
const sageMakerAccount = "123456789012"

// sageMakerAPI are SageMaker's errors. Statuses are the service model's.
var sageMakerAPI = &awsAPI{
	service: "sagemaker", member: "Message",
	failures: sageMakerFailures,
	types:    sageMakerTypes,
	statuses: map[int]string{
		400: sageMakerInvalid, 403: awsAccessDenied, 424: sageMakerModelError,
		429: sageMakerNotReady, 500: sageMakerInternal, 503: sageMakerUnavailable, 530: sageMakerDependency,
	},
	kind: sageMakerKind,
}

// sageMakerTypes are the errors of the service's model, and throttling, which
// is not in it. Their words are unverified but for the cold start's.
var sageMakerTypes = map[string]awsError{
	sageMakerModelError:  {kind: FailServer, status: 424, tail: sageMakerModelTail},
	sageMakerNotReady:    {kind: FailOverload, status: 429, text: "Either a serverless endpoint variant's resources are still being provisioned, or a multi-model endpoint is still downloading or loading the target model. Wait and try your request again."}, // the SDK's comment
	sageMakerInvalid:     {kind: FailBadRequest, status: 400, text: sageMakerNoCapacity},
	sageMakerUnavailable: {kind: FailOverload, status: 503, text: "The service is currently unavailable."},
	sageMakerInternal:    {kind: FailServer, status: 500, text: "An internal failure occurred."},
	sageMakerDependency:  {kind: FailServer, status: 530, text: "Your request caused an exception with an internal dependency. Contact customer support."},
	sageMakerThrottling:  {kind: FailRateLimit, status: 400}, // seen with a null message
	sageMakerStreamError: {kind: FailServer, status: 400, text: "An error occurred while streaming the response body.", tail: sageMakerStreamTail},
	"InternalStreamFailure": {
		kind: FailServer, status: 500, text: "The stream processing failed because of an unknown error, exception or failure. Try your request again.",
	},
	awsAccessDenied: {kind: FailPermission, status: 403, text: "User: arn:aws:iam::" + sageMakerAccount + ":user/brownout is not authorized to perform: sagemaker:InvokeEndpoint because no identity-based policy allows the sagemaker:InvokeEndpoint action"},
}

// sageMakerNoCapacity is what an inference component scaled to zero answers: it
// looks permanent and is gone in minutes.
const sageMakerNoCapacity = "Inference Component has no capacity to process this request. ApplicationAutoScaling may be in-progress (if configured) or try to increase the capacity by invoking UpdateInferenceComponentRuntimeConfig API."

func noEndpoint(name string) string {
	return "Endpoint " + name + " of account " + sageMakerAccount + " not found."
}

// sageMakerFailures are the usual errors. Where the container answers,
// sageMakerFill has put its words in before.
var sageMakerFailures = map[FailureKind]usual{
	FailRateLimit:     {400, sageMakerThrottling, "", "", says("")},
	FailQuota:         {400, sageMakerThrottling, "", "", says("")}, // made up: endpoints are paid by the hour
	FailOverload:      {503, sageMakerUnavailable, "", "", says(sageMakerTypes[sageMakerUnavailable].text)},
	FailServer:        {424, sageMakerModelError, "", "", says(sageMakerTypes[sageMakerModelError].text)},
	FailTimeout:       {424, sageMakerModelError, "", "", says(sageMakerTimeout)},
	FailAuth:          {403, awsUnknownKey, "", "", says(awsGatewayErrors[awsUnknownKey].text)},
	FailPermission:    {403, awsAccessDenied, "", "", says(sageMakerTypes[awsAccessDenied].text)},
	FailModelNotFound: {400, sageMakerInvalid, "", "", func(f *Failure, _ http.Header) string { return noEndpoint(f.Model) }},
	FailTooLarge:      {413, "RequestEntityTooLargeException", "", "", says("Request size exceeds the maximum payload size.")}, // unverified
	FailNotFound:      {404, "UnknownOperationException", "", "", says(awsGatewayErrors["UnknownOperationException"].text)},
	FailMethod:        {405, "UnknownOperationException", "", "", says(awsGatewayErrors["UnknownOperationException"].text)}, // status unverified
}

// sageMakerTimeout is the answer for a container that takes longer than 60 s.
const sageMakerTimeout = `Received server error (0) from primary with message "Your invocation timed out while waiting for a response from container primary. Review the latency metrics for each container in Amazon CloudWatch, resolve the issue, and try again.".` + sageMakerSee

const sageMakerSee = " See https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#logEventViewer:group=/aws/sagemaker/Endpoints/endpoint in account " + sageMakerAccount + " for more information."

// WriteFailure writes an error answer.
func (d sageMaker) WriteFailure(w http.ResponseWriter, f *Failure) {
	full := sageMakerFill(f)
	d.api.writeFailure(w, &full)
}

// DecodeFailure reads an error answer.
func (d sageMaker) DecodeFailure(status int, h http.Header, body []byte) *Failure {
	return d.api.decodeFailure(status, h, body)
}

// sageMakerFill turns what the container refuses or fails at into a ModelError:
// its status goes into Code and its body into Param. A failure that names one
// of SageMaker's types, or a status, is SageMaker's own.
func sageMakerFill(f *Failure) Failure {
	full := *f
	if _, own := sageMakerAPI.lookup(f.Type); own || f.Status != 0 && f.Status != http.StatusFailedDependency {
		return full
	}
	switch f.Kind {
	case FailOverload:
		if f.Loading {
			full.Type = sageMakerNotReady
		}
	case FailTimeout:
		full.Type, full.Code = sageMakerModelError, "0"
	case FailContextLength, FailContentFilter, FailBadRequest, FailServer, FailMalformed, FailTransport:
		full.Status = 0
		inner := fill(&full, vLLMFailures, nil)
		body := string(appendVLLMError(nil, &inner))
		side := "client"
		if inner.Status >= 500 {
			side = "server"
		}
		full = Failure{
			Kind: f.Kind, Type: sageMakerModelError, Code: strconv.Itoa(inner.Status), Param: body, RetryAfter: f.RetryAfter, RequestID: f.RequestID,
			Message: fmt.Sprintf("Received %s error (%d) from primary with message \"%s\".%s", side, inner.Status, body, sageMakerSee),
		}
	}
	return full
}

// sageMakerModelTail appends what the container said.
func sageMakerModelTail(dst []byte, f *Failure) []byte {
	status, err := strconv.Atoi(f.Code)
	if err != nil {
		status = http.StatusInternalServerError
	}
	dst = appendString(append(dst, `,"OriginalMessage":`...), f.Param)
	dst = appendField(dst, `,"OriginalStatusCode":`, status)
	return appendString(append(dst, `,"LogStreamArn":`...), "arn:aws:logs:us-east-1:"+sageMakerAccount+":log-group:/aws/sagemaker/Endpoints/endpoint")
}

// Causes of a broken stream.
const (
	streamTooLong = "ModelInvocationTimeExceeded"
	streamBroken  = "StreamBroken"
)

func sageMakerStreamTail(dst []byte, f *Failure) []byte {
	cause := streamBroken
	if f.Kind == FailTimeout {
		cause = streamTooLong
	}
	return appendString(append(dst, `,"ErrorCode":`...), cause)
}

// sageMakerKind settles what a ModelError means: what the container's own error
// does. An endpoint that is scaled to zero says so in a validation error.
func sageMakerKind(f *Failure, body *awsBody) FailureKind {
	switch f.Type {
	case sageMakerModelError:
		if containsAny(f.Message, "timed out", "could not get a response") {
			return FailTimeout
		}
		status, err := strconv.Atoi(string(body.Original))
		if err != nil || status < 100 {
			return FailServer
		}
		inner := decodeOpenAIFailure(status, nil, []byte(body.Said))
		if inner.Kind == FailBadRequest && inner.Message != "" { // what it minds is in its own words
			f.Message, f.Param = inner.Message, inner.Param
		}
		return inner.Kind
	case sageMakerStreamError:
		if body.Cause == streamTooLong {
			return FailTimeout
		}
	case sageMakerInvalid:
		switch {
		case containsAny(f.Message, "no capacity"):
			return FailOverload
		case containsAny(f.Message, "endpoint", "variant") && containsAny(f.Message, "not found"):
			return FailModelNotFound
		}
	}
	if f.Status == http.StatusRequestEntityTooLarge {
		return FailTooLarge
	}
	return ""
}
