// Package replay plays a journal as if its run were going on now: at any speed,
// with pauses, from any moment.
//
// A journal on disk flows in; immutable snapshots flow out, ten a second, from
// the same fold as a run's own. The package knows nothing of screens.
package replay

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"brownout/harness/journal"
	"brownout/harness/score"
)

// PublishEvery is how often snapshots are made while it plays.
const PublishEvery = 100 * time.Millisecond

// Bounds of the speed, in seconds of the run to a second.
const (
	Slowest = 0.125
	Fastest = 64
)

// Player plays one journal. Its methods may be called from any goroutine.
type Player struct {
	path     string
	snapshot atomic.Pointer[score.Snapshot]
	orders   chan func(*head)
	done     chan struct{}
	stop     context.CancelFunc
	length   time.Duration
	faults   []time.Duration

	mu  sync.Mutex
	now State
	err error
}

// State is how a player stands.
type State struct {
	At      time.Duration // of the run
	Length  time.Duration // of the run
	Speed   float64
	Paused  bool
	AtEnd   bool
	Faults  []time.Duration // moments of injections and clearances
	Trouble error           // that ended the reading
}

// Open reads a journal once, to know how long it is and that it can be read,
// and starts to play it.
func Open(ctx context.Context, path string, speed float64) (*Player, error) {
	if speed < Slowest || speed > Fastest {
		return nil, fmt.Errorf("speed %g is out of range; give %g to %g", speed, Slowest, float64(Fastest))
	}
	p := &Player{path: path, orders: make(chan func(*head)), done: make(chan struct{})}
	stats, err := journal.ReadFile(path, func(r journal.Record) error {
		p.length = max(p.length, r.T)
		switch r.Event.(type) {
		case *journal.FaultOn, *journal.FaultOff:
			p.faults = append(p.faults, r.T)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	h := &head{player: p, speed: speed, cut: stats.Truncated}
	if err := h.rewind(); err != nil {
		return nil, err
	}
	ctx, p.stop = context.WithCancel(ctx)
	p.snapshot.Store(h.board.Snapshot())
	p.tell(h)
	go func() {
		defer close(p.done)
		h.play(ctx)
		h.reader.Close()
	}()
	return p, nil
}

// Snapshot is the run as it was at the moment that is played.
func (p *Player) Snapshot() *score.Snapshot { return p.snapshot.Load() }

// Done is closed when the player was stopped.
func (p *Player) Done() <-chan struct{} { return p.done }

// Stop ends the player. It may be called more than once.
func (p *Player) Stop() { p.stop() }

// State is how the player stands.
func (p *Player) State() State {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

// Pause stops the time of the run, or lets it go on.
func (p *Player) Pause() { p.order(func(h *head) { h.paused = !h.paused && !h.atEnd }) }

// Faster multiplies the speed, within its bounds.
func (p *Player) Faster(by float64) {
	p.order(func(h *head) { h.speed = min(Fastest, max(Slowest, h.speed*by)) })
}

// Seek goes to a moment of the run.
func (p *Player) Seek(to time.Duration) {
	p.order(func(h *head) { h.seek(min(max(0, to), p.length)) })
}

// Skip goes so far forward, or backward where by is negative.
func (p *Player) Skip(by time.Duration) {
	p.order(func(h *head) { h.seek(min(max(0, h.at+by), p.length)) })
}

// NextFault goes to the next injection or clearance, PreviousFault to the one
// before.
func (p *Player) NextFault() {
	p.order(func(h *head) {
		for _, t := range p.faults {
			if t > h.at {
				h.seek(t)
				return
			}
		}
	})
}

// PreviousFault goes to the injection or clearance before this moment.
func (p *Player) PreviousFault() {
	p.order(func(h *head) {
		to := time.Duration(0)
		for _, t := range p.faults {
			if t < h.at-time.Second { // pressed twice it goes further back
				to = t
			}
		}
		h.seek(to)
	})
}

// order has the playing goroutine do something; a player that was stopped does
// nothing any more.
func (p *Player) order(do func(*head)) {
	select {
	case p.orders <- do:
	case <-p.done:
	}
}

func (p *Player) tell(h *head) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = State{At: h.at, Length: p.length, Speed: h.speed, Paused: h.paused, AtEnd: h.atEnd, Faults: p.faults, Trouble: p.err}
}

// head reads the journal and folds it as far as the moment that is played.
type head struct {
	player *Player
	reader *journal.File
	board  *score.Board
	next   *journal.Record // read, and not yet due
	last   journal.Record
	at     time.Duration
	speed  float64
	paused bool
	atEnd  bool
	cut    bool
}

// rewind begins anew.
func (h *head) rewind() error {
	if h.reader != nil {
		h.reader.Close()
	}
	r, err := journal.OpenFile(h.player.path)
	if err != nil {
		return err
	}
	h.reader, h.board, h.next, h.last, h.at, h.atEnd = r, score.NewBoard(), nil, journal.Record{}, 0, false
	return h.forward(0)
}

// forward folds what happened up to a moment.
func (h *head) forward(to time.Duration) error {
	for !h.atEnd {
		if h.next == nil {
			r, err := h.reader.Next()
			if err != nil {
				h.atEnd = true
				if h.cut {
					h.last.Seq++
					h.last.Event = score.CutOff()
					h.board.Fold(h.last)
				}
				if errors.Is(err, journal.ErrEnd) {
					err = nil
				}
				h.at = h.player.length
				return err
			}
			h.next = &r
		}
		if h.next.T > to {
			break
		}
		h.board.Fold(*h.next)
		h.last, h.next = *h.next, nil
	}
	h.at = max(h.at, to)
	return nil
}

func (h *head) seek(to time.Duration) {
	var err error
	if to < h.at || h.atEnd {
		err = h.rewind()
	}
	if err == nil {
		err = h.forward(to)
	}
	h.failed(err)
}

func (h *head) failed(err error) {
	if err != nil {
		h.player.err, h.atEnd = err, true
	}
}

// play moves the run's time on until ctx ends.
func (h *head) play(ctx context.Context) {
	t := time.NewTicker(PublishEvery)
	defer t.Stop()
	before := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case do := <-h.player.orders:
			do(h)
		case now := <-t.C:
			if !h.paused && !h.atEnd {
				h.failed(h.forward(h.at + time.Duration(float64(now.Sub(before))*h.speed)))
			}
			before = now
		}
		h.player.snapshot.Store(h.board.Snapshot())
		h.player.tell(h)
	}
}
