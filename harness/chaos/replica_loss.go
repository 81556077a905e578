package chaos

import (
	"context"
	"math"

	"brownout/mocks/service"
	"brownout/plan"
)

// ReplicaLoss takes replicas of a served model away.
type ReplicaLoss struct {
	Replicas int `toml:"replicas" default:"1" min:"1" max:"10000" doc:"how many are lost; as many as there are, or more: all of them"`
}

var replicaLossKind = Kind{
	Name: "replica_loss", Layer: LayerService, Claims: "replicas",
	Summary: "replicas of a served model are gone: their calls fail, the others carry the rest",
	Page: `A node is drained, a spot machine is taken back, a GPU falls off the bus. What was
running on a lost GPU replica ends at once with the server's own error, streams in
their middle; the calls that follow go to the replicas that are left, which queue
and slow down. With none left every call is refused. A managed endpoint lets calls
in progress end, and starts replacements as its scaling allows, which takes
minutes.

A good system moves the overflow elsewhere before the queues break deadlines,
repairs the streams that broke, and takes the returning replica back into use
without throwing everything at it.`,
	New: func() Fault { return new(ReplicaLoss) },
}

// OnLink is false: the mock itself is smaller.
func (*ReplicaLoss) OnLink() bool { return false }

// Undivided tells that what is left serves all calls.
func (*ReplicaLoss) Undivided() {}

// Fits tells whether there are replicas.
func (*ReplicaLoss) Fits(p plan.Provider) error {
	return needsService(p, "replicas", "outage, throttle or peak_hour", plan.ServiceGPU, plan.ServiceManaged)
}

// Inject takes the replicas away.
func (r *ReplicaLoss) Inject(ctx context.Context, v Victim, env Env) (func(context.Context) error, error) {
	if err := r.Fits(v.Provider.Spec()); err != nil {
		return nil, err
	}
	return strain(ctx, v, env, func(x float64) service.Strain {
		return service.Strain{Replicas: int(math.Round(x * float64(r.Replicas)))}
	})
}
