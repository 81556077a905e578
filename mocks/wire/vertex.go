package wire

import (
	"net/http"
	"strings"
)

// vertex is the dialect of Vertex AI: Google's own models with the Gemini
// API's bodies, and Anthropic's with the Messages API's, under Vertex AI's
// paths, tokens and errors.
type vertex struct {
	gemini
	claude anthropic
}

// vertexAI is Vertex AI.
var vertexAI = vertex{gemini{vertexGoogle}, anthropic{claudeOnVertex}}

// vertexProject and vertexLocation are where the client's requests go.
const (
	vertexProject    = "brownout"
	vertexLocation   = "global"
	vertexParentPath = "projects/" + vertexProject + "/locations/" + vertexLocation + "/publishers/google/"
)

// vertexGoogle are its facts for Google's own models. Sources: google.golang.org/genai v1.77.0 and
// anthropic-sdk-go's package vertex, run and read, and public reports.
var vertexGoogle = &geminiFacts{
	name:     "vertex",
	versions: []string{"v1", "v1beta1"},
	parent:   vertexParentPath,
	methods: map[string]Operation{
		"generateContent": OpChat, "streamGenerateContent": OpChat, "countTokens": OpCountTokens,
		"predict": OpEmbed, "embedContent": OpEmbed,
		"rawPredict": OpChat, "streamRawPredict": OpChat,
	},
	parents: vertexParent,

	failures:  vertexFailures,
	details:   vertexDetails,
	notThere:  vertexNotThere,
	authorize: vertexAuthorize,
	sign:      func(h http.Header, key string) { h.Set("Authorization", "Bearer "+key) },

	maxBody: MaxBody, // documented for no model
	eol:     "\r\n",

	// Recorded chunks before the last have a traffic type and no counts.
	chunkUsage: func(dst []byte, _ int) []byte {
		return append(dst, `,"usageMetadata":{"trafficType":"ON_DEMAND"}`...)
	},
	usageTail:  `,"trafficType":"ON_DEMAND"`,
	createTime: true,
	billable:   true,
	embedUsage: true,
	modelList:  "publisherModels",

	appendModel: appendPublisherModel,
}

// claudeOnVertex is the Messages API inside rawPredict: the version stands in
// the body, the model in the path, ids have a prefix of their own, and streams
// an event of Vertex AI's.
var claudeOnVertex = &anthropicFacts{
	name:          "vertex",
	answerPrefix:  "msg_vrtx_01",
	requestPrefix: "req_vrtx_01",
	callTail:      anthropicCom.callTail,
	// Its payload is unverified.
	between:       "event: vertex_event\ndata: {\"type\":\"vertex_event\"}\n\n",
	versions:      map[string]bool{"vertex-2023-10-16": false, "2026-10-21": true},
	clientVersion: "vertex-2023-10-16",
	maxTokens:     anthropicCom.maxTokens,
}

// vertexParent tells whether a path may have that parent: a project and a
// location with a publisher, or with an endpoint of one's own; or a publisher
// alone, for the model list and with an API key (express mode).
func vertexParent(parent string, op Operation) bool {
	p := strings.Split(strings.TrimSuffix(parent, "/"), "/")
	for i := 1; i < len(p); i += 2 {
		if p[i] == "" {
			return false
		}
	}
	project := len(p) >= 4 && p[0] == "projects" && p[2] == "locations"
	switch {
	case len(p) == 2:
		return p[0] == "publishers"
	case op == OpModels || op == OpModel:
		return false
	case len(p) == 4:
		return project
	}
	return len(p) == 6 && project && p[4] == "publishers"
}

// anthropics tells whether the call is for a model of Anthropic's.
func (c geminiCall) anthropics() bool { return c.publisher() == "anthropic" }

// asksClaude tells whether a request was one.
func (d vertex) asksClaude(surface string) bool {
	return surface != "" && d.callOf(surface).anthropics()
}

// Route tells what r asks for.
func (d vertex) Route(r *http.Request) (Operation, string, *Failure) {
	op, arg, fail := d.gemini.Route(r)
	if op == OpChat && fail == nil {
		c, _, _ := d.call(r.URL)
		raw := strings.HasSuffix(c.method, "awPredict")
		switch {
		case raw != c.anthropics():
			return OpUnknown, "", &Failure{Kind: FailNotFound, Param: r.URL.Path}
		case raw && c.model == "count-tokens":
			op = OpCountTokens
		}
	}
	return op, arg, fail
}

// DecodeRequest reads a request, in the form of the model's publisher.
func (d vertex) DecodeRequest(r *http.Request, body []byte) (*Request, *Failure) {
	if c, _, _ := d.call(r.URL); c.anthropics() {
		return d.decodeClaude(c, body, true)
	}
	return d.gemini.DecodeRequest(r, body)
}

// DecodeCount reads a request to count tokens.
func (d vertex) DecodeCount(r *http.Request, body []byte) (*Request, *Failure) {
	if c, _, _ := d.call(r.URL); c.anthropics() {
		return d.decodeClaude(c, body, false)
	}
	return d.gemini.DecodeCount(r, body)
}

// decodeClaude reads a message request, whose model is in the path; that of a
// count is in the body.
func (d vertex) decodeClaude(c geminiCall, body []byte, chat bool) (*Request, *Failure) {
	in, fail := readAnthropic(body)
	if fail != nil {
		return nil, d.at(c, fail)
	}
	strict, known := d.claude.versions[in.Version]
	switch {
	case in.Version == "":
		fail = anthropicBad("anthropic_version: Field required")
	case !known: // words unverified
		fail = anthropicBad("anthropic_version: Input should be 'vertex-2023-10-16'")
	}
	if fail != nil {
		return nil, d.at(c, fail)
	}
	if chat {
		in.Model = &c.model
	}
	out, fail := in.request(strict, chat)
	if fail != nil {
		return nil, d.at(c, fail)
	}
	out.Surface = d.surface(c)
	if c.method == "streamRawPredict" {
		out.Stream = true
	}
	return out, nil
}

// WriteCount writes the number of a prompt's tokens.
func (d vertex) WriteCount(w http.ResponseWriter, req *Request, tokens int) error {
	if d.asksClaude(req.Surface) {
		return d.claude.WriteCount(w, req, tokens)
	}
	return d.gemini.WriteCount(w, req, tokens)
}

// WriteAnswer writes a whole answer.
func (d vertex) WriteAnswer(w http.ResponseWriter, req *Request, a *Answer) error {
	if d.asksClaude(req.Surface) {
		own := d.claudeHead(a)
		return d.claude.WriteAnswer(w, req, &own)
	}
	return d.gemini.WriteAnswer(w, req, a)
}

// StartStream writes the head of a stream.
func (d vertex) StartStream(w http.ResponseWriter, req *Request, head *Answer) (StreamWriter, error) {
	if d.asksClaude(req.Surface) {
		own := d.claudeHead(head)
		return d.claude.StartStream(w, req, &own)
	}
	return d.gemini.StartStream(w, req, head)
}

// claudeHead gives an answer Anthropic's id, made from the one it has, and the
// model's dashed name: asked for is claude-sonnet-4-5@20250929, and
// claude-sonnet-4-5-20250929 answers.
func (d vertex) claudeHead(a *Answer) Answer {
	own := *a
	own.ID = d.claude.NewAnswerID(answerBits(&Request{Model: a.ID}))
	own.Model = strings.Replace(a.Model, "@", "-", 1)
	return own
}

// appendPublisherModel appends an entry of Vertex AI's list of a publisher's
// models. There is no date and no limit in it.
func appendPublisherModel(dst []byte, m ModelInfo) []byte {
	publisher := "google"
	if strings.HasPrefix(m.ID, "claude") {
		publisher = "anthropic"
	}
	dst = appendString(append(dst, `{"name":`...), "publishers/"+publisher+"/models/"+m.ID)
	return append(dst, `,"versionId":"default","openSourceCategory":"PROPRIETARY","launchStage":"GA"}`...)
}
