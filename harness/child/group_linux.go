package child

import (
	"os/exec"
	"syscall"
)

// SameGroup leaves a process in the group of whoever starts it, and so its
// terminal. It dies with the thread that starts it, as with OwnGroup.
func SameGroup(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

// OwnGroup makes a process the first of a group of its own, so that a signal of
// the terminal does not reach it and it can be ended with all its children. It
// dies with the thread that starts it: also where Brownout is killed.
func OwnGroup(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
