//go:build !race

package wire_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/sagemakerruntime"
	"github.com/aws/aws-sdk-go-v2/service/sagemakerruntime/types"
	"github.com/aws/smithy-go"

	"brownout/mocks/wire"
)

func sageMakerClient(base, key string, edit ...func(*sagemakerruntime.Options)) *sagemakerruntime.Client {
	return sagemakerruntime.New(sagemakerruntime.Options{
		Region: "us-east-1", BaseEndpoint: &base, Credentials: keyPair(key), Retryer: aws.NopRetryer{},
	}, edit...)
}

const chatBody = `{"messages":[{"role":"user","content":"hi"}],"max_tokens":100}`

func endpointAsks(endpoint, body string) *sagemakerruntime.InvokeEndpointInput {
	return &sagemakerruntime.InvokeEndpointInput{EndpointName: &endpoint, Body: []byte(body), ContentType: aws.String("application/json")}
}

// hearEndpoint returns the container's stream.
func hearEndpoint(t *testing.T, c *sagemakerruntime.Client, endpoint string) (string, error) {
	t.Helper()
	out, err := c.InvokeEndpointWithResponseStream(t.Context(), &sagemakerruntime.InvokeEndpointWithResponseStreamInput{
		EndpointName: &endpoint, Body: []byte(strings.Replace(chatBody, "{", `{"stream":true,"stream_options":{"include_usage":true},`, 1)), ContentType: aws.String("application/json"),
	})
	if err != nil {
		return "", err
	}
	if *out.ContentType != "text/event-stream" || out.InvokedProductionVariant == nil {
		t.Errorf("output %+v", out)
	}
	s := out.GetStream()
	defer s.Close()
	var b bytes.Buffer
	for e := range s.Events() {
		b.Write(e.(*types.ResponseStreamMemberPayloadPart).Value.Bytes)
	}
	return b.String(), s.Err()
}

func TestSageMakerSDK(t *testing.T) {
	for name, edit := range map[string]func(*sagemakerruntime.Options){
		"HTTP/1.1": func(*sagemakerruntime.Options) {},
		"HTTP/2.0": func(o *sagemakerruntime.Options) { o.HTTPClient = onlyHTTP2(t) },
	} {
		t.Run(name, func(t *testing.T) {
			p := &awsProvider{provider: provider{d: dialect(t, "sagemaker")}}
			c := sageMakerClient(serveAWS(t, p), goodKey, edit)
			out, err := c.InvokeEndpoint(t.Context(), endpointAsks("llama-chat", chatBody))
			if err != nil {
				t.Fatal(err)
			}
			var m struct {
				Model   string
				Choices []struct{ Message struct{ Content string } }
				Usage   struct {
					Total int `json:"total_tokens"`
				}
			}
			if err := json.Unmarshal(out.Body, &m); err != nil || m.Choices[0].Message.Content != joined() || m.Usage.Total != 11+len(words) {
				t.Errorf("answer %+v, %v", m, err)
			}
			if *out.InvokedProductionVariant != "AllTraffic" || *out.ContentType != "application/json" || p.raw.Proto != name {
				t.Errorf("variant %q, content type %q, over %s", *out.InvokedProductionVariant, *out.ContentType, p.raw.Proto)
			}
			if s := p.seen; s.Model != "llama-chat" || s.LastUser() != "hi" || s.MaxTokens != 100 || s.Stream {
				t.Errorf("the server understood %+v", s)
			}
			sse, err := hearEndpoint(t, c, "llama-chat")
			events, bad, _ := readAll(dialect(t, "vllm").NewStreamReader(strings.NewReader(sse)))
			if got := sumOf(events); err != nil || got.text != joined() || !got.done || got.usage.Prompt != 11 || bad != 0 || !p.seen.Stream {
				t.Errorf("stream %+v, %v", got, err)
			}

			// The version that answered is the variant.
			p.model = "llama-chat-candidate"
			if out, err = c.InvokeEndpoint(t.Context(), endpointAsks("llama-chat", chatBody)); err != nil || *out.InvokedProductionVariant != "llama-chat-candidate" {
				t.Errorf("A/B: %+v, %v", out, err)
			}
		})
	}
}

func TestSageMakerSDKErrors(t *testing.T) {
	for _, c := range []struct {
		fail    wire.Failure
		as      any // nil: generic
		code    string
		status  int
		message string // a part of it
	}{
		{wire.Failure{Kind: wire.FailRateLimit}, nil, "ThrottlingException", 400, ""},
		{wire.Failure{Kind: wire.FailOverload}, new(*types.ServiceUnavailable), "ServiceUnavailable", 503, "unavailable"},
		{wire.Failure{Kind: wire.FailOverload, Type: "ModelNotReadyException"}, new(*types.ModelNotReadyException), "ModelNotReadyException", 429, ""},
		{wire.Failure{Kind: wire.FailOverload, Type: "ValidationError"}, new(*types.ValidationError), "ValidationError", 400, "Inference Component has no capacity to process this request."},
		{wire.Failure{Kind: wire.FailServer}, new(*types.ModelError), "ModelError", 424, `Received server error (500) from primary with message "`},
		{wire.Failure{Kind: wire.FailServer, Status: 500}, new(*types.InternalFailure), "InternalFailure", 500, ""},
		{wire.Failure{Kind: wire.FailServer, Status: 530}, new(*types.InternalDependencyException), "InternalDependencyException", 530, ""},
		{wire.Failure{Kind: wire.FailTimeout}, new(*types.ModelError), "ModelError", 424, "Your invocation timed out while waiting for a response from container primary."},
		{wire.Failure{Kind: wire.FailContextLength, Asked: 9, LimitValue: 8}, new(*types.ModelError), "ModelError", 424, `Received client error (400) from primary with message "`},
		{wire.Failure{Kind: wire.FailModelNotFound, Model: "nobody"}, new(*types.ValidationError), "ValidationError", 400, "Endpoint nobody of account 123456789012 not found."},
		{wire.Failure{Kind: wire.FailAuth}, nil, "UnrecognizedClientException", 403, "The security token included in the request is invalid."},
		{wire.Failure{Kind: wire.FailPermission}, nil, "AccessDeniedException", 403, "is not authorized to perform: sagemaker:InvokeEndpoint"},
	} {
		p := &awsProvider{provider: provider{d: dialect(t, "sagemaker"), fail: &c.fail}}
		client := sageMakerClient(serveAWS(t, p), goodKey)
		_, unary := client.InvokeEndpoint(t.Context(), endpointAsks("e", chatBody))
		_, stream := hearEndpoint(t, client, "e")
		for op, err := range map[string]error{"unary": unary, "stream": stream} {
			var e smithy.APIError
			var r *awshttp.ResponseError
			if !errors.As(err, &e) || !errors.As(err, &r) {
				t.Errorf("%+v, %s: %v", c.fail, op, err)
				continue
			}
			if e.ErrorCode() != c.code || r.HTTPStatusCode() != c.status || r.ServiceRequestID() != requestID || !strings.Contains(e.ErrorMessage(), c.message) {
				t.Errorf("%+v, %s: %d %s: %s", c.fail, op, r.HTTPStatusCode(), e.ErrorCode(), e.ErrorMessage())
			}
			if _, generic := e.(*smithy.GenericAPIError); generic != (c.as == nil) || c.as != nil && !errors.As(err, reflect.New(reflect.TypeOf(c.as).Elem()).Interface()) {
				t.Errorf("%+v, %s: a %T", c.fail, op, e)
			}
		}
	}

	// What the container said is passed on.
	p := &awsProvider{provider: provider{d: dialect(t, "sagemaker")}}
	_, err := sageMakerClient(serveAWS(t, p), goodKey).InvokeEndpoint(t.Context(), endpointAsks("e", `{"messages":7}`))
	var m *types.ModelError
	if !errors.As(err, &m) || *m.OriginalStatusCode != 400 || !strings.Contains(*m.OriginalMessage, "Input should be a valid list") || m.LogStreamArn == nil {
		t.Errorf("a body that the container refuses: %v", err)
	}
	_, err = sageMakerClient(serveAWS(t, p), "AKIDWRONG").InvokeEndpoint(t.Context(), endpointAsks("e", chatBody))
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != "UnrecognizedClientException" || statusOf(err) != http.StatusForbidden {
		t.Errorf("a wrong key: %v", err)
	}
}

func TestSageMakerSDKStreamErrors(t *testing.T) {
	for _, c := range []struct {
		fail wire.Failure
		as   any // nil: the container's own, within its stream
		says string
	}{
		{wire.Failure{Kind: wire.FailTimeout}, new(*types.ModelStreamError), "ModelInvocationTimeExceeded"},
		{wire.Failure{Kind: wire.FailTransport}, new(*types.ModelStreamError), "StreamBroken"},
		{wire.Failure{Kind: wire.FailServer, Type: "InternalStreamFailure"}, new(*types.InternalStreamFailure), ""},
		{wire.Failure{Kind: wire.FailServer}, nil, "InternalServerError"},
	} {
		p := &awsProvider{provider: provider{d: dialect(t, "sagemaker"), midway: &c.fail}}
		sse, err := hearEndpoint(t, sageMakerClient(serveAWS(t, p), goodKey), "e")
		var m *types.ModelStreamError
		switch {
		case c.as == nil && (err != nil || !strings.Contains(sse, c.says)):
			t.Errorf("%+v: %v in %s", c.fail, err, sse)
		case c.as != nil && !errors.As(err, c.as):
			t.Errorf("%+v: %v", c.fail, err)
		case errors.As(err, &m) && *m.ErrorCode_ != c.says:
			t.Errorf("%+v: cause %s", c.fail, *m.ErrorCode_)
		}
	}
}

// Tools go both ways.
func TestSageMakerTools(t *testing.T) {
	for _, stream := range []bool{false, true} {
		p := &awsProvider{provider: provider{d: dialect(t, "sagemaker")}, calls: forecast}
		got := ask(t, p.d, serveAWS(t, p), &wire.Request{
			Model: "llama chat", Stream: stream, MaxTokens: 9,
			Messages: []wire.Message{{Role: "user", Text: "hi"}},
			Tools:    []wire.Tool{{Name: "get_weather", Schema: []byte(`{"type":"object"}`)}},
		})
		if got.text != joined() || len(got.calls) != 2 || got.calls[0] != forecast[0] || got.finish != wire.FinishToolCalls {
			t.Errorf("stream %v: %+v", stream, got)
		}
		if strings.Contains(string(p.body), `"model"`) || p.seen.Model != "llama chat" || len(p.seen.Tools) != 1 || p.seen.Stream != stream {
			t.Errorf("%s was understood as %+v", p.body, p.seen)
		}
	}
}

func TestSageMakerDecodeFailure(t *testing.T) {
	for _, c := range []struct {
		status    int
		typ, body string
		want      wire.FailureKind
	}{
		{424, "ModelError", `{"Message":"Received server error (503) from primary","OriginalStatusCode":503,"OriginalMessage":"{\"error\":\"full\"}"}`, wire.FailOverload},
		{424, "ModelError", `{"Message":"Received server error (0) from primary with message \"Your invocation timed out while waiting\"","OriginalStatusCode":0}`, wire.FailTimeout},
		{424, "ModelError", `{"Message":"Received client error (400) from primary","OriginalStatusCode":400,"OriginalMessage":"{\"error\":{\"message\":\"This model's maximum context length is 8 tokens\"}}"}`, wire.FailContextLength},
		{424, "ModelError", `{"Message":"Amazon SageMaker could not get a response from the e endpoint."}`, wire.FailTimeout},
		{400, "ValidationError", `{"Message":"Endpoint e of account 1 not found."}`, wire.FailModelNotFound},
		{400, "ValidationError", `{"Message":"Inference Component has no capacity to process this request. ApplicationAutoScaling may be in-progress"}`, wire.FailOverload},
		{400, "ValidationError", `{"Message":"Value at 'body' failed"}`, wire.FailBadRequest},
		{400, "ThrottlingException", `{"message":null}`, wire.FailRateLimit},
		{429, "ModelNotReadyException", `{"Message":"m"}`, wire.FailOverload},
		{530, "InternalDependencyException", `{"Message":"m"}`, wire.FailServer},
		{502, "", `<html>`, wire.FailServer},
	} {
		f := dialect(t, "sagemaker").DecodeFailure(c.status, http.Header{"X-Amzn-Errortype": {c.typ}}, []byte(c.body))
		if f.Kind != c.want || f.Type != c.typ {
			t.Errorf("%d %s: %+v, want %s", c.status, c.body, f, c.want)
		}
	}
}

func TestSageMakerRoute(t *testing.T) {
	d := dialect(t, "sagemaker")
	for _, c := range []struct {
		method, path string
		op           wire.Operation
		kind         wire.FailureKind
	}{
		{"POST", "/endpoints/e/invocations", wire.OpChat, ""},
		{"POST", "/endpoints/e/invocations-response-stream", wire.OpChat, ""},
		{"GET", "/endpoints/e/invocations", wire.OpChat, wire.FailMethod},
		{"POST", "/endpoints//invocations", wire.OpUnknown, wire.FailNotFound},
		{"POST", "/endpoints/e", wire.OpUnknown, wire.FailNotFound},
		{"POST", "/endpoints/e/async-invocations", wire.OpUnknown, wire.FailNotFound},
		{"POST", "/", wire.OpUnknown, wire.FailNotFound},
	} {
		op, _, fail := d.Route(httptest.NewRequest(c.method, c.path, nil))
		if op != c.op || (fail == nil) != (c.kind == "") || fail != nil && fail.Kind != c.kind {
			t.Errorf("%s %s: %v, %v", c.method, c.path, op, fail)
		}
	}
}
