package wire

import "net/http"

// gemini is the dialect of Google's generateContent, in one of its flavours:
// the Gemini API's or Vertex AI's.
type gemini struct{ *geminiFacts }

// geminiFacts are what differs between the flavours, and the settings that the
// sources leave open.
type geminiFacts struct {
	name     string
	versions []string             // of paths; the client uses the first
	parent   string               // what the client's paths have between version and models, with its slash
	methods  map[string]Operation // what stands behind a model's colon
	// parents tells whether a path of that operation may have the parent.
	parents func(parent string, op Operation) bool

	failures map[FailureKind]usual
	// details appends the entries of an error's details, if there are any.
	details func(dst []byte, f *Failure) []byte
	// notThere words a model that is unknown or retired.
	notThere func(c geminiCall, f *Failure) string
	// authorize judges a call's key or token.
	authorize func(c geminiCall, r *http.Request, ok func(string) bool) *Failure
	// sign puts the key into the client's request.
	sign func(h http.Header, key string)

	// maxBody bounds a request, in bytes.
	maxBody int
	// eol ends the lines of a stream. The SDKs' scanners expect CRLF; no
	// recording shows the bytes (unverified).
	eol string

	// chunkUsage appends the usage that chunks before the last have.
	chunkUsage func(dst []byte, prompt int) []byte
	usageTail  string // at the end of a usage
	createTime bool   // answers say when they were made
	billable   bool   // counts say the billable characters too
	embedUsage bool   // the embedding of one content says its usage
	stages     bool   // answers tell of a deprecated model's stage
	modelList  string // key of the model list

	appendModel func(dst []byte, m ModelInfo) []byte
}

// Tiers of the quota that a 429 of the Gemini API names. Only the free tier's
// identifiers were seen; the paid tier's are unverified.
const (
	geminiTierMetric = "free_tier"
	geminiTierID     = "FreeTier"
)

// geminiAPI is the Gemini API. Sources: google.golang.org/genai v1.77.0, run
// and read, and public reports of error bodies.
var geminiAPI = &geminiFacts{
	name:     "gemini",
	versions: []string{"v1beta", "v1"},
	methods: map[string]Operation{
		"generateContent": OpChat, "streamGenerateContent": OpChat, "countTokens": OpCountTokens,
		"embedContent": OpEmbed, "batchEmbedContents": OpEmbed,
	},
	parents: func(parent string, _ Operation) bool { return parent == "" },

	failures:  geminiFailures,
	details:   geminiDetails,
	notThere:  geminiNotThere,
	authorize: geminiAuthorize,
	sign:      func(h http.Header, key string) { h.Set("X-Goog-Api-Key", key) },

	// Google documents 20 MB for a request with inline data; reports of 2025
	// name other figures, up to 300 MB, in the same words.
	maxBody: 20 << 20,
	eol:     "\r\n",

	chunkUsage: func(dst []byte, prompt int) []byte {
		dst = appendField(dst, `,"usageMetadata":{"promptTokenCount":`, prompt)
		return append(appendField(dst, `,"totalTokenCount":`, prompt), '}')
	},
	stages:    true,
	modelList: "models",

	appendModel: appendGeminiModel,
}

func (d gemini) Name() string { return d.name }

// NewRequestID: Google's answers carry no request id; an answer's own id
// stands in.
func (d gemini) NewRequestID(bits uint64) string { return spell("", bits, base62, 22) }

func (d gemini) NewAnswerID(bits uint64) string { return spell("", bits^0xa5a5, base62, 22) }

// NewToolCallID returns the id of a call of a function. Newer models give one,
// of a form that no source shows (unverified); older ones gave none.
func (d gemini) NewToolCallID(bits uint64) string {
	return spell("", bits, "0123456789abcdefghijklmnopqrstuvwxyz", 8)
}

func (d gemini) Usual(k FailureKind) int { return d.fill(&Failure{Kind: k}).Status }

// geminiStop is a finish in Google's words; geminiFinish the reverse. Calls of
// functions have no reason of their own.
func geminiStop(f Finish) string {
	switch f {
	case FinishStop, FinishToolCalls:
		return "STOP"
	case FinishLength:
		return "MAX_TOKENS"
	case FinishContentFilter:
		return "SAFETY"
	}
	return string(f)
}

func geminiFinish(reason string, calls bool) Finish {
	switch reason {
	case "STOP":
		if calls {
			return FinishToolCalls
		}
		return FinishStop
	case "MAX_TOKENS":
		return FinishLength
	case "SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION":
		return FinishContentFilter
	case "FINISH_REASON_UNSPECIFIED":
		return FinishNone
	}
	return Finish(reason)
}
