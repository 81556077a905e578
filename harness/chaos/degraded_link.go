package chaos

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	toxiclient "github.com/Shopify/toxiproxy/v2/client"
)

// DegradedLink makes the path to a provider a bad one.
type DegradedLink struct {
	Bandwidth   int           `toml:"bandwidth" default:"0" min:"0" max:"10000000" unit:"KB/s of each connection, from the provider; 0: unchanged" doc:"how fast answers may arrive"`
	SliceSize   int           `toml:"slice_size" default:"0" min:"0" max:"1000000" unit:"bytes; 0: not sliced" doc:"answers arrive in slices of about so many bytes"`
	SliceJitter int           `toml:"slice_jitter" default:"0" min:"0" max:"999999" unit:"bytes" doc:"uniform spread around slice_size; must be smaller than it"`
	SliceDelay  time.Duration `toml:"slice_delay" default:"5ms" max:"10s" doc:"pause before each slice"`
	SlowClose   time.Duration `toml:"slow_close" default:"0s" max:"10m" doc:"the end of a connection arrives so much later; 0: unchanged"`
	DataLimit   int           `toml:"data_limit" default:"0" min:"0" max:"1000000000" unit:"bytes of each connection, from the provider; 0: none" doc:"the connection is closed once so much has come through it, in the middle of whatever that was"`
}

var degradedLinkKind = Kind{
	Name: "degraded_link", Layer: LayerLink, Claims: "quality of the link",
	Summary: "a bad path: little bandwidth, sliced packets, slow closes, connections cut after so many bytes",
	Page: `A mobile uplink, a satellite, an overloaded VPN, a middlebox that is too clever.
The provider is well and its answers are right; they come in drips.

bandwidth   Long answers and embeddings take as long as their bytes do. Short ones
            hardly notice.
slice_size  Events and characters arrive in pieces, cut anywhere, with pauses: what
            takes one read for one event breaks here. The sizes are drawn from the
            run's seed.
slow_close  The end of a connection comes late: whoever reads to the end waits.
data_limit  Every connection dies after so many bytes. A pool hands out half-used
            connections, so that answers break at other places each time.

A good system parses whatever pieces come, times the gaps of a stream and not only
its whole, notices that an answer is cut short, and prefers the provider with the
better path while it lasts.`,
	New: func() Fault { return new(DegradedLink) },
}

// Check wants something to be degraded, and sizes above nothing.
func (d *DegradedLink) Check() *ParamError {
	switch {
	case d.Bandwidth == 0 && d.SliceSize == 0 && d.SlowClose == 0 && d.DataLimit == 0:
		return &ParamError{Msg: "degraded_link degrades nothing", Hint: "give bandwidth, slice_size, slow_close or data_limit"}
	case d.SliceJitter > 0 && d.SliceJitter >= d.SliceSize:
		return &ParamError{Param: "slice_jitter", Msg: "slice_jitter is not smaller than slice_size", Hint: "a slice has at least one byte"}
	}
	return nil
}

// OnLink is true.
func (*DegradedLink) OnLink() bool { return true }

// toxics are the things that are wrong with the link.
func (d *DegradedLink) toxics(seed uint64) []toxic {
	var out []toxic
	if d.SliceSize > 0 {
		out = append(out, toxic{"slices", keyedSlicer, stockSlicer, toxiclient.Attributes{
			"average_size": d.SliceSize, "size_variation": d.SliceJitter, "delay": d.SliceDelay.Microseconds(), "seed": seed,
		}})
	}
	if d.Bandwidth > 0 {
		out = append(out, toxic{"bandwidth", steadyBandwidth, stockBandwidth, toxiclient.Attributes{"rate": d.Bandwidth}})
	}
	if d.SlowClose > 0 {
		out = append(out, toxic{"close", "slow_close", "", toxiclient.Attributes{"delay": d.SlowClose.Milliseconds()}})
	}
	if d.DataLimit > 0 {
		out = append(out, toxic{"limit", "limit_data", "", toxiclient.Attributes{"bytes": d.DataLimit}})
	}
	return out
}

// Inject degrades the link.
func (d *DegradedLink) Inject(ctx context.Context, v Victim, env Env) (func(context.Context) error, error) {
	var names []string
	end := func(ctx context.Context) error {
		var err error
		for _, name := range names {
			err = errors.Join(err, v.Link.RemoveToxic(name))
		}
		return errors.Join(err, confirmOpen(ctx, v.Link.Addr))
	}
	for _, t := range d.toxics(env.Seed) {
		name := env.Name + "-" + t.suffix
		if err := v.Link.addKeyed(name, t, env.Note); err != nil {
			return nil, errors.Join(err, end(context.WithoutCancel(ctx)))
		}
		names = append(names, name)
	}
	// A probe's few bytes may pass all of this untouched, so the server is asked.
	on, err := v.Link.Toxics()
	for _, name := range names {
		if err == nil && !slices.Contains(on, name) {
			err = fmt.Errorf("link %s: %s is not in effect", v.Link.Name, name)
		}
	}
	if err != nil {
		return nil, errors.Join(err, end(context.WithoutCancel(ctx)))
	}
	return end, nil
}
