package load

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"brownout/harness/journal"
)

// results writes samples in vegeta's own encoding, for vegeta report and
// vegeta plot. They are made from samples and not taken from vegeta, whose
// results count from the moment of sending and know nothing of the answer.
// Requests that follow from another, as the later steps of a workflow do, have
// no place in the schedule and are left out. The zero value writes nothing.
type results struct {
	attack string
	start  time.Time
	out    *bufio.Writer
	encode vegeta.Encoder

	mu  sync.Mutex
	err error // the first
}

func (r *results) to(w io.Writer) {
	r.out = bufio.NewWriterSize(w, 64<<10)
	r.encode = vegeta.NewEncoder(r.out)
}

// add writes one sample. An error is kept for close and ends the writing.
func (r *results) add(of shot, s *journal.Sample) {
	if r.encode == nil {
		return
	}
	v := r.result(of, s)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = r.encode.Encode(v)
	}
}

// result is a sample in vegeta's terms. The number orders results by schedule,
// as vegeta plot needs them, and the timestamp is the scheduled one. The code
// is left out where no whole answer came, as vegeta does.
func (r *results) result(of shot, s *journal.Sample) *vegeta.Result {
	v := &vegeta.Result{
		Attack:    r.attack,
		Seq:       of.n,
		Timestamp: r.start.Add(s.Scheduled),
		Latency:   s.Total,
		BytesIn:   uint64(s.Bytes),
		BytesOut:  uint64(of.size()),
		Method:    http.MethodPost,
		URL:       of.url,
	}
	if s.Outcome != journal.Hung && s.Reason != reasonCut {
		v.Code = uint16(s.Status)
	}
	if s.Outcome != journal.OK {
		v.Error = string(s.Outcome) + ":" + s.Reason
	}
	return v
}

// close writes what is still held and returns the first error.
func (r *results) close() error {
	if r.encode == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = r.out.Flush()
	}
	if r.err != nil {
		return fmt.Errorf("writing vegeta results: %w", r.err)
	}
	return nil
}
