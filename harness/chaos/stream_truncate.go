package chaos

import (
	"context"

	"brownout/mocks"
)

// Ways in which a stream ends too early.
const (
	truncateClean = "clean"
	truncateAbort = "abort"
)

// StreamTruncate has streams end before they are whole.
type StreamTruncate struct {
	Where       float64 `toml:"where" default:"0.5" min:"0" max:"1" unit:"share of the answer's tokens" doc:"after how much of the answer: 0 is behind the head and before the first token, 1 is the complete answer without its end event"`
	AfterTokens int     `toml:"after_tokens" default:"0" min:"0" max:"1000000" unit:"tokens; 0: as where says" doc:"after how many tokens, in place of where; a shorter answer lacks its end event only"`
	Mode        string  `toml:"mode" default:"clean" enum:"clean,abort" doc:"clean: the body ends as a whole one does, only the dialect's own end is missing. abort: the connection is cut in the middle of the body."`
}

var streamTruncateKind = Kind{
	Name: "stream_truncate", Layer: LayerService, Claims: "delivery",
	Summary: "streams end without their end event, cleanly or with a cut connection",
	Page: `A stream ends before the dialect's own end: data: [DONE] at OpenAI and its
family, response.completed in the responses API, message_stop at Anthropic,
metadata behind messageStop at Bedrock, a finishReason at Google, "done": true at
Ollama.

clean     The body ends as a whole one does, so that HTTP sees nothing wrong. A
          proxy that restarts does this. The official Go SDKs of OpenAI,
          Anthropic, Google, Amazon and Ollama all report success, and so do
          most of those for JavaScript: only a missing finish reason tells.
abort     The connection is cut in the middle of the body: an unexpected end on
          HTTP/1.1, a reset stream on HTTP/2. Most clients notice; the Go SDKs
          of Amazon and Ollama do not on HTTP/1.1.

With where = 1 every word is there and only the end is missing, so that nobody
knows that it is complete, nor what it cost.

Only streamed calls are touched. What was sent is billed.

A good system asks for the end event, takes a stream without one for a broken
one, and continues or repeats it elsewhere. A bad one passes half an answer on as
a whole one, which no status and no error counts.`,
	New: func() Fault { return new(StreamTruncate) },
}

// Check wants one place.
func (s *StreamTruncate) Check() *ParamError { return onlyOneOf(s.Where, s.AfterTokens) }

// OnLink is false: the mock ends the body.
func (*StreamTruncate) OnLink() bool { return false }

// Inject has streams end early.
func (s *StreamTruncate) Inject(_ context.Context, v Victim, env Env) (func(context.Context) error, error) {
	b := mocks.Break{How: mocks.BreakTruncate, At: s.Where, After: s.AfterTokens}
	if s.Mode == truncateAbort {
		b.How = mocks.BreakAbort
	}
	return effect(v, env, "stream_truncate", breaking(b)), nil
}
