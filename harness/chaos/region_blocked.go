package chaos

import (
	"context"

	"brownout/mocks"
	"brownout/mocks/wire"
	"brownout/plan"
)

// RegionBlocked has a provider refuse to serve the place that calls come from.
type RegionBlocked struct{}

var regionBlockedKind = Kind{
	Name: "region_blocked", Layer: LayerService, Claims: "region",
	Summary: "the provider no longer serves this country or network: 403 in its own shape",
	Page: `A provider leaves a country, an export rule changes, or an egress address moves
to a network that is blocked. The key is valid and everything else works; from
here it is refused, the model list too: 403 at OpenAI, Anthropic and AWS, 400
FAILED_PRECONDITION at Gemini. A share below 1 is traffic that leaves by several
addresses.

No retry and no other key mends it. A good system goes to another provider that
is allowed for the request: for region-bound traffic that may be none, and then it
must fail closed, with a reason, and not send the request somewhere it must not
go.`,
	New: func() Fault { return new(RegionBlocked) },
}

// regionRefusals are the providers' own words where they differ from those of
// a missing permission. Unverified where nothing is said.
var regionRefusals = map[string]wire.Failure{
	// Its page of error codes documents the 403 and the words; code and type
	// were seen in public reports.
	"openai":    {Status: 403, Type: "request_forbidden", Code: "unsupported_country_region_territory", Message: "Country, region, or territory not supported"},
	"anthropic": {Status: 403, Type: "forbidden", Message: "Request not allowed"}, // seen in public reports
	"gemini":    {Status: 400, Type: "FAILED_PRECONDITION", Message: "User location is not supported for the API use."},
	"vertex":    {Status: 400, Type: "FAILED_PRECONDITION", Message: "User location is not supported for the API use."},
	"groq":      {Status: 403, Message: "Access denied. Please check your network settings."}, // seen in public reports
	"bedrock":   {Status: 403, Message: "Access to this model is not available for accounts located in unsupported countries, regions, or territories."},
	"xai":       {Status: 403, Message: "The service is not available in your region."},
}

// OnLink is false: the mock refuses the calls itself.
func (*RegionBlocked) OnLink() bool { return false }

// Fits tells whether the provider is somebody else's.
func (*RegionBlocked) Fits(p plan.Provider) error {
	return needsAccount(p, "nobody blocks a country")
}

// Inject blocks the region.
func (r *RegionBlocked) Inject(_ context.Context, v Victim, env Env) (func(context.Context) error, error) {
	spec := v.Provider.Spec()
	if err := r.Fits(spec); err != nil {
		return nil, err
	}
	return effect(v, env, "region", func(c *mocks.Call) mocks.Effect {
		f := regionRefusals[spec.Dialect]
		f.Kind, f.Model = wire.FailPermission, c.Model
		return mocks.Effect{Fail: &f}
	}), nil
}
