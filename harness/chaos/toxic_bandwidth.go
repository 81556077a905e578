package chaos

import (
	"time"

	"github.com/Shopify/toxiproxy/v2/stream"
	"github.com/Shopify/toxiproxy/v2/toxics"
)

// steadyBandwidth is the name under which the toxic below is known to
// toxiproxy, and stockBandwidth toxiproxy's own of the same parameters.
const (
	steadyBandwidth = "steady_bandwidth"
	stockBandwidth  = "bandwidth"
)

// bandwidthToxic lets so much through. toxiproxy's own, when it is removed,
// waits for clients that have left.
type bandwidthToxic struct {
	Rate int64 `json:"rate"` // KB/s
}

// bandwidthBeat is how often bytes leave, at least, if any are there.
const bandwidthBeat = 20 * time.Millisecond

// NewState starts the clock of a new connection.
func (*bandwidthToxic) NewState() any { return new(flow) }

// Cleanup lets out what is held back.
func (*bandwidthToxic) Cleanup(stub *toxics.ToxicStub) { stub.State.(*flow).flush(stub) }

// Pipe passes chunks on in pieces, each when the line would have carried it.
func (t *bandwidthToxic) Pipe(stub *toxics.ToxicStub) {
	f, timer := stub.State.(*flow), stopped()
	defer timer.Stop()
	most := max(1, int(t.Rate*bandwidthBeat.Milliseconds())) // 1 KB/s is a byte a millisecond
	for c := f.next(stub); c != nil; c = f.next(stub) {
		for rest := c.Data; len(rest) > 0; {
			n := min(len(rest), most)
			if now := time.Now(); f.due.Before(now) {
				f.due = now
			}
			takes := time.Duration(n) * time.Millisecond / time.Duration(max(1, t.Rate))
			if !f.after(stub, timer, time.Until(f.due)+takes, &stream.StreamChunk{Data: rest[:n:n], Timestamp: c.Timestamp}) {
				f.held = &stream.StreamChunk{Data: rest, Timestamp: c.Timestamp}
				return
			}
			f.due = f.due.Add(takes)
			rest = rest[n:]
		}
	}
}
