package journal_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/klauspost/compress/zstd"

	"brownout/harness/journal"
)

// small makes a journal of a few frames. ends[i] is the byte at which frame i
// ends, and held[i] how many records there are up to there.
func small(t testing.TB) (file []byte, records []journal.Record, ends, held []int) {
	t.Helper()
	var out bytes.Buffer
	w := journal.NewWriter(&out)
	events := full()
	events[0] = started()
	events = events[:len(events)-1] // a run finishes once
	for i := range 20 {
		events = append(events, sample(i))
	}
	events = append(events, &journal.RunFinished{})
	for i, e := range events {
		r := journal.Record{Seq: uint64(i + 1), T: time.Duration(i) * 150 * time.Millisecond, Event: e}
		if err := w.Append(r); err != nil {
			t.Fatal(err)
		}
		records = append(records, r)
		if n := out.Len(); n > 0 && (len(ends) == 0 || n > ends[len(ends)-1]) {
			ends, held = append(ends, n), append(held, len(records))
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if n := out.Len(); n > ends[len(ends)-1] {
		ends, held = append(ends, n), append(held, len(records))
	}
	return out.Bytes(), records, ends, held
}

func readAll(r *journal.Reader) (records []journal.Record, err error) {
	for {
		rec, err := r.Next()
		if err != nil {
			return records, err
		}
		records = append(records, rec)
	}
}

func TestJournalGoesRound(t *testing.T) {
	file, want, ends, _ := small(t)
	if len(ends) < 4 {
		t.Fatalf("%d frames: too few to test with", len(ends))
	}
	r := journal.NewReader(iotest.OneByteReader(bytes.NewReader(file)))
	got, err := readAll(r)
	if err != io.EOF || r.Truncated() || r.Skipped() != 0 || r.SkippedFields() != 0 {
		t.Errorf("%v, truncated %v, skipped %d, %d", err, r.Truncated(), r.Skipped(), r.SkippedFields())
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%d records came back of %d", len(got), len(want))
	}
	if _, err := r.Next(); err != io.EOF {
		t.Errorf("after the end: %v", err)
	}
}

// However a run ends, what had been flushed is there.
func TestCutAtEveryByte(t *testing.T) {
	file, want, ends, held := small(t)
	for cut := range len(file) {
		n := 0
		for i, end := range ends {
			if end <= cut {
				n = held[i]
			}
		}
		r := journal.NewReader(bytes.NewReader(file[:cut]))
		got, err := readAll(r)
		if err != io.EOF || !r.Truncated() {
			t.Fatalf("cut at %d: %v, truncated %v", cut, err, r.Truncated())
		}
		if len(got) != n || n > 0 && !reflect.DeepEqual(got, want[:n]) {
			t.Fatalf("cut at %d: %d records, want %d", cut, len(got), n)
		}
	}
}

func FuzzReader(f *testing.F) {
	file, want, _, _ := small(f)
	f.Add(file, uint16(0), byte(0), uint16(len(file)))
	f.Add(file, uint16(9), byte(1), uint16(300))
	f.Add([]byte("not a journal"), uint16(0), byte(0), uint16(13))
	f.Fuzz(func(t *testing.T, data []byte, at uint16, flip byte, cut uint16) {
		data = bytes.Clone(data[:min(int(cut), len(data))])
		if len(data) > 0 {
			data[int(at)%len(data)] ^= flip
		}
		r := journal.NewReader(bytes.NewReader(data))
		got, err := readAll(r)
		if err == nil {
			t.Fatal("no end")
		}
		if _, again := r.Next(); again != err {
			t.Fatalf("%v, then %v", err, again)
		}
		if bytes.HasPrefix(file, data) && (err != io.EOF || len(got) > 0 && !reflect.DeepEqual(got, want[:len(got)])) {
			t.Fatalf("a cut journal gives %d records and %v", len(got), err)
		}
	})
}

// packed makes a journal of raw lines.
func packed(lines ...string) []byte {
	e, err := zstd.NewWriter(nil)
	if err != nil {
		panic(err)
	}
	defer e.Close()
	return e.EncodeAll([]byte(strings.Join(lines, "\n")+"\n"), nil)
}

const header = `{"seq":1,"t":0,"k":"run_started","schema":"brownout.journal/1"}`

func TestReaderRefuses(t *testing.T) {
	file, want, ends, held := small(t)
	damaged := bytes.Clone(file)
	damaged[ends[1]+20] ^= 0x40
	trailing := append(bytes.Clone(file), "trailing text"...)
	for _, c := range []struct {
		name string
		data []byte
		read int
		want string
	}{
		{"no journal", []byte("hello, world, this is text"), 0, "no journal frame"},
		{"a short text", []byte("ab"), 0, "no journal frame"},
		{"no JSON", packed("hello"), 0, "not a brownout journal"},
		{"no header", packed(`{"seq":1,"t":0,"k":"note","text":"hi"}`), 0, `begins with "note"`},
		{"an unknown header", packed(`{"seq":1,"t":0,"k":"dream"}`), 0, "not a brownout journal"},
		{"another schema", packed(strings.Replace(header, "brownout.journal/1", "other/1", 1)), 0, `schema is "other/1"`},
		{"no schema", packed(`{"seq":1,"t":0,"k":"run_started"}`), 0, `schema is ""`},
		{"a newer schema", packed(strings.Replace(header, "journal/1", "journal/2", 1)), 0, "newer brownout"},
		{"a newer schema, of another shape", packed(`{"seq":1,"t":0,"k":"run_started","schema":"brownout.journal/12","plan":"elsewhere"}`), 0, "newer brownout"},
		{"a header of another shape", packed(strings.Replace(header, "}", `,"plan":7}`, 1)), 0, "not a brownout journal"},
		{"two journals in one file", append(bytes.Clone(file), file...), len(want), "record 1 stands behind record"},
		{"a block bigger than there are", append(bytes.Clone(file), 0x28, 0xb5, 0x2f, 0xfd, 0, 0x58, 0xff, 0xff, 0xff), len(want), "damaged block"},
		{"a bad line", packed(header, "{"), 1, "bad record"},
		{"a damaged frame", damaged, held[1], "damaged"},
		{"something behind", trailing, len(want), "no journal frame"},
	} {
		r := journal.NewReader(bytes.NewReader(c.data))
		got, err := readAll(r)
		if err == nil || err == io.EOF || !strings.Contains(err.Error(), c.want) || r.Truncated() {
			t.Errorf("%s: %v, truncated %v", c.name, err, r.Truncated())
		}
		if len(got) != c.read {
			t.Errorf("%s: %d records read, want %d", c.name, len(got), c.read)
		}
	}
}

// A bit that fell over is told, costs the end of the journal, or meant nothing:
// it never gives other records than were written.
func TestFlippedBits(t *testing.T) {
	file, want, _, _ := small(t)
	for at := range file {
		// Each bit of a byte in its turn: the eight would take eight times as long.
		bit := at % 8
		flipped := bytes.Clone(file)
		flipped[at] ^= 1 << bit
		r := journal.NewReader(bytes.NewReader(flipped))
		got, err := readAll(r)
		if len(got) > len(want) || len(got) > 0 && !reflect.DeepEqual(got, want[:len(got)]) {
			t.Fatalf("bit %d of byte %d: other records than were written", bit, at)
		}
		if len(got) < len(want) && err == io.EOF && !r.Truncated() {
			t.Fatalf("bit %d of byte %d: %d of %d records, and nothing is said of it", bit, at, len(got), len(want))
		}
	}
}

// A block may be one byte and how often it comes (RFC 8878, 3.1.1.2.2). Our
// writer's level makes none; a journal packed again by other tools may have
// them.
func TestBlocksOfOneByteRepeated(t *testing.T) {
	block := func(kind, size int, content string) []byte {
		h := size<<3 | kind<<1
		return append([]byte{byte(h), byte(h >> 8), byte(h >> 16)}, content...)
	}
	before := header + "\n" + `{"seq":2,"t":0,"k":"run_finished",`
	data := []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58} // magic, no checksum, a window of 2 MiB
	data = append(data, block(0, len(before), before)...)
	data = append(data, block(1, 5000, " ")...)
	data = append(data, block(0, 0, "")...)
	data = append(data, block(0, 13, `"dropped":0}`+"\n")...)
	data[len(data)-13-3] |= 1 // the last block
	r := journal.NewReader(bytes.NewReader(data))
	if got, err := readAll(r); err != io.EOF || len(got) != 2 || r.Truncated() {
		t.Errorf("%d records, %v, truncated %v", len(got), err, r.Truncated())
	}
}

func TestCutBehindTheLastEvent(t *testing.T) {
	file, want, ends, _ := small(t)
	r := journal.NewReader(bytes.NewReader(append(bytes.Clone(file), file[:ends[0]-1]...)))
	if got, err := readAll(r); err != io.EOF || len(got) != len(want) || !r.Truncated() {
		t.Errorf("%d records, %v, truncated %v", len(got), err, r.Truncated())
	}
}

func TestReaderTellsItsSourcesErrors(t *testing.T) {
	file, _, ends, _ := small(t)
	broken := errors.New("the disk is gone")
	r := journal.NewReader(io.MultiReader(bytes.NewReader(file[:ends[1]+5]), iotest.ErrReader(broken)))
	if _, err := readAll(r); !errors.Is(err, broken) || r.Truncated() {
		t.Errorf("%v, truncated %v", err, r.Truncated())
	}
}

func TestUnknownIsCounted(t *testing.T) {
	r := journal.NewReader(bytes.NewReader(packed(header,
		`{"seq":2,"t":1,"k":"dream","of":"sheep"}`,
		`{"seq":3,"t":2,"k":"sample","marker":"m","mood":1,"hue":{}}`,
		`{"seq":4,"t":3,"k":"note","text":"hi","hue":0}`,
		`{"seq":5,"t":4,"k":"dream"}`,
		`{"seq":6,"t":5,"k":"run_finished"}`)))
	got, err := readAll(r)
	if err != io.EOF || len(got) != 4 || r.Skipped() != 2 || r.SkippedFields() != 3 || r.Truncated() {
		t.Errorf("%d records, %v, skipped %d kinds and %d fields, truncated %v", len(got), err, r.Skipped(), r.SkippedFields(), r.Truncated())
	}
}

func TestReadFile(t *testing.T) {
	file, want, ends, held := small(t)
	write := func(data []byte) string {
		path := filepath.Join(t.TempDir(), "journal.jsonl.zst")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	var n uint64
	count := func(journal.Record) error { n++; return nil }
	if s, err := journal.ReadFile(write(file), count); err != nil || s != (journal.Stats{Records: uint64(len(want))}) || n != s.Records {
		t.Errorf("whole: %+v, %v", s, err)
	}
	if s, err := journal.ReadFile(write(file[:ends[0]+9]), count); err != nil || s != (journal.Stats{Records: uint64(held[0]), Truncated: true}) {
		t.Errorf("cut: %+v, %v", s, err)
	}
	for _, data := range [][]byte{nil, file[:ends[0]-1]} {
		if _, err := journal.ReadFile(write(data), count); !errors.Is(err, journal.ErrEmpty) {
			t.Errorf("%d bytes: %v", len(data), err)
		}
	}
	enough := errors.New("enough")
	if s, err := journal.ReadFile(write(file), func(journal.Record) error { return enough }); err != enough || s.Records != 1 {
		t.Errorf("stopped: %+v, %v", s, err)
	}
	if _, err := journal.ReadFile(filepath.Join(t.TempDir(), "none"), count); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

func BenchmarkRead(b *testing.B) {
	var out bytes.Buffer
	w := journal.NewWriter(&out)
	const n = 20_000
	for i := range n {
		var e journal.Event = sample(i)
		if i == 0 {
			e = started()
		}
		if err := w.Append(journal.Record{Seq: uint64(i + 1), T: time.Duration(i) * 50 * time.Microsecond, Event: e}); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(out.Len())/n, "B/record")
	b.ReportAllocs()
	b.ResetTimer()
	for b.Loop() {
		if got, err := readAll(journal.NewReader(bytes.NewReader(out.Bytes()))); err != io.EOF || len(got) != n {
			b.Fatal(len(got), err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/record")
	b.ReportMetric(float64(out.Len())/n, "B/record")
}
