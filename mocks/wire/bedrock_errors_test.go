//go:build !race

package wire_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/auth/bearer"

	"brownout/mocks/wire"
)

type bearerKey string

func (k bearerKey) RetrieveBearerToken(context.Context) (bearer.Token, error) {
	return bearer.Token{Value: string(k)}, nil
}

// bedrockErrors are failures, and what the SDK makes of them: the type (nil: a
// generic error of that code), status and message.
var bedrockErrors = []struct {
	fail    wire.Failure
	as      any
	code    string
	status  int
	message string // "": any
}{
	{wire.Failure{Kind: wire.FailRateLimit, Limit: "tokens"}, new(*types.ThrottlingException), "ThrottlingException", 429, "Too many tokens, please wait before trying again."},
	{wire.Failure{Kind: wire.FailRateLimit, Limit: "requests"}, new(*types.ThrottlingException), "ThrottlingException", 429, "Too many requests, please wait before trying again."},
	{wire.Failure{Kind: wire.FailQuota}, new(*types.ServiceQuotaExceededException), "ServiceQuotaExceededException", 400, ""},
	{wire.Failure{Kind: wire.FailQuota, Status: 429}, new(*types.ThrottlingException), "ThrottlingException", 429, "Too many tokens per day, please wait before trying again."},
	{wire.Failure{Kind: wire.FailOverload}, new(*types.ServiceUnavailableException), "ServiceUnavailableException", 503, "Bedrock is unable to process your request."},
	{wire.Failure{Kind: wire.FailOverload, Status: 429}, new(*types.ModelNotReadyException), "ModelNotReadyException", 429, ""},
	{wire.Failure{Kind: wire.FailServer}, new(*types.InternalServerException), "InternalServerException", 500, "The system encountered an unexpected error during processing. Try your request again."},
	{wire.Failure{Kind: wire.FailServer, Status: 503}, new(*types.ServiceUnavailableException), "ServiceUnavailableException", 503, "Bedrock is unable to process your request."},
	{wire.Failure{Kind: wire.FailServer, Type: "ModelErrorException"}, new(*types.ModelErrorException), "ModelErrorException", 424, ""},
	{wire.Failure{Kind: wire.FailServer, Type: "ModelStreamErrorException"}, new(*types.ModelStreamErrorException), "ModelStreamErrorException", 424, ""},
	{wire.Failure{Kind: wire.FailTimeout}, new(*types.ModelTimeoutException), "ModelTimeoutException", 408, ""},
	{wire.Failure{Kind: wire.FailPermission}, new(*types.AccessDeniedException), "AccessDeniedException", 403, "You don't have access to the model with the specified model ID."},
	{wire.Failure{Kind: wire.FailPermission, Message: "User: arn:aws:iam::1:user/x is not authorized"}, new(*types.AccessDeniedException), "AccessDeniedException", 403, "User: arn:aws:iam::1:user/x is not authorized"},
	{wire.Failure{Kind: wire.FailModelNotFound}, new(*types.ValidationException), "ValidationException", 400, "The provided model identifier is invalid."},
	{wire.Failure{Kind: wire.FailModelNotFound, Retired: true}, new(*types.ResourceNotFoundException), "ResourceNotFoundException", 404, "This model version has reached the end of its life. Please refer to the AWS documentation for more details."},
	{wire.Failure{Kind: wire.FailModelNotFound, Code: "legacy"}, new(*types.ResourceNotFoundException), "ResourceNotFoundException", 404, "Access denied. This Model is marked by provider as Legacy and you have not been actively using the model in the last 30 days. Please upgrade to an active model on Amazon Bedrock"},
	{wire.Failure{Kind: wire.FailContextLength}, new(*types.ValidationException), "ValidationException", 400, "Input is too long for requested model."},
	{wire.Failure{Kind: wire.FailContextLength, Model: haiku, Asked: 200049, LimitValue: 200000}, new(*types.ValidationException), "ValidationException", 400, "The model returned the following errors: prompt is too long: 200049 tokens > 200000 maximum"},
	{wire.Failure{Kind: wire.FailContentFilter, Status: 400}, new(*types.ValidationException), "ValidationException", 400, ""},
	{wire.Failure{Kind: wire.FailBadRequest, Type: "ConflictException"}, new(*types.ConflictException), "ConflictException", 400, ""},
	{wire.Failure{Kind: wire.FailTooLarge}, new(*types.ValidationException), "ValidationException", 400, ""},
	{wire.Failure{Kind: wire.FailAuth}, nil, "UnrecognizedClientException", 403, "The security token included in the request is invalid."},
	{wire.Failure{Kind: wire.FailAuth, Type: "ExpiredTokenException"}, nil, "ExpiredTokenException", 403, "The security token included in the request is expired"},
	{wire.Failure{Kind: wire.FailAuth, Type: "InvalidSignatureException"}, nil, "InvalidSignatureException", 403, ""},
	{wire.Failure{Kind: wire.FailNotFound}, nil, "UnknownOperationException", 404, ""},
	{wire.Failure{Kind: wire.FailServer, Status: 502, Type: "-"}, nil, "-", 502, ""},
}

func TestBedrockSDKErrors(t *testing.T) {
	for _, c := range bedrockErrors {
		p := &awsProvider{provider: provider{d: dialect(t, "bedrock"), fail: &c.fail}}
		client := bedrockClient(serveAWS(t, p), goodKey)
		_, unary := client.Converse(t.Context(), converseAsks(haiku))
		_, stream := client.ConverseStream(t.Context(), streamAsks(converseAsks(haiku)))
		_, invoke := client.InvokeModel(t.Context(), invokeAsks(haiku, claudeBody))
		for op, err := range map[string]error{"converse": unary, "stream": stream, "invoke": invoke} {
			var e smithy.APIError
			var r *awshttp.ResponseError
			if !errors.As(err, &e) || !errors.As(err, &r) {
				t.Errorf("%+v, %s: not an API error: %v", c.fail, op, err)
				continue
			}
			if e.ErrorCode() != c.code || r.HTTPStatusCode() != c.status || r.ServiceRequestID() != requestID || c.message != "" && e.ErrorMessage() != c.message || e.ErrorMessage() == "" {
				t.Errorf("%+v, %s: %d %s, request id %q: %s", c.fail, op, r.HTTPStatusCode(), e.ErrorCode(), r.ServiceRequestID(), e.ErrorMessage())
			}
			if _, generic := e.(*smithy.GenericAPIError); generic != (c.as == nil) || c.as != nil && !errors.As(err, reflect.New(reflect.TypeOf(c.as).Elem()).Interface()) {
				t.Errorf("%+v, %s: a %T", c.fail, op, e)
			}
		}
	}
}

// Failures inside a stream are typed too, and come behind what was said.
func TestBedrockSDKStreamErrors(t *testing.T) {
	for _, c := range []struct {
		fail wire.Failure
		as   any // nil: generic
		code string
	}{
		{wire.Failure{Kind: wire.FailRateLimit}, new(*types.ThrottlingException), "ThrottlingException"},
		{wire.Failure{Kind: wire.FailOverload}, new(*types.ServiceUnavailableException), "ServiceUnavailableException"},
		{wire.Failure{Kind: wire.FailServer}, new(*types.InternalServerException), "InternalServerException"},
		{wire.Failure{Kind: wire.FailServer, Type: "ModelStreamErrorException"}, new(*types.ModelStreamErrorException), "ModelStreamErrorException"},
		{wire.Failure{Kind: wire.FailContextLength}, new(*types.ValidationException), "ValidationException"},
		{wire.Failure{Kind: wire.FailTimeout}, nil, "modelTimeoutException"}, // not in this stream's union
	} {
		p := &awsProvider{provider: provider{d: dialect(t, "bedrock"), midway: &c.fail}}
		client := bedrockClient(serveAWS(t, p), goodKey)
		h := hearConverse(t, client, streamAsks(converseAsks(haiku)))
		var e smithy.APIError
		if !errors.As(h.err, &e) || e.ErrorCode() != c.code || e.ErrorMessage() == "" || h.text != joined() || h.stop != "" {
			t.Errorf("%+v: heard %+v", c.fail, h)
		}
		if c.as != nil && !errors.As(h.err, c.as) {
			t.Errorf("%+v: a %T", c.fail, e)
		}
		text, err := hearInvoke(t, client, invokeAsks(haiku, claudeBody))
		if !errors.As(err, &e) || e.ErrorMessage() == "" || text != joined() {
			t.Errorf("%+v, invoke: %q, %v", c.fail, text, err)
		}
	}
}

// A model that was cut at a guardrail or its context gives an answer, not an
// error.
func TestBedrockSDKStopReasons(t *testing.T) {
	for finish, want := range map[wire.Finish]types.StopReason{
		wire.FinishContentFilter:        types.StopReasonGuardrailIntervened,
		"content_filtered":              types.StopReasonContentFiltered,
		wire.FinishLength:               types.StopReasonMaxTokens,
		"stop_sequence":                 types.StopReasonStopSequence,
		"model_context_window_exceeded": types.StopReasonModelContextWindowExceeded,
		"malformed_tool_use":            types.StopReasonMalformedToolUse,
	} {
		p := &awsProvider{provider: provider{d: dialect(t, "bedrock")}, finish: finish}
		c := bedrockClient(serveAWS(t, p), goodKey)
		out, err := c.Converse(t.Context(), converseAsks(haiku))
		if err != nil || out.StopReason != want {
			t.Errorf("%s: %+v, %v", finish, out, err)
		}
		if h := hearConverse(t, c, streamAsks(converseAsks(haiku))); h.err != nil || h.stop != string(want) {
			t.Errorf("%s: %+v, %v", finish, h, h.err)
		}
	}
}

// What a guardrail blocks is an answer too, on each API.
func TestBedrockSDKGuardrail(t *testing.T) {
	p := &awsProvider{provider: provider{d: dialect(t, "bedrock"), fail: &wire.Failure{Kind: wire.FailContentFilter}}}
	base := serveAWS(t, p)
	c := bedrockClient(base, goodKey)
	out, err := c.Converse(t.Context(), converseAsks(haiku))
	if err != nil || out.StopReason != types.StopReasonGuardrailIntervened || len(out.Output.(*types.ConverseOutputMemberMessage).Value.Content) != 1 {
		t.Errorf("%+v, %v", out, err)
	}
	if h := hearConverse(t, c, streamAsks(converseAsks(haiku))); h.err != nil || h.stop != "guardrail_intervened" || h.text == "" || *h.usage.TotalTokens != 0 {
		t.Errorf("%+v", h)
	}
	if raw, err := c.InvokeModel(t.Context(), invokeAsks(haiku, claudeBody)); err != nil || !strings.Contains(string(raw.Body), `"stop_reason":"refusal"`) {
		t.Errorf("%+v, %v", raw, err)
	}
	for _, stream := range []bool{false, true} {
		got := ask(t, p.d, base, &wire.Request{Model: haiku, Stream: stream, Messages: []wire.Message{{Role: "user", Text: "hi"}}})
		if got.finish != wire.FinishContentFilter || got.text == "" {
			t.Errorf("stream %v: %+v", stream, got)
		}
	}
}

// Without a NopRetryer the SDK retries what it thinks is worth it: throttling
// and 5xx, but not ModelNotReady.
func TestBedrockSDKRetries(t *testing.T) {
	for _, c := range []struct {
		fail wire.Failure
		want int
	}{
		{wire.Failure{Kind: wire.FailOverload}, 3},
		{wire.Failure{Kind: wire.FailOverload, Status: 429}, 1},
		{wire.Failure{Kind: wire.FailTimeout}, 1},
	} {
		p := &awsProvider{provider: provider{d: dialect(t, "bedrock"), fail: &c.fail}}
		n := counted{Handler: p}
		client := bedrockClient(serveAWS(t, &n), goodKey, func(o *bedrockruntime.Options) {
			o.Retryer = newQuickRetryer()
		})
		if _, err := client.Converse(t.Context(), converseAsks(haiku)); err == nil || n.calls != c.want {
			t.Errorf("%+v: %d calls, %v", c.fail, n.calls, err)
		}
	}
}
