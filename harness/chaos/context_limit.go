package chaos

import (
	"context"

	"brownout/mocks"
)

// ContextLimit shrinks the context of a provider's models.
type ContextLimit struct {
	Tokens int `toml:"tokens" default:"1024" min:"1" max:"10000000" unit:"tokens" doc:"how many tokens of prompt and answer together the models take now, where that is fewer than before"`
}

var contextLimitKind = Kind{
	Name: "context_limit", Layer: LayerService, Claims: "context",
	Summary: "the models' context shrinks: long prompts are refused in the provider's own words",
	Page: `A model takes less than it did: a smaller tier, a server that was restarted with
less memory for its cache, a fallback with a smaller window. Short prompts work
as before, so that no probe sees it. Long ones are refused: 400
context_length_exceeded at OpenAI, 400 "prompt is too long" at Anthropic,
INVALID_ARGUMENT at Google, ValidationException at Bedrock. Ollama's own API cuts
the beginning of the prompt off and answers what is left, where its client has
not told it not to.

Only calls that no longer fit are touched. They are refused before anything is
generated, and not billed.

A good system sends such a prompt to a model with room for it, or shortens it,
and never sends it again as it is: it will not fit the second time either. A bad
one retries it, or counts it against the provider's health and opens a breaker
over prompts that were its own.`,
	New: func() Fault { return new(ContextLimit) },
}

// OnLink is false: the mock refuses.
func (*ContextLimit) OnLink() bool { return false }

// Inject shrinks the context.
func (l *ContextLimit) Inject(_ context.Context, v Victim, env Env) (func(context.Context) error, error) {
	claims := v.Provider.Spec().Dialect != "ollama" // room for the answer that is asked for; there it bounds the answer only
	return effect(v, env, "context_limit", func(c *mocks.Call) mocks.Effect {
		need := c.Prompt
		switch {
		case c.Operation == mocks.OperationList, c.Operation == mocks.OperationCount:
			return mocks.Effect{}
		case chatted(c) && claims:
			need += max(1, c.Request.MaxTokens)
		case chatted(c):
			need++
		}
		if need <= l.Tokens {
			return mocks.Effect{}
		}
		return mocks.Effect{Context: l.Tokens}
	}), nil
}
