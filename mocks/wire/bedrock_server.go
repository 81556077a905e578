package wire

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

// What a path of the runtime ends in.
const (
	actConverse       = "converse"
	actConverseStream = "converse-stream"
	actInvoke         = "invoke"
	actInvokeStream   = "invoke-with-response-stream"
	actCount          = "count-tokens"
)

// bedrockPath is the model that a path names, and what it asks of it. The id
// is one segment, with its colons and slashes escaped by the SDKs; some clients
// leave the colons, and a slash within an ARN is borne too.
func bedrockPath(u *url.URL) (model, action string, ok bool) {
	rest, ok := strings.CutPrefix(u.EscapedPath(), "/model/")
	i := strings.LastIndexByte(rest, '/')
	if !ok || i < 1 {
		return "", "", false
	}
	model, err := url.PathUnescape(rest[:i])
	return model, rest[i+1:], err == nil
}

// Route tells what r asks for.
func (d bedrock) Route(r *http.Request) (Operation, string, *Failure) {
	const models = "/foundation-models"
	op, method, arg := OpUnknown, http.MethodPost, ""
	if model, action, ok := bedrockPath(r.URL); ok {
		switch action {
		case actInvoke:
			op = OpChat
			if embeds(bedrockModel(model)) {
				op = OpEmbed
			}
		case actConverse, actConverseStream, actInvokeStream:
			op = OpChat
		case actCount:
			op = OpCountTokens
		}
	} else if path := r.URL.Path; path == models {
		op, method = OpModels, http.MethodGet
	} else if id, ok := strings.CutPrefix(path, models+"/"); ok && id != "" {
		// Asked for by its bare id, listed under that of its profile.
		op, method, arg = OpOther, http.MethodGet, id
	}
	switch {
	case op == OpUnknown:
		return op, "", &Failure{Kind: FailNotFound}
	case r.Method != method:
		return op, arg, &Failure{Kind: FailMethod}
	}
	return op, arg, nil
}

// DecodeRequest reads a request of Converse or InvokeModel, streamed or not.
func (d bedrock) DecodeRequest(r *http.Request, body []byte) (*Request, *Failure) {
	model, action, fail := d.asked(r)
	if fail != nil {
		return nil, fail
	}
	if len(body) > d.maxBody {
		return nil, &Failure{Kind: FailTooLarge}
	}
	stream := action == actConverseStream || action == actInvokeStream
	if action == actConverse || action == actConverseStream {
		var in converseRequest
		if fail := readConverse(body, &in); fail != nil {
			return nil, fail
		}
		return in.request(model, stream)
	}
	b := bodyOfMaker(model)
	if b == nil {
		return nil, noBody(model)
	}
	return b.decode(d, body, model, stream)
}

// asked is the model that a request names, and what it asks of it.
func (d bedrock) asked(r *http.Request) (model, action string, fail *Failure) {
	id, action, ok := bedrockPath(r.URL)
	model = bedrockModel(id)
	switch {
	case !ok:
		return "", "", bedrockInvalid("The provided model identifier is invalid.")
	case d.needsProfile(model):
		fail = throughput(model)
		fail.Kind = FailModelNotFound
		return "", "", fail
	}
	return model, action, nil
}

// DecodeCount reads a request to count tokens, which holds one of Converse or
// a body of InvokeModel in base64.
func (d bedrock) DecodeCount(r *http.Request, body []byte) (*Request, *Failure) {
	model, _, fail := d.asked(r)
	if fail != nil {
		return nil, fail
	}
	var in struct {
		Input struct {
			Converse *converseRequest `json:"converse"`
			Invoke   *struct {
				Body []byte `json:"body"`
			} `json:"invokeModel"`
		} `json:"input"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, serialization(err)
	}
	switch {
	case in.Input.Converse != nil:
		return in.Input.Converse.request(model, false)
	case in.Input.Invoke == nil:
		return nil, constraint("null", "input", "Member must not be null")
	}
	b := bodyOfMaker(model)
	if b == nil {
		return nil, noBody(model)
	}
	return b.decode(d, in.Input.Invoke.Body, model, false)
}

// WriteCount writes the number of a prompt's tokens.
func (d bedrock) WriteCount(w http.ResponseWriter, _ *Request, tokens int) error {
	return writeJSON(w, http.StatusOK, append(appendField(nil, `{"inputTokens":`, tokens), '}'))
}

// noBody refuses an InvokeModel call of a maker whose bodies are not known
// here. The words are the mock's own.
func noBody(model string) *Failure {
	return bedrockInvalid("Malformed input request: this mock does not know the request body of model %s; use Converse, please reformat your input and try again.", model)
}
