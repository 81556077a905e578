package chaos

import (
	"context"
	"fmt"
	"time"

	"brownout/mocks"
	"brownout/mocks/wire"
)

// streamFailure is what a provider says in the middle of a stream, by the word
// of the failure parameter. The limit is one of tokens, since those of requests
// are held against a call before it is answered; its figures are examples.
func streamFailure(word string) (*wire.Failure, bool) {
	switch word {
	case "overload":
		return &wire.Failure{Kind: wire.FailOverload}, true
	case "server":
		return &wire.Failure{Kind: wire.FailServer}, true
	case "rate_limit":
		return &wire.Failure{Kind: wire.FailRateLimit, Limit: "tokens", LimitValue: 200_000, Asked: 1_200, RetryAfter: 2 * time.Second}, true
	}
	return nil, false
}

// StreamError has streams end with an error of the provider's own.
type StreamError struct {
	Where       float64 `toml:"where" default:"0.5" min:"0" max:"1" unit:"share of the answer's tokens" doc:"after how much of the answer: 0 is behind the head and before the first token, 1 behind the last token and before the end"`
	AfterTokens int     `toml:"after_tokens" default:"0" min:"0" max:"1000000" unit:"tokens; 0: as where says" doc:"after how many tokens, in place of where; a shorter answer fails behind its last one"`
	Failure     string  `toml:"failure" default:"overload" enum:"overload,server,rate_limit" doc:"what the provider says: that it is out of capacity, that something broke, or that a limit is reached"`
}

var streamErrorKind = Kind{
	Name: "stream_error", Layer: LayerService, Claims: "delivery",
	Summary: "streams end with the provider's own in-stream error, behind a status of 200",
	Page: `The status was 200 and words have come when the provider gives up and says so
inside the stream: event: error with overloaded_error at Anthropic, a data line
with an error object at OpenAI, Google and the servers of that family, a frame
of the kind exception at Amazon, a line with "error" at Ollama. Nothing of use
follows; some say [DONE] all the same.

Where a provider is not known to say one of the three, it says the nearest thing
it has: Ollama and llama.cpp know no limits and tell a plain sentence. Ollama's
paths for OpenAI's clients say nothing at all and end. Groq, Mistral and
Databricks have shapes that OpenAI's own SDK takes for success. There is no
Retry-After inside a stream.

Only streamed calls are touched. What was sent is billed.

A good system reads every event for an error, whatever the status was, and goes
on elsewhere from the last word it has. A bad one logs 200 and success, or shows
its user an error in JSON in the middle of a sentence.`,
	New: func() Fault { return new(StreamError) },
}

// Check wants one place.
func (s *StreamError) Check() *ParamError { return onlyOneOf(s.Where, s.AfterTokens) }

// OnLink is false: the mock says it.
func (*StreamError) OnLink() bool { return false }

// Inject has streams fail.
func (s *StreamError) Inject(_ context.Context, v Victim, env Env) (func(context.Context) error, error) {
	failure, ok := streamFailure(s.Failure)
	if !ok {
		return nil, fmt.Errorf("stream_error: unknown failure %q", s.Failure)
	}
	return effect(v, env, "stream_error", breaking(mocks.Break{
		How: mocks.BreakError, At: s.Where, After: s.AfterTokens, Failure: failure,
	})), nil
}
