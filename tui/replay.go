package tui

import (
	"context"
	"fmt"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"brownout/harness/replay"
)

// Player is a run that was kept and is being played.
type Player interface {
	Source
	State() replay.State
	Pause()
	Faster(by float64)
	Skip(by time.Duration)
	NextFault()
	PreviousFault()
}

// Replay shows a run that was kept through the live screen, until the user
// leaves. Its errors are those of Live.
func Replay(ctx context.Context, p Player, o Options) error {
	o = o.complete()
	m := newLive(o).watch(p)
	m.snap = p.Snapshot()
	_, err := show(ctx, newPlaying(m, p), o)
	return err
}

// skip is how far an arrow key goes.
const skip = 5 * time.Second

// playing is the live screen with the keys of a player.
type playing struct {
	live
	player Player
	deck   deckKeys
}

// deckKeys are the keys of the player.
type deckKeys struct {
	pause, slower, faster, back, forward, before, after, quit key.Binding
}

func newDeckKeys() deckKeys {
	return deckKeys{
		pause:   bind("space", "pause", "space", "p"),
		slower:  bind("<", "slower", "<", ",", "-"),
		faster:  bind(">", "faster", ">", ".", "+"),
		back:    bind("←", "5 s back", "left"),
		forward: bind("→", "5 s on", "right"),
		before:  bind("[", "fault before", "["),
		after:   bind("]", "next fault", "]"),
		quit:    bind("q", "quit", "q", "ctrl+c"),
	}
}

func newPlaying(m live, p Player) playing {
	v := playing{live: m, player: p, deck: newDeckKeys()}
	v.live.replaying = v.words()
	return v
}

// Update handles the player's keys, and leaves the others to the live screen.
func (v playing) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if k, ok := msg.(tea.KeyPressMsg); ok {
		if cmd, mine := v.pressed(k); mine {
			return v, cmd
		}
	}
	next, cmd := v.live.Update(msg)
	v.live = next.(live)
	if _, ok := msg.(lookMsg); ok {
		v.live.replaying = v.words()
	}
	return v, cmd
}

// pressed tells whether a key is the player's, and what follows from it.
// Orders wait for the player's goroutine, which may be reading: they are given
// beside the screen's own.
func (v playing) pressed(msg tea.KeyPressMsg) (tea.Cmd, bool) {
	p, k := v.player, v.deck
	var do func()
	switch {
	case key.Matches(msg, k.quit) && !v.help:
		return tea.Quit, true
	case key.Matches(msg, k.pause):
		do = p.Pause
	case key.Matches(msg, k.slower):
		do = func() { p.Faster(.5) }
	case key.Matches(msg, k.faster):
		do = func() { p.Faster(2) }
	case key.Matches(msg, k.back):
		do = func() { p.Skip(-skip) }
	case key.Matches(msg, k.forward):
		do = func() { p.Skip(skip) }
	case key.Matches(msg, k.before):
		do = p.PreviousFault
	case key.Matches(msg, k.after):
		do = p.NextFault
	default:
		return nil, false
	}
	return func() tea.Msg { do(); return nil }, true
}

// words tell how the player stands.
func (v playing) words() string {
	s := v.player.State()
	how := "playing"
	switch {
	case s.Trouble != nil:
		how = "cannot go on: " + s.Trouble.Error()
	case s.AtEnd:
		how = "at the end"
	case s.Paused:
		how = "paused"
	}
	return fmt.Sprintf("replay %s  %s / %s  %g×", how, clock(s.At), clock(s.Length), s.Speed)
}

// hints are the player's keys for the last row.
func (k deckKeys) hints() []key.Binding {
	return []key.Binding{k.pause, k.forward, k.back, k.after, k.before, k.faster, k.slower, k.quit}
}
