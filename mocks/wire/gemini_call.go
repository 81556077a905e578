package wire

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// geminiCall is what a path asks for:
// /{version}/{parent}models/{model}:{method}, with ?alt=sse or without.
type geminiCall struct {
	version string
	parent  string // with its slash; "" where there is none
	model   string // of a tuned model, or of an endpoint, with its collection
	method  string // "" for the model list or an entry of it
	array   bool   // a stream as one JSON array
}

// Collections of models that a path may name. Those of the first count for
// nothing in a model's id.
var geminiCollections = []string{"models", "tunedModels", "endpoints"}

// call reads a path. ok is false where it is none of the dialect's.
func (d gemini) call(u *url.URL) (c geminiCall, op Operation, ok bool) {
	parts := strings.Split(strings.TrimPrefix(u.Path, "/"), "/")
	at := slices.IndexFunc(parts, func(s string) bool { return slices.Contains(geminiCollections, s) })
	if at < 1 || !slices.Contains(d.versions, parts[0]) {
		return geminiCall{}, OpUnknown, false
	}
	c = geminiCall{version: parts[0], model: strings.Join(parts[at+1:], "/")}
	if at > 1 {
		c.parent = strings.Join(parts[1:at], "/") + "/"
	}
	if i := strings.LastIndexByte(c.model, ':'); i >= 0 {
		c.model, c.method = c.model[:i], c.model[i+1:]
	}
	switch {
	case c.method != "":
		op = d.methods[c.method]
		c.array = c.method == "streamGenerateContent" && !sseWanted(u.RawQuery)
	case c.model != "":
		op = OpModel
	case len(parts) == at+1:
		op = OpModels
	}
	if parts[at] != geminiCollections[0] && c.model != "" {
		c.model = parts[at] + "/" + c.model
	}
	ok = op != OpUnknown && (c.model != "" || op == OpModels) && d.parents(c.parent, op)
	return c, op, ok
}

// sseWanted tells whether a query asks for events in place of an array.
func sseWanted(query string) bool {
	for p := range strings.SplitSeq(query, "&") {
		if p == "alt=sse" {
			return true
		}
	}
	return false
}

// streamed tells whether the call asks for a stream.
func (c geminiCall) streamed() bool {
	return c.method == "streamGenerateContent" || c.method == "streamRawPredict"
}

// publisher is whose model it is, at Vertex AI.
func (c geminiCall) publisher() string {
	_, after, _ := strings.Cut(c.parent, "publishers/")
	return strings.TrimSuffix(after, "/")
}

// surface writes down in a request what its answers depend on: nothing for a
// call just like the client's.
func (d gemini) surface(c geminiCall) string {
	if c.version == d.versions[0] && c.parent == d.parent && !c.array && (c.method == "generateContent" || c.method == "streamGenerateContent") {
		return ""
	}
	s := c.version + "/" + c.parent + ":" + c.method
	if c.array {
		s += "[]"
	}
	return s
}

// callOf is the call that a surface was written for, but for its model.
func (d gemini) callOf(surface string) geminiCall {
	if surface == "" {
		return geminiCall{version: d.versions[0], parent: d.parent, method: "generateContent"}
	}
	path, array := strings.CutSuffix(surface, "[]")
	path, method, _ := strings.Cut(path, ":")
	version, parent, _ := strings.Cut(path, "/")
	return geminiCall{version: version, parent: parent, method: method, array: array}
}

// at notes in a failure which call it answers.
func (d gemini) at(c geminiCall, f *Failure) *Failure {
	if f != nil {
		f.Surface, f.Stream = d.surface(c), c.streamed()
	}
	return f
}

// Route tells what r asks for. Google answers a wrong method on a known path
// as it does an unknown path (unverified).
func (d gemini) Route(r *http.Request) (Operation, string, *Failure) {
	c, op, ok := d.call(r.URL)
	method := http.MethodPost
	if c.method == "" {
		method = http.MethodGet
	}
	switch {
	case !ok:
		return OpUnknown, "", &Failure{Kind: FailNotFound, Param: r.URL.Path}
	case r.Method != method:
		return op, "", &Failure{Kind: FailMethod, Param: r.URL.Path}
	case op == OpModel:
		return op, c.model, nil
	}
	return op, "", nil
}

// Authorized takes a key or a token, as the flavour says.
func (d gemini) Authorized(r *http.Request, ok func(string) bool) *Failure {
	c, _, _ := d.call(r.URL)
	return d.at(c, d.authorize(c, r, ok))
}

// geminiAuthorize takes a key from its header or, without it, from the query.
func geminiAuthorize(_ geminiCall, r *http.Request, ok func(string) bool) *Failure {
	key := r.Header.Get("X-Goog-Api-Key")
	if key == "" {
		key = r.URL.Query().Get("key")
	}
	switch {
	case key == "":
		return &Failure{
			Kind: FailAuth, Status: http.StatusForbidden,
			Message: "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.",
		}
	case !ok(key):
		return &Failure{Kind: FailAuth}
	}
	return nil
}
