//go:build !unix

package target

import (
	"os"
	"os/exec"
)

func ownGroup(*exec.Cmd) {}

// terminate ends a process: there is no asking here.
func terminate(c *exec.Cmd) { _ = c.Process.Kill() }

func killGroup(c *exec.Cmd) { _ = c.Process.Kill() }

func kill(pid int) {
	if p, err := os.FindProcess(pid); err == nil {
		_ = p.Kill()
	}
}
