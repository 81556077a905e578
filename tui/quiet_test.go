package tui

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"
)

// A screen on which nothing happens writes nothing: over a slow link each byte
// is one too many. What ticks goes on, for ten minutes.
func TestNothingIsWrittenWhereNothingHappens(t *testing.T) {
	o := Options{NoColor: true}
	d := fixtureDesk()
	for name, first := range map[string]func() tea.Model{
		"launcher":           func() tea.Model { return newLauncher(d, o) },
		"report":             func() tea.Model { return newReport(reported(), d, o) },
		"a run that is over": func() tea.Model { s := stoppable(reported()); s.stop(); return newRunning(s, d, o) },
		"a run that stands":  func() tea.Model { return newRunning(stoppable(fixture()), d, o) },
		"a paused replay":    func() tea.Model { return newPlaying(newFakePlayer(), d, o) },
		"a comparison":       func() tea.Model { return newCompare(fixtureRace(), d, o) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				in, keyboard := io.Pipe()
				out, end := newTerminal(), make(chan error, 1)
				go func() {
					_, err := show(ctx, first(), d, Options{In: in, Out: out, NoColor: true, Environ: []string{"TERM=xterm", "LANG=C.UTF-8"}, Width: 80, Height: 24})
					end <- err
				}()
				time.Sleep(10 * time.Second) // of the bubble
				settled := out.String()
				if !strings.Contains(settled, altOn) {
					t.Errorf("nothing was drawn: %q", settled)
				}
				time.Sleep(10 * time.Minute)
				if more := out.String()[len(settled):]; more != "" {
					t.Errorf("%d bytes were written in ten idle minutes: %q", len(more), more[:min(len(more), 200)])
				}
				cancel()
				keyboard.Close()
				if err := <-end; !errors.Is(err, ErrInterrupted) {
					t.Error(err)
				}
				in.Close()
				time.Sleep(time.Second) // the last tick
			})
		})
	}
}
