//go:build unix

package child

import (
	"os"
	"os/exec"
	"syscall"
)

// Terminate asks a process to end. Its children are its own to end.
func Terminate(c *exec.Cmd) { _ = c.Process.Signal(syscall.SIGTERM) }

// KillGroup ends a process and those of its group.
func KillGroup(c *exec.Cmd) { _ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }

// Kill ends one of Members.
func Kill(pid int) { _ = syscall.Kill(pid, syscall.SIGKILL) }

// Forward passes a signal on to a process and those of its group, as a terminal
// does.
func Forward(c *exec.Cmd, s os.Signal) {
	if n, ok := s.(syscall.Signal); ok {
		_ = syscall.Kill(-c.Process.Pid, n)
	}
}

// ofTerminal tells whether a signal is one that a terminal sends to all of the
// group in its foreground.
func ofTerminal(s os.Signal) bool { return s == syscall.SIGINT || s == syscall.SIGQUIT }

// exitCode is that of a process, or 128 and the number of the signal that ended
// it, as shells have it.
func exitCode(e *exec.ExitError) int {
	if s, ok := e.Sys().(syscall.WaitStatus); ok && s.Signaled() {
		return 128 + int(s.Signal())
	}
	return e.ExitCode()
}
