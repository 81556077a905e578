package target

import (
	"os/exec"
	"syscall"
)

// ownGroup makes a process the first of a group of its own, so that a signal of
// the terminal does not reach it and it can be ended with all its children. It
// dies with the thread that starts it: also where Brownout is killed.
func ownGroup(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
