package wire

import (
	"net/http"
	"time"
)

// Budget is the state of one token bucket, for the rate-limit headers.
type Budget struct {
	Limit     int
	Remaining int
	Reset     time.Duration // until the bucket is full again
}

// Budgets are the buckets a provider reports; a nil one has no limit.
type Budgets struct {
	Requests *Budget
	Tokens   *Budget
}

// ModelInfo is one entry of a model list.
type ModelInfo struct {
	ID         string
	Context    int
	MaxOutput  int
	OwnedBy    string
	Created    time.Time
	Deprecated time.Time // zero: active
	Shutdown   time.Time // zero: not announced
	Retired    bool
	Embedding  int    // length of its vectors; 0: a chat model
	Base       string // the model it was tuned from; "": none
}

// Operation is what an HTTP request asks of a provider.
type Operation int

// Operations.
const (
	OpUnknown Operation = iota
	OpChat
	OpModels
	OpModel // one model by id
	OpHealth
	OpVersion
	OpEmbed       // embeddings; dialects that are an Embedder
	OpCountTokens // count a prompt's tokens; dialects that are a TokenCounter
	OpMetrics     // the server's own Prometheus page; dialects that are a MetricsWriter
	OpKept        // an answer that is kept; dialects that are a Librarian
	OpOther       // something small that only this dialect has; dialects that are an Oddity
)

// Server is the provider's side of a dialect.
type Server interface {
	// Route tells what r asks for. A known path with a wrong method, or an
	// unknown path, gives a Failure in Kind FailMethod or FailNotFound. For
	// OpModel the id is in arg.
	Route(r *http.Request) (op Operation, arg string, fail *Failure)
	// Authorized tells whether r carries a key that ok accepts; a Failure of
	// kind FailAuth otherwise. Dialects without keys return nil.
	Authorized(r *http.Request, ok func(key string) bool) *Failure
	// DecodeRequest reads a chat request. Body has been read and bounded by
	// the caller.
	DecodeRequest(r *http.Request, body []byte) (*Request, *Failure)
	// WriteHeaders sets the headers every answer has: request id, version,
	// rate-limit state at now.
	WriteHeaders(h http.Header, requestID string, b Budgets, now time.Time)
	// WriteAnswer writes a whole unary answer, status and body.
	WriteAnswer(w http.ResponseWriter, req *Request, a *Answer) error
	// StartStream writes the stream's head and returns the writer of the rest.
	// Nothing of the answer's text is written yet.
	StartStream(w http.ResponseWriter, req *Request, head *Answer) (StreamWriter, error)
	// WriteFailure writes an error answer with its own headers (retry-after).
	WriteFailure(w http.ResponseWriter, f *Failure)
	// WriteModels writes the model list, or the page of it that r asks for.
	WriteModels(w http.ResponseWriter, r *http.Request, ms []ModelInfo)
	// WriteModel writes one entry of it.
	WriteModel(w http.ResponseWriter, m ModelInfo)
	// WriteHealth answers OpHealth and OpVersion.
	WriteHealth(w http.ResponseWriter, op Operation, healthy bool)
	// NewRequestID returns a request id in the provider's own style for the
	// given random bits.
	NewRequestID(bits uint64) string
	// NewAnswerID does the same for Answer.ID; "" where answers carry none.
	NewAnswerID(bits uint64) string
	// Usual is the dialect's usual status for a kind of failure.
	Usual(k FailureKind) int
}

// ToolCaller is a Server with tools: its unary answers may hold calls of
// functions, and its StreamWriters are ToolStreamWriters.
type ToolCaller interface {
	// NewToolCallID returns the id of a call in the provider's own style for
	// the given random bits; "" where calls carry none.
	NewToolCallID(bits uint64) string
}

// Embedder is a Server that has embeddings.
type Embedder interface {
	DecodeEmbed(r *http.Request, body []byte) (*EmbedRequest, *Failure)
	WriteEmbeddings(w http.ResponseWriter, req *EmbedRequest, e *Embeddings) error
}

// Chooser is a Server with its own words for a model that is asked for what it
// cannot do: an embedding model for OpChat, or a chat model for OpEmbed. The
// others answer that there is no such model.
type Chooser interface {
	WrongModel(op Operation, model string) *Failure
}

// Ambiguous is an Embedder with a path for chats that takes embeddings too:
// what is asked for stands in the body.
type Ambiguous interface {
	AsksEmbeddings(r *http.Request, body []byte) bool
}

// TokenCounter is a Server that counts a prompt's tokens. The request is read
// by DecodeCount, because it may lack what a chat request must have.
type TokenCounter interface {
	DecodeCount(r *http.Request, body []byte) (*Request, *Failure)
	WriteCount(w http.ResponseWriter, req *Request, tokens int) error
}

// Oddity is a Server with small requests of its own (Ollama's /api/ps, vLLM's
// /load), which it answers by itself from the model list.
type Oddity interface {
	ServeOther(w http.ResponseWriter, r *http.Request, arg string, ms []ModelInfo, g Gauges)
}
