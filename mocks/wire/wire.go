// Package wire knows how each provider's messages look on the wire: requests,
// answers, streams and errors, in both directions. The mocks use the server
// side; the router uses the client side towards providers and the server side
// towards its own clients; the load generator uses the client side.
//
// Bytes flow in and neutral values (Request, Answer, Event, Failure) flow out,
// or the reverse. A dialect knows nothing of time, load, faults or the harness.
// Facts about wire formats carry their source beside them.
package wire

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"
)

// Request is a chat request without a dialect.
type Request struct {
	Model        string
	Messages     []Message
	MaxTokens    int // 0: the model's own limit
	Temperature  *float64
	TopP         *float64 // nucleus sampling, 0..1; nil: the model's own. Set by callers; no server side reads it
	Seed         *int64   // asks for the same answer to the same request; nil: none
	User         string   // whose request it is, in the caller's words; "": not told. As TopP
	Stop         []string
	Stream       bool
	IncludeUsage bool            // the client asked for usage in the stream
	Tools        []Tool          // functions the model may call
	ToolChoice   string          // ToolAuto (or ""), ToolNone, ToolRequired, or the name of the one to call
	SingleCall   bool            // at most one call of a function may be asked for
	JSON         bool            // the answer must be one JSON object
	Schema       json.RawMessage // JSON Schema of that object; empty: any
	Version      string          // of the provider's interface, that a call is to name; "": the dialect's own. As TopP
	Surface      string          // which of the dialect's APIs was asked, where it has several: "" for its main one
	Keepable     bool            // its answer can be asked for again, of a Librarian
	Unkept       bool            // but is not to be
	Previous     string          // id of the answer that it goes on from; "": none
	Instructed   bool            // the first message instructs this one answer, and is no part of the conversation
	Keep         func(*Kept)     // told of the answer when it is whole, all but what it answered; nil: it is not kept
	Truncate     bool            // a prompt longer than the context loses its beginning and is answered all the same
}

// Tool is a function that a model may call.
type Tool struct {
	Name        string
	Description string
	Schema      json.RawMessage // JSON Schema of the arguments; empty: none
}

// Choices of tools.
const (
	ToolAuto     = "auto"
	ToolNone     = "none"
	ToolRequired = "required"
)

// ToolCall is a call of a function that a model asks for.
type ToolCall struct {
	ID        string
	Name      string
	Arguments string // a JSON object
}

// Message is one turn. Role is system, user, assistant or tool.
type Message struct {
	Role       string
	Text       string
	ToolCalls  []ToolCall // assistant: the calls it asked for
	ToolCallID string     // tool: which call this is the result of
}

// LastUser returns the text of the last user message, or "".
func (r *Request) LastUser() string {
	for i := len(r.Messages) - 1; i >= 0; i-- {
		if r.Messages[i].Role == "user" {
			return r.Messages[i].Text
		}
	}
	return ""
}

// Prefill returns the partial assistant text that a request ends with, or "".
func (r *Request) Prefill() string {
	if n := len(r.Messages); n > 0 && r.Messages[n-1].Role == "assistant" && r.Messages[n-1].ToolCalls == nil {
		return r.Messages[n-1].Text
	}
	return ""
}

// Finish says why an answer ended, in OpenAI's words whatever the dialect.
type Finish string

// Reasons to finish.
const (
	FinishNone          Finish = "" // not finished
	FinishStop          Finish = "stop"
	FinishLength        Finish = "length"
	FinishContentFilter Finish = "content_filter"
	FinishToolCalls     Finish = "tool_calls"
)

// Usage counts tokens.
type Usage struct {
	Prompt     int
	Completion int
	BilledUSD  float64 // what the provider says that it billed; 0: it says nothing
}

// Answer is a whole answer.
type Answer struct {
	ID      string
	Model   string // the model that answered, as the provider names it
	Text    string
	Finish  Finish
	Usage   Usage
	Created time.Time

	ToolCalls []ToolCall // set instead of, or beside, Text

	Spent Spent // where its time went, for dialects that tell

	StopSequence string // the request's stop sequence that ended it, if one did; dialects that do not tell leave it out

	Notice   string    // that the model is deprecated, in words; dialects without a place for it leave it out
	Shutdown time.Time // announced end of the model; zero: none
}

// Spent is where the time of a call has gone.
type Spent struct {
	Queue  time.Duration // before anything was done for it
	Load   time.Duration // of that, waiting for a model to be loaded
	Prompt time.Duration // from then to the first token
	Decode time.Duration // from the first token to the last
}

// Event is one step of a streamed answer. Most carry only Text.
type Event struct {
	ID     string
	Model  string
	Text   string   // words to append; may be empty
	Finish Finish   // set once, where the provider says why it ended
	Usage  *Usage   // set where the provider reports usage
	Done   bool     // the dialect's end marker ([DONE], message_stop, done:true)
	Fail   *Failure // the provider's own in-stream error; nothing of use follows

	ToolCall *ToolCallDelta // a piece of a call of a function
}

// ToolCallDelta is a piece of a streamed call of a function: the first of each
// Index carries ID and Name, all may carry some of Arguments.
type ToolCallDelta struct {
	Index     int
	ID        string
	Name      string
	Arguments string
}

// FailureKind is the meaning of a failure, whatever its status and shape.
type FailureKind string

// Kinds of failure.
const (
	FailRateLimit     FailureKind = "rate_limit"      // slow down; often with retry-after
	FailQuota         FailureKind = "quota_exhausted" // out of money; retrying is useless
	FailOverload      FailureKind = "overload"        // 503, 529: the provider is out of capacity
	FailServer        FailureKind = "server_error"    // 500 and its like
	FailTimeout       FailureKind = "timeout"         // the provider's own 504 or 408
	FailAuth          FailureKind = "auth"
	FailPermission    FailureKind = "permission"
	FailModelNotFound FailureKind = "model_not_found" // unknown or retired
	FailContextLength FailureKind = "context_length"
	FailContentFilter FailureKind = "content_filter"
	FailBadRequest    FailureKind = "bad_request"
	FailTooLarge      FailureKind = "too_large"  // 413
	FailNotFound      FailureKind = "not_found"  // unknown path
	FailMethod        FailureKind = "bad_method" // 405
	FailMalformed     FailureKind = "malformed"  // the bytes are not the dialect's
	FailTransport     FailureKind = "transport"  // connect, reset, cut off
)

// Failure is an error answer as meaning, with enough detail to be written in
// any dialect's own words.
type Failure struct {
	Kind       FailureKind
	Status     int           // HTTP status; 0: the dialect's usual one for the kind
	Message    string        // empty: the dialect's usual text for the kind
	Type       string        // the provider's own type word; empty: the usual one
	Code       string        // the provider's own code; empty: the usual one
	Param      string        // the field of the request it is about; empty: the usual one
	Model      string        // for messages that name it
	RetryAfter time.Duration // 0: not stated
	RequestID  string
	Limit      string // for rate limits: "requests", "tokens" or "concurrency"
	LimitValue int    // for rate limits: the limit; for context length: the context size
	Asked      int    // for rate limits and context length: what was asked for
	Retired    bool   // for FailModelNotFound: the model was there once
	Loading    bool   // for FailOverload: the model is being loaded, which takes time and not luck
	Successor  string // of a retired model; "": none is named
	Missing    string // for FailMalformed: what an answer that can be read has not got; "": it cannot be read
	Surface    string // Surface and Stream of the request that failed, where it was read:
	Stream     bool   // some dialects' errors have another shape by them
}

// Error makes a Failure an error that says kind, status and message.
func (f *Failure) Error() string {
	s := string(f.Kind)
	if f.Status != 0 {
		s += " (" + http.StatusText(f.Status) + ")"
	}
	if f.Message != "" {
		s += ": " + f.Message
	}
	return s
}

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

// StreamWriter writes the rest of a streamed answer. Each call flushes.
type StreamWriter interface {
	// Text appends words.
	Text(s string) error
	// End closes the answer properly: finish reason, usage, end marker.
	End(f Finish, u Usage) error
	// Fail writes the provider's own in-stream error.
	Fail(f *Failure) error
}

// TimedStreamWriter is a StreamWriter of a dialect that tells where the time
// went. Spent is called at most once, before End.
type TimedStreamWriter interface {
	StreamWriter
	Spent(s Spent)
}

// Pinger is a StreamWriter of a dialect that shows signs of life between two
// pieces of an answer.
type Pinger interface {
	StreamWriter
	// Ping writes one.
	Ping() error
}

// Renamer is a StreamWriter of a dialect that names the model beside what it
// says, so that another may go on with an answer.
type Renamer interface {
	StreamWriter
	// Rename names who says what follows.
	Rename(model string)
}

// ToolStreamWriter is a StreamWriter of a dialect with tools.
type ToolStreamWriter interface {
	StreamWriter
	// ToolCall writes a piece of a call of a function.
	ToolCall(d ToolCallDelta) error
}

// WholeCallStreamWriter is a ToolStreamWriter of a dialect whose calls of
// functions are whole, so that the last one waits for what follows it.
type WholeCallStreamWriter interface {
	ToolStreamWriter
	// EndCall writes the call that waits, if there is one.
	EndCall() error
}

// ToolCaller is a Server with tools: its unary answers may hold calls of
// functions, and its StreamWriters are ToolStreamWriters.
type ToolCaller interface {
	// NewToolCallID returns the id of a call in the provider's own style for
	// the given random bits; "" where calls carry none.
	NewToolCallID(bits uint64) string
}

// EmbedRequest asks for embeddings, without a dialect.
type EmbedRequest struct {
	Model      string
	Inputs     []string
	Dimensions int  // 0: the model's own
	Base64     bool // vectors are wanted as base64 of little-endian float32
	Surface    string
}

// Embeddings are the answer, one vector for each input.
type Embeddings struct {
	Model   string
	Vectors [][]float32
	Usage   Usage
	Created time.Time
}

// Embedder is a Server that has embeddings.
type Embedder interface {
	DecodeEmbed(r *http.Request, body []byte) (*EmbedRequest, *Failure)
	WriteEmbeddings(w http.ResponseWriter, req *EmbedRequest, e *Embeddings) error
}

// EmbedClient is a Client that has embeddings.
type EmbedClient interface {
	// NewEmbed builds the HTTP request for req, as NewRequest does.
	NewEmbed(ctx context.Context, base, key string, req *EmbedRequest) (*http.Request, error)
	// DecodeEmbeddings reads the answer. A body that is not the dialect's is an
	// error of kind FailMalformed.
	DecodeEmbeddings(body []byte) (*Embeddings, error)
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

// Gauges are what a self-hosted server tells of itself.
type Gauges struct {
	Model            string
	Running, Waiting int
	KVCacheUsage     float64 // 0..1
	Preemptions      uint64
	PromptTokens     uint64
	GenerationTokens uint64
	RequestsDone     map[string]uint64 // by finish reason
	Slots, SlotsBusy int
	PromptTime       time.Duration        // spent on prompts, all calls together
	GenerationTime   time.Duration        // likewise on answers
	Measures         Measures             // of a Measurer; nil: none
	Loaded           map[string]time.Time // models in memory, by id, and when each leaves it unless asked again; zero: never; nil: not told
}

// Served is one call that a server has worked on.
type Served struct {
	Prompt, Completion int // tokens
	MaxTokens          int // as asked for; 0: not
	Finished           bool
	Whole              time.Duration // from arrival to end
	Spent              Spent
}

// Measures are a server's statistics of its calls. They are safe for use by
// many goroutines.
type Measures interface{ Observe(s Served) }

// Measurer is a MetricsWriter whose page has statistics of its calls.
type Measurer interface {
	// NewMeasures makes those of a server with that model and context; nil: this
	// one has none.
	NewMeasures(model string, context int) Measures
}

// MetricsWriter is a Server with a metrics page of its own.
type MetricsWriter interface {
	WriteMetrics(w http.ResponseWriter, g Gauges) error
}

// Oddity is a Server with small requests of its own (Ollama's /api/ps, vLLM's
// /load), which it answers by itself from the model list.
type Oddity interface {
	ServeOther(w http.ResponseWriter, r *http.Request, arg string, ms []ModelInfo, g Gauges)
}

// Client is the caller's side of a dialect.
type Client interface {
	// NewRequest builds the HTTP request for req to a provider at base (scheme
	// and host, no path) with a key.
	NewRequest(ctx context.Context, base, key string, req *Request) (*http.Request, error)
	// DecodeAnswer reads a whole unary answer. A body that is not the
	// dialect's, or has no answer in it, is an error of kind FailMalformed.
	DecodeAnswer(body []byte) (*Answer, error)
	// NewStreamReader reads a streamed answer.
	NewStreamReader(r io.Reader) StreamReader
	// DecodeFailure reads an error answer. It never fails: what it cannot read
	// is judged by status alone.
	DecodeFailure(status int, h http.Header, body []byte) *Failure
}

// StreamReader reads a streamed answer step by step.
type StreamReader interface {
	// Next returns the next step. After the end marker it returns io.EOF; a
	// stream that ends before it returns ErrCut; a chunk that cannot be read
	// returns an error of kind FailMalformed and reading may go on.
	Next() (Event, error)
}

// ErrCut reports a stream that ended without its dialect's end marker.
var ErrCut = errors.New("stream ended without its end marker")

// Dialect is one wire format, both sides.
type Dialect interface {
	Name() string
	Server
	Client
}

// MaxBody bounds request bodies, in bytes. Anthropic documents 32 MB; the
// others are not documented and take the same.
const MaxBody = 32 << 20

// Headers by which clients of the bundled router say what a request may cost
// them and by which the router says what it did. They carry no meaning for
// providers and are not forwarded.
const (
	HeaderDeadline = "X-Brownout-Deadline-Ms" // client: budget of the whole request, in milliseconds
	HeaderAllow    = "X-Brownout-Allow"       // client: comma-separated classes the request may reach
	HeaderRegions  = "X-Brownout-Regions"     // client: comma-separated regions the request may reach
	HeaderWorkflow = "X-Brownout-Workflow"    // client: id of the workflow that the request is a step of; traces, decisions and cost metrics name it, budgets and loop limits count by it
	HeaderPriority = "X-Brownout-Priority"    // client: low, normal (the default) or high: who goes first where requests wait for a place
	HeaderCache    = "X-Brownout-Cache"       // client: on: may be answered from an answer given before, and its own be kept; off: neither. router: hit, semantic (to a question in similar words), joined (to the call for the same request of another client) or stale, where it was
	HeaderBudget   = "X-Brownout-Budget-USD"  // client: what the request, or its whole workflow, may cost
	HeaderTrimmed  = "X-Brownout-Trimmed"     // router: turns of the conversation that were left out, as it was too long
	HeaderProvider = "X-Brownout-Provider"    // router: who answered
	HeaderAttempts = "X-Brownout-Attempts"    // router: attempts made, over all providers
	HeaderClass    = "X-Brownout-Class"       // router: class of the provider that answered
	HeaderAge      = "Age"                    // router, and any HTTP cache: seconds since the answer was made (RFC 9111)
)
