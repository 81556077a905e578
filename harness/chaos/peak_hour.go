package chaos

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"brownout/mocks/service"
	"brownout/plan"
)

// Shapes of a peak.
const (
	peakStep = "step"
	peakHill = "hill"
)

// PeakHour shrinks what a provider serves at once.
type PeakHour struct {
	Capacity int           `toml:"capacity" default:"4" min:"1" max:"1000000" unit:"calls in progress" doc:"how many are still served at full speed at the height of the peak; more share it"`
	From     int           `toml:"from" default:"0" min:"0" max:"1000000" unit:"calls in progress" doc:"hill, or with a ramp: where the capacity begins to fall; 0: at the service's own, or at 8 times capacity where that has no bound"`
	Shape    string        `toml:"shape" default:"step" enum:"step,hill" doc:"step: at once, or over the ramp, and until the end. hill: down to capacity in the middle and back up, as a day goes."`
	Over     time.Duration `toml:"over" default:"0s" max:"24h" doc:"hill: its length; 0: as long as the fault lasts"`
}

var peakHourKind = Kind{
	Name: "peak_hour", Layer: LayerService, Claims: "capacity",
	Summary: "capacity shrinks as everybody else asks, too: times rise with load, or calls queue",
	Page: `When offices open, everybody shares one provider. What is left for this account
shrinks: a hosted model serves so many calls at full speed, and with twice as many
each takes twice as long, first token and all; bounded slots and batches queue.
Nothing fails, unless a queue is full. With shape = "hill" the capacity falls and
rises again over the fault's length, as over a day.

The delay depends on the system's own load, which is what makes it different from
a latency spike: sending less helps. A good system spreads what it has over its
providers as first tokens slow down, puts off what can wait, and is back on the
provider it prefers when the peak is over. A bad one hedges and retries, which
makes its own share of the peak larger.`,
	New: func() Fault { return new(PeakHour) },
}

// Check wants a slope that goes down.
func (p *PeakHour) Check() *ParamError {
	if p.From != 0 && p.From < p.Capacity {
		return &ParamError{Param: "from", Msg: fmt.Sprintf("from (%d) is below capacity (%d)", p.From, p.Capacity), Hint: "a peak takes capacity away; make from the larger one"}
	}
	if p.Over != 0 && p.Shape != peakHill {
		return &ParamError{Param: "over", Msg: "over is the length of a hill", Hint: `give shape = "hill", or leave over out`}
	}
	return nil
}

// OnLink is false: the mock itself is busy.
func (*PeakHour) OnLink() bool { return false }

// Undivided tells that all calls share the capacity.
func (*PeakHour) Undivided() {}

// Fits tells whether there is capacity that others can use up.
func (*PeakHour) Fits(p plan.Provider) error {
	return needsService(p, "capacity that it shares with others", "throttle (edge) or replica_loss (managed)",
		plan.ServiceCloud, plan.ServiceSlots, plan.ServiceGPU)
}

// Inject begins the peak.
func (p *PeakHour) Inject(ctx context.Context, v Victim, env Env) (func(context.Context) error, error) {
	spec := v.Provider.Spec()
	if err := p.Fits(spec); err != nil {
		return nil, err
	}
	from := p.from(spec.Service)
	if p.Shape != peakHill {
		return strain(ctx, v, env, func(x float64) service.Strain { return p.strain(from, x) })
	}
	length := p.Over
	if length == 0 {
		length = env.For
	}
	if length == 0 {
		return nil, errors.New(`peak_hour: nobody knows how long a hill without an end is; give over, for example over = "1m"`)
	}
	return strainCourse(ctx, v, env, length, func(part float64) service.Strain {
		return p.strain(from, math.Sin(math.Pi*part))
	})
}

// from is the capacity before the peak.
func (p *PeakHour) from(s plan.Service) int {
	own := 0
	switch s.Model {
	case plan.ServiceCloud:
		own = s.SoftCapacity
	case plan.ServiceSlots:
		own = s.Slots
	case plan.ServiceGPU:
		own = s.MaxSequences * max(1, s.Replicas)
	}
	switch {
	case p.From != 0:
		own = p.From
	case own == 0:
		own = 8 * p.Capacity
	}
	return max(own, p.Capacity)
}

// strain is the peak when x of it is there, from 0 to 1: equal steps of x take
// away equal shares of what is left.
func (p *PeakHour) strain(from int, x float64) service.Strain {
	left := float64(from) * math.Pow(float64(p.Capacity)/float64(from), min(1, max(0, x)))
	return service.Strain{Capacity: max(p.Capacity, int(math.Round(left)))}
}
