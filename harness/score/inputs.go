package score

import (
	"slices"
	"time"
)

// Inputs are what the score of one window was computed from, in more detail
// than a snapshot keeps: enough to do the sums again by hand.
type Inputs struct {
	Fault     string
	Failover  []FailoverInput // in the order of time; nil until a failover can be judged
	Recovery  []RecoveryInput // up to the first that is like steady state; nil where nothing is compared
	Kinds     []KindInput     // in the order of the mix
	Compared  uint64          // requests whose latency is compared with steady state
	Relative  float64         // their p95, over steady state
	Calls     uint64          // while the fault lasted
	Early     uint64          // of these, before a stated retry-after
	BilledUSD float64         // for them
	Good      uint64          // answers that were good
	SteadyUSD float64         // a good answer cost before the first fault
}

// FailoverInput is one moment at which users may be back.
type FailoverInput struct {
	At    time.Duration // since injection
	Slice Tally         // of the SliceWidth that begins there
	Ahead Tally         // of the FailoverSpan that begins there
	Rest  Tally         // of all that is left of the fault
	Back  bool          // both are at the slo
}

// RecoveryInput is one RecoverySpan of the horizon.
type RecoveryInput struct {
	At         time.Duration // its start, since clearance
	Tally      Tally
	Distance   float64 // of the shares of providers from steady state, 0..1
	Relative   float64 // p95 over steady state
	CostFactor float64 // of a good answer over steady state; 0: not compared, or free
	Back       bool    // all is within the tolerances
}

// KindInput is what the requests of one kind are compared with.
type KindInput struct {
	Request  string
	Steady   time.Duration // p95 before the first fault; 0: there was no answer
	Answers  uint64        // it was computed from
	Deadline time.Duration // what a request without an answer counts with
}

// Inputs of the windows of injected faults, in the order of the plan.
func (b *Board) Inputs() []Inputs {
	var out []Inputs
	for _, w := range b.windows {
		if w.on {
			out = append(out, b.inputsOf(w))
		}
	}
	return out
}

func (b *Board) inputsOf(w *window) Inputs {
	known := b.window(w)
	slo := b.promise.Availability
	in := Inputs{
		Fault: w.fault.Name, Compared: uint64(w.relative.count()), Relative: float64(w.relative.at(95)) / ratioScale,
		Calls: w.during.spend.calls, Early: w.during.spend.early, BilledUSD: w.during.spend.costUSD,
		SteadyUSD: b.steady.costGood, Good: w.during.tally.good(),
	}
	for i := range b.kinds {
		k := &b.kinds[i]
		in.Kinds = append(in.Kinds, KindInput{Request: k.mix.Kind, Steady: k.p95, Answers: uint64(k.steady.count()), Deadline: k.mix.Deadline})
	}
	if known.Parts[partFailover].Known {
		eachAhead(w.during.slices, b.lasted(w), func(i int, ahead, rest Tally) {
			in.Failover = append(in.Failover, FailoverInput{
				At: time.Duration(i) * SliceWidth, Slice: sliceAt(w.during.slices, i).tally, Ahead: ahead, Rest: rest,
				Back: ahead.reaches(slo) && rest.reaches(slo),
			})
		})
		slices.Reverse(in.Failover)
	}
	if known.Parts[partRecovery].Known {
		for s := range spansOf(w.after.slices, b.watched(w), &b.steady) {
			in.Recovery = append(in.Recovery, RecoveryInput{
				At: s.at, Tally: s.tally, Distance: s.distance(), Relative: s.relative(), CostFactor: s.costFactor(), Back: s.back(slo),
			})
			if s.back(slo) {
				break
			}
		}
	}
	return in
}

// Nines of a share: 0.9 is one, 0.999 three; of what is promised at most five.
func Nines(share float64) float64 { return nines(share) }

// ReadInputs folds a journal on disk as Read does, and tells what the score was
// computed from, too.
func ReadInputs(path string) (*Snapshot, []Inputs, error) {
	b, _, err := fold(path)
	if err != nil {
		return nil, nil, err
	}
	return b.Snapshot(), b.Inputs(), nil
}
