package tui

import (
	"errors"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
)

func comparing(t *testing.T, race *fakeRace, w, h int) root {
	t.Helper()
	d, o := fixtureDesk(), Options{NoColor: true}
	c := newCompare(race, d, o)
	r := sized(newRoot(c, d, o), w, h)
	next, _ := r.Update(addressed{0, c.looked()})
	return next.(root)
}

func TestComparisonsCourse(t *testing.T) {
	race := fixtureRace()
	r := comparing(t, race, 120, 40)
	c := r.top().screen.(compare)
	if c.over || len(c.matrix.Rows) > 0 || !strings.Contains(r.View().Content, "2 of 4 have ended") {
		t.Errorf("not as while runs go on:\n%s", r.View().Content)
	}
	if _, cmd := r.Update(addressed{0, c.looked()}); cmd == nil {
		t.Error("runs that go on are not looked at again")
	}
	for _, tt := range []struct{ keys, note string }{{"enter", "has not ended"}, {"e", "once all runs have ended"}, {"down down enter", "has not ended"}, {"down down down p", "has not ended"}} {
		if got := typing(t, r, strings.Fields(tt.keys)...); depth(got) != "compare" || !strings.Contains(got.notice.text, tt.note) {
			t.Errorf("%s: %s, said %q", tt.keys, depth(got), got.notice.text)
		}
	}
	if got := typing(t, r, "down", "enter"); depth(got) != "compare report" {
		t.Error("a run that has ended has no report while others go on")
	}
	race.stop()
	r = typing(t, r, "q")
	next, cmd := r.Update(addressed{0, c.looked()})
	r = next.(root)
	if got := r.top().screen.(compare); cmd != nil || !got.over || got.asking || !strings.Contains(r.View().Content, "all have ended") || !strings.Contains(r.View().Content, "cost of a good answer") {
		t.Errorf("not as when all have ended:\n%s", r.View().Content)
	}
	_, cmd = r.Update(press("q"))
	if _, gone := cmd().(left); !gone {
		t.Error("q asks although all have ended")
	}
}

func TestComparisonIsStopped(t *testing.T) {
	for _, keys := range [][]string{{"q", "y"}, {"ctrl+c"}} {
		race := fixtureRace()
		r := comparing(t, race, 80, 24)
		r = typing(t, r, keys...)
		select {
		case <-race.done:
		default:
			t.Fatalf("%v does not stop the runs", keys)
		}
		c := r.top().screen.(compare)
		if !strings.Contains(r.View().Content, "stopping the runs") {
			t.Error("the screen does not say that it waits")
		}
		_, cmd := c.Update(c.looked())
		if !quits(cmd) || !errors.Is(c.err, ErrInterrupted) || errors.Is(c.err, ErrForced) {
			t.Errorf("%v: quits %v, error %v", keys, quits(cmd), c.err)
		}
		forced, cmd := c.Update(press("ctrl+c"))
		if !quits(cmd) || !errors.Is(forced.(compare).err, ErrForced) {
			t.Error("ctrl+c again does not leave at once")
		}
	}
	if r := typing(t, comparing(t, fixtureRace(), 80, 24), "q", "n"); r.top().screen.(compare).ending {
		t.Error("n stops the runs")
	}
}

// A figure of every lane can be brought on the screen, however small it is.
func TestMatrixIsReached(t *testing.T) {
	for _, size := range [][2]int{{40, 12}, {80, 24}} {
		r := comparing(t, finishedRace(), size[0], size[1])
		for lane := range 3 {
			seen := ""
			for range 6 {
				seen += r.View().Content
				r = typing(t, r, "pgdown")
			}
			for _, name := range []string{[]string{"bundled", "retries", "direct"}[lane], "violations", []string{"98.8 %", "75.6 %", "70.1 %"}[lane]} {
				if !strings.Contains(seen, name) {
					t.Errorf("%v, lane %d: %q is never shown", size, lane, name)
				}
			}
			r = typing(t, r, "down", "pgup", "pgup", "pgup", "pgup", "pgup", "pgup")
		}
	}
}

func TestComparisonMouse(t *testing.T) {
	r := comparing(t, finishedRace(), 120, 40)
	p := r.top().screen.(compare).places()
	next, _ := r.Update(tea.MouseClickMsg{X: 10, Y: p.lanes.y + p.each, Button: tea.MouseLeft})
	if got := next.(root).top().screen.(compare).at; got != 1 {
		t.Errorf("clicked the second lane, and %d is chosen", got)
	}
	next, _ = next.Update(tea.MouseWheelMsg{X: 10, Y: p.lanes.y, Button: tea.MouseWheelDown})
	if got := next.(root).top().screen.(compare).at; got != 2 {
		t.Errorf("the wheel went on to lane %d", got)
	}
}

func TestComparisonExports(t *testing.T) {
	d, o := fixtureDesk(), Options{NoColor: true}
	var got []string
	d.WriteMatrix = func(title string, lanes []Lane, format, path string, over bool) error {
		got = append(got, title, format, path)
		return nil
	}
	c := newCompare(finishedRace(), d, o)
	r := sized(newRoot(c, d, o), 80, 24)
	next, _ := r.Update(addressed{0, c.looked()})
	typing(t, next.(root), "e", "enter", "enter")
	if want := "provider-outage: targets json compare.json"; strings.Join(got, " ") != want {
		t.Errorf("wrote %q, want %q", got, want)
	}
}
