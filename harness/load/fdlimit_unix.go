//go:build unix

package load

import (
	"fmt"
	"syscall"
)

// RaiseFDLimit raises the process's limit of open files to the most it may
// have, and returns the limit in force. Each request in flight holds several.
func RaiseFDLimit() (uint64, error) {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return 0, fmt.Errorf("reading the limit of open files: %w", err)
	}
	if l.Cur >= l.Max {
		return uint64(l.Cur), nil
	}
	was := l.Cur
	l.Cur = l.Max
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return uint64(was), fmt.Errorf("raising the limit of open files from %d to %d: %w", was, l.Max, err)
	}
	return uint64(l.Cur), nil
}
