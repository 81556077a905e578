package harness

import (
	"errors"

	"brownout/harness/rig"
)

// ErrInterrupted is returned by a run that was stopped before its end. Its
// journal is whole up to that moment.
var ErrInterrupted = errors.New("interrupted")

// EnvironmentError says that the machine, not the input, prevented a run: a
// port taken, a directory not writable, a target that did not start.
type EnvironmentError = rig.EnvironmentError
