package wire

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// sageMaker is the dialect of SageMaker's runtime: InvokeEndpoint and its
// stream. The endpoint stands for the model; what is in the bodies is its
// container's affair. Here the container speaks OpenAI's chat completions, as
// those of vLLM, TGI and DJL do ("messages", "max_tokens", "stream"), with
// vLLM's words; the model may be left out, as one endpoint has one. Sources:
// aws-sdk-go-v2's service/sagemakerruntime v1.50.3 and public reports, read
// 2026-11.
type sageMaker struct {
	api       *awsAPI
	container openAI
	// variant is the production variant of an endpoint with a single one, as the
	// console names it. Where calls are split between versions of a model, the
	// version that answered is the variant.
	variant string
}

var sageMakerAWS = sageMaker{api: sageMakerAPI, container: openAI{vLLM}, variant: "AllTraffic"}

// Headers of SageMaker.
const (
	sageMakerVariant = "X-Amzn-Invoked-Production-Variant"
	sageMakerInside  = "X-Amzn-Sagemaker-Content-Type"
)

// What a path of the runtime ends in.
const (
	actInvocations = "invocations"
	actInvocation2 = "invocations-response-stream"
)

func (d sageMaker) Name() string { return "sagemaker" }

// NewRequestID returns a UUID.
func (d sageMaker) NewRequestID(bits uint64) string { return uuid(bits) }

// NewAnswerID is the container's.
func (d sageMaker) NewAnswerID(bits uint64) string { return d.container.NewAnswerID(bits) }

// NewToolCallID is the container's.
func (d sageMaker) NewToolCallID(bits uint64) string { return d.container.NewToolCallID(bits) }

func (d sageMaker) Usual(k FailureKind) int {
	full := sageMakerFill(&Failure{Kind: k})
	return d.api.fill(&full).Status
}

// endpointPath is the endpoint that a path names, and what it asks of it.
func endpointPath(u *url.URL) (endpoint, action string, ok bool) {
	rest, ok := strings.CutPrefix(u.EscapedPath(), "/endpoints/")
	name, action, whole := strings.Cut(rest, "/")
	endpoint, err := url.PathUnescape(name)
	return endpoint, action, ok && whole && err == nil && endpoint != ""
}

// Route tells what r asks for. There is no list of models: the endpoints are
// the control plane's.
func (d sageMaker) Route(r *http.Request) (Operation, string, *Failure) {
	_, action, ok := endpointPath(r.URL)
	switch {
	case !ok || action != actInvocations && action != actInvocation2:
		return OpUnknown, "", &Failure{Kind: FailNotFound}
	case r.Method != http.MethodPost:
		return OpChat, "", &Failure{Kind: FailMethod}
	}
	return OpChat, "", nil
}

// Authorized checks the access key id of the signature.
func (d sageMaker) Authorized(r *http.Request, ok func(string) bool) *Failure {
	return d.api.authorized(r, ok)
}

// DecodeRequest reads the container's request. The path tells whether the
// answer is streamed; what the body says of it is taken to agree.
func (d sageMaker) DecodeRequest(r *http.Request, body []byte) (*Request, *Failure) {
	endpoint, action, ok := endpointPath(r.URL)
	if !ok {
		return nil, &Failure{Kind: FailBadRequest, Type: sageMakerInvalid, Message: noEndpoint("")}
	}
	req, fail := d.container.DecodeRequest(r, body)
	if fail != nil {
		return nil, fail
	}
	req.Model, req.Stream = endpoint, action == actInvocation2
	return req, nil
}

// WriteHeaders sets the request id.
func (d sageMaker) WriteHeaders(h http.Header, requestID string, _ Budgets, _ time.Time) {
	h.Set("X-Amzn-Requestid", requestID)
}

// invoked tells which variant answers.
func (d sageMaker) invoked(h http.Header, req *Request, a *Answer) {
	variant := d.variant
	if a.Model != req.Model {
		variant = a.Model
	}
	h.Set(sageMakerVariant, variant)
}

// WriteAnswer writes the container's answer.
func (d sageMaker) WriteAnswer(w http.ResponseWriter, req *Request, a *Answer) error {
	d.invoked(w.Header(), req, a)
	return d.container.WriteAnswer(w, req, a)
}

// StartStream starts the container's stream, in frames.
func (d sageMaker) StartStream(w http.ResponseWriter, req *Request, head *Answer) (StreamWriter, error) {
	d.invoked(w.Header(), req, head)
	f := &framedWriter{w: w, flush: flusherOf(w), wrap: appendPart, typeHeader: sageMakerInside, inside: "text/event-stream"}
	inner, err := d.container.StartStream(f, req, head)
	return &sageMakerStream{StreamWriter: inner, d: d, f: f}, err
}

// payloadPart are the headers of a piece of the container's stream.
var payloadPart = frameHeaders("event", "PayloadPart", "application/octet-stream")

func appendPart(out, written []byte) []byte {
	start := len(out)
	return closeFrame(append(openFrame(out, payloadPart), written...), start)
}

// sageMakerStream writes the container's stream.
type sageMakerStream struct {
	StreamWriter // the container's
	d            sageMaker
	f            *framedWriter
}

// ToolCall writes a piece of a call of a function.
func (s *sageMakerStream) ToolCall(t ToolCallDelta) error {
	if w, ok := s.StreamWriter.(ToolStreamWriter); ok {
		return w.ToolCall(t)
	}
	return nil
}

// Fail writes an exception where the service itself gives up, and else the
// container's own in-stream error.
func (s *sageMakerStream) Fail(f *Failure) error {
	_, own := s.d.api.lookup(f.Type)
	if !own && f.Kind != FailTimeout && f.Kind != FailTransport {
		return s.StreamWriter.Fail(f)
	}
	full := *f
	if !own {
		full.Type = sageMakerStreamError
	}
	return s.f.frame(s.d.api.appendException(nil, &full, func(typ string) string { return typ }))
}

// WriteModels: SageMaker's runtime has no list, and Route never asks.
func (d sageMaker) WriteModels(w http.ResponseWriter, _ *http.Request, _ []ModelInfo) {
	w.WriteHeader(http.StatusNotFound)
}

// WriteModel likewise.
func (d sageMaker) WriteModel(w http.ResponseWriter, _ ModelInfo) { w.WriteHeader(http.StatusNotFound) }

// WriteHealth likewise.
func (d sageMaker) WriteHealth(w http.ResponseWriter, _ Operation, _ bool) {
	w.WriteHeader(http.StatusNotFound)
}

// NewRequest builds the container's request, without a model, and signs it. The
// key is ACCESSKEYID:SECRET[:SESSION].
func (d sageMaker) NewRequest(ctx context.Context, base, key string, req *Request) (*http.Request, error) {
	bare := *req
	bare.Model = ""
	inner, err := d.container.NewRequest(ctx, base, "", &bare)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(inner.Body)
	if err != nil {
		return nil, err
	}
	if rest, ok := bytes.CutPrefix(body, []byte(`{"model":"",`)); ok {
		body = append([]byte{'{'}, rest...)
	}
	action := actInvocations
	if req.Stream {
		action = actInvocation2
	}
	r, err := newPost(ctx, base, "/endpoints/"+escapeModel(req.Model)+"/"+action, body)
	if err != nil {
		return nil, err
	}
	return r, d.api.sign(ctx, r, body, key)
}

// DecodeAnswer reads the container's answer.
func (d sageMaker) DecodeAnswer(body []byte) (*Answer, error) { return d.container.DecodeAnswer(body) }

// NewStreamReader reads the container's stream out of its frames.
func (d sageMaker) NewStreamReader(r io.Reader) StreamReader {
	src := &frameSource{
		frames: frameReader{src: r}, failed: d.api.decodeException,
		open: func(m message) ([]byte, error) {
			if m.event != "PayloadPart" {
				return nil, nil
			}
			return m.payload, nil
		},
	}
	return &unframed{StreamReader: d.container.NewStreamReader(src), src: src}
}
