package tui

import (
	"context"
	"fmt"
	"strconv"
	"strings"
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
	Seek(to time.Duration)
	Skip(by time.Duration)
	NextFault()
	PreviousFault()
}

// Replay shows a run that was kept through the live screen, until the user
// leaves. Its errors are those of Live.
func Replay(ctx context.Context, p Player, d Desk, o Options) error {
	o = o.complete()
	_, err := show(ctx, newPlaying(p, d, o), d, o)
	return err
}

// toReplay makes a command that plays a run on a screen above this one.
func toReplay(d Desk, id string, o Options) tea.Cmd {
	return func() tea.Msg {
		p, err := d.Play(id)
		if err != nil {
			return notice{text: "the run cannot be played: " + err.Error(), bad: true}
		}
		return open{newPlaying(p, d, o)}
	}
}

// skip is how far an arrow key goes.
const skip = 5 * time.Second

// playing is the live screen with the keys of a player.
type playing struct {
	live
	player Player
	desk   Desk
	deck   deckKeys
}

// deckKeys are the keys of the player.
type deckKeys struct {
	pause, slower, faster, back, forward, before, after, tenths key.Binding
	report, command, quit                                       key.Binding
}

func newDeckKeys() deckKeys {
	return deckKeys{
		pause:   bind("space", "pause", "space"),
		slower:  bind("<", "slower", "<", ",", "-"),
		faster:  bind(">", "faster", ">", ".", "+"),
		back:    bind("←", "5 s back", "left"),
		forward: bind("→", "5 s on", "right"),
		before:  bind("p", "fault before", "p", "["),
		after:   bind("n", "next fault", "n", "]"),
		tenths:  bind("0-9", "go to a tenth", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9"),
		report:  bind("r", "report", "r"),
		command: bind(commandKey, "commands", commandKey),
		quit:    bind("q", "back", "q", "ctrl+c"),
	}
}

// hints are the player's keys for the last row.
func (k deckKeys) hints() []key.Binding {
	return []key.Binding{k.pause, k.after, k.before, k.quit, k.forward, k.back, k.faster, k.slower, k.report}
}

// playKeys are the keys of a replay: the player's, and those of the live
// screen.
type playKeys struct {
	deck deckKeys
	live liveKeys
}

// ShortHelp is the footer.
func (k playKeys) ShortHelp() []key.Binding { return k.deck.hints() }

// FullHelp is the help screen, in columns.
func (k playKeys) FullHelp() [][]key.Binding {
	d, l := k.deck, k.live
	return [][]key.Binding{
		{d.pause, d.forward, d.back, d.after, d.before, d.tenths, d.faster, d.slower},
		{l.next, l.previous, l.zoom, l.back, l.follow},
		{l.up, l.down, l.pageUp, l.pageDown, l.top, l.bottom},
		{d.report, d.command, l.help, l.suspend, d.quit},
	}
}

func newPlaying(p Player, d Desk, o Options) playing {
	v := playing{live: newLive(o).watch(p), player: p, desk: d, deck: newDeckKeys()}
	v.snap = p.Snapshot()
	v.deck.report.SetEnabled(d.Read != nil)
	v.replaying = v.words()
	return v
}

// seekMsg goes to a moment, speedMsg to a speed.
type (
	seekMsg  struct{ to time.Duration }
	speedMsg struct{ speed float64 }
)

// Update handles the player's keys, and leaves the others to the live screen.
func (v playing) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	p := v.player
	switch msg := msg.(type) {
	case tea.KeyPressMsg:
		if cmd, mine := v.pressed(msg); mine {
			return v, cmd
		}
	case pressedKey:
		return v.Update(msg.key)
	case seekMsg:
		return v, ordered(func() { p.Seek(msg.to) })
	case speedMsg:
		return v, ordered(func() { p.Faster(msg.speed / p.State().Speed) })
	case tea.MouseClickMsg:
		if to, ok := v.pointed(msg); ok {
			return v, ordered(func() { p.Seek(to) })
		}
	}
	next, cmd := v.live.Update(msg)
	v.live = next.(live)
	if _, ok := msg.(lookMsg); ok {
		v.replaying = v.words()
	}
	return v, cmd
}

// ordered gives an order to the player. It waits for the player's goroutine,
// which may be reading: orders are given beside the screen's own.
func ordered(do func()) tea.Cmd { return func() tea.Msg { do(); return nil } }

// pressed tells whether a key is the player's, and what follows from it.
func (v playing) pressed(msg tea.KeyPressMsg) (tea.Cmd, bool) {
	p, k := v.player, v.deck
	var do func()
	switch {
	case key.Matches(msg, k.quit) && !v.help, key.Matches(msg, v.keys.back) && !v.help && !v.zoomed:
		return func() tea.Msg { p.Stop(); return tea.Quit() }, true
	case v.help:
		return nil, false
	case key.Matches(msg, k.report):
		return toReport(v.desk, v.snap.RunID, v.options), true
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
	case key.Matches(msg, k.tenths):
		tenth := time.Duration(msg.Text[0] - '0')
		do = func() { p.Seek(p.State().Length / 10 * tenth) }
	default:
		return nil, false
	}
	return ordered(do), true
}

// pointed is the moment that was clicked on the timeline.
func (v playing) pointed(msg tea.MouseClickMsg) (time.Duration, bool) {
	for _, s := range v.slots(v.zoomed) {
		if s.id != panelTimeline || v.help {
			continue
		}
		in := place{s.x, s.y, s.w, s.h}.inside(s.edge)
		if in.holds(msg.X, msg.Y) {
			return newAxis(v.snap.Plan, in.w).at(msg.X - in.x), true
		}
	}
	return 0, false
}

// View is the live screen, with the player's keys in its help.
func (v playing) View() tea.View {
	if !v.help {
		return v.live.View()
	}
	p := newPaper(v.w, v.h)
	a := p.all(v.theme)
	v.paint(a)
	drawHelp(a, playKeys{v.deck, v.keys}, drawShapes)
	return tea.NewView(p.render(v.theme))
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

// commands of the player.
func (v playing) commands() []command {
	return []command{
		{name: "seek", args: "TIME", about: "go to a moment of the run, such as 15s or 1:30", do: func(arg string) (tea.Cmd, error) {
			to, err := parseMoment(arg)
			if err != nil {
				return nil, err
			}
			return func() tea.Msg { return seekMsg{to} }, nil
		}},
		{
			name: "speed", args: "N", about: "seconds of the run to a second",
			complete: func(arg string) []string { return beginning([]string{"0.25", "0.5", "1", "2", "4", "8", "16"}, arg) },
			do: func(arg string) (tea.Cmd, error) {
				n, err := strconv.ParseFloat(strings.TrimSuffix(arg, "x"), 64)
				if err != nil || !(n >= replay.Slowest && n <= replay.Fastest) {
					return nil, fmt.Errorf("speed %q: give a number from %g to %d", arg, replay.Slowest, replay.Fastest)
				}
				return func() tea.Msg { return speedMsg{n} }, nil
			},
		},
	}
}

// parseMoment reads a time of a run: 90s, 1m30s, 1:30 or 90.
func parseMoment(text string) (time.Duration, error) {
	if m, s, ok := strings.Cut(text, ":"); ok {
		text = m + "m" + s + "s"
	} else if _, err := strconv.ParseFloat(text, 64); err == nil {
		text += "s"
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is no moment of a run: give for example 15s or 1:30", text)
	}
	return d, nil
}

// beginning are those of some words that begin as written.
func beginning(words []string, written string) []string {
	var out []string
	for _, w := range words {
		if strings.HasPrefix(w, written) {
			out = append(out, w)
		}
	}
	return out
}
