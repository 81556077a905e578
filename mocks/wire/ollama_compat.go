package wire

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// ollamaCompat is OpenAI's API as Ollama offers it below /v1.
var ollamaCompat = &flavour{
	name:        "ollama",
	failures:    ollamaFailures,
	appendError: appendOllamaError,
	invalid:     ollamaComplaints,

	answerPrefix: "chatcmpl-", answerLetters: "0123456789", answerLength: 3,
	maxTokensKey: "max_tokens",
	seedKey:      "seed",
	fingerprint:  `,"system_fingerprint":"fp_ollama"`,

	appendModel: func(dst []byte, m ModelInfo) []byte {
		owner, _, found := strings.Cut(m.ID, "/")
		if !found {
			owner = "library" // the namespace of names without one
		}
		dst = appendString(append(dst, `{"id":`...), m.ID)
		dst = strconv.AppendInt(append(dst, `,"object":"model","created":`...), unix(m.Created), 10)
		return append(appendString(append(dst, `,"owned_by":`...), owner), '}')
	},
}

// appendOllamaError appends OpenAI's envelope with one of three types
// (openai.go, NewError), and neither a param nor a code.
func appendOllamaError(dst []byte, f *Failure) []byte {
	typ := "api_error"
	switch f.Status {
	case http.StatusBadRequest:
		typ = "invalid_request_error"
	case http.StatusNotFound:
		typ = "not_found_error"
	}
	dst = appendString(append(dst, `{"error":{"message":`...), f.Message)
	dst = appendString(append(dst, `,"type":`...), typ)
	return append(dst, `,"param":null,"code":null}}`...)
}

// ollamaComplaints are Ollama's own, or those of Go's decoder, which it passes
// on.
var ollamaComplaints = complaints{
	needModel: true,
	syntax: func(err error) *Failure {
		what := err.Error()
		if _, _, got, ok := typeError(err); ok {
			what = "json: cannot unmarshal " + got + " into Go value of type openai.ChatCompletionRequest"
		}
		return &Failure{Kind: FailBadRequest, Message: what}
	},
	missing: func(param string) *Failure {
		switch param {
		case "model":
			return &Failure{Kind: FailBadRequest, Message: "model is required"}
		case "input":
			return &Failure{Kind: FailBadRequest, Message: "invalid input"}
		}
		return &Failure{Kind: FailBadRequest, Message: "[] is too short - '" + param + "'"}
	},
	wrongType: func(param, want, got string) *Failure {
		return &Failure{Kind: FailBadRequest, Message: fmt.Sprintf("json: cannot unmarshal %s into Go struct field ChatCompletionRequest.%s of type %s", got, param, goType(want))}
	},
	empty: func(param string) *Failure {
		if param == "input" {
			return &Failure{Kind: FailBadRequest, Message: "invalid input"}
		}
		return &Failure{Kind: FailBadRequest, Message: "[] is too short - '" + param + "'"}
	},
	// Ollama checks no bounds: a bad one makes the model fail (unverified).
	low: func(param string, least, got int) *Failure {
		return &Failure{Kind: FailBadRequest, Message: fmt.Sprintf("invalid %s: %d is less than %d", param, got, least)}
	},
	high: func(param string, bound, got float64) *Failure {
		return &Failure{Kind: FailBadRequest, Message: fmt.Sprintf("invalid %s: %g is beyond %g", param, got, bound)}
	},
	role: func(_, got string) *Failure {
		return &Failure{Kind: FailBadRequest, Message: fmt.Sprintf("invalid role: %s, must be one of [system, user, assistant, tool]", got)}
	},
}

// decodeCompat reads a request of chat completions.
func (d ollama) decodeCompat(r *http.Request, body []byte) (*Request, *Failure) {
	req, fail := d.compat.DecodeRequest(r, body)
	if fail != nil {
		fail.Surface = surfaceOpenAI
		return nil, fail
	}
	req.Surface, req.Truncate = surfaceOpenAI, true
	return req, nil
}

// compatID gives an answer its id: a small number, so that ids collide, as
// middleware/openai.go does.
func (d ollama) compatID(req *Request, a *Answer) *Answer {
	own := *a
	own.ID = "chatcmpl-" + strconv.FormatUint(answerBits(req)%999, 10)
	return &own
}

// ollamaCompatStream writes a streamed answer.
type ollamaCompatStream struct {
	*openAIStream
	calls wholeCalls
}

func (d ollama) startCompat(w http.ResponseWriter, req *Request, head *Answer) (StreamWriter, error) {
	s, err := d.compat.StartStream(w, req, d.compatID(req, head))
	plain, ok := s.(*openAIStream)
	if !ok {
		return s, err
	}
	return &ollamaCompatStream{openAIStream: plain}, err
}

// ToolCall keeps the pieces of a call until it is whole: Ollama tells of none
// before it has parsed it.
func (s *ollamaCompatStream) ToolCall(c ToolCallDelta) error {
	return s.calls.add(c, s.openAIStream.ToolCall)
}

// EndCall sends the call that waits, if there is one.
func (s *ollamaCompatStream) EndCall() error { return s.calls.last(s.openAIStream.ToolCall) }

// End closes the answer.
func (s *ollamaCompatStream) End(f Finish, u Usage) error {
	if err := s.EndCall(); err != nil {
		return err
	}
	return s.openAIStream.End(f, u)
}

// Fail ends the stream in silence: the line with the error is taken for an
// answer without words, so that the client sees an empty chunk and then the
// end of the bytes, without a reason to finish and without [DONE]
// (middleware/openai.go; read, not seen).
func (s *ollamaCompatStream) Fail(*Failure) error { return s.Text("") }

// wholeCalls gathers the pieces of calls of functions for a dialect that has
// none.
type wholeCalls struct {
	call ToolCallDelta
	open bool
}

// add takes a piece. A call that another one follows is whole, and sent.
func (w *wholeCalls) add(c ToolCallDelta, send func(ToolCallDelta) error) error {
	if w.open && c.Index == w.call.Index {
		w.call.Arguments += c.Arguments
		return nil
	}
	err := w.last(send)
	w.call, w.open = c, true
	return err
}

// last sends the call that is still open, if there is one.
func (w *wholeCalls) last(send func(ToolCallDelta) error) error {
	if !w.open {
		return nil
	}
	w.open = false
	return send(w.call)
}
