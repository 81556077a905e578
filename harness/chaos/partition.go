package chaos

import "context"

// Partition cuts providers off.
type Partition struct {
	Mode string `toml:"mode" default:"blackhole" enum:"refused,blackhole" doc:"blackhole: packets vanish, connections open and stay silent. refused: routers answer that there is no way, so that dialling fails at once."`
}

var partitionKind = Kind{
	Name: "partition", Layer: LayerLink, Claims: "reachability",
	Summary: "every link of a region or class is cut at once",
	Page: `A region loses its uplink, a cloud's edge goes dark, a firewall rule goes out to
the whole fleet. It is the same for each provider as an outage, and different for
the system: what it would fall back to is on the other side, too. Put it on a
selector, on = "region:us-east-1" or on = "class:cloud"; all links of the
providers it means are cut at the same moment, and healed at the same moment.

blackhole  Nothing comes back, as from most partitions. Only time-outs notice, and
           every provider on the other side costs one.
refused    A router says so: dialling fails at once. Also what a name that
           suddenly resolves to nobody looks like from above.

A good system learns from the second silent provider of a region that it is the
region, goes to another one or to what runs on its own premises, fails closed what
may not leave, and does not send the queue of a whole outage at the first provider
that is back.`,
	New: func() Fault { return new(Partition) },
}

// OnLink is true.
func (*Partition) OnLink() bool { return true }

// Inject cuts the link. Providers of one fault are injected at once.
func (p *Partition) Inject(ctx context.Context, v Victim, env Env) (func(context.Context) error, error) {
	if p.Mode == outageRefused {
		return refuse(ctx, v.Link)
	}
	return blackhole(ctx, v.Link, env.Name)
}
