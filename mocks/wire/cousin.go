package wire

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// cousin is a provider that speaks the OpenAI dialect: its bodies are a flavour
// of OpenAI's; its paths, keys, headers and ids are its own customs.
type cousin struct {
	openAI
	*customs
}

// customs are what a cousin does its own way. A nil field is done OpenAI's way.
type customs struct {
	// places are the provider's paths and what OpenAI has there. The first
	// place of an OpenAI path is where the client goes.
	places []place
	// locate is for providers whose paths hold more: it gives OpenAI's path for
	// what r asks for ("" where there is nothing), and the model that the path
	// names. goTo is its reverse.
	locate func(r *http.Request) (path, model string, fail *Failure)
	goTo   func(r *http.Request, model string)
	// misrouted words the refusal of an unknown path or a wrong method.
	misrouted func(r *http.Request, k FailureKind) string

	keyOf  func(h http.Header) (key string, given bool)
	setKey func(h http.Header, key string)
	noKey  *Failure // the answer to a request without a key

	// check refuses a body for what OpenAI would not mind.
	check    func(r *http.Request, body []byte) *Failure
	pinpoint bool // complaints about a body say where in it
	// headers sets what every answer has; failing adds and takes away what an
	// error answer has, and may change how the failure is told.
	headers func(h http.Header, requestID string, b Budgets)
	failing func(h http.Header, f *Failure)

	requestID, answerID, toolCallID func(bits uint64) string

	// embedsAt tells the paths for chats that take embeddings too; nil: none do.
	embedsAt func(r *http.Request) bool

	usageWithin bool // streams tell usage in their last chunk, asked for or not
	stream      func(s *openAIStream) StreamWriter
}

// place is a path of a provider and OpenAI's path for the same. Where both end
// in a slash, an id follows.
type place struct{ own, openAI string }

// inner is r as OpenAI would have been sent it.
func (d cousin) inner(r *http.Request) (in *http.Request, model string, fail *Failure) {
	var path string
	if d.locate != nil {
		path, model, fail = d.locate(r)
	} else {
		path = d.placeOf(r.URL.Path)
	}
	if path == r.URL.Path {
		return r, model, fail
	}
	in = r.WithContext(r.Context()) // a shallow copy
	u := *r.URL
	u.Path = path
	in.URL = &u
	return in, model, fail
}

func (d cousin) placeOf(path string) string {
	for _, p := range d.places {
		if path == p.own {
			return p.openAI
		}
		if id, ok := strings.CutPrefix(path, p.own); ok && id != "" && strings.HasSuffix(p.own, "/") {
			return p.openAI + id
		}
	}
	return ""
}

// Route tells what r asks for.
func (d cousin) Route(r *http.Request) (Operation, string, *Failure) {
	in, _, fail := d.inner(r)
	if fail != nil {
		return OpUnknown, "", fail
	}
	op, arg, fail := d.openAI.Route(in)
	if fail != nil {
		fail.Message = ""
		if d.misrouted != nil {
			fail.Message = d.misrouted(r, fail.Kind)
		}
	}
	return op, arg, fail
}

// Authorized checks the key.
func (d cousin) Authorized(r *http.Request, ok func(string) bool) *Failure {
	keyOf := d.keyOf
	if keyOf == nil {
		keyOf = bearerKey
	}
	key, given := keyOf(r.Header)
	switch {
	case given && ok(key):
		return nil
	case given:
		return &Failure{Kind: FailAuth, Message: d.wrongKey(key)}
	case d.noKey != nil:
		f := *d.noKey
		return &f
	}
	return &Failure{Kind: FailAuth, Message: d.missingKey}
}

func bearerKey(h http.Header) (string, bool) { return bearer(h.Get("Authorization")) }

// DecodeRequest reads a chat request. The model that the path names goes before
// the one in the body.
func (d cousin) DecodeRequest(r *http.Request, body []byte) (*Request, *Failure) {
	if d.check != nil {
		if fail := d.check(r, body); fail != nil {
			return nil, fail
		}
	}
	in, model, _ := d.inner(r)
	req, fail := d.openAI.DecodeRequest(in, body)
	switch {
	case fail != nil:
	case model != "":
		req.Model = model
	case req.Model == "":
		fail = d.invalid.missing("model")
	}
	if fail == nil && req.Stream && d.usageWithin {
		req.IncludeUsage = true
	}
	if fail != nil {
		if d.pinpoint {
			fail = pinpointed(fail, body)
		}
		return nil, fail
	}
	return req, nil
}

// DecodeEmbed reads a request of embeddings.
func (d cousin) DecodeEmbed(r *http.Request, body []byte) (*EmbedRequest, *Failure) {
	if d.check != nil {
		if fail := d.check(r, body); fail != nil {
			return nil, fail
		}
	}
	in, model, _ := d.inner(r)
	req, fail := d.openAI.DecodeEmbed(in, body)
	switch {
	case fail != nil:
	case model != "":
		req.Model = model
	case req.Model == "":
		fail = d.invalid.missing("model")
	}
	if fail != nil {
		return nil, fail
	}
	return req, nil
}

// AsksEmbeddings tells whether the body at a path that takes both asks for
// embeddings.
func (d cousin) AsksEmbeddings(r *http.Request, body []byte) bool {
	return d.embedsAt != nil && d.embedsAt(r) && inputOnly(body)
}

// inputOnly tells whether a body has an input and no messages.
func inputOnly(body []byte) bool {
	if !bytes.Contains(body, []byte(`"input"`)) {
		return false
	}
	var in struct{ Input, Messages json.RawMessage }
	return json.Unmarshal(body, &in) == nil && in.Input != nil && in.Messages == nil
}

// WriteHeaders sets what every answer has.
func (d cousin) WriteHeaders(h http.Header, requestID string, b Budgets, _ time.Time) {
	if d.headers != nil {
		d.headers(h, requestID, b)
	}
}

// StartStream writes the head of a stream.
func (d cousin) StartStream(w http.ResponseWriter, req *Request, head *Answer) (StreamWriter, error) {
	if d.usageWithin && req.IncludeUsage {
		own := *req
		own.IncludeUsage = false
		req = &own
	}
	s, err := d.openAI.StartStream(w, req, head)
	if plain, ok := s.(*openAIStream); ok && d.stream != nil {
		return d.stream(plain), err
	}
	return s, err
}

// WriteFailure writes an error answer.
func (d cousin) WriteFailure(w http.ResponseWriter, f *Failure) {
	own := *f
	if d.failing != nil {
		d.failing(w.Header(), &own)
	}
	d.openAI.WriteFailure(w, &own)
}

// NewRequestID returns a request id.
func (d cousin) NewRequestID(bits uint64) string {
	if d.requestID != nil {
		return d.requestID(bits)
	}
	return d.openAI.NewRequestID(bits)
}

// NewToolCallID returns the id of a call of a function.
func (d cousin) NewToolCallID(bits uint64) string {
	if d.toolCallID != nil {
		return d.toolCallID(bits)
	}
	return d.openAI.NewToolCallID(bits)
}

// NewAnswerID returns an answer id.
func (d cousin) NewAnswerID(bits uint64) string {
	if d.answerID != nil {
		return d.answerID(bits)
	}
	return d.openAI.NewAnswerID(bits)
}

// NewRequest builds a chat request to where the provider takes it.
func (d cousin) NewRequest(ctx context.Context, base, key string, req *Request) (*http.Request, error) {
	if d.setKey == nil {
		return d.outward(d.openAI.NewRequest(ctx, base, key, req))(req.Model)
	}
	r, err := d.outward(d.openAI.NewRequest(ctx, base, "", req))(req.Model)
	if err == nil && key != "" {
		d.setKey(r.Header, key)
	}
	return r, err
}

// outward turns a request for OpenAI's path into one for the provider's own.
func (d cousin) outward(r *http.Request, err error) func(model string) (*http.Request, error) {
	return func(model string) (*http.Request, error) {
		if err != nil {
			return nil, err
		}
		if d.goTo != nil {
			d.goTo(r, model)
			return r, nil
		}
		for _, p := range d.places {
			if p.openAI == r.URL.Path {
				r.URL.Path = p.own
				break
			}
		}
		return r, nil
	}
}
