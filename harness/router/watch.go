package router

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// silence is the cause with which a watch ends an attempt.
type silence struct {
	gap   bool // after the first token
	whole bool // of a unary answer, where no first token can be seen
	limit time.Duration
}

func (s *silence) Error() string {
	switch {
	case s.gap:
		return fmt.Sprintf("no token for %v", s.limit.Round(time.Millisecond))
	case s.whole:
		return fmt.Sprintf("no answer in %v", s.limit.Round(time.Millisecond))
	}
	return fmt.Sprintf("no first token in %v", s.limit.Round(time.Millisecond))
}

// watch ends an attempt that stays silent too long: first until its first
// token, then between tokens. It owns one timer. Tokens only store the time;
// the timer looks at it when it fires and sleeps for the rest, so that a token
// costs no timer operation.
type watch struct {
	cancel context.CancelCauseFunc
	timer  *time.Timer // nil: nothing is limited
	first  silence
	gap    time.Duration // 0: not limited
	began  time.Time
	last   atomic.Int64 // of the latest token, since began, plus one; 0: none yet
	ending atomic.Bool  // all is said; only the end marker is missing
}

// start arms w for the first token. A limit of 0 is none.
func (w *watch) start(cancel context.CancelCauseFunc, first silence, gap time.Duration) {
	w.cancel, w.first, w.gap, w.began = cancel, first, max(gap, 0), time.Now()
	if first.limit > 0 || w.gap > 0 {
		// The callback reads w.timer, so it may run only once that is set.
		w.timer = time.AfterFunc(time.Hour, w.fire)
		w.timer.Stop()
		if first.limit > 0 {
			w.timer.Reset(first.limit)
		}
	}
}

// token notes a sign of life.
func (w *watch) token() {
	if w.gap == 0 && w.last.Load() != 0 {
		return
	}
	if w.last.Swap(int64(time.Since(w.began))+1) != 0 || w.timer == nil {
		return
	}
	if w.gap > 0 {
		w.timer.Reset(w.gap)
	} else {
		w.timer.Stop()
	}
}

// hurry leaves the stream only so long for its end marker.
func (w *watch) hurry(limit time.Duration) {
	w.ending.Store(true)
	if w.timer == nil {
		w.timer = time.AfterFunc(limit, w.fire)
		return
	}
	w.timer.Reset(limit)
}

func (w *watch) fire() {
	last := w.last.Load()
	switch {
	case w.ending.Load():
		w.cancel(&silence{gap: true, limit: w.gap})
		return
	case last == 0:
		w.cancel(&w.first)
		return
	case w.gap == 0:
		return
	}
	if idle := time.Since(w.began) - time.Duration(last-1); idle < w.gap {
		w.timer.Reset(w.gap - idle)
		return
	}
	w.cancel(&silence{gap: true, limit: w.gap})
}

func (w *watch) stop() {
	if w.timer != nil {
		w.timer.Stop()
	}
}
