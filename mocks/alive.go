package mocks

import (
	"context"
	"errors"
	"time"

	"brownout/mocks/wire"
)

// signEvery is how long a provider that shows signs of life lets a waiting
// client see nothing. DeepSeek documents that there are some, not how often
// (unverified).
const signEvery = time.Second

// pingEvery is how long a stream in progress lets its client see nothing, where
// its dialect has pings. Anthropic documents that there may be any number of
// them anywhere, not how often (unverified).
const pingEvery = 5 * time.Second

// errSilent ends a wait for tokens in order to show a sign of life.
var errSilent = errors.New("the client has seen nothing for a while")

// silence is the context in which a stream waits for its tokens, and which ends
// when the client may have seen nothing for a while. It outlives the tokens that
// come sooner: a context of each would be most of what a token costs.
type silence struct {
	context.Context
	end context.CancelFunc // nil: there is none
}

// waitPinging waits for n tokens of a stream in progress, with pings meanwhile.
func (c *call) waitPinging(n int) (ready int, err error) {
	for seen := time.Now(); ; {
		if c.silence.end == nil {
			c.silence.Context, c.silence.end = context.WithDeadlineCause(c.r.Context(), seen.Add(pingEvery), errSilent)
		}
		ready, err = c.turn.Wait(c.silence.Context, n)
		if !errors.Is(err, errSilent) {
			return ready, err
		}
		c.endSilence()
		now := time.Now()
		if now.Sub(seen) < pingEvery { // it began before the last token
			continue
		}
		if c.pings.Ping() != nil {
			return ready, context.Canceled
		}
		seen = now
		c.extend(now)
	}
}

// endSilence lets go of the context.
func (c *call) endSilence() {
	if c.silence.end != nil {
		c.silence.end()
		c.silence = silence{}
	}
}

// wait waits for n tokens of an answer. Until it has begun, providers of some
// dialects show signs of life; what is written behind the first of them must
// not have a head again.
func (c *call) wait(n int, begun bool) (ready int, err error) {
	if c.pings != nil {
		return c.waitPinging(n)
	}
	alive, ok := c.p.dialect.(wire.KeepAliver)
	if !ok || begun || !alive.ShowsLife(c.req) {
		return c.turn.Wait(c.r.Context(), n)
	}
	for first := true; ; first = false {
		ctx, cancel := context.WithTimeoutCause(c.r.Context(), signEvery, errSilent)
		ready, err = c.turn.Wait(ctx, n)
		cancel()
		if !errors.Is(err, errSilent) {
			return ready, err
		}
		if first {
			c.writeHeaders()
		}
		if alive.KeepAlive(c.w, c.req, first) != nil {
			return ready, context.Canceled
		}
		if first {
			c.w = wire.Begun(c.w)
		}
		c.extend(time.Now())
	}
}
