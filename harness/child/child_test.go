//go:build unix

package child_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"brownout/harness/child"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sh is a program of the shell, and what it prints.
func sh(script string) (*child.Program, *bytes.Buffer) {
	var out bytes.Buffer
	c := exec.Command("sh", "-c", script)
	c.Env, c.Stdout = os.Environ(), &out
	return &child.Program{Cmd: c, Tag: "BROWNOUT_CHILD_TEST=" + script[:4] + time.Now().String(), Grace: time.Minute}, &out
}

func TestExitCodes(t *testing.T) {
	for script, want := range map[string]child.End{
		"exit 0":              {},
		"exit 9":              {Code: 9},
		"kill -9 $$":          {Code: 128 + 9},
		"sleep 60 & exit 3":   {Code: 3, Left: 1},
		"setsid sleep 60 & :": {Left: 1},
		"sleep 0.1 & wait; :": {},
	} {
		if runtime.GOOS != "linux" && want.Left > 0 {
			continue // what is left cannot be found there
		}
		p, _ := sh(script)
		if got, err := p.Run(t.Context(), nil); err != nil || got != want {
			t.Errorf("%s: %+v, %v, want %+v", script, got, err, want)
		}
	}
	p := &child.Program{Cmd: exec.Command("brownout-no-such-program")}
	if _, err := p.Run(t.Context(), nil); err == nil {
		t.Error("it ran")
	}
}

// A signal is passed on to the whole group, and the end of the context ends the
// program.
func TestSignals(t *testing.T) {
	signals := make(chan os.Signal, 1)
	p, out := sh(`trap 'echo hung up; exit 5' HUP; echo ready; while :; do sleep 0.05; done`)
	ready, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer ready.Close()
	p.Cmd.ExtraFiles = []*os.File{writer}
	p.Cmd.Args[2] = `trap 'echo hung up; exit 5' HUP; echo >&3; while :; do sleep 0.05; done`
	go func() {
		_, _ = ready.Read(make([]byte, 1))
		signals <- syscall.SIGHUP
	}()
	got, err := p.Run(t.Context(), signals)
	writer.Close()
	if err != nil || got.Code != 5 || out.String() != "hung up\n" {
		t.Errorf("%+v, %v, %q", got, err, out)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p, _ = sh("sleep 60")
	if got, err := p.Run(ctx, nil); err != nil || got.Code != 128+15 {
		t.Errorf("%+v, %v", got, err)
	}
	p, _ = sh("trap '' TERM; while :; do sleep 0.05; done")
	p.Grace = 200 * time.Millisecond
	ctx, cancel = context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if got, err := p.Run(ctx, nil); err != nil || got.Code != 128+9 {
		t.Errorf("one that does not end: %+v, %v", got, err)
	}
}
