//go:build !unix

package load

import "math"

// RaiseFDLimit returns the process's limit of open files. This system has
// none that a process could raise.
func RaiseFDLimit() (uint64, error) { return math.MaxInt64, nil }
