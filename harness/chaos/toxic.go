package chaos

import (
	"sync"
	"time"

	toxiclient "github.com/Shopify/toxiproxy/v2/client"
	"github.com/Shopify/toxiproxy/v2/stream"
	"github.com/Shopify/toxiproxy/v2/toxics"
	"github.com/rs/zerolog"
	"github.com/rs/zerolog/log"
)

// registerToxics makes our toxics known to toxiproxy, whose registry is global
// to the process and not safe to write twice at a time.
//
// Some of toxiproxy's own toxics write to zerolog's global logger, which is the
// standard error, across a live screen. Nothing else here uses it.
var registerToxics = sync.OnceFunc(func() {
	log.Logger = zerolog.Nop()
	toxics.Register(keyedLatency, new(latencyToxic))
	toxics.Register(keyedSlicer, new(slicerToxic))
	toxics.Register(steadyBandwidth, new(bandwidthToxic))
})

// toxic is one thing that is wrong with a link.
type toxic struct {
	suffix string
	kind   string
	stock  string // of a server that does not know kind; "": kind
	attrs  toxiclient.Attributes
}

// flow is the state of one connection in one direction that a toxic of ours
// keeps: how far it has come, and the chunk that it has taken in and not yet
// let out. A toxic is interrupted whenever the chain around it changes; it then
// puts the chunk here and goes on with it later, instead of waiting for somebody
// to take it, who may be gone.
type flow struct {
	count int       // chunks or slices let out
	due   time.Time // when the next byte may leave
	held  *stream.StreamChunk
}

// next is the next chunk; nil: the toxic has to return.
func (f *flow) next(stub *toxics.ToxicStub) *stream.StreamChunk {
	if c := f.held; c != nil {
		f.held = nil
		return c
	}
	select {
	case <-stub.Interrupt:
		return nil
	case c := <-stub.Input:
		if c == nil {
			stub.Close()
		}
		return c
	}
}

// after lets a chunk out after a wait; false: it holds the chunk, and the toxic
// has to return.
func (f *flow) after(stub *toxics.ToxicStub, timer *time.Timer, wait time.Duration, c *stream.StreamChunk) bool {
	timer.Reset(wait)
	select {
	case <-timer.C:
	case <-stub.Interrupt:
		f.held = c
		return false
	}
	select {
	case stub.Output <- c:
		return true
	case <-stub.Interrupt:
		f.held = c
		return false
	}
}

// flushTime bounds how long what a toxic holds waits to be taken when the toxic
// is removed. toxiproxy waits 5 s, for each chunk of each client that has left
// in the meantime, which is longer than clearing a fault may take.
const flushTime = 250 * time.Millisecond

// settleTime is how long flush waits for another chunk: the one before it may
// be about to hand it on, and would meet toxiproxy's own 5 s if nobody were
// there to see that its client has left.
const settleTime = 25 * time.Millisecond

// flush hands on what is held and what waits behind it, as the toxic is
// removed. A connection whose end takes nothing any more is closed.
func (f *flow) flush(stub *toxics.ToxicStub) {
	settled := stopped()
	defer settled.Stop()
	for c, start := f.held, time.Now(); ; {
		if c != nil && stub.WriteOutput(c, flushTime) != nil {
			stub.Close()
			return
		}
		f.held = nil
		if time.Since(start) > flushTime { // a client that takes all there is
			return
		}
		settled.Reset(settleTime)
		select {
		case c = <-stub.Input:
			if c == nil {
				stub.Close()
				return
			}
		case <-settled.C:
			return
		}
	}
}

// stopped is a timer that does not run.
func stopped() *time.Timer {
	t := time.NewTimer(0)
	<-t.C
	return t
}
