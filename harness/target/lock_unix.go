//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package target

import (
	"errors"
	"os"
	"syscall"
)

// lock takes the lock on a directory, for as long as the file is open. Free is
// false where somebody has it; the file is nil where there are no locks on that
// file system, or it is not ours to open.
func lock(path string) (held *os.File, free bool) {
	f, err := os.Open(path)
	if err != nil {
		return nil, !errors.Is(err, os.ErrNotExist)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, !errors.Is(err, syscall.EWOULDBLOCK)
	}
	return f, true
}
