package router

import (
	"time"

	"brownout/mocks/wire"
)

// doubt is what remains of a stated retry-after beyond the time for which it
// is believed: it may be an hour of a limit per day, or a slip of a provider
// that is well again in a minute. One call at a time finds out.
type doubt struct {
	until  time.Time // what was stated; zero: nothing is in doubt
	asking bool      // a call is finding out
}

// asks tells whether the call that is about to be let in is to find out, and
// keeps others away meanwhile. The caller holds mu.
func (g *gate) asks(now time.Time) bool {
	if g.doubt.until.IsZero() {
		return false
	}
	g.doubt.asking = now.Before(g.doubt.until)
	if !g.doubt.asking {
		g.doubt = doubt{}
	}
	return g.doubt.asking
}

// settleDoubt takes in what a call says of the retry-after that its backend
// stated before, or states now. The caller holds mu.
func (g *gate) settleDoubt(p pass, says verdict, f *wire.Failure, now time.Time) {
	most := g.set.RateLimits.MaxHold
	if p.asks {
		g.doubt.asking = false
		switch {
		case says == healthy:
			g.notBefore, g.doubt = time.Time{}, doubt{}
		case f == nil || f.Kind == kindGone: // it found nothing out
		case f.RetryAfter > 0 && f.RetryAfter <= most:
			g.doubt = doubt{} // it says something else now
		default:
			g.notBefore = now.Add(most)
		}
	}
	if f == nil || f.RetryAfter <= 0 || g.set.MaxRetryAfterWait < 0 {
		return
	}
	until := now.Add(f.RetryAfter)
	if most > 0 && f.RetryAfter > most {
		if until.After(g.doubt.until) {
			g.doubt.until = until
		}
		until = now.Add(most)
	}
	if until.After(g.notBefore) {
		g.notBefore, g.limited = until, f
	}
}
