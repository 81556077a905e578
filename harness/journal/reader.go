package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// ErrEmpty says that a journal was cut off before its first whole frame.
var ErrEmpty = errors.New("the journal holds no whole frame: the run was cut off in its first second")

// Reader reads a journal, frame by frame. A journal that was cut off anywhere,
// by a kill or a full disk, yields every whole frame before the cut.
type Reader struct {
	frames  frames
	lines   []byte // of the current frame, not yet read
	started bool   // the header has been read
	ended   bool   // the run's last event has been read
	seq     uint64 // of the last record
	err     error  // for good
	skipped uint64
	strange uint64
}

// NewReader returns a reader of the journal in r.
func NewReader(r io.Reader) *Reader { return &Reader{frames: newFrames(r)} }

// Next returns the next record, and io.EOF after the last. Any other error says
// what is wrong with the journal; it is final.
func (r *Reader) Next() (Record, error) {
	for r.err == nil {
		line, rest, found := bytes.Cut(r.lines, []byte("\n"))
		if !found && len(line) == 0 {
			r.lines, r.err = r.frames.next()
			continue
		}
		r.lines = rest
		rec, strange, err := decode(line)
		switch {
		case err == nil && !r.started:
			r.err = checkHeader(rec)
			r.started = true
		case !r.started:
			r.err = notBegun(line, err)
		case errors.Is(err, ErrUnknownKind):
			r.skipped++
			continue
		default:
			r.err = err
		}
		if r.err == nil && rec.Seq <= r.seq && r.seq > 0 {
			r.err = fmt.Errorf("record %d stands behind record %d: the file was written twice at once, or put together from several", rec.Seq, r.seq)
		}
		if r.err != nil {
			break
		}
		r.seq = rec.Seq
		r.strange += strange
		if rec.Event.Kind() == KindRunFinished {
			r.ended = true
		}
		return rec, nil
	}
	r.frames.close()
	return Record{}, r.err
}

// Truncated tells, once Next has returned io.EOF, whether the journal was cut
// off: it ends within a frame, or the run's last event is not in it.
func (r *Reader) Truncated() bool { return r.err == io.EOF && (r.frames.cut || !r.ended) }

// Skipped counts the events of unknown kinds that were passed over.
func (r *Reader) Skipped() uint64 { return r.skipped }

// SkippedFields counts the unknown fields of known events that were passed
// over.
func (r *Reader) SkippedFields() uint64 { return r.strange }

// notBegun tells why a journal's first record cannot be read: a newer version
// may write what this one cannot decode.
func notBegun(line []byte, err error) error {
	var head struct {
		Schema string `json:"schema"`
	}
	if json.Unmarshal(line, &head) == nil && head.Schema != "" && head.Schema != Schema {
		return checkHeader(Record{Event: &RunStarted{Schema: head.Schema}})
	}
	return fmt.Errorf("not a brownout journal: %w", err)
}

// checkHeader tells what is wrong with a journal's first record.
func checkHeader(rec Record) error {
	start, ok := rec.Event.(*RunStarted)
	if !ok {
		return fmt.Errorf("not a brownout journal: it begins with %q and not with %q", rec.Event.Kind(), KindRunStarted)
	}
	if start.Schema == Schema {
		return nil
	}
	name, own, _ := strings.Cut(Schema, "/")
	version, found := strings.CutPrefix(start.Schema, name+"/")
	n, err := strconv.Atoi(version)
	if ours, _ := strconv.Atoi(own); found && err == nil && n > ours {
		return fmt.Errorf("the journal was written by a newer brownout (schema %s, this one reads up to %s): update brownout to read it", start.Schema, Schema)
	}
	return fmt.Errorf("not a brownout journal: its schema is %q and not %q", start.Schema, Schema)
}

// Stats is what ReadFile found beside the records.
type Stats struct {
	Records       uint64
	Skipped       uint64 // events of unknown kinds
	SkippedFields uint64 // unknown fields of known events
	Truncated     bool   // the run was cut off
}

// ReadFile reads the journal at path and calls fn with each record. It stops at
// the first error, of the journal or of fn, and returns what it had read by
// then. A journal without a single record is ErrEmpty.
func ReadFile(path string, fn func(Record) error) (Stats, error) {
	f, err := os.Open(path)
	if err != nil {
		return Stats{}, err
	}
	defer f.Close() //nolint:errcheck // it is only read
	var s Stats
	r := NewReader(f)
	defer r.frames.close()
	for {
		rec, err := r.Next()
		s.Skipped, s.SkippedFields, s.Truncated = r.Skipped(), r.SkippedFields(), r.Truncated()
		switch {
		case err == io.EOF && s.Records == 0:
			return s, fmt.Errorf("%s: %w", path, ErrEmpty)
		case err == io.EOF:
			return s, nil
		case err != nil:
			return s, fmt.Errorf("%s: after record %d: %w", path, s.Records, err)
		}
		s.Records++
		if err := fn(rec); err != nil {
			return s, err
		}
	}
}

// ErrEnd is what a File returns after its last record.
var ErrEnd = io.EOF

// File is a journal on disk that is read record by record.
type File struct {
	*Reader
	file *os.File
}

// OpenFile opens a journal on disk. Close must be called on it.
func OpenFile(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return &File{Reader: NewReader(f), file: f}, nil
}

// Close gives back what reading holds.
func (f *File) Close() {
	f.frames.close()
	_ = f.file.Close() // it was only read
}
