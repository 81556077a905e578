//go:build !unix

package child

import (
	"os"
	"os/exec"
)

// SameGroup does nothing here.
func SameGroup(*exec.Cmd) {}

// OwnGroup does nothing here.
func OwnGroup(*exec.Cmd) {}

// ofTerminal tells whether a signal is one that a terminal sends.
func ofTerminal(s os.Signal) bool { return s == os.Interrupt }

// Terminate ends a process: there is no asking here.
func Terminate(c *exec.Cmd) { _ = c.Process.Kill() }

// KillGroup ends a process.
func KillGroup(c *exec.Cmd) { _ = c.Process.Kill() }

// Kill ends one of Members.
func Kill(pid int) {
	if p, err := os.FindProcess(pid); err == nil {
		_ = p.Kill()
	}
}

// Forward ends a process: there is no telling it anything else here.
func Forward(c *exec.Cmd, _ os.Signal) { _ = c.Process.Kill() }

// exitCode is that of a process.
func exitCode(e *exec.ExitError) int { return e.ExitCode() }
