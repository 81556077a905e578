package wire

import (
	"encoding/json"
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
