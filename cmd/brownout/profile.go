package main

import (
	"errors"
	"os"
	"runtime/pprof"

	"brownout/harness"
)

// profiled runs f, with a CPU profile of it written to path where one is
// given.
func profiled(path string, f func() error) error {
	if path == "" {
		return f()
	}
	out, err := os.Create(path)
	if err != nil {
		return &harness.EnvironmentError{Err: err}
	}
	if err := pprof.StartCPUProfile(out); err != nil {
		return errors.Join(err, out.Close())
	}
	err = f()
	pprof.StopCPUProfile()
	return errors.Join(err, out.Close())
}
