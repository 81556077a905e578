package tui

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"brownout/chance"
	"brownout/harness/score"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

// sized gives a root a terminal.
func sized(r root, w, h int) root {
	next, _ := r.Update(tea.WindowSizeMsg{Width: w, Height: h})
	return next.(root)
}

// typing presses keys and follows what its screens' commands answer, as the
// program would, but for what ticks.
func typing(t *testing.T, r root, names ...string) root {
	t.Helper()
	for _, n := range names {
		next, cmd := r.Update(press(n))
		r = following(t, next.(root), cmd)
	}
	return r
}

// following hands the answers of a command to a root, until there are none.
func following(t *testing.T, r root, cmd tea.Cmd) root {
	t.Helper()
	for queue := []tea.Cmd{cmd}; len(queue) > 0; queue = queue[1:] {
		if queue[0] == nil {
			continue
		}
		switch msg := queue[0]().(type) {
		case nil, tea.QuitMsg:
		case tea.BatchMsg:
			queue = append(queue, msg...)
		case addressed:
			switch msg.msg.(type) {
			case lookMsg, raceMsg: // a look is followed by the next for ever
				next, _ := r.Update(msg)
				r = next.(root)
				continue
			}
			next, cmd := r.Update(msg)
			r, queue = next.(root), append(queue, cmd)
		default:
			next, cmd := r.Update(msg)
			r, queue = next.(root), append(queue, cmd)
		}
	}
	return r
}

// screens are all the screens there are, each in a state with much to show.
func screens(t *testing.T, o Options) map[string]func(w, h int) root {
	t.Helper()
	d := fixtureDesk()
	launched := func(w, h int) root {
		r := sized(newRoot(newLauncher(d, o), d, o), w, h)
		return following(t, r, r.own(0, r.stack[0].screen.Init()))
	}
	shows := func(m func() tea.Model, keys ...string) func(w, h int) root {
		return func(w, h int) root {
			r := sized(newRoot(m(), d, o), w, h)
			return typing(t, r, keys...)
		}
	}
	failedRun := reported()
	raced := func(race *fakeRace) func(w, h int) root {
		return func(w, h int) root {
			r := sized(newRoot(newCompare(race, d, o), d, o), w, h)
			next, _ := r.Update(addressed{0, newCompare(race, d, o).looked()})
			return next.(root)
		}
	}
	over := func() tea.Model {
		src := stoppable(finished(score.Pass))
		src.stop()
		v := newRunning(src, d, o)
		v.snap, v.over = src.snap, true
		return v
	}
	return map[string]func(w, h int) root{
		"launcher":        func(w, h int) root { return typing(t, launched(w, h), "down") },
		"runs":            func(w, h int) root { return typing(t, launched(w, h), "tab", "tab", "down", "space") },
		"providers":       func(w, h int) root { return typing(t, launched(w, h), "o", "down", "space") },
		"contest":         func(w, h int) root { return typing(t, launched(w, h), "c") },
		"command":         func(w, h int) root { return typing(t, launched(w, h), ":", "r", "tab") },
		"report":          shows(func() tea.Model { return newReport(failedRun, d, o) }),
		"report-window":   shows(func() tea.Model { return newReport(failedRun, d, o) }, "tab"),
		"report-requests": shows(func() tea.Model { return newReport(failedRun, d, o) }, "tab", "tab"),
		"report-export":   shows(func() tea.Model { return newReport(failedRun, d, o) }, "e", "down"),
		"compare":         raced(fixtureRace()),
		"compare-ended":   raced(finishedRace()),
		"replay":          shows(func() tea.Model { return newPlaying(newFakePlayer(), d, o) }),
		"over":            shows(over),
	}
}

// Every screen at the sizes that are promised, without colour, in colour, and
// in ASCII.
func TestScreens(t *testing.T) {
	looks := []struct {
		name  string
		o     Options
		sizes [][2]int
	}{
		{"", Options{NoColor: true}, [][2]int{{80, 24}, {120, 40}, {200, 60}, {40, 12}}},
		{"-colour", Options{}, [][2]int{{120, 40}}},
		{"-ascii", Options{NoColor: true, ASCII: true}, [][2]int{{80, 24}}},
	}
	for _, look := range looks {
		for name, at := range screens(t, look.o) {
			for _, size := range look.sizes {
				file := fmt.Sprintf("%s-%dx%d%s.txt", name, size[0], size[1], look.name)
				t.Run(file, func(t *testing.T) {
					frame := at(size[0], size[1]).View().Content
					fits(t, frame, size[0], size[1])
					if look.o.NoColor && strings.Contains(frame, "\x1b") {
						t.Error("an escape sequence in a frame without colour")
					}
					if look.o.ASCII && strings.ContainsFunc(frame, func(r rune) bool { return r >= 0x80 }) {
						t.Error("beyond ASCII")
					}
					if !look.o.NoColor {
						plain := screens(t, Options{NoColor: true})[name](size[0], size[1]).View().Content
						if trimmed(ansi.Strip(frame)) != trimmed(plain) && !strings.Contains(plain, unicodeGlyphs.shade) {
							t.Error("without its colours the frame says something else")
						}
					}
					golden(t, file, frame)
				})
			}
		}
	}
}

// trimmed is a frame without the blank ends of its lines, which backgrounds
// keep.
func trimmed(frame string) string {
	lines := strings.Split(frame, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " ")
	}
	return strings.Join(lines, "\n")
}

// TestAnyEventOnAnyScreen throws keys, the mouse, pasted text, sizes and
// snapshots at the whole program, from every screen on: nothing panics, and no
// frame is wider or higher than its terminal.
func TestAnyEventOnAnyScreen(t *testing.T) {
	const events = 10000
	names := []string{
		"tab", "shift+tab", "z", "f", "up", "down", "left", "right", "h", "j", "k", "l", "pgup", "pgdown", "home", "end", "g", "G", "esc", "?", "q", "n", "y", "t", "s", "/",
		"enter", "7", "x", "ctrl+c", "space", ":", "e", "p", "r", "c", "o", "a", "[", "]", "<", ">", "backspace", "ctrl+u", "ctrl+d", "u", "i",
	}
	odd := fixture()
	odd.Plan.Title = "标题\x1b[31m with \u202e odd e\u0301 text 👩‍👩‍👧 \x00\n"
	odd.Log = append(odd.Log, score.Line{Level: "error", Text: strings.Repeat("宽", 300) + "\x1b]0;title\x07\r\n"})
	snaps := []*score.Snapshot{fixture(), reported(), finished(score.Fail, strings.Repeat("long reason ", 40)), odd, {}, {Plan: fixturePlan()}, {Plan: newPlanWithNothing()}, {Plan: newPlanWithNothing(), Finished: true, Windows: make([]score.Window, 2)}, nil}
	looks := []Options{{NoColor: true}, {}, {ASCII: true}, {Light: true}}
	for n, o := range looks {
		anyEvents := func(t *testing.T) {
			starts := screens(t, o)
			order := slices.Sorted(maps.Keys(starts))
			var r root
			w, h, alive := 80, 24, false
			for i := range events / len(looks) {
				key := chance.Key{Seed: uint64(n), Purpose: "any", Attempt: i}
				bits := key.Bits()
				if !alive {
					r = starts[order[bits>>40%uint64(len(order))]](w, h)
					alive = true
				}
				var msg tea.Msg
				x, y := int(bits>>8%uint64(w+1)), int(bits>>24%uint64(h+1))
				switch bits % 8 {
				case 0:
					w, h = 1+int(bits>>8%210), 1+int(bits>>20%64)
					msg = tea.WindowSizeMsg{Width: w, Height: h}
				case 1:
					msg = addressed{r.top().id, lookMsg{snap: snaps[bits>>8%uint64(len(snaps))], over: bits>>20%5 == 0}}
				case 2:
					msg = tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseLeft}
				case 3:
					msg = tea.MouseWheelMsg{X: x, Y: y, Button: []tea.MouseButton{tea.MouseWheelUp, tea.MouseWheelDown}[bits>>50%2]}
				case 4:
					if bits>>8%8 == 0 {
						msg = tea.PasteMsg{Content: "宽\x1b[31m\n12 pasted"}
						break
					}
					fallthrough
				default:
					msg = press(names[bits>>8%uint64(len(names))])
				}
				next, cmd := r.Update(msg)
				r = next.(root)
				if r.last != nil {
					alive = false // the last screen was left
					continue
				}
				r = following(t, r, cmd)
				fits(t, r.View().Content, w, h)
				if alive = r.last == nil; t.Failed() {
					t.Fatalf("event %d: %T %v on %T", i, msg, msg, r.top().screen)
				}
			}
		}
		// What ticks is waited for, in no time.
		t.Run(fmt.Sprintf("look %d", n), func(t *testing.T) { synctest.Test(t, anyEvents) })
	}
}
