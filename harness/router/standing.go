package router

import (
	"fmt"
	"math"
	"slices"
	"sync/atomic"
	"time"
)

// standing is how a provider's model does among those that serve the same
// traffic. The counts are everybody's; the rest is only for who looks at them.
type standing struct {
	calls, failed atomic.Int64 // since the last look
	firsts        atomic.Int64 // of the calls, those that were their request's first attempt
	until         atomic.Int64 // when its ejection ends, in Unix nanoseconds; 0: it is not ejected

	times int                  // ejections of late
	usual [lanes]time.Duration // the median of what its answers usually take to begin; 0: not known yet
	epoch uint64               // of its breaker at the last look
}

const (
	// habitShare is the weight of the latest calls in what is usual, and
	// acceptShare that of an outlier's: who stays as slow as that for minutes is
	// so by nature, and no longer an outlier.
	habitShare  = 0.2
	acceptShare = 0.05

	// leastErrors is the share of failures below which nobody is an outlier: a
	// retry mends it for less than an ejection costs.
	leastErrors = 0.05
	// leastDelay likewise: of answers that begin within milliseconds, three
	// times as long is noise.
	leastDelay = 50 * time.Millisecond
	// sureness is by how many standard errors shares of failures must differ
	// before it is taken for more than chance.
	sureness = 3
)

// figures are what was seen of one peer since the last look.
type figures struct {
	peer
	fit           bool // to be judged, and to be compared with
	out           bool // it gets no traffic now, by an ejection or otherwise
	calls, failed float64
	firsts        float64              // of the calls, first attempts
	medians       [lanes]time.Duration // 0: too few answers
	slow          float64              // how many times as long as usual answers take to begin; 0: not known
	delay         time.Duration        // and how much longer
}

// take takes what was seen since the last time. least is how many answers tell
// a median.
func (p peer) take(now time.Time, least int) *figures {
	s := &p.stats.standing
	f := &figures{peer: p, calls: float64(s.calls.Swap(0)), failed: float64(s.failed.Swap(0)), firsts: float64(s.firsts.Swap(0))}
	epoch, steady := p.gate.steady(p.model)
	ejected := s.until.Load() > now.UnixNano()
	f.out = ejected || !steady || p.pulse.sick.Load() != nil
	f.fit = !f.out && epoch == s.epoch
	s.epoch = epoch
	most := 0
	for i, v := range p.stats.lately() {
		if v.n < least {
			continue
		}
		f.medians[i] = v.median
		if usual := s.usual[i]; usual > 0 && v.n > most {
			most, f.slow, f.delay = v.n, float64(v.median)/float64(usual), v.median-usual
		}
	}
	return f
}

// learn takes in what is usual.
func (f *figures) learn(share float64) {
	for i, median := range f.medians {
		usual := &f.stats.standing.usual[i]
		switch {
		case median == 0:
		case *usual == 0:
			*usual = median
		default:
			*usual += time.Duration(share * float64(median-*usual))
		}
	}
}

// fails tells why a peer fails so much more than the others do that it is an
// outlier; "": it is none. Shares are compared as two proportions are, so that
// a few calls prove nothing.
func (f *figures) fails(others []*figures, factor float64, least int) string {
	var calls, failed float64
	for _, v := range others {
		calls, failed = calls+v.calls, failed+v.failed
	}
	if f.calls < float64(least) || calls < float64(least) {
		return ""
	}
	own, theirs := f.failed/f.calls, failed/calls
	both := (f.failed + failed) / (f.calls + calls)
	deviation := math.Sqrt(both * (1 - both) * (1/f.calls + 1/calls))
	if own < leastErrors || own < factor*theirs || own-theirs < sureness*deviation {
		return ""
	}
	return fmt.Sprintf("%.0f %% of its calls failed, of its peers' %.0f %%", 100*own, 100*theirs)
}

// lags tells why a peer has become so much slower than the others have that it
// is an outlier; "": it is none. Each is compared with what it usually takes,
// and that with how the others do: a small device is slow by nature, and
// longer prompts slow everybody down.
func (f *figures) lags(others []*figures, factor float64) string {
	var known []float64
	for _, v := range others {
		if v.slow > 0 {
			known = append(known, v.slow)
		}
	}
	if len(known) == 0 || f.delay < leastDelay {
		return ""
	}
	slices.Sort(known)
	n := len(known)
	theirs := (known[(n-1)/2] + known[n/2]) / 2
	if f.slow < factor*max(1, theirs) {
		return ""
	}
	return fmt.Sprintf("its answers take %.1f times as long to begin as usual, its peers' %.1f times", f.slow, theirs)
}
