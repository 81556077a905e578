package chaos

import (
	"context"
	"time"

	"brownout/mocks"
)

// StreamStall has streams fall silent in the middle.
type StreamStall struct {
	Where       float64       `toml:"where" default:"0.5" min:"0" max:"1" unit:"share of the answer's tokens" doc:"after how much of the answer: 0 is behind the head and before the first token, 1 behind the last token and before the end"`
	AfterTokens int           `toml:"after_tokens" default:"0" min:"0" max:"1000000" unit:"tokens; 0: as where says" doc:"after how many tokens, in place of where; a shorter answer stalls behind its last one"`
	Pause       time.Duration `toml:"pause" default:"0s" max:"24h" doc:"how long nothing comes; what has become ready meanwhile comes at once then; 0: the stream never goes on"`
}

var streamStallKind = Kind{
	Name: "stream_stall", Layer: LayerService, Claims: "delivery",
	Summary: "streams fall silent mid-answer while the connection stays open",
	Page: `The answer begins as usual, and then nothing comes any more. The connection is
open, the status was 200, no error is seen: the provider's worker hangs, or
something between has lost its place. With a pause the stream goes on after it;
without one it never does. A stream that has stalled stays so, also once the
fault is cleared: only its client can end it.

Only streamed calls are touched. What was sent is billed.

A good system watches the time between two tokens and not only the time of the
whole, gives the stream up within a second or two, and continues elsewhere from
the last word it has, so that its user reads one text. A bad one has a single
time-out for the whole answer, and its users look at half a sentence until then.`,
	New: func() Fault { return new(StreamStall) },
}

// Check wants one place.
func (s *StreamStall) Check() *ParamError { return onlyOneOf(s.Where, s.AfterTokens) }

// OnLink is false: the mock stops sending.
func (*StreamStall) OnLink() bool { return false }

// Inject has streams stall.
func (s *StreamStall) Inject(_ context.Context, v Victim, env Env) (func(context.Context) error, error) {
	return effect(v, env, "stream_stall", breaking(mocks.Break{
		How: mocks.BreakStall, At: s.Where, After: s.AfterTokens, For: s.Pause,
	})), nil
}
