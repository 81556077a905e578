// Command brownout runs chaos and resilience scenarios against LLM gateways.
//
// Arguments and terminals flow in; exit codes, tables and files flow out. Every
// sub-command is one file that turns flags into calls of the packages that do
// the work.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"brownout/harness"
)

// Exit codes, as documented in the README.
const (
	exitPassed       = 0
	exitFailed       = 1   // expectations failed, or a veto
	exitUsage        = 2   // usage, unreadable or invalid input
	exitInconclusive = 3   // the instrument doubts itself
	exitEnvironment  = 4   // port taken, target did not start, nowhere to write
	exitInterrupted  = 130 // SIGINT or SIGTERM
)

// app is the program as a value, so that tests can run it whole.
type app struct {
	in  io.Reader
	out io.Writer
	err io.Writer
	env func(string) string
}

// exitError carries an exit code. Its error may be nil where all has been
// said.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// After the first signal the usual handling is back, so that a second one
	// ends a program that does not end by itself.
	context.AfterFunc(ctx, stop)
	a := &app{in: os.Stdin, out: os.Stdout, err: os.Stderr, env: os.Getenv}
	os.Exit(a.run(ctx, os.Args[1:]))
}

// run executes the command line and returns the exit code.
func (a *app) run(ctx context.Context, args []string) int {
	// Calls make much garbage that is short-lived and little that lives, so that
	// collecting half as often costs little memory; the soft limit keeps a burst
	// of connections from growing the heap without end.
	debug.SetGCPercent(200)
	debug.SetMemoryLimit(2 << 30)
	root := a.rootCommand()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	code := exitCode(err)
	var e *exitError
	if err != nil && (!errors.As(err, &e) || e.err != nil) {
		fmt.Fprintf(a.err, "brownout: %v\n", err)
	}
	return code
}

// exitCode tells what an error means to the caller of the program. What no
// other rule names is bad input: flags, names, files.
func exitCode(err error) int {
	var coded *exitError
	var env *harness.EnvironmentError
	switch {
	case err == nil:
		return exitPassed
	case errors.Is(err, harness.ErrInterrupted), errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &coded):
		return coded.code
	case errors.As(err, &env):
		return exitEnvironment
	default:
		return exitUsage
	}
}
