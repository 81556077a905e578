//go:build unix

package load_test

import (
	"syscall"
	"testing"

	"brownout/harness/load"
)

func TestRaiseFDLimit(t *testing.T) {
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &was); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &was); err != nil {
			t.Error(err)
		}
	})
	low := was
	low.Cur = was.Max / 2
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &low); err != nil {
		t.Fatal(err)
	}
	told, err := load.RaiseFDLimit()
	if err != nil {
		t.Fatal(err)
	}
	var is syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &is); err != nil {
		t.Fatal(err)
	}
	if is.Cur != was.Max || told != uint64(is.Cur) {
		t.Errorf("the limit is %d, said to be %d, want %d", is.Cur, told, was.Max)
	}
}
