package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"testing"
	"time"
)

// asProgram makes the test binary run as brownout itself, so that tests see
// real exit codes, signals and files, under the race detector where that is on.
const asProgram = "BROWNOUT_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// result is what came of one run of the program.
type result struct {
	code     int
	out, err string
}

// program prepares a run of brownout in a directory of its own.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	c := exec.CommandContext(ctx, self, args...)
	c.Dir = t.TempDir()
	c.Env = append(os.Environ(), asProgram+"=1", "NO_COLOR=")
	return c
}

// finish runs c to its end.
func finish(t *testing.T, c *exec.Cmd) result {
	t.Helper()
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return result{code: c.ProcessState.ExitCode(), out: out.String(), err: errs.String()}
}

// brownout runs the program to its end.
func brownout(t *testing.T, args ...string) result {
	t.Helper()
	return finish(t, program(t, args...))
}

// inside runs a command that only reads and prints in this process: it starts
// nothing that a process of its own would have to end, and of the many that
// look through the library each would read it anew.
func inside(t *testing.T, args ...string) result {
	t.Helper()
	return insideWith(t, nil, args...)
}

// insideWith is inside with an environment.
func insideWith(t *testing.T, env map[string]string, args ...string) result {
	t.Helper()
	var out, errs bytes.Buffer
	a := &app{in: &bytes.Buffer{}, out: &out, err: &errs, env: func(name string) string { return env[name] }}
	code := a.run(t.Context(), args)
	return result{code: code, out: out.String(), err: errs.String()}
}

// abs is the path of a file of this package, for programs that run elsewhere.
func abs(t *testing.T, name string) string {
	t.Helper()
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return wd + "/" + name
}
