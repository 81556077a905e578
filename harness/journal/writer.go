package journal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/klauspost/compress/zstd"
)

// A frame is closed when it holds this much, or when its first record is this
// old, so that a run that is killed loses no more.
const (
	frameBytes = 1 << 20
	frameSpan  = time.Second
)

// Writer writes records as JSON Lines in zstd frames, each of which stands
// alone. It is for one goroutine. A write that fails, on a full disk, is
// reported once; what comes after it is counted and let go, so that a run does
// not end for want of its record.
type Writer struct {
	out     io.Writer
	file    *os.File // nil: out is not ours to sync and close
	encoder *zstd.Encoder
	lines   []byte        // the frame being filled
	records uint64        // in lines
	since   time.Duration // T of the first of them
	frame   []byte        // reused for the compressed frame
	err     error
	garbled bool // an event could not be encoded, and that has been told
	closed  bool
	dropped uint64
}

// NewWriter returns a writer to w, which Close leaves open.
func NewWriter(w io.Writer) *Writer {
	// The fastest level: a journal is written under load and read at leisure.
	e, err := zstd.NewWriter(nil,
		zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(frameBytes), zstd.WithLowerEncoderMem(true))
	return &Writer{out: w, encoder: e, err: err}
}

// Create makes a journal file, or empties the one that is there.
func Create(path string) (*Writer, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	w := NewWriter(f)
	w.file = f
	return w, nil
}

// Append adds a record. The record is on disk once Flush returns, and at the
// latest with the first record that comes a second later, by their T. A failed
// write is told once, and so is an event that cannot be encoded: the record that
// met the error and all that share its fate are counted by Dropped.
func (w *Writer) Append(r Record) error {
	if w.err != nil || w.closed {
		w.dropped++
		return nil
	}
	lines, err := Encode(w.lines, r)
	w.lines = lines
	if err != nil {
		w.dropped++ // this one alone; the journal is sound
		if w.garbled {
			return nil
		}
		w.garbled = true
		return err
	}
	if w.records == 0 {
		w.since = r.T
	}
	w.records++
	if len(w.lines) >= frameBytes || r.T-w.since >= frameSpan {
		return w.Flush()
	}
	return nil
}

// Flush closes the frame and hands it to the operating system.
func (w *Writer) Flush() error {
	if w.records == 0 || w.err != nil || w.closed {
		return nil
	}
	w.frame = w.encoder.EncodeAll(w.lines, w.frame[:0])
	_, err := w.out.Write(w.frame)
	if err != nil {
		w.err = fmt.Errorf("write the journal: %w", err)
		w.dropped += w.records
	}
	w.lines, w.records = w.lines[:0], 0
	return w.err
}

// Dropped counts the records that were given to Append and are not in the
// journal.
func (w *Writer) Dropped() uint64 { return w.dropped }

// Close flushes and, for a file of Create, syncs and closes. It returns
// the error that any write met, this one or an earlier. Calling it again does
// nothing more.
func (w *Writer) Close() error {
	if w.closed {
		return w.err
	}
	_ = w.Flush() // kept in w.err
	w.closed = true
	var err error
	if w.encoder != nil {
		err = w.encoder.Close()
	}
	if w.file != nil {
		if w.err == nil {
			err = errors.Join(err, w.file.Sync())
		}
		err = errors.Join(err, w.file.Close())
	}
	if err != nil { // else w.err stays the very error that Append has told
		w.err = errors.Join(w.err, fmt.Errorf("close the journal: %w", err))
	}
	return w.err
}
