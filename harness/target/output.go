package target

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Bounds of what is kept of a process's output.
const (
	keptLines = 12
	keptBytes = 64 << 10 // of a line that does not end
)

// escapes are the sequences by which programs colour terminals and move in them.
var escapes = regexp.MustCompile("\x1b\\[[0-9;?]*[A-Za-z]")

// output takes what a process prints: it keeps the last lines, and tells of
// keys among them. It is an io.Writer for one goroutine; the rest may be called
// from any.
type output struct {
	found func(line string) // told of the first line with each key; nil: nobody listens
	log   io.Writer         // every line, redacted

	partial []byte // of the line that has no end yet
	mu      sync.Mutex
	secrets []string
	lines   []string
	told    []string // secrets that were
}

func newOutput(secrets []string, found func(line string), log io.Writer) *output {
	return &output{secrets: secrets, found: found, log: log}
}

// learn adds secrets.
func (o *output) learn(secrets []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, s := range secrets {
		if !slices.Contains(o.secrets, s) {
			o.secrets = append(o.secrets, s)
		}
	}
}

// Write implements io.Writer. Lines end with \n, and with the \r by which
// programs draw over what they said.
func (o *output) Write(b []byte) (int, error) {
	o.partial = append(o.partial, b...)
	for {
		end := bytes.IndexAny(o.partial, "\n\r")
		if end < 0 {
			break
		}
		o.line(string(o.partial[:end]))
		o.partial = o.partial[end+1:]
	}
	if len(o.partial) > keptBytes {
		// What stands in the middle is looked through and forgotten: a line's
		// beginning is what is shown, and a key may come in two parts.
		o.search(string(o.partial))
		o.partial = append(o.partial[:keptBytes/4], o.partial[len(o.partial)-keptBytes/4:]...)
	}
	return len(b), nil
}

// end takes what stands behind the last end of a line.
func (o *output) end() {
	o.line(string(o.partial))
	o.partial = nil
}

// shortest is the length below which a key is too common a word to be looked for.
const shortest = 8

func (o *output) line(raw string) {
	o.mu.Lock()
	line := cleaned(raw, o.secrets)
	if line != "" {
		if len(o.lines) == keptLines {
			o.lines = o.lines[:copy(o.lines, o.lines[1:])]
		}
		o.lines = append(o.lines, line)
	}
	o.mu.Unlock()
	if line == "" {
		return
	}
	_, _ = fmt.Fprintln(o.log, line) // a log that is full ends no run
	o.search(raw)
}

// search tells of the keys that stand in a text and were not told yet.
func (o *output) search(raw string) {
	o.mu.Lock()
	line, n := "", 0
	for _, s := range o.secrets {
		if len(s) >= shortest && strings.Contains(raw, s) && !slices.Contains(o.told, s) {
			o.told = append(o.told, s)
			n++
		}
	}
	if n > 0 {
		line = cleaned(raw, o.secrets)
	}
	o.mu.Unlock()
	for range n {
		if o.found != nil {
			o.found(line)
		}
	}
}

// tail is the last lines, to stand behind a sentence; "" where it said nothing.
func (o *output) tail() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.lines) == 0 {
		return "; it printed nothing"
	}
	return "; its last lines:\n  " + strings.Join(o.lines, "\n  ")
}
