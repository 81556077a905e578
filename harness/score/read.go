package score

import (
	"brownout/harness/journal"
)

// Read folds a journal on disk to the final state of its run. A journal that
// was cut off is folded as far as it goes, and its run says that it ended by
// an error; the error returned is of files that are no journal at all.
func Read(path string) (*Snapshot, journal.Stats, error) {
	b, stats, err := fold(path)
	if err != nil {
		return nil, stats, err
	}
	return b.Snapshot(), stats, nil
}

func fold(path string) (*Board, journal.Stats, error) {
	b := NewBoard()
	var last journal.Record
	stats, err := journal.ReadFile(path, func(r journal.Record) error {
		last = r
		b.Fold(r)
		return nil
	})
	if err != nil {
		return nil, stats, err
	}
	if stats.Truncated {
		last.Seq++
		last.Event = CutOff()
		b.Fold(last)
	}
	return b, stats, nil
}

// CutOff is the end of a run whose journal has none: the process was killed, or
// the disk was full.
func CutOff() *journal.RunFinished {
	return &journal.RunFinished{Error: "the journal was cut off before the run's end"}
}
