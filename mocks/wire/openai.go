package wire

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// openAI is the dialect of chat completions, in one of its flavours.
type openAI struct{ *flavour }

// flavour is what differs between servers that speak the OpenAI dialect.
type flavour struct {
	name     string
	failures map[FailureKind]usual
	// appendError appends the error envelope of a failure with all gaps filled.
	appendError func(dst []byte, f *Failure) []byte
	invalid     complaints

	answerPrefix, answerLetters string // of answer ids
	answerLength                int
	requestPrefix               string
	callPrefix                  string // of ids of calls of functions, with 32 hex digits behind it; "" for OpenAI's own
	embedPrefix                 string // of ids of embeddings; "": they have none
	embedBareID                 bool   // embeddings carry an id that is no more than letters
	hosted                      bool   // sends request ids, versions and rate-limit headers, and knows retry-after
	guarded                     string
	missingKey                  string
	wrongKey                    func(key string) string

	maxTokensKey string // what the client calls the limit of tokens
	seedKey      string // what the client calls the seed; "": it has none, or none that is known
	continueKeys string // what the client adds to have a partial answer continued
	prefixKeys   string // what it adds to the partial answer itself
	noUser       bool   // the server takes no user
	lengthKey    string // what it calls the length of a vector; "": dimensions

	// The pieces that answers and chunks have besides the common ones.
	fingerprint    string // in both, after the model
	messageTail    string // after a message's content
	noCalls        string // after that, in a message without calls of functions
	choiceTail     string // after a finish_reason that says something
	filteredTail   string // after one that says that a filter ended it; "": choiceTail
	answerTail     string // at the end of an answer
	usageTail      string // at the end of a usage
	embedUsageTail string // at the end of a usage of embeddings
	nullUsage      bool   // chunks before the usage chunk say "usage":null

	// What the other hosts of the dialect add; all of it may be missing.
	lead      string                                                   // whole events before a stream's first chunk
	deltaTail string                                                   // after the null finish_reason of a chunk
	signature func(dst []byte, h http.Header) []byte                   // at the end of an answer and of a stream's first chunk; h are its headers
	closing   func(dst []byte, h http.Header, u Usage, s Spent) []byte // at the end of the chunk with the finish reason
	listHead  string                                                   // the model list up to its entries; "": OpenAI's
	usageMore func(dst []byte, u Usage) []byte                         // at the end of a usage
	times     func(dst []byte, s Spent) []byte                         // likewise, where the time went
	// judge reads from an error, also one inside a stream, what the family's
	// reader does not; h may be nil.
	judge      func(f *Failure, h http.Header, body []byte)
	bareStream bool // the client must not send stream_options

	// doneAfterError: an in-stream error is followed by the end marker.
	doneAfterError bool
	// edgePage is the HTML body of a 502 or 504 that the provider's edge and
	// not its API answers; "" where the API answers itself.
	edgePage string

	// keeps: answers of the responses API are kept, as they are unless asked not
	// to be.
	keeps bool
	// strict: requests that other servers of the dialect let pass are refused.
	strict bool
	// wrongModel words the refusal of a model for what it cannot do; nil: there
	// is no such model.
	wrongModel func(op Operation, model string) *Failure
	// own are the paths that a self-hosted server has beside the API; metrics
	// and other answer OpMetrics and OpOther there.
	own     map[string]Operation
	metrics func(dst []byte, g Gauges) []byte
	measure func(model string, context int) Measures // that metrics has; nil: none
	other   func(w http.ResponseWriter, r *http.Request, arg string, ms []ModelInfo, g Gauges)

	appendModel func(dst []byte, m ModelInfo) []byte
	health      func(w http.ResponseWriter, op Operation, healthy bool)
}

// openAIOrganization is the organisation that OpenAI's headers and messages
// name.
const openAIOrganization = "org-brownout"

// openAICom is OpenAI itself. Bodies, headers and statuses as published in
// openai-openapi (spec 2.3.0) and seen in public reports; what neither shows is
// marked unverified.
var openAICom = &flavour{
	name:        "openai",
	failures:    openAIFailures,
	appendError: appendOpenAIError,
	invalid:     openAIComplaints,

	answerPrefix: "chatcmpl-", answerLetters: base62, answerLength: 29,
	requestPrefix: "req_",
	hosted:        true,
	guarded:       "/",
	// Wording from public reports.
	missingKey: "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY), or as the password field (with blank username) if you're accessing the API from your browser and are prompted for a username and password. You can obtain an API key from https://platform.openai.com/account/api-keys.",
	wrongKey: func(key string) string {
		return "Incorrect API key provided: " + redactKey(key) + ". You can find your API key at https://platform.openai.com/account/api-keys."
	},

	maxTokensKey: "max_completion_tokens", // max_tokens is deprecated in the spec
	seedKey:      "seed",

	fingerprint: `,"system_fingerprint":"fp_44709d6fcb"`,
	messageTail: `,"refusal":null,"annotations":[]`,
	answerTail:  `,"service_tier":"default"`,
	usageTail:   `,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}`,
	nullUsage:   true,

	doneAfterError: false, // unverified: no capture of an in-stream error of chat completions is public
	edgePage:       cloudflarePage,

	keeps:  true,
	strict: true,
	wrongModel: func(op Operation, _ string) *Failure {
		if op == OpEmbed {
			return &Failure{Kind: FailBadRequest, Status: http.StatusForbidden, Message: "You are not allowed to generate embeddings from this model"} // ragflow#1835
		}
		return &Failure{Kind: FailBadRequest, Status: http.StatusForbidden, Message: "You are not allowed to sample from this model"} // unverified; by analogy
	},

	appendModel: appendOpenAIModel,
	health: func(w http.ResponseWriter, _ Operation, _ bool) {
		w.WriteHeader(http.StatusNotFound) // OpenAI has neither; Route never asks
	},
}

// cloudflarePage is what an edge in front of an API answers. Unverified: its
// real bytes vary; clients must judge by status.
const cloudflarePage = "<html>\r\n<head><title>%[1]d %[2]s</title></head>\r\n<body>\r\n<center><h1>%[1]d %[2]s</h1></center>\r\n<hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n"

func edgePage(page string, status int) []byte {
	return fmt.Appendf(nil, page, status, http.StatusText(status))
}

func appendOpenAIModel(dst []byte, m ModelInfo) []byte {
	dst = appendString(append(dst, `{"id":`...), m.ID)
	dst = strconv.AppendInt(append(dst, `,"object":"model","created":`...), unix(m.Created), 10)
	dst = appendString(append(dst, `,"owned_by":`...), m.OwnedBy)
	dst = append(dst, `,"shutdown_date":`...)
	if m.Shutdown.IsZero() {
		return append(dst, "null}"...)
	}
	return append(m.Shutdown.UTC().AppendFormat(dst, `"2006-01-02"`), '}')
}

// unix is t in seconds, and 0 for the zero time.
func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

func (d openAI) Name() string { return d.name }

func (d openAI) NewRequestID(bits uint64) string {
	return spell(d.requestPrefix, bits, hex32, 32)
}

func (d openAI) NewAnswerID(bits uint64) string {
	return spell(d.answerPrefix, bits^0xa5a5, d.answerLetters, d.answerLength)
}

func (d openAI) Usual(k FailureKind) int {
	return fill(&Failure{Kind: k}, d.failures, nil).Status
}
