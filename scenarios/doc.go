// Package scenarios turns a scenario file into a plan: strict TOML is read into
// a tree that knows where every key stands, checked as a whole, and resolved
// with a seed to absolute times. The built-in library is embedded here.
//
// Text and overrides flow in; a *plan.Plan flows out, or Errors that name every
// problem with its place and how to mend it, and warnings about what is allowed
// but unlikely to be meant. The package knows the presets and the fault
// catalogue, and nothing of how a run is executed, scored or shown.
package scenarios
