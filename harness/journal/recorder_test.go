package journal_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"brownout/harness/journal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRecorderGivesEveryEventItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		var folded []journal.Record
		published := 0
		r := journal.NewRecorder(journal.RecorderOptions{
			Start: time.Now(), Writer: journal.NewWriter(&out),
			Fold:    func(rec journal.Record) { folded = append(folded, rec) },
			Publish: func() { published = len(folded) },
		})
		r.Record(started())
		time.Sleep(30 * time.Millisecond)
		r.Record(sample(1))
		if d := r.Elapsed(); d != 30*time.Millisecond {
			t.Errorf("elapsed %v", d)
		}
		time.Sleep(71 * time.Millisecond)
		synctest.Wait()
		if published != 2 {
			t.Errorf("%d events published after 100 ms, want 2", published)
		}
		r.Record(&journal.RunFinished{})
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		if published != 3 {
			t.Errorf("%d events published at the end, want 3", published)
		}
		want := []journal.Record{
			{Seq: 1, T: 0, Event: started()},
			{Seq: 2, T: 30 * time.Millisecond, Event: sample(1)},
			{Seq: 3, T: 101 * time.Millisecond, Event: &journal.RunFinished{}},
		}
		if !reflect.DeepEqual(folded, want) {
			t.Errorf("folded %+v", folded)
		}
		kept, err := readAll(journal.NewReader(&out))
		if err != io.EOF || !reflect.DeepEqual(kept, want) {
			t.Errorf("kept %+v, %v", kept, err)
		}
		r.Record(sample(2))
		if err := r.Close(); err != nil || r.Dropped() != 1 || len(folded) != 3 {
			t.Errorf("after the end: %v, dropped %d, folded %d", err, r.Dropped(), len(folded))
		}
	})
}

func TestRecorderFlushesEachSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		r := journal.NewRecorder(journal.RecorderOptions{Start: time.Now(), Writer: journal.NewWriter(&out)})
		r.Record(started())
		time.Sleep(1100 * time.Millisecond)
		synctest.Wait()
		kept, _ := readAll(journal.NewReader(bytes.NewReader(out.Bytes())))
		if len(kept) != 1 {
			t.Errorf("%d records on disk after a second, want 1", len(kept))
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestRecorderOverflow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		var folded []uint64
		r := journal.NewRecorder(journal.RecorderOptions{
			Start: time.Now(), Queue: 10,
			Fold: func(rec journal.Record) { <-gate; folded = append(folded, rec.Seq) },
		})
		for range 5 { // half the queue wakes the goroutine, which the gate then holds
			r.Record(sample(0))
		}
		synctest.Wait()
		for i := range 25 {
			r.Record(sample(i))
		}
		if n := r.Dropped(); n != 15 {
			t.Errorf("dropped %d of 25 with room for 10", n)
		}
		r.Record(&journal.RunFinished{Dropped: r.Dropped()})
		if n := r.Dropped(); n != 15 {
			t.Errorf("the last event was dropped too (%d)", n)
		}
		close(gate)
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		if len(folded) != 16 || folded[15] != 16 {
			t.Errorf("folded %v", folded)
		}
	})
}

func TestRecorderFromManyGoroutines(t *testing.T) {
	const producers, each = 8, 500
	var last journal.Record
	next := make(map[string]int)
	r := journal.NewRecorder(journal.RecorderOptions{
		Start: time.Now(), Every: time.Millisecond,
		Fold: func(rec journal.Record) {
			s := rec.Event.(*journal.Sample)
			if rec.Seq != last.Seq+1 || rec.T < last.T || s.Gaps != next[s.Marker] {
				t.Errorf("%d at %v after %d at %v; event %d of %s, want %d", rec.Seq, rec.T, last.Seq, last.T, s.Gaps, s.Marker, next[s.Marker])
			}
			last = rec
			next[s.Marker]++
		},
	})
	var wg sync.WaitGroup
	for p := range producers {
		wg.Go(func() {
			for i := range each {
				r.Record(&journal.Sample{Marker: string(rune('a' + p)), Gaps: i})
			}
		})
	}
	wg.Wait()
	if err := r.Close(); err != nil || r.Dropped() != 0 || last.Seq != producers*each {
		t.Errorf("%v, dropped %d, folded %d", err, r.Dropped(), last.Seq)
	}
}

// fullDisk takes so many bytes and no more.
type fullDisk struct {
	bytes.Buffer
	room int
}

var errNoSpace = errors.New("no space left on device")

func (d *fullDisk) Write(p []byte) (int, error) {
	if len(p) <= d.room {
		d.room -= len(p)
		return d.Buffer.Write(p)
	}
	n, _ := d.Buffer.Write(p[:d.room])
	d.room = 0
	return n, errNoSpace
}

func TestRecorderOnAFullDisk(t *testing.T) {
	for _, room := range []int{0, 150, 400} {
		synctest.Test(t, func(t *testing.T) {
			disk := &fullDisk{room: room}
			w := journal.NewWriter(disk)
			samples, notes := 0, 0
			r := journal.NewRecorder(journal.RecorderOptions{
				Start: time.Now(), Writer: w,
				Fold: func(rec journal.Record) {
					switch e := rec.Event.(type) {
					case *journal.Sample:
						samples++
					case *journal.Note:
						notes++
						if e.Level != "error" || !strings.Contains(e.Text, errNoSpace.Error()) {
							t.Errorf("note %+v", e)
						}
					}
				},
			})
			r.Record(started())
			for i := range 50 {
				time.Sleep(300 * time.Millisecond)
				r.Record(sample(i))
			}
			if err := r.Close(); !errors.Is(err, errNoSpace) || strings.Count(err.Error(), errNoSpace.Error()) != 1 {
				t.Errorf("closed with %v", err)
			}
			if samples != 50 || notes != 1 {
				t.Errorf("folded %d samples of 50 and %d notes of 1", samples, notes)
			}
			kept, err := readAll(journal.NewReader(&disk.Buffer))
			if err != io.EOF || uint64(len(kept))+w.Dropped() != 52 {
				t.Errorf("%d kept, %d dropped of 52, %v", len(kept), w.Dropped(), err)
			}
		})
	}
}

func TestRecorderSurvivesItsFold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		calls, published := 0, 0
		r := journal.NewRecorder(journal.RecorderOptions{
			Start: time.Now(), Writer: journal.NewWriter(&out),
			Fold: func(rec journal.Record) {
				if calls++; calls == 3 {
					panic("a fold that falls")
				}
			},
			Publish: func() { published++ },
		})
		r.Record(started())
		for i := range 9 {
			r.Record(sample(i))
		}
		err := r.Close()
		if err == nil || !strings.Contains(err.Error(), "a fold that falls") {
			t.Errorf("closed with %v", err)
		}
		if calls != 3 || published != 0 {
			t.Errorf("a fold that fell was called on: %d calls, %d published", calls, published)
		}
		if kept, _ := readAll(journal.NewReader(&out)); len(kept) != 10 {
			t.Errorf("%d records kept of 10", len(kept))
		}
	})
}

func TestRecorderPassesOverWhatCannotBeWritten(t *testing.T) {
	var out bytes.Buffer
	w := journal.NewWriter(&out)
	r := journal.NewRecorder(journal.RecorderOptions{Start: time.Now(), Writer: w})
	r.Record(started())
	bad := sample(1)
	bad.Value /= 0 * bad.Value
	for range 3 {
		r.Record(bad)
	}
	r.Record(&journal.RunFinished{})
	err := r.Close()
	if err == nil || !strings.Contains(err.Error(), "value is +Inf") || strings.Count(err.Error(), "value") != 1 || w.Dropped() != 3 {
		t.Errorf("closed with %v, dropped %d", err, w.Dropped())
	}
	rd := journal.NewReader(&out)
	if kept, _ := readAll(rd); len(kept) != 3 || rd.Truncated() { // header, note of the loss, end
		t.Errorf("%d records kept", len(kept))
	}
}

func TestCreate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.jsonl.zst")
	for range 2 { // the second run empties what the first has left
		w, err := journal.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(w.Append(journal.Record{Seq: 1, Event: started()}), w.Close(), w.Close(), w.Append(journal.Record{Seq: 2, Event: sample(1)})); err != nil {
			t.Fatal(err)
		}
		if w.Dropped() != 1 {
			t.Errorf("dropped %d after Close, want 1", w.Dropped())
		}
		if s, err := journal.ReadFile(path, func(journal.Record) error { return nil }); err != nil || s.Records != 1 || !s.Truncated {
			t.Errorf("%+v, %v", s, err)
		}
	}
	if _, err := journal.Create(filepath.Join(path, "below-a-file")); err == nil || errors.Is(err, os.ErrNotExist) {
		t.Errorf("a journal below a file: %v", err)
	}
}

func TestBigFramesAreClosedEarly(t *testing.T) {
	var out bytes.Buffer
	w := journal.NewWriter(&out)
	if err := w.Append(journal.Record{Seq: 1, Event: started()}); err != nil {
		t.Fatal(err)
	}
	n := 1
	for ; out.Len() == 0 && n < 20_000; n++ {
		if err := w.Append(journal.Record{Seq: uint64(n + 1), Event: sample(n)}); err != nil {
			t.Fatal(err)
		}
	}
	kept, _ := readAll(journal.NewReader(bytes.NewReader(out.Bytes())))
	if len(kept) != n || n > 10_000 {
		t.Errorf("the first frame came after %d records and holds %d", n, len(kept))
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}

func BenchmarkAppend(b *testing.B) {
	w := journal.NewWriter(io.Discard)
	r := journal.Record{Event: sample(0)}
	s := *sample(0)
	r.Event = &s
	b.ReportAllocs()
	for b.Loop() {
		r.Seq++
		r.T += 50 * time.Microsecond
		s.Scheduled, s.Sent = r.T, r.T+time.Duration(r.Seq%1000)
		if err := w.Append(r); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkRecorder(b *testing.B) {
	folded := 0
	r := journal.NewRecorder(journal.RecorderOptions{
		Start: time.Now(), Writer: journal.NewWriter(io.Discard), Queue: 1 << 20,
		Fold: func(journal.Record) { folded++ },
	})
	e := sample(1)
	b.ReportAllocs()
	for b.Loop() {
		r.Record(e)
	}
	if err := r.Close(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(folded), "ns/folded")
	b.ReportMetric(float64(r.Dropped())/float64(b.N), "dropped/op")
}

// BenchmarkRecord is what an event costs the goroutine that records it.
func BenchmarkRecord(b *testing.B) {
	r := journal.NewRecorder(journal.RecorderOptions{Start: time.Now()})
	e := sample(1)
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			r.Record(e)
		}
	})
	if err := r.Close(); err != nil {
		b.Fatal(err)
	}
}
