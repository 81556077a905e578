package chaos

import (
	"context"
	"time"

	"brownout/mocks"
	"brownout/mocks/wire"
)

// Overload has a provider turn calls away for want of capacity.
type Overload struct {
	RetryAfter time.Duration `toml:"retry_after" default:"0s" max:"24h" doc:"the wait that refusals state, where the dialect has a place for it, in whole seconds; 0: none is stated"`
}

var overloadKind = Kind{
	Name: "overload", Layer: LayerService, Claims: "overload",
	Summary: "the provider is out of capacity: 503 or 529 in its own shape",
	Page: `Too many customers want the same model at the same time, and the provider turns
some of them away: 503 at OpenAI and Google, 529 overloaded_error at Anthropic,
429 with words about high demand at Azure, 503 from a full queue of one's own
servers. It is not this account's limit: asking less does not help, and asking
the same provider again at once makes it worse. A share below 1 is the usual
case.

A good system takes it as a sign of the provider's state: it tries another
provider at once, sends the overloaded one less, waits as long as it is told
where it is told, and adds chance to its waits so that its clients do not come
back together.`,
	New: func() Fault { return new(Overload) },
}

// OnLink is false: the mock refuses the calls itself.
func (*Overload) OnLink() bool { return false }

// Inject begins to turn calls away.
func (o *Overload) Inject(_ context.Context, v Victim, env Env) (func(context.Context) error, error) {
	return effect(v, env, "overload", func(c *mocks.Call) mocks.Effect {
		return mocks.Effect{Fail: &wire.Failure{Kind: wire.FailOverload, Model: c.Model, RetryAfter: o.RetryAfter}}
	}), nil
}
