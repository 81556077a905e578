package router

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// outlierSettings say when a member counts as an outlier.
type outlierSettings struct {
	Factor    float64       // how many times worse than its peers
	MinErrors float64       // error share below which nobody is one for its errors, 0..1
	MinCalls  int           // judged, and compared with, on at least so many calls
	Window    time.Duration // within this time
	EjectFor  time.Duration // times the number of ejections of late
	MaxShare  float64       // of the members ejected at once, 0..1
}

const (
	// outlierStreak failures in a row eject at once, whatever the peers do.
	// Envoy's default for consecutive gateway failures.
	outlierStreak = 5
	// outlierMost bounds how many times EjectFor an ejection lasts: Envoy's
	// defaults are 30 s and at most 300.
	outlierMost = 10
	// habitShare is the weight of the latest window in a member's habit.
	habitShare = 0.2
)

// outliers finds members of a fleet (a provider, or a model of one) that do
// much worse than the others, and ejects them for a while: for failures in a
// row, for a share of errors that is many times that of their peers, or for
// latency. Latency is compared with a member's own habit first, and then with
// how far its peers are from theirs: a small device is slow by nature, and a
// prompt that grows slows everybody down, but who alone turns three times as
// slow as usual has a problem.
//
// At most MaxShare of the members are out at once, one may always be, and the
// last never. Each ejection lasts longer than the one before; each window
// behaved well takes one off. Sources: Envoy's outlier detection, whose
// standard deviations say nothing for a fleet of two to five.
//
// It is safe for concurrent use, and needs no goroutine: windows end with the
// first call after their time.
type outliers struct {
	set  outlierSettings
	tell func(ejection) // outside the lock, from the goroutine that noticed

	mu      sync.Mutex
	members map[string]*peer
	began   time.Time // of the present window
	out     int       // members ejected
	untold  []ejection
}

// ejection is a member leaving or coming back.
type ejection struct {
	name string
	back bool
	wait time.Duration // how long it stays out
	why  string
}

type peer struct {
	name     string
	out      bool
	until    time.Time
	times    int // ejections of late
	streak   int // failures in a row
	calls    int // in this window
	failures int
	lanes    [2]habit // unary, stream
}

// habit is how long a member's calls of one sort usually take.
type habit struct {
	times *hdrhistogram.Histogram // of this window
	usual time.Duration           // the median of windows past; 0: none yet
}

func newOutliers(names []string, set outlierSettings, tell func(ejection)) *outliers {
	o := &outliers{set: set, tell: tell, members: map[string]*peer{}, began: time.Now()}
	for _, n := range names {
		m := &peer{name: n}
		for i := range m.lanes {
			m.lanes[i].times = newHistogram()
		}
		o.members[n] = m
	}
	return o
}

// answered notes a call that was answered and how long its answer took to
// begin (stream) or to be there.
func (o *outliers) answered(name string, stream bool, took time.Duration) {
	m := o.lock(name)
	defer o.unlock()
	if m == nil {
		return
	}
	m.calls++
	m.streak = 0
	lane := &m.lanes[0]
	if stream {
		lane = &m.lanes[1]
	}
	_ = lane.times.RecordValue(max(1, min(int64(took/sketchUnit), int64(sketchMost/sketchUnit))))
}

// failed notes a call that failed by the member's fault: an error, a cut, or
// silence, but no refusal of a bad request and no rate limit.
func (o *outliers) failed(name string) {
	m := o.lock(name)
	defer o.unlock()
	if m == nil {
		return
	}
	m.calls++
	m.failures++
	if m.streak++; m.streak >= outlierStreak && !m.out {
		o.eject(m, fmt.Sprintf("%d failures in a row", m.streak))
	}
}

// ejected tells whether a member is out, and for how long yet.
func (o *outliers) ejected(name string) (wait time.Duration, out bool) {
	m := o.lock(name)
	defer o.unlock()
	if m == nil || !m.out {
		return 0, false
	}
	return time.Until(m.until), true
}

// lock begins a critical section and brings everything up to date. A member
// that is not known is nil.
func (o *outliers) lock(name string) *peer {
	o.mu.Lock()
	now := time.Now()
	if o.out > 0 {
		o.comeBack(now)
	}
	if now.Sub(o.began) >= o.set.Window {
		o.judge()
		o.began = now
	}
	return o.members[name]
}

func (o *outliers) unlock() {
	untold := o.untold
	o.untold = nil
	o.mu.Unlock()
	for _, e := range untold {
		o.tell(e)
	}
}

// comeBack takes those in whose time is over. They begin with a clean sheet.
func (o *outliers) comeBack(now time.Time) {
	for _, m := range o.members {
		if m.out && !now.Before(m.until) {
			m.out = false
			o.out--
			m.clear()
			m.streak = 0
			o.untold = append(o.untold, ejection{name: m.name, back: true})
		}
	}
}

// eject takes a member out, if the fleet can do without it.
func (o *outliers) eject(m *peer, why string) {
	n := len(o.members)
	most := min(n-1, max(1, int(o.set.MaxShare*float64(n))))
	if o.out >= most {
		return
	}
	m.times = min(m.times+1, outlierMost)
	wait := time.Duration(m.times) * o.set.EjectFor
	m.out, m.until = true, time.Now().Add(wait)
	o.out++
	o.untold = append(o.untold, ejection{name: m.name, wait: wait, why: why})
}

func (m *peer) clear() {
	m.calls, m.failures = 0, 0
	for i := range m.lanes {
		m.lanes[i].times.Reset()
	}
}

// judge ends a window.
func (o *outliers) judge() {
	var errs, slow []figure
	for _, m := range o.members {
		if m.out {
			continue
		}
		if m.calls >= o.set.MinCalls {
			errs = append(errs, figure{m, float64(m.failures) / float64(m.calls)})
		}
		if s, ok := m.slowdown(o.set.MinCalls); ok {
			slow = append(slow, figure{m, s})
		}
	}
	bad := map[*peer]string{}
	for i, f := range errs {
		if usual, ok := peers(errs, i); ok && f.value >= o.set.MinErrors && f.value > 0 && f.value >= o.set.Factor*usual {
			bad[f.member] = fmt.Sprintf("%.0f %% of its calls failed, of its peers' %.0f %%", 100*f.value, 100*usual)
		}
	}
	for i, f := range slow {
		if usual, ok := peers(slow, i); ok && bad[f.member] == "" && f.value >= o.set.Factor*max(1, usual) {
			bad[f.member] = fmt.Sprintf("it takes %.1f times as long as it used to, its peers %.1f times", f.value, usual)
		}
	}
	// The worst come first where not all may go, then the names decide.
	all := append(errs, slow...)
	slices.SortStableFunc(all, func(a, b figure) int {
		switch {
		case a.value != b.value && a.value > b.value:
			return -1
		case a.value != b.value:
			return 1
		case a.member.name < b.member.name:
			return -1
		}
		return 1
	})
	for _, f := range all {
		if why := bad[f.member]; why != "" && !f.member.out {
			o.eject(f.member, why)
		}
	}
	for _, m := range o.members {
		if bad[m] == "" && !m.out && m.calls >= o.set.MinCalls {
			m.times = max(0, m.times-1)
			m.learn(o.set.MinCalls)
		}
		m.clear()
	}
}

type figure struct {
	member *peer
	value  float64
}

// peers is the median of all figures but the i-th's; false where there is
// none.
func peers(all []figure, i int) (float64, bool) {
	var others []float64
	for k, f := range all {
		if k != i {
			others = append(others, f.value)
		}
	}
	if len(others) == 0 {
		return 0, false
	}
	slices.Sort(others)
	n := len(others)
	return (others[(n-1)/2] + others[n/2]) / 2, true
}

// slowdown is how many times as long as usual calls took in this window, by
// the sort of call there was more of; false where too little is known.
func (m *peer) slowdown(least int) (times float64, ok bool) {
	lane := &m.lanes[0]
	if m.lanes[1].times.TotalCount() > lane.times.TotalCount() {
		lane = &m.lanes[1]
	}
	if lane.usual == 0 || lane.times.TotalCount() < int64(max(1, least)) {
		return 0, false
	}
	return float64(lane.median()) / float64(lane.usual), true
}

func (h *habit) median() time.Duration {
	return time.Duration(h.times.ValueAtQuantile(50)) * sketchUnit
}

// learn takes the window into the habit.
func (m *peer) learn(least int) {
	for i := range m.lanes {
		h := &m.lanes[i]
		if h.times.TotalCount() < int64(max(1, least)) {
			continue
		}
		if d := h.median(); h.usual == 0 {
			h.usual = d
		} else {
			h.usual += time.Duration(habitShare * float64(d-h.usual))
		}
	}
}
