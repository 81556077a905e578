package harness_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"brownout/harness"
	"brownout/harness/journal"
	"brownout/harness/score"
)

// A disk that fills up in the middle of a run costs what comes after, never the
// run: it goes on, says that it is not kept, and ends as the machine's failure.
func TestDiskFullInTheMiddle(t *testing.T) {
	t.Parallel()
	s, err := harness.Start(t.Context(), tiny(lasting(3500*time.Millisecond)), harness.Options{OutDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(s.Dir, harness.JournalName)
	eventually(t, "a frame is on disk", func() bool {
		fi, err := os.Stat(path)
		return err == nil && fi.Size() > 0
	})
	fillUp(t, path)
	snap, err := s.Wait()
	if !isEnvironment(err) || !strings.Contains(err.Error(), "no space left on device") {
		t.Errorf("error %v", err)
	}
	if !snap.Finished || snap.Requests.Total != 140 {
		t.Errorf("the run was cut short: %+v", snap.Requests)
	}
	told := false
	for _, l := range snap.Log {
		told = told || l.Level == "error" && strings.Contains(l.Text, "not fully kept")
	}
	if !told {
		t.Errorf("nobody was told: %+v", snap.Log)
	}
	n := 0
	stats, err := journal.ReadFile(path, func(journal.Record) error { n++; return nil })
	if err != nil || n == 0 || !stats.Truncated {
		t.Errorf("what was kept: %d records, %+v, %v", n, stats, err)
	}
}

// fillUp makes every further write to a file that this process has open fail as
// on a full disk: it puts /dev/full in the place of the open file.
func fillUp(t *testing.T, path string) {
	t.Helper()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skipf("this system has no /dev/full: %v", err)
	}
	defer full.Close()
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range fds {
		if to, _ := os.Readlink("/proc/self/fd/" + e.Name()); to != path {
			continue
		}
		fd, err := strconv.Atoi(e.Name())
		if err == nil {
			err = syscall.Dup3(int(full.Fd()), fd, syscall.O_CLOEXEC)
		}
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatalf("nobody has %s open", path)
}

// Samples that cannot be written fail the run as the machine's doing, and make
// it inconclusive.
func TestVegetaResultsOnAFullDisk(t *testing.T) {
	t.Parallel()
	snap, err := harness.Run(t.Context(), tiny(lasting(500*time.Millisecond)), harness.Options{VegetaResults: "/dev/full"})
	if !isEnvironment(err) || !strings.Contains(err.Error(), "no space left on device") {
		t.Errorf("error %v", err)
	}
	if snap.Verdict != score.Inconclusive || !strings.Contains(snap.Error, "vegeta") {
		t.Errorf("verdict %s, error %q", snap.Verdict, snap.Error)
	}
}
