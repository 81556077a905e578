package chaos

import (
	"context"

	"brownout/mocks"
	"brownout/mocks/wire"
	"brownout/plan"
)

// QuotaExhausted takes the account's money away.
type QuotaExhausted struct{}

var quotaExhaustedKind = Kind{
	Name: "quota_exhausted", Layer: LayerService, Claims: "account",
	Summary: "the account is out of money: the provider's own error, which no waiting mends",
	Page: `The prepaid credit is used up, the card was declined, or a spending limit was
reached over night. Every call that costs money is refused in the provider's own
words: 429 insufficient_quota at OpenAI, 400 "credit balance is too low" at
Anthropic, 402 at others. Model lists are still answered: they cost nothing.

At OpenAI it has the status of a rate limit and none of its meaning: no wait will
help. A good system reads the code and not the status, does not retry, leaves the
provider alone until somebody has paid, and tells whoever can pay. A bad one
backs off and comes back for hours, or trips over a 400 that it takes for its own
mistake and shows it to its users.`,
	New: func() Fault { return new(QuotaExhausted) },
}

// OnLink is false: the mock refuses the calls itself.
func (*QuotaExhausted) OnLink() bool { return false }

// Fits tells whether anybody bills for the provider.
func (*QuotaExhausted) Fits(p plan.Provider) error {
	return needsAccount(p, "nobody sells by the token")
}

// Inject empties the account.
func (q *QuotaExhausted) Inject(_ context.Context, v Victim, env Env) (func(context.Context) error, error) {
	if err := q.Fits(v.Provider.Spec()); err != nil {
		return nil, err
	}
	return effect(v, env, "quota", func(c *mocks.Call) mocks.Effect {
		if c.Operation == mocks.OperationList || c.Operation == mocks.OperationCount {
			return mocks.Effect{}
		}
		return mocks.Effect{Fail: &wire.Failure{Kind: wire.FailQuota, Model: c.Model}}
	}), nil
}
