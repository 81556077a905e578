package tui

import (
	"slices"
	"strings"
	"testing"

	"brownout/harness/journal"
	"brownout/harness/score"

	tea "charm.land/bubbletea/v2"
)

// onFeed is a screen with the focus on the requests.
func onFeed(w, h int) live {
	m, _ := after(screen(w, h, fixture()), "9")
	return m
}

func TestFeedFollowsUntilSomebodyMovesInIt(t *testing.T) {
	m := onFeed(120, 40)
	later := fixture()
	later.Recent = append(slices.Clone(later.Recent[3:]), score.Trace{Sample: &journal.Sample{Marker: "new", Request: "chat"}, Outcome: journal.OK})
	next, _ := m.Update(lookMsg{snap: later})
	if !strings.Contains(next.(live).draw(), "no call was made") && !strings.Contains(next.(live).draw(), "from a cache") {
		t.Errorf("the latest request is not shown:\n%s", next.(live).draw())
	}
	m, _ = after(m, "up", "up")
	next, _ = m.Update(lookMsg{snap: later})
	m = next.(live)
	list, at := m.feed.traces(m.snap, "")
	if at != len(list)-3 || list[at].Sample.Marker != fixture().Recent[9].Sample.Marker {
		t.Errorf("chosen is %d, %s: it moved under the hand", at, list[at].Sample.Marker)
	}
	if !strings.Contains(m.draw(), "Requests (held)") {
		t.Error("it does not say that it is held")
	}
	if m, _ = after(m, "G"); m.feed.held != nil {
		t.Error("G does not let it follow again")
	}
	if m, _ = after(m, "g"); m.feed.at != 0 {
		t.Errorf("g chooses %d", m.feed.at)
	}
}

func TestFilters(t *testing.T) {
	m := acting(screen(120, 40, fixture()), "8", "/", "error", "enter")
	if d := m.draw(); !strings.Contains(d, "gpu-a: 429") || strings.Contains(d, "half-open, probing") || !strings.Contains(d, "/error") {
		t.Errorf("the log's filter:\n%s", d)
	}
	m = acting(m, "/", "ctrl+u", "nothing like it", "enter")
	if !strings.Contains(m.draw(), "no event is like that") {
		t.Error("an empty log is not explained")
	}
	m = acting(onFeed(120, 40), "/", "gpu-a left", "enter")
	list, _ := m.feed.traces(m.snap, m.filters[panelFeed])
	if len(list) != 0 {
		t.Errorf("%d requests met both words", len(list)) // "left" is drawn, and no word of the data
	}
	m = acting(m, "/", "ctrl+u", "overload openai", "enter")
	list, _ = m.feed.traces(m.snap, m.filters[panelFeed])
	if len(list) != 3 {
		t.Errorf("%d requests, want the 3 that openai refused", len(list))
	}
	m = acting(m, "/", "ctrl+u", "embed", "enter")
	if !strings.Contains(m.draw(), "no request is like that") {
		t.Error("an empty feed is not explained")
	}
}

func TestWaterfall(t *testing.T) {
	m, _ := after(onFeed(120, 40), "up", "up", "enter")
	d := m.draw()
	for _, want := range []string{"Request stream-1f2e-j", "openai #2", "overload, HTTP 503", "met outage", "52 + 41 tokens", "$", "10/12", "every word was checked", "first token"} {
		if want == "$" {
			continue
		}
		if !strings.Contains(d, want) {
			t.Errorf("it lacks %q:\n%s", want, d)
		}
	}
	m, _ = after(m, "down")
	if !strings.Contains(m.draw(), "from a cache") {
		t.Errorf("the request after:\n%s", m.draw())
	}
	m, _ = after(m, "up", "up")
	if !strings.Contains(m.draw(), "9/12") {
		t.Errorf("the request before:\n%s", m.draw())
	}
	if m, _ = after(m, "esc"); m.dialog != nil {
		t.Error("esc does not close it")
	}
	for i, want := range []string{"ends early", "no answer came by the deadline"} {
		m, _ = after(onFeed(120, 40), "e")
		list, _ := m.feed.traces(m.snap, "")
		if len(list) != 3 || list[2].Outcome != journal.Corrupt {
			t.Fatalf("the worst are %d", len(list))
		}
		m, _ = after(m, slices.Concat([]string{"enter"}, slices.Repeat([]string{"up"}, i))...)
		if !strings.Contains(m.draw(), want) {
			t.Errorf("%d lacks %q:\n%s", i, want, m.draw())
		}
	}
}

func TestPanelFrames(t *testing.T) {
	for _, tt := range []struct {
		name string
		w, h int
		keys []string
		o    Options
	}{
		{"120x40-zoom-lanes.txt", 120, 40, []string{"5", "z"}, Options{NoColor: true}},
		{"80x24-zoom-lanes-ascii.txt", 80, 24, []string{"5", "z"}, Options{NoColor: true, ASCII: true}},
		{"120x40-zoom-score.txt", 120, 40, []string{"1", "z"}, Options{NoColor: true}},
		{"80x24-feed.txt", 80, 24, []string{"9"}, Options{NoColor: true}},
		{"120x40-feed-held.txt", 120, 40, []string{"9", "up", "up"}, Options{NoColor: true}},
		{"120x40-waterfall.txt", 120, 40, []string{"9", "up", "up", "enter"}, Options{NoColor: true}},
		{"120x40-waterfall-colour.txt", 120, 40, []string{"9", "up", "up", "enter"}, Options{}},
		{"80x24-waterfall-ascii.txt", 80, 24, []string{"9", "e", "enter"}, Options{NoColor: true, ASCII: true}},
		{"200x60-waterfall.txt", 200, 60, []string{"9", "up", "enter"}, Options{NoColor: true}},
		{"40x12-waterfall.txt", 40, 12, []string{"e"}, Options{NoColor: true}},
		{"80x24-filter.txt", 80, 24, []string{"/", "o"}, Options{NoColor: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newLive(tt.o).watch(stoppable(fixture()))
			m.snap, m.w, m.h = fixture(), tt.w, tt.h
			m, _ = after(m, tt.keys...)
			fits(t, m.draw(), tt.w, tt.h)
			golden(t, tt.name, m.draw())
		})
	}
}

func TestMouseOnTheLiveScreen(t *testing.T) {
	point := func(m live, x, y int, b tea.MouseButton) live {
		msg := tea.Msg(tea.MouseClickMsg{X: x, Y: y, Button: b})
		if b == tea.MouseWheelUp || b == tea.MouseWheelDown {
			msg = tea.MouseWheelMsg{X: x, Y: y, Button: b}
		}
		next, _ := m.Update(msg)
		return next.(live)
	}
	m := screen(120, 40, fixture())
	if got := point(m, 5, 5, tea.MouseLeft).focus; got != panelScore {
		t.Errorf("a click on the score goes to panel %d", got)
	}
	if got := point(m, 5, 35, tea.MouseWheelUp); got.focus != panelLanes || got.follow {
		t.Errorf("the wheel over the log: panel %d, follows %v", got.focus, got.follow)
	}
	m = point(m, 80, 34, tea.MouseLeft)
	list, at := m.feed.traces(m.snap, "")
	if m.focus != panelFeed || m.feed.held == nil || at == len(list)-1 {
		t.Fatalf("a click on a request: panel %d, chosen %d of %d", m.focus, at, len(list))
	}
	if y := slices.IndexFunc(strings.Split(m.draw(), "\n"), func(l string) bool { return strings.Contains(l, "▸00:16") }); y < 33 {
		t.Fatalf("the chosen one is in row %d:\n%s", y, m.draw())
	} else if m = point(m, 80, y, tea.MouseLeft); m.dialog == nil {
		t.Error("clicked again it does not open")
	}
	if over := point(m, 5, 5, tea.MouseLeft); over.focus != panelFeed {
		t.Error("a click went through a dialog")
	}
}

// On a screen too small for panels a request opens at once.
func TestRequestOnASmallScreen(t *testing.T) {
	m, _ := after(screen(40, 12, fixture()), "enter")
	if w, ok := m.dialog.(*waterfall); !ok || w.at != len(m.snap.Recent)-1 {
		t.Errorf("enter opens %T", m.dialog)
	}
	m, _ = after(screen(40, 12, fixture()), "e")
	if w, ok := m.dialog.(*waterfall); !ok || w.list[w.at].Outcome != journal.Corrupt {
		t.Errorf("e opens %T", m.dialog)
	}
}
