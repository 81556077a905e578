//go:build unix

package reports_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"brownout/harness/score"
	"brownout/reports"
)

// A report goes into a pipe and does not take its place.
func TestReportIntoAPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skipf("this system makes no pipes: %v", err)
	}
	read := make(chan string)
	go func() {
		f, err := os.Open(path)
		if err != nil {
			read <- err.Error()
			return
		}
		defer f.Close()
		b, _ := io.ReadAll(f)
		read <- string(b)
	}()
	out, err := reports.ParseOutputs([]string{"md=" + path})
	if err != nil {
		t.Fatal(err)
	}
	if err := reports.WriteAll(out, []*score.Snapshot{finished()}, nil); err != nil {
		t.Fatal(err)
	}
	if got := <-read; !strings.Contains(got, "FAIL") {
		t.Errorf("out of the pipe came %q", got)
	}
	if info, err := os.Stat(path); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		t.Errorf("the pipe is gone: %v, %v", info, err)
	}
}
