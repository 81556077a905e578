package chaos

import (
	"context"
	"slices"

	"brownout/mocks"
	"brownout/mocks/wire"
)

// Modes of a content filter.
const (
	filterRefused = "refused"
	filterFinish  = "finish"
)

// ContentFilter has a provider refuse what it is asked, or stop what it says.
type ContentFilter struct {
	Mode  string  `toml:"mode" default:"refused" enum:"refused,finish" doc:"refused: the provider's own error for a prompt that its filter rejects. finish: the answer begins and ends with the finish reason of a content filter."`
	Where float64 `toml:"where" default:"0.5" min:"0" max:"1" unit:"share of the answer's tokens" doc:"finish: how much of the answer is said before the filter ends it"`
}

var contentFilterKind = Kind{
	Name: "content_filter", Layer: LayerService, Claims: "answers",
	Summary: "the provider's content filter refuses prompts or ends answers",
	Page: `A filter finds that a prompt, or what the model was about to say, must not pass.
It is wrong now and then, and a new version of it is wrong in new places.

refused  The prompt is rejected in that provider's own way: 400 content_filter at
         Azure, 400 invalid_prompt at OpenAI, 400 at Anthropic and DeepSeek, 403
         at xAI and Mistral. Google answers 200 with a block reason and no
         candidate, Bedrock's guardrail 200 with a sentence of its own and the
         stop reason guardrail_intervened.
finish   The answer begins and stops with the dialect's reason for it:
         content_filter at OpenAI and its family, refusal at Anthropic, SAFETY
         at Google. What was said is billed.

vLLM, llama.cpp, Ollama, SageMaker's containers and Groq filter nothing
themselves. There the model declines in its own words, with the finish reason of
any other answer, in both modes: only who reads it can tell.

A refusal that reaches the user with its reason is the right answer. A good
system passes it on, does not send the same prompt to the same provider again,
and asks another one only where its owner allows that. A bad one retries it as if
it were an outage, counts it against the provider's health, or returns an empty
answer as if nothing had happened.`,
	New: func() Fault { return new(ContentFilter) },
}

// unfiltered are the dialects of servers that filter nothing.
func unfiltered(dialect string) bool {
	return slices.Contains([]string{"vllm", "llamacpp", "ollama", "sagemaker", "groq"}, dialect)
}

// declined is how a model without a filter refuses.
const declined = "I'm sorry, but I can't help with that request."

// OnLink is false: the mock refuses.
func (*ContentFilter) OnLink() bool { return false }

// Inject puts the filter in force.
func (f *ContentFilter) Inject(_ context.Context, v Victim, env Env) (func(context.Context) error, error) {
	plain := unfiltered(v.Provider.Spec().Dialect)
	return effect(v, env, "content_filter", func(c *mocks.Call) mocks.Effect {
		switch {
		case !chatted(c):
			return mocks.Effect{}
		case plain:
			return mocks.Effect{Tamper: &mocks.Tamper{Instead: declined}}
		case f.Mode == filterFinish:
			return mocks.Effect{Tamper: &mocks.Tamper{Refusal: true, RefusalAt: f.Where}}
		}
		return mocks.Effect{Fail: &wire.Failure{Kind: wire.FailContentFilter, Model: c.Model}}
	}), nil
}
