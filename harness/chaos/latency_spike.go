package chaos

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	toxiclient "github.com/Shopify/toxiproxy/v2/client"

	"brownout/mocks"
)

// LatencySpike makes a provider, or the link to it, slow.
type LatencySpike struct {
	Layer      string        `toml:"layer" default:"service" enum:"service,link" doc:"service: the provider computes slowly. link: the network is slow, which also slows connecting and every token."`
	FirstToken time.Duration `toml:"first_token" default:"2s" max:"10m" doc:"service: median added to the time to first token"`
	Sigma      float64       `toml:"sigma" default:"0.25" min:"0" max:"3" unit:"standard deviation of the logarithm" doc:"service: spread of what is added; 0 adds the same to every call, 1 has a long tail"`
	Factor     float64       `toml:"factor" default:"3" min:"1" max:"1000" unit:"times the usual time per token" doc:"service: slower tokens"`
	Latency    time.Duration `toml:"latency" default:"500ms" max:"1m" doc:"link: added one way to every packet from the provider"`
	Jitter     time.Duration `toml:"jitter" default:"100ms" max:"1m" doc:"link: uniform spread around latency; must not be larger than it"`
}

var latencySpikeKind = Kind{
	Name: "latency_spike", Layer: LayerBoth, Claims: "latency",
	Summary: "slower first token, slower tokens, or a slower link, with jitter and tails",
	Page: `The provider answers everything, correctly, and far too late. No error is seen
anywhere, so whatever counts errors sees nothing.

With layer = "service" the time to first token grows by a lognormal amount and
tokens come slower by a factor: a model under load. With layer = "link" each
packet from the provider is held back: a bad route. The spread is drawn from the
run's seed in both.

A good system notices silence before the first token, asks somebody else within
the user's deadline, and stops preferring the slow provider while it lasts.`,
	New: func() Fault { return new(LatencySpike) },
}

// Check wants a jitter that fits its latency.
func (s *LatencySpike) Check() *ParamError {
	if s.Jitter > s.Latency {
		return &ParamError{Param: "jitter", Msg: "jitter is larger than latency", Hint: "packets cannot arrive before they were sent"}
	}
	return nil
}

// OnLink is as layer says.
func (s *LatencySpike) OnLink() bool { return s.Layer == string(LayerLink) }

// Inject slows the provider or its link.
func (s *LatencySpike) Inject(ctx context.Context, v Victim, env Env) (func(context.Context) error, error) {
	if !s.OnLink() {
		return effect(v, env, "slow", s.slow), nil
	}
	err := v.Link.AddToxic(env.Name, keyedLatency, "downstream", toxiclient.Attributes{
		"latency": s.Latency.Milliseconds(), "jitter": s.Jitter.Milliseconds(), "seed": env.Seed,
	})
	if err != nil {
		return nil, err
	}
	end := func(ctx context.Context) error {
		return errors.Join(v.Link.RemoveToxic(env.Name), confirmOpen(ctx, v.Link.Addr))
	}
	// A probe would take as long as the latency itself and make the injection
	// look late, so the server is asked instead.
	if on, err := v.Link.Toxics(); err != nil || !slices.Contains(on, env.Name) {
		err = errors.Join(fmt.Errorf("link %s: the latency is not in effect", v.Link.Name), err)
		return nil, errors.Join(err, end(context.WithoutCancel(ctx)))
	}
	return end, nil
}

// slow is what a spike does to a call.
func (s *LatencySpike) slow(c *mocks.Call) mocks.Effect {
	add := callKey(c, "slow-first-token").Lognormal(float64(s.FirstToken), s.Sigma)
	return mocks.Effect{FirstTokenAdd: time.Duration(add), PerTokenMult: s.Factor}
}
