package target

import (
	"io"
	"time"
)

// Hurry has a process looked at so often, and gives it so long for one answer.
func (o *Options) Hurry(often, each time.Duration) {
	o.pace = pace{look: often, ask: often, each: each}
}

// Hear takes what a process writes, piece by piece to its end, with secrets, and
// tells of the lines in which one was found and of its last lines.
func Hear(log io.Writer, secrets []string, pieces ...string) (found []string, tail string) {
	o := newOutput(secrets, func(line string) { found = append(found, line) }, log)
	for _, p := range pieces {
		_, _ = o.Write([]byte(p)) // it takes all
	}
	o.end()
	return found, o.tail()
}
