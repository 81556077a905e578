package chaos

import (
	"time"

	"github.com/Shopify/toxiproxy/v2/stream"
	"github.com/Shopify/toxiproxy/v2/toxics"

	"brownout/chance"
)

// keyedSlicer is the name under which the toxic below is known to toxiproxy,
// and stockSlicer toxiproxy's own of the same parameters.
const (
	keyedSlicer = "keyed_slicer"
	stockSlicer = "slicer"
)

// slicerToxic cuts each chunk into slices of about a size, with a pause before
// each. toxiproxy's own slicer draws the sizes from global randomness; this one
// draws them from the run's seed and the number of the slice on its connection.
type slicerToxic struct {
	Size      int    `json:"average_size"`   // bytes
	Variation int    `json:"size_variation"` // bytes, less than Size
	Delay     int64  `json:"delay"`          // microseconds
	Seed      uint64 `json:"seed"`
}

// NewState starts the count of a new connection.
func (*slicerToxic) NewState() any { return new(flow) }

// Cleanup lets out what is held back.
func (*slicerToxic) Cleanup(stub *toxics.ToxicStub) { stub.State.(*flow).flush(stub) }

// size is how many bytes a slice has.
func (t *slicerToxic) size(slice int) int {
	u := chance.Key{Seed: t.Seed, Attempt: slice, Purpose: "link-slice"}.Uniform()
	return max(1, t.Size+int(float64(t.Variation)*(2*u-1)))
}

// Pipe passes chunks on in slices.
func (t *slicerToxic) Pipe(stub *toxics.ToxicStub) {
	f, timer := stub.State.(*flow), stopped()
	defer timer.Stop()
	wait := time.Duration(t.Delay) * time.Microsecond
	for c := f.next(stub); c != nil; c = f.next(stub) {
		for rest := c.Data; len(rest) > 0; {
			n := min(len(rest), t.size(f.count))
			if !f.after(stub, timer, wait, &stream.StreamChunk{Data: rest[:n:n], Timestamp: c.Timestamp}) {
				f.held = &stream.StreamChunk{Data: rest, Timestamp: c.Timestamp}
				return
			}
			f.count++
			rest = rest[n:]
		}
	}
}
