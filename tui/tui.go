// Package tui is the terminal: the live screen of a run and the launcher.
//
// Immutable snapshots of a run flow in, ten a second, and frames flow out;
// plans flow in and a choice flows out. Every screen is a Bubble Tea model
// whose Update is pure: time and snapshots reach it as messages. Panels are
// functions of a snapshot and a size, drawn on a grid that cannot be left, in
// inks that only the theme turns into colours. The package sees the journal,
// the score and the plan; it knows nothing of the rig that produces them, so
// that a replay can be shown by the same code.
package tui

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"brownout/harness/score"
)

// Source is a run to watch.
type Source interface {
	Snapshot() *score.Snapshot // the latest state; may be nil before the first
	Done() <-chan struct{}     // closed when the run has ended and all is down
	Stop()                     // asks the run to end now; Done follows
}

// Options say how a screen looks and where it is shown. The zero value is
// standard input and output, in colour on a dark background; Live and Launch
// add what the environment says, and take the background from the terminal.
type Options struct {
	In      io.Reader // nil: os.Stdin
	Out     io.Writer // nil: os.Stdout
	Environ []string  // nil: os.Environ()
	NoColor bool      // no escape sequences beyond what moves the cursor
	ASCII   bool      // nothing beyond ASCII
	Light   bool      // the background is light
	Width   int       // columns and rows where Out is not a terminal; 0: 80×24
	Height  int
	Targets []string // what the launcher offers; nil: bundled, direct
	Acts    Acts     // what may be done by hand on the live screen
}

// Errors of Live.
var (
	// ErrInterrupted means that the user, or a signal, ended the run before
	// its time.
	ErrInterrupted = errors.New("interrupted")
	// ErrForced is ErrInterrupted without waiting for the run to come down.
	ErrForced = fmt.Errorf("%w, without waiting for the run to end", ErrInterrupted)
)

// PanicError is a panic in a screen. The terminal has been restored, and the
// run, which knows nothing of it, goes on.
type PanicError struct {
	Value any
	Stack []byte
}

func (e *PanicError) Error() string {
	return fmt.Sprintf("the screen failed: %v", e.Value)
}

// FromEnviron adds what environment variables ask for: NO_COLOR
// (https://no-color.org), TERM=dumb, and a locale without UTF-8.
func (o Options) FromEnviron(environ []string) Options {
	vars := make(map[string]string, len(environ))
	for _, e := range environ {
		name, value, _ := strings.Cut(e, "=")
		vars[name] = value
	}
	if vars["NO_COLOR"] != "" || vars["TERM"] == "dumb" {
		o.NoColor = true
	}
	// The first that is set decides, as setlocale(3) has it.
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := vars[name]; v != "" {
			v = strings.ToLower(v)
			if !strings.Contains(v, "utf-8") && !strings.Contains(v, "utf8") {
				o.ASCII = true
			}
			break
		}
	}
	return o
}

// complete fills in what the caller left out.
func (o Options) complete() Options {
	if o.Environ == nil {
		o.Environ = os.Environ()
	}
	if o.Width <= 0 || o.Height <= 0 {
		o.Width, o.Height = 80, 24
	}
	return o.FromEnviron(o.Environ)
}
