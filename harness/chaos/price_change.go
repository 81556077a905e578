package chaos

import (
	"context"
	"fmt"

	"brownout/mocks"
	"brownout/plan"
)

// PriceChange moves what a provider bills.
type PriceChange struct {
	Factor float64 `toml:"factor" default:"3" min:"0.01" max:"1000" unit:"times the catalogue's price" doc:"what each answered call costs; below 1 it becomes cheaper"`
}

var priceChangeKind = Kind{
	Name: "price_change", Layer: LayerService, Claims: "prices",
	Summary: "what the provider bills moves in the middle of a run",
	Page: `A discount ends, a new price list takes effect, a currency moves, or traffic
slips into a dearer tier. Nothing at all is seen in the answers: the bill of each
touched call is multiplied, and that is where it shows.

A good system knows what its answers cost it, by provider, and moves what is not
bound to the dear one once another is as good and cheaper, without losing quality
or breaking promises. The score's cost part is the bill of a good answer against
steady state. A bad system learns of it from next month's invoice.`,
	New: func() Fault { return new(PriceChange) },
}

// OnLink is false: it is the bill that changes.
func (*PriceChange) OnLink() bool { return false }

// Fits tells whether the provider costs anything.
func (*PriceChange) Fits(p plan.Provider) error {
	for _, m := range p.Models {
		if m.PriceIn > 0 || m.PriceOut > 0 {
			return nil
		}
	}
	return fmt.Errorf("%s sells no model at a price, so that no factor moves its bill; give a model price_in and price_out, or choose another provider", p.Name)
}

// Inject puts the new price in force.
func (p *PriceChange) Inject(_ context.Context, v Victim, env Env) (func(context.Context) error, error) {
	if err := p.Fits(v.Provider.Spec()); err != nil {
		return nil, err
	}
	return effect(v, env, "price", func(c *mocks.Call) mocks.Effect {
		if c.Operation == mocks.OperationList || c.Operation == mocks.OperationCount {
			return mocks.Effect{} // free
		}
		return mocks.Effect{PriceMult: p.Factor}
	}), nil
}
