package chaos

import (
	"context"
	"fmt"

	"brownout/mocks"
	"brownout/mocks/wire"
)

// ServerError has a provider fail by its own fault.
type ServerError struct {
	Status int `toml:"status" default:"0" min:"0" max:"599" unit:"HTTP status" doc:"500 to 599; 0: the dialect's usual one for a failure of its own"`
}

var serverErrorKind = Kind{
	Name: "server_error", Layer: LayerService, Claims: "server errors",
	Summary: "a share of the calls fails with the provider's own 500",
	Page: `Something breaks inside the provider: a bad deployment, a crashed worker, a
gateway that lost its backend. Each touched call is answered with the provider's
own server error, at once. Which calls those are follows from their markers, so
that the same ones fail whatever order they come in; a second attempt of the same
call is decided anew.

A good system tries again, once, at best elsewhere, with the rest of its
deadline; it does so for calls that are safe to repeat, and it stops trying this
provider first when its share of errors grows. Retries without a budget double
the load of a provider that is already in trouble.`,
	New: func() Fault { return new(ServerError) },
}

// Check wants a status of the server's.
func (s *ServerError) Check() *ParamError {
	if s.Status != 0 && s.Status < 500 {
		return &ParamError{Param: "status", Msg: fmt.Sprintf("status %d is no server's failure", s.Status), Hint: "give 500 to 599, or 0 for the dialect's usual one"}
	}
	return nil
}

// OnLink is false: the mock answers.
func (*ServerError) OnLink() bool { return false }

// Inject begins to fail.
func (s *ServerError) Inject(_ context.Context, v Victim, env Env) (func(context.Context) error, error) {
	return effect(v, env, "server-error", func(c *mocks.Call) mocks.Effect {
		return mocks.Effect{Fail: &wire.Failure{Kind: wire.FailServer, Model: c.Model, Status: s.Status}}
	}), nil
}
