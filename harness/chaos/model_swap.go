package chaos

import (
	"context"
	"fmt"
	"slices"

	"brownout/mocks"
	"brownout/plan"
)

// ModelSwap has another model answer under the name that was asked for.
type ModelSwap struct {
	Model string `toml:"model" default:"" doc:"which model answers, by its id in the provider's catalogue; empty: the chat model that follows the one asked for"`
	Tells bool   `toml:"tells" default:"true" doc:"true: the answer names the model that really answered. false: it names the one that was asked for, and says it in other words."`
}

var modelSwapKind = Kind{
	Name: "model_swap", Layer: LayerService, Claims: "answers",
	Summary: "a different model answers than the one that was asked for, told or untold",
	Page: `A request names one model and another answers: an alias has moved on, a provider
routes to what is cheaper under load, a version is rolled out behind the same
name.

tells = true   The answer's own model field names the one that answered. Who
               compares it with what was asked for knows. The words are those
               that any model would say here.
tells = false  The field claims the model that was asked for. Only the words
               are other ones.

The call is billed as what was asked for. Answers of Bedrock's Converse name no
model at all: there nothing can be told, and the words are other ones in both
cases. SageMaker tells it as another production variant.

A good system holds the model that an answer names against the one it asked for,
says so where they differ, and compares answers over time where a version must
not change. A bad one takes whatever comes: quality falls, and nobody knows since
when.`,
	New: func() Fault { return new(ModelSwap) },
}

// OnLink is false: the mock answers.
func (*ModelSwap) OnLink() bool { return false }

// Fits tells why a provider cannot have it: where no other model could answer.
func (m *ModelSwap) Fits(p plan.Provider) error {
	models := chatModels(p)
	switch {
	case m.Model == "" && len(models) < 2:
		return fmt.Errorf("model_swap: %s has one chat model, so that no other can answer; give the provider a second model", p.Name)
	case m.Model != "" && !slices.Contains(models, m.Model):
		return fmt.Errorf("model_swap: %s has no chat model %q; %s", p.Name, m.Model, Suggest(m.Model, models))
	}
	return nil
}

// chatModels are the ids of a catalogue's models that answer in words.
func chatModels(p plan.Provider) []string {
	var ids []string
	for _, m := range p.Models {
		if m.Embedding == 0 {
			ids = append(ids, m.ID)
		}
	}
	return ids
}

// Inject swaps the models.
func (m *ModelSwap) Inject(_ context.Context, v Victim, env Env) (func(context.Context) error, error) {
	spec := v.Provider.Spec()
	if err := m.Fits(spec); err != nil {
		return nil, err
	}
	models := chatModels(spec)
	return effect(v, env, "model_swap", func(c *mocks.Call) mocks.Effect {
		if !chatted(c) {
			return mocks.Effect{}
		}
		other := m.Model
		if other == "" {
			other = models[(slices.Index(models, c.Model)+1)%len(models)]
		}
		switch {
		case other == c.Model:
			return mocks.Effect{} // it is the one that was asked for
		case !m.Tells || spec.Dialect == "bedrock" && c.Request.Surface == "":
			return mocks.Effect{Tamper: &mocks.Tamper{Swap: true}}
		}
		return mocks.Effect{Tamper: &mocks.Tamper{Model: other}}
	}), nil
}
