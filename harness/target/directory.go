package target

import (
	"fmt"
	"os"
	"path/filepath"

	"brownout/harness/child"
)

// directory is one that is gone when its owner is: it is removed when it is of
// no use any more, or else, where its owner was killed, by whoever looks for such
// directories next. A lock on it, which the system takes away with the process
// that holds it, tells the one from the other.
type directory struct {
	path string
	lock *os.File // nil: there are no such locks here
}

// makeDirectory makes one below a directory, with a name that begins with prefix.
func makeDirectory(below, prefix string) (*directory, error) {
	for {
		path, err := os.MkdirTemp(below, prefix)
		if err != nil {
			return nil, err
		}
		d := &directory{path: path}
		var held bool
		if d.lock, held = lock(path); !held {
			continue // somebody who looks for what is left was faster, and removes it
		}
		// It may have been removed between these two.
		if _, err := os.Stat(path); err == nil {
			return d, nil
		}
		d.unlock()
	}
}

func (d *directory) unlock() {
	if d.lock != nil {
		_ = d.lock.Close()
	}
}

// remove takes the directory away.
func (d *directory) remove() error {
	defer d.unlock()
	return os.RemoveAll(d.path)
}

// prefix begins the names of directories of processes.
const prefix = "brownout-process-"

// tag stands in the environment of the process whose directory has a name, so
// that all that it started is found.
func tag(name string) string { return "BROWNOUT_TARGET=" + name }

// sweep removes the directories whose owner was killed, and ends what is left
// of the processes that they belonged to.
func sweep(say func(string)) {
	for _, path := range abandoned(os.TempDir(), prefix) {
		if n := child.Reap(0, tag(filepath.Base(path)), 0); n > 0 && say != nil {
			say(fmt.Sprintf("ended %s of a target that a killed brownout had left", counted(n, "process", "processes")))
		}
	}
}

// abandoned removes the directories of this kind that have no owner any more, and
// lists them. What cannot be removed is somebody else's.
func abandoned(below, prefix string) []string {
	paths, err := filepath.Glob(filepath.Join(below, prefix+"*"))
	if err != nil { // a directory whose name is a bad pattern
		return nil
	}
	var out []string
	for _, path := range paths {
		if fi, err := os.Lstat(path); err != nil || !fi.IsDir() {
			continue
		}
		held, free := lock(path)
		if held == nil || !free {
			continue
		}
		if os.RemoveAll(path) == nil {
			out = append(out, path)
		}
		_ = held.Close()
	}
	return out
}
