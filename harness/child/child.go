// Package child ends programs that Brownout starts, with all that they started
// themselves, and measures them meanwhile.
//
// A program's command flows in; its processes, what they use and their end flow
// out. The package knows nothing of what the programs are for.
package child

// State is how a program is doing, with all that it started.
type State struct {
	CPU       float64 // cores, since the last State
	RSS       int64   // bytes
	Processes int
}
