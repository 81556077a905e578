//go:build unix

package target

import (
	"os/exec"
	"syscall"
)

// terminate asks a process to end. Its children are its own to end.
func terminate(c *exec.Cmd) { _ = c.Process.Signal(syscall.SIGTERM) }

// killGroup ends a process and those of its group.
func killGroup(c *exec.Cmd) { _ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }

// kill ends one process.
func kill(pid int) { _ = syscall.Kill(pid, syscall.SIGKILL) }
