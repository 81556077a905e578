package chaos

import (
	"time"

	"github.com/Shopify/toxiproxy/v2/toxics"

	"brownout/chance"
)

// keyedLatency is the name under which the toxic below is known to toxiproxy,
// and stockLatency toxiproxy's own of the same parameters.
const (
	keyedLatency = "keyed_latency"
	stockLatency = "latency"
)

// latencyToxic holds back each chunk by latency ± jitter. toxiproxy's own
// latency toxic draws its jitter from global randomness; this one draws it
// from the run's seed and the number of the chunk on its connection.
type latencyToxic struct {
	Latency int64  `json:"latency"` // milliseconds
	Jitter  int64  `json:"jitter"`  // milliseconds, at most Latency
	Seed    uint64 `json:"seed"`
}

// NewState starts the count of a new connection.
func (*latencyToxic) NewState() any { return new(flow) }

// Cleanup lets out what is held back.
func (*latencyToxic) Cleanup(stub *toxics.ToxicStub) { stub.State.(*flow).flush(stub) }

// GetBufferSize lets chunks queue while one is held back, so that latency
// delays a stream and does not throttle it.
func (*latencyToxic) GetBufferSize() int { return 1024 }

func (t *latencyToxic) delay(chunk int) time.Duration {
	u := chance.Key{Seed: t.Seed, Attempt: chunk, Purpose: "link-jitter"}.Uniform()
	return time.Duration((float64(t.Latency) + float64(t.Jitter)*(2*u-1)) * float64(time.Millisecond))
}

// Pipe passes chunks on, each no earlier than its delay after it came.
func (t *latencyToxic) Pipe(stub *toxics.ToxicStub) {
	f, timer := stub.State.(*flow), stopped()
	defer timer.Stop()
	for c := f.next(stub); c != nil; c = f.next(stub) {
		wait := t.delay(f.count) - time.Since(c.Timestamp)
		if !f.after(stub, timer, wait, c) {
			return
		}
		f.count++
	}
}
