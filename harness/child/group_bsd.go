//go:build unix && !linux

package child

import (
	"os/exec"
	"syscall"
)

// SameGroup leaves a process in the group of whoever starts it, and so its
// terminal.
func SameGroup(*exec.Cmd) {}

// OwnGroup makes a process the first of a group of its own, so that a signal of
// the terminal does not reach it and it can be ended with all its children.
func OwnGroup(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
