package child

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"time"
)

// copyTime bounds the wait for a program's last output, where others hold its
// pipes.
const copyTime = time.Second

// Program is a command that is run to its end.
type Program struct {
	Cmd *exec.Cmd
	Tag string // stands in its environment, so that all that it started is found
	// Grace is how long it may take to end once its context has ended, or it was
	// told to by a signal that was forwarded; then it is killed.
	Grace time.Duration
	// Foreground leaves it in the group of this process, so that it may read from
	// the terminal. What the terminal tells that group, it hears by itself.
	Foreground bool
}

// End is how a program ended.
type End struct {
	Code int // exit code; 128 and the signal's number where one ended it
	Left int // processes that it left running, which were killed
}

// Run starts the program, in a group of its own unless it is in the foreground,
// and waits for its end. Signals that come meanwhile are passed on to the group.
// Its environment is that of Cmd with the tag. The error says that it could not
// be started.
func (p *Program) Run(ctx context.Context, signals <-chan os.Signal) (End, error) {
	p.Cmd.Env = append(p.Cmd.Environ(), p.Tag)
	p.Cmd.WaitDelay = copyTime
	if p.Foreground {
		SameGroup(p.Cmd)
	} else {
		OwnGroup(p.Cmd)
	}
	started, ended := make(chan error, 1), make(chan error, 1)
	go func() {
		// On a thread of its own, which lives as long as the program: see OwnGroup.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.Cmd.Start()
		started <- err
		if err == nil {
			ended <- p.Cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return End{}, err
	}
	var over <-chan time.Time
	stop := ctx.Done()
	patience := func() {
		if over == nil {
			t := time.NewTimer(p.Grace)
			over = t.C
		}
	}
	for {
		select {
		case err := <-ended:
			return End{Code: code(err), Left: Reap(p.group(), p.Tag, Lingering)}, nil
		case s := <-signals:
			p.forward(s)
			patience()
		case <-stop:
			stop = nil
			Terminate(p.Cmd)
			patience()
		case <-over:
			p.kill()
			over = nil
		}
	}
}

// group is the number of its own; 0: it has none.
func (p *Program) group() int {
	if p.Foreground {
		return 0
	}
	return p.Cmd.Process.Pid
}

func (p *Program) forward(s os.Signal) {
	switch {
	case !p.Foreground:
		Forward(p.Cmd, s)
	case !ofTerminal(s):
		_ = p.Cmd.Process.Signal(s) // it may have ended
	}
}

func (p *Program) kill() {
	if p.Foreground {
		_ = p.Cmd.Process.Kill() // it may have ended
		return
	}
	KillGroup(p.Cmd)
}

// code is the exit code that tells of an end.
func code(err error) int {
	var exit *exec.ExitError
	switch {
	case err == nil, errors.Is(err, exec.ErrWaitDelay):
		return 0
	case errors.As(err, &exit):
		return exitCode(exit)
	}
	return 1
}
