package journal

import (
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// Defaults of RecorderOptions.
const (
	DefaultEvery = 100 * time.Millisecond
	DefaultQueue = 65536
)

// RecorderOptions is what a Recorder needs. Fold and Publish are called from
// its one goroutine only, and must not call the recorder's Close.
type RecorderOptions struct {
	Start   time.Time     // zero of T, with a monotonic reading
	Writer  *Writer       // closed by the recorder; nil: nothing is kept
	Fold    func(Record)  // takes in each record, in order; nil: nothing does
	Publish func()        // shows the state of the fold; nil: nothing does
	Every   time.Duration // between two calls of Publish; 0: DefaultEvery
	Queue   int           // events that may wait; 0: DefaultQueue
}

// Recorder is the one goroutine through which every event passes. It numbers
// events in the order in which they were recorded, writes them, folds them and
// publishes the fold.
//
// Events gather in a batch that the goroutine takes whole, at each Every or
// when the queue is half full. So recording is a lock and an append, wakes
// nobody, and costs the data path the same whatever the fold does.
type Recorder struct {
	o    RecorderOptions
	wake chan struct{} // the queue is half full
	quit chan struct{}
	done chan struct{}

	mu      sync.Mutex
	queue   []stamped
	dropped uint64
	closed  bool

	// The goroutine's own until done is closed.
	seq     uint64
	last    time.Duration // T of the last record
	flushed time.Duration
	broken  bool // the fold panicked; its state can no longer be trusted
	err     error
}

type stamped struct {
	t     time.Duration
	event Event
}

// NewRecorder starts a recorder. It runs until Close.
func NewRecorder(o RecorderOptions) *Recorder {
	if o.Every <= 0 {
		o.Every = DefaultEvery
	}
	if o.Queue <= 0 {
		o.Queue = DefaultQueue
	}
	r := &Recorder{
		o: o, wake: make(chan struct{}, 1), quit: make(chan struct{}), done: make(chan struct{}),
	}
	go r.run()
	return r
}

// Elapsed is the time since the run's start.
func (r *Recorder) Elapsed() time.Duration { return time.Since(r.o.Start) }

// Record stamps an event with the time of this call and queues it. It never
// blocks: where the queue is full, or the recorder closed, the event is lost
// and counted. A full queue still takes RunFinished, which is what tells of the
// loss. The event must be a pointer and must not be changed afterwards.
func (r *Recorder) Record(e Event) {
	r.mu.Lock()
	_, last := e.(*RunFinished)
	if r.closed || len(r.queue) >= r.o.Queue && !last {
		r.dropped++
		r.mu.Unlock()
		return
	}
	// Stamped under the lock, so that times ascend with sequence numbers.
	r.queue = append(r.queue, stamped{time.Since(r.o.Start), e})
	half := len(r.queue) == (r.o.Queue+1)/2
	r.mu.Unlock()
	if half {
		select {
		case r.wake <- struct{}{}:
		default: // it has been told
		}
	}
}

// Dropped counts the events lost so far to a full queue or after Close.
func (r *Recorder) Dropped() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.dropped
}

// Close records what is queued, publishes a last time and closes the writer.
// The error says what went wrong over the recorder's life: a write, an event
// that could not be encoded, a panic of the fold. It may be called again.
func (r *Recorder) Close() error {
	r.mu.Lock()
	if !r.closed {
		r.closed = true
		close(r.quit)
	}
	r.mu.Unlock()
	<-r.done
	return r.err
}

func (r *Recorder) run() {
	defer close(r.done)
	tick := time.NewTicker(r.o.Every)
	defer tick.Stop()
	var batch []stamped
	for {
		select {
		case <-r.wake:
			batch = r.drain(batch)
		case <-tick.C:
			batch = r.drain(batch)
			if r.Elapsed()-r.flushed >= frameSpan {
				r.flush()
			}
			r.publish()
		case <-r.quit:
			r.drain(batch)
			r.flush()
			r.publish()
			if r.o.Writer != nil {
				r.fail(r.o.Writer.Close())
			}
			return
		}
	}
}

// drain takes all that is queued, leaves the empty batch in its stead, and
// returns what it took, emptied.
func (r *Recorder) drain(batch []stamped) []stamped {
	r.mu.Lock()
	batch, r.queue = r.queue, batch
	r.mu.Unlock()
	for _, s := range batch {
		r.take(s.t, s.event)
	}
	clear(batch) // let go of the events
	return batch[:0]
}

// take gives one event its place.
func (r *Recorder) take(t time.Duration, e Event) {
	r.seq++
	r.last = t
	rec := Record{Seq: r.seq, T: t, Event: e}
	var err error
	if r.o.Writer != nil {
		err = r.o.Writer.Append(rec)
	}
	if r.o.Fold != nil {
		r.guard("fold", func() { r.o.Fold(rec) })
	}
	if err != nil {
		r.lament(err)
	}
}

// lament keeps an error of the writer, which tells each only once, and tells
// those who watch.
func (r *Recorder) lament(err error) {
	r.fail(err)
	r.take(r.last, &Note{Level: "error", Text: "this run is not fully kept: " + err.Error()})
}

// flush brings the journal to disk. It is called once a second, so that a run
// in which little happens is kept as well as a busy one.
func (r *Recorder) flush() {
	r.flushed = r.Elapsed()
	if r.o.Writer == nil {
		return
	}
	if err := r.o.Writer.Flush(); err != nil {
		r.lament(err)
	}
}

func (r *Recorder) publish() {
	if r.o.Publish != nil {
		r.guard("publish", r.o.Publish)
	}
}

// guard runs the fold's code. A panic there must not cost the run its journal.
func (r *Recorder) guard(what string, f func()) {
	if r.broken {
		return
	}
	defer func() {
		if p := recover(); p != nil {
			r.broken = true
			r.fail(fmt.Errorf("%s panicked: %v\n%s", what, p, debug.Stack()))
		}
	}()
	f()
}

func (r *Recorder) fail(err error) {
	if err != nil && !errors.Is(r.err, err) {
		r.err = errors.Join(r.err, err)
	}
}
