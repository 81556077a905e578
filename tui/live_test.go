package tui

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"brownout/chance"
	"brownout/harness/score"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

// fakeSource is a run that does what the test says.
type fakeSource struct {
	snap *score.Snapshot
	done chan struct{}
	stop func()
}

func (f *fakeSource) Snapshot() *score.Snapshot { return f.snap }
func (f *fakeSource) Done() <-chan struct{}     { return f.done }
func (f *fakeSource) Stop()                     { f.stop() }

// stoppable is a run that ends as soon as it is asked to.
func stoppable(snap *score.Snapshot) *fakeSource {
	f := &fakeSource{snap: snap, done: make(chan struct{})}
	f.stop = func() { close(f.done) }
	return f
}

// press is a key press by the name that bindings use.
func press(name string) tea.KeyPressMsg {
	special := map[string]rune{
		"tab": tea.KeyTab, "enter": tea.KeyEnter, "esc": tea.KeyEscape, "up": tea.KeyUp, "down": tea.KeyDown,
		"left": tea.KeyLeft, "right": tea.KeyRight, "pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown, "home": tea.KeyHome, "end": tea.KeyEnd,
		"space": tea.KeySpace, "backspace": tea.KeyBackspace,
	}
	k := tea.Key{}
	if rest, ok := strings.CutPrefix(name, "ctrl+"); ok {
		k.Mod, name = tea.ModCtrl, rest
	}
	if rest, ok := strings.CutPrefix(name, "shift+"); ok {
		k.Mod, name = tea.ModShift, rest
	}
	if c, ok := special[name]; ok {
		k.Code = c
		return tea.KeyPressMsg(k)
	}
	k.Code = []rune(name)[0]
	if k.Mod == 0 {
		k.Text = name
	}
	return tea.KeyPressMsg(k)
}

// screen is a live screen of a size, watching a run that nothing asks.
func screen(w, h int, snap *score.Snapshot) live {
	m := newLive(Options{NoColor: true}).watch(stoppable(snap))
	m.snap, m.w, m.h = snap, w, h
	return m
}

// after presses keys.
func after(m live, names ...string) (live, tea.Cmd) {
	var cmd tea.Cmd
	for _, n := range names {
		next, c := m.Update(press(n))
		m, cmd = next.(live), c
	}
	return m, cmd
}

// quits tells whether a command leaves the screen.
func quits(cmd tea.Cmd) bool {
	if cmd == nil {
		return false
	}
	_, ok := cmd().(tea.QuitMsg)
	return ok
}

func TestKeys(t *testing.T) {
	tests := []struct {
		keys []string
		want func(live) bool
	}{
		{[]string{"tab"}, func(m live) bool { return m.focus == panelVerdict }},
		{[]string{"tab", "tab", "tab"}, func(m live) bool { return m.focus == panelScore }},
		{[]string{"shift+tab"}, func(m live) bool { return m.focus == panelTimeline }},
		{[]string{"shift+tab", "tab"}, func(m live) bool { return m.focus == panelLanes }},
		{[]string{"z"}, func(m live) bool { return m.zoomed && len(m.slots(true)) == 1 }},
		{[]string{"z", "z"}, func(m live) bool { return !m.zoomed }},
		{[]string{"z", "esc"}, func(m live) bool { return !m.zoomed }},
		{[]string{"z", "tab"}, func(m live) bool { return m.focus == panelFaults }},
		{[]string{"?"}, func(m live) bool { return m.help }},
		{[]string{"?", "?"}, func(m live) bool { return !m.help }},
		{[]string{"?", "esc"}, func(m live) bool { return !m.help }},
		{[]string{"?", "q"}, func(m live) bool { return !m.help && !m.asking }},
		{[]string{"?", "tab"}, func(m live) bool { return m.focus == panelLanes }},
		{[]string{"q"}, func(m live) bool { return m.asking }},
		{[]string{"q", "n"}, func(m live) bool { return !m.asking && !m.ending }},
		{[]string{"q", "esc"}, func(m live) bool { return !m.asking }},
		{[]string{"q", "x"}, func(m live) bool { return m.asking }},
		{[]string{"q", "y"}, func(m live) bool { return m.ending && !m.asking && errors.Is(m.err, ErrInterrupted) }},
		{[]string{"q", "enter"}, func(m live) bool { return m.ending }},
		{[]string{"q", "y", "q"}, func(m live) bool { return m.ending && !m.asking }},
		{[]string{"ctrl+c"}, func(m live) bool { return m.ending && errors.Is(m.err, ErrInterrupted) && !errors.Is(m.err, ErrForced) }},
		{[]string{"ctrl+c", "ctrl+c"}, func(m live) bool { return errors.Is(m.err, ErrForced) && errors.Is(m.err, ErrInterrupted) }},
		{[]string{"f"}, func(m live) bool { return !m.follow }},
		{[]string{"f", "f"}, func(m live) bool { return m.follow }},
		{[]string{"x"}, func(m live) bool { return m.focus == panelLanes && !m.zoomed && !m.help }},
	}
	for _, tt := range tests {
		t.Run(strings.Join(tt.keys, " "), func(t *testing.T) {
			m, _ := after(screen(120, 40, fixture()), tt.keys...)
			if !tt.want(m) {
				t.Errorf("not as it should be after %v: focus %v zoomed %v help %v asking %v ending %v err %v follow %v",
					tt.keys, m.focus, m.zoomed, m.help, m.asking, m.ending, m.err, m.follow)
			}
		})
	}
}

func TestScroll(t *testing.T) {
	tests := []struct {
		keys   []string
		first  int
		follow bool
		across int
	}{
		{[]string{"up"}, 2, false, 0},
		{[]string{"k", "k"}, 1, false, 0},
		{[]string{"up", "down"}, 3, true, 0},
		{[]string{"up", "j"}, 3, true, 0},
		{[]string{"down", "down"}, 3, true, 0},
		{[]string{"g"}, 0, false, 0},
		{[]string{"home", "up"}, 0, false, 0},
		{[]string{"g", "G"}, 3, true, 0},
		{[]string{"g", "end"}, 3, true, 0},
		{[]string{"pgup"}, 0, false, 0},
		{[]string{"g", "pgdown"}, 3, true, 0},
		{[]string{"l"}, 0, true, 8},
		{[]string{"right", "right", "left"}, 0, true, 8},
		{[]string{"h"}, 0, true, 0},
		{[]string{"g", "f"}, 3, true, 0},
	}
	for _, tt := range tests {
		t.Run(strings.Join(tt.keys, " "), func(t *testing.T) {
			m := screen(120, 40, fixture()) // six of the nine events are in view
			m.focus = panelLog
			m, _ = after(m, tt.keys...)
			if m.first[panelLog] != tt.first || m.follow != tt.follow || m.across != tt.across {
				t.Errorf("first %d follow %v across %d, want %d %v %d", m.first[panelLog], m.follow, m.across, tt.first, tt.follow, tt.across)
			}
		})
	}
}

func TestFollowedLogShowsTheLastEvent(t *testing.T) {
	snap := fixture()
	m := screen(80, 24, snap)
	if last := snap.Log[len(snap.Log)-1].Text; !strings.Contains(m.draw(), last) {
		t.Error("a followed log does not show its last line")
	}
	m.focus = panelLog
	m, _ = after(m, "g")
	if !strings.Contains(m.draw(), snap.Log[0].Text) {
		t.Error("the first line is not shown after g")
	}
}

func TestEveryBindingIsInTheHelpAndDoesSomething(t *testing.T) {
	var all []key.Binding
	for _, group := range newLiveKeys().FullHelp() {
		all = append(all, group...)
	}
	for _, b := range newLiveKeys().ShortHelp() {
		if !slices.ContainsFunc(all, func(o key.Binding) bool { return o.Help() == b.Help() }) {
			t.Errorf("%q is in the footer and not in the help", b.Help().Desc)
		}
	}
	for _, b := range all {
		for _, name := range b.Keys() {
			does := false
			// Some states in which a key may have something to do.
			for _, prepare := range [][]string{nil, {"z"}, {"up"}, {"g"}, {"right"}} {
				m := screen(120, 40, fixture())
				m.focus = panelLog
				m, _ = after(m, prepare...)
				then, cmd := after(m, name)
				does = does || cmd != nil || !sameFrame(m, then)
			}
			if !does {
				t.Errorf("%q (%s) does nothing", name, b.Help().Desc)
			}
		}
	}
}

func TestRunsCourse(t *testing.T) {
	m := screen(80, 24, fixture())
	next, cmd := m.Update(lookMsg{snap: fixture()})
	if m = next.(live); cmd == nil || m.over {
		t.Fatal("a run that is on is not looked at again")
	}
	m, _ = after(m, "q")
	next, cmd = m.Update(lookMsg{snap: finished(score.Pass), over: true})
	m = next.(live)
	if cmd != nil || m.asking || !m.over {
		t.Fatal("the screen does not rest on the verdict of a finished run")
	}
	if !strings.Contains(m.draw(), "PASS") {
		t.Error("no verdict on the screen")
	}
	for _, k := range []string{"q", "ctrl+c"} {
		if left, cmd := after(m, k); !quits(cmd) || left.err != nil {
			t.Errorf("%s on a finished run: quits %v, error %v", k, quits(cmd), left.err)
		}
	}
}

func TestEndedRunIsWaitedFor(t *testing.T) {
	stopped := false
	src := &fakeSource{snap: fixture(), done: make(chan struct{}), stop: func() { stopped = true }}
	m := newLive(Options{}).watch(src)
	m.snap, m.w, m.h = src.snap, 80, 24
	m, cmd := after(m, "ctrl+c")
	if cmd == nil || quits(cmd) || !stopped {
		t.Fatal("ctrl+c does not stop the run first")
	}
	if !strings.Contains(m.draw(), "stopping") {
		t.Error("the screen does not say that it waits")
	}
	if _, cmd := m.Update(lookMsg{snap: src.snap}); quits(cmd) {
		t.Error("left before the run was down")
	}
	if _, cmd := m.Update(lookMsg{snap: src.snap, over: true}); !quits(cmd) {
		t.Error("did not leave once the run was down")
	}
}

func TestUpdateIsPure(t *testing.T) {
	m := screen(120, 40, fixture())
	before := m.draw()
	for _, k := range []string{"tab", "z", "?", "q", "g", "up", "f"} {
		after(m, k)
	}
	if m.draw() != before {
		t.Error("a message changed the state it was given")
	}
}

func TestSameSnapshotIsNotDrawnAgain(t *testing.T) {
	m := screen(120, 40, fixture())
	m.View()
	m.drawn.text = "kept"
	next, _ := m.Update(lookMsg{snap: m.snap})
	if got := next.(live).View().Content; got != "kept" {
		t.Error("drawn anew though nothing changed")
	}
	next, _ = m.Update(lookMsg{snap: fixture()})
	if got := next.(live).View().Content; got == "kept" {
		t.Error("a new snapshot is not drawn")
	}
}

func TestBackgroundPicksTheme(t *testing.T) {
	m := newLive(Options{})
	next, _ := m.Update(tea.BackgroundColorMsg{Color: white{}})
	if !next.(live).options.Light {
		t.Error("a white background is taken for a dark one")
	}
}

type white struct{}

func (white) RGBA() (r, g, b, a uint32) { return 0xffff, 0xffff, 0xffff, 0xffff }

// TestAnyKeyAnySize throws keys, sizes and snapshots at the screens.
func TestAnyKeyAnySize(t *testing.T) {
	names := []string{"tab", "shift+tab", "z", "f", "up", "down", "left", "right", "h", "j", "k", "l", "pgup", "pgdown", "g", "G", "esc", "?", "q", "n", "y", "t", "s", "/", "enter", "7", "x", "ctrl+c", "space"}
	odd := fixture()
	odd.Plan.Title = "标题\x1b[31m with \u202e odd e\u0301 text 👩‍👩‍👧 \x00\n"
	odd.Log = append(odd.Log, score.Line{Level: "error", Text: strings.Repeat("宽", 300) + "\x1b]0;title\x07\r\n"})
	snaps := []*score.Snapshot{fixture(), finished(score.Fail, strings.Repeat("long reason ", 40)), odd, {}, {Plan: fixturePlan()}, {Plan: newPlanWithNothing()}, nil}
	looks := []Options{{NoColor: true}, {}, {ASCII: true}, {Light: true}}
	for _, o := range looks {
		m := newLive(o).watch(stoppable(fixture()))
		l := newLauncher(Desk{Entries: append(fixtureEntries(), Entry{"nothing", newPlanWithNothing()}, Entry{"odd", odd.Plan})}, o)
		for i := range 500 {
			key := chance.Key{Seed: 11, Purpose: "any", Attempt: i}
			bits := key.Bits()
			var msg tea.Msg
			switch bits % 4 {
			case 0:
				msg = tea.WindowSizeMsg{Width: 1 + int(bits>>8%210), Height: 1 + int(bits>>20%64)}
			case 1:
				msg = lookMsg{snap: snaps[bits>>8%uint64(len(snaps))], over: bits>>20%5 == 0}
			default:
				msg = press(names[bits>>8%uint64(len(names))])
			}
			nextM, _ := m.Update(msg)
			m = nextM.(live)
			fits(t, m.View().Content, m.w, m.h)
			nextL, _ := l.Update(msg)
			l = nextL.(launcher)
			fits(t, l.View().Content, l.w, l.h)
			if t.Failed() {
				t.Fatalf("event %d: %T %v", i, msg, msg)
			}
		}
	}
}
