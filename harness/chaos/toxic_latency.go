package chaos

import (
	"sync"
	"time"

	"github.com/Shopify/toxiproxy/v2/toxics"

	"brownout/chance"
)

// keyedLatency is the name under which the toxic below is known to toxiproxy.
const keyedLatency = "keyed_latency"

// latencyToxic holds back each chunk by latency ± jitter. toxiproxy's own
// latency toxic draws its jitter from global randomness; this one draws it
// from the run's seed and the number of the chunk on its connection.
type latencyToxic struct {
	Latency int64  `json:"latency"` // milliseconds
	Jitter  int64  `json:"jitter"`  // milliseconds, at most Latency
	Seed    uint64 `json:"seed"`
}

// latencyState counts the chunks of one connection in one direction.
type latencyState struct{ chunk int }

// NewState starts the count of a new connection.
func (*latencyToxic) NewState() any { return new(latencyState) }

// GetBufferSize lets chunks queue while one is held back, so that latency
// delays a stream and does not throttle it.
func (*latencyToxic) GetBufferSize() int { return 1024 }

func (t *latencyToxic) delay(chunk int) time.Duration {
	u := chance.Key{Seed: t.Seed, Attempt: chunk, Purpose: "link-jitter"}.Uniform()
	return time.Duration((float64(t.Latency) + float64(t.Jitter)*(2*u-1)) * float64(time.Millisecond))
}

// Pipe passes chunks on, each no earlier than its delay after it came.
func (t *latencyToxic) Pipe(stub *toxics.ToxicStub) {
	state := stub.State.(*latencyState)
	timer := time.NewTimer(0)
	defer timer.Stop()
	<-timer.C
	for {
		select {
		case <-stub.Interrupt:
			return
		case c := <-stub.Input:
			if c == nil {
				stub.Close()
				return
			}
			wait := t.delay(state.chunk) - time.Since(c.Timestamp)
			state.chunk++
			timer.Reset(wait)
			select {
			case <-timer.C:
				c.Timestamp = c.Timestamp.Add(wait)
				stub.Output <- c
			case <-stub.Interrupt:
				stub.Output <- c // whatever was taken in must go out
				return
			}
		}
	}
}

// registerToxics makes our toxics known to toxiproxy, whose registry is global
// to the process and not safe to write twice at a time.
var registerToxics = sync.OnceFunc(func() {
	toxics.Register(keyedLatency, new(latencyToxic))
})
