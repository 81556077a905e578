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

// What ends by itself within the time that it has is not left running; a group
// of nobody has no members.
func TestReap(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("processes out of a group cannot be found here")
	}
	tag := "BROWNOUT_CHILD_TEST=reap-" + time.Now().String()
	c := exec.Command("cat")
	c.Env = append(os.Environ(), tag)
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	waited := make(chan struct{})
	go func() {
		_ = c.Wait()
		close(waited)
	}()
	if got := child.Members(0, tag); len(got) != 1 || got[0] != c.Process.Pid {
		t.Errorf("members %v, and it is %d", got, c.Process.Pid)
	}
	time.AfterFunc(400*time.Millisecond, func() { in.Close() }) // it is seen to live before that, or the test proves nothing
	if n := child.Reap(0, tag, time.Minute); n != 0 {
		t.Errorf("%d were left", n)
	}
	<-waited
}
