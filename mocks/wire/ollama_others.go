package wire

import "net/http"

// Paths below /v1 that Ollama has besides chat completions: OpenAI's responses
// (without keeping them) and Anthropic's messages.
const pathMessages = "/v1/messages"

// surfaceMessages marks requests of Anthropic's API.
const surfaceMessages = "messages"

// claudeAtOllama is the Messages API as Ollama offers it. No version header is
// asked for.
var claudeAtOllama = anthropic{&anthropicFacts{name: "ollama", answerPrefix: "msg_", maxTokens: anthropicCom.maxTokens}}

// decodeOthers reads a request of those paths; ok tells whether it is one.
func (d ollama) decodeOthers(r *http.Request, body []byte) (req *Request, fail *Failure, ok bool) {
	var surface string
	switch {
	case r == nil:
		return nil, nil, false
	case r.URL.Path == pathResponses:
		surface = surfaceResponses
		req, fail = d.compat.DecodeRequest(r, body)
	case r.URL.Path == pathMessages:
		surface = surfaceMessages
		var in *anthropicRequest
		if in, fail = readAnthropic(body); fail == nil {
			req, fail = in.request(false, true)
		}
	default:
		return nil, nil, false
	}
	if fail != nil {
		fail.Surface = surface
		return nil, fail, true
	}
	req.Surface, req.Truncate = surface, true
	return req, nil, true
}

// answerOthers writes a whole answer of those paths; ok tells whether it is one.
func (d ollama) answerOthers(w http.ResponseWriter, req *Request, a *Answer) (ok bool, err error) {
	switch req.Surface {
	case surfaceResponses:
		return true, d.compat.WriteAnswer(w, req, a)
	case surfaceMessages:
		return true, claudeAtOllama.WriteAnswer(w, req, a)
	}
	return false, nil
}

// startOthers starts a stream of those paths; nil: it is none.
func (d ollama) startOthers(w http.ResponseWriter, req *Request, head *Answer) (StreamWriter, error) {
	switch req.Surface {
	case surfaceResponses:
		return d.compat.StartStream(w, req, head)
	case surfaceMessages:
		s, err := claudeAtOllama.StartStream(w, req, head)
		return ollamaMessages{s.(*anthropicStream)}, err
	}
	return nil, nil
}

// ollamaMessages writes a stream of Anthropic's API, with Ollama's words where
// it fails.
type ollamaMessages struct{ *anthropicStream }

// Fail writes an in-stream error.
func (s ollamaMessages) Fail(f *Failure) error {
	full := fill(f, ollamaFailures, nil)
	full.Type = ollamaMessagesType(full.Status)
	b := append(s.buf[:0], "event: error\ndata: "...)
	return s.send(append(appendAnthropicError(b, &full, ""), "\n\n"...))
}

// failMessages writes an error of Anthropic's API.
func (d ollama) failMessages(w http.ResponseWriter, f *Failure) {
	full := fill(f, ollamaFailures, nil)
	full.Type = ollamaMessagesType(full.Status)
	_ = writeBody(w, full.Status, ollamaJSON, appendAnthropicError(nil, &full, ""))
}

// ollamaMessagesType is the type of an error by its status. That they are these
// is unverified; they are Anthropic's own.
func ollamaMessagesType(status int) string {
	switch status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge:
		return "invalid_request_error"
	case http.StatusUnauthorized:
		return "authentication_error"
	case http.StatusForbidden:
		return "permission_error"
	case http.StatusNotFound:
		return "not_found_error"
	case http.StatusTooManyRequests:
		return "rate_limit_error"
	case http.StatusServiceUnavailable:
		return "overloaded_error"
	}
	return "api_error"
}
