package chaos

import (
	"context"
	"fmt"
	"net/http"

	"brownout/mocks"
	"brownout/mocks/wire"
	"brownout/plan"
)

// AuthRevoked has a provider refuse the key that it took until now.
type AuthRevoked struct{}

var authRevokedKind = Kind{
	Name: "auth_revoked", Layer: LayerService, Claims: "key",
	Summary: "the key is revoked: 401 in the provider's own shape, on every path",
	Page: `The key was rotated and one deployment still has the old one, it leaked and was
revoked, or the account was closed. From one moment to the next everything is
refused, the model list too: 401 at most providers, 400 "API key not valid" at
Gemini, 403 at AWS. A share below 1 is a revocation that has not reached every
edge of the provider yet.

No retry mends it, and hundreds of refused calls a second look like an attack. A
good system stops asking after the first, goes to another provider with another
key, calls a person, and finds out by a rare probe when the key works again. The
client's own key is another one: passing the 401 on would tell users to log in
again.`,
	New: func() Fault { return new(AuthRevoked) },
}

// OnLink is false: the mock refuses the calls itself.
func (*AuthRevoked) OnLink() bool { return false }

// Fits tells whether the provider asks for keys at all.
func (*AuthRevoked) Fits(p plan.Provider) error {
	d, ok := wire.Lookup(p.Dialect)
	if !ok {
		return nil // told elsewhere
	}
	bare, err := http.NewRequest(http.MethodPost, "http://provider/v1/chat/completions", nil)
	if err != nil {
		return err
	}
	if d.Authorized(bare, func(string) bool { return false }) == nil {
		return fmt.Errorf("%s speaks the dialect %q, which has no keys; use outage with mode = \"errors\"", p.Name, p.Dialect)
	}
	return nil
}

// Inject revokes the key.
func (a *AuthRevoked) Inject(_ context.Context, v Victim, env Env) (func(context.Context) error, error) {
	if err := a.Fits(v.Provider.Spec()); err != nil {
		return nil, err
	}
	return effect(v, env, "auth", func(c *mocks.Call) mocks.Effect {
		return mocks.Effect{Fail: &wire.Failure{Kind: wire.FailAuth, Model: c.Model}}
	}), nil
}
