package tui

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"brownout/harness/score"
)

// What was changed while a run was on is marked on its timeline, and with more
// room told in words.
func TestTheTimelineTellsWhatWasChanged(t *testing.T) {
	for _, tt := range []struct {
		name string
		w, h int
		o    Options
	}{
		{"120x40-zoom-timeline.txt", 120, 40, Options{NoColor: true}},
		{"120x40-zoom-timeline-ascii.txt", 120, 40, Options{NoColor: true, ASCII: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newLive(tt.o).watch(stoppable(changed()))
			m.snap, m.w, m.h = changed(), tt.w, tt.h
			m, _ = after(m, "4", "z")
			fits(t, m.draw(), tt.w, tt.h)
			golden(t, tt.name, m.draw())
		})
	}
}

// The report tells it too, and what was other than the scenario's file.
func TestTheReportTellsWhatWasChanged(t *testing.T) {
	snap := reported()
	snap.Acts, snap.Plan.Overrides = changed().Acts, changed().Plan.Overrides
	d, o := fixtureDesk(), Options{NoColor: true}
	got := sized(newRoot(newReport(snap, d, o), d, o), 120, 60).View().Content
	for _, want := range []string{"00:15 ◆ by hand: router: breaker off", "00:12 ◇ router: hedging on", "Other than the scenario's file", "without managed-a"} {
		if !strings.Contains(got, want) {
			t.Errorf("it does not say %q:\n%s", want, got)
		}
	}
}

// A run that was not as its scenario's file says is told from those that were,
// and does not stand for the scenario where there are others.
func TestTheLauncherTellsRunsThatWereAltered(t *testing.T) {
	run := func(id string, total float64, overrides []string, byHand int) Kept {
		return Kept{ID: id, Scenario: "provider-outage", Target: "bundled", Verdict: score.Pass, Scored: true, Score: total, Overrides: overrides, ByHand: byHand}
	}
	asItIs, set, hand := run("a", 86, nil, 0), run("b", 99, []string{"load.rate=1"}, 0), run("c", 12, nil, 3)
	for _, tt := range []struct {
		name string
		runs []Kept // the latest first
		want string
	}{
		{"all as they are", []Kept{asItIs}, "✓ 86.0 "},
		{"set later", []Kept{set, asItIs}, "✓ 86.0 "},
		{"changed by hand later", []Kept{hand, asItIs}, "✓ 86.0 "},
		{"only altered ones", []Kept{hand, set}, "✓ 12.0*"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLauncher(fixtureDesk(), Options{NoColor: true})
			l.w, l.h = 120, 40
			next, _ := l.Update(keptMsg{runs: tt.runs})
			frame := next.(launcher).draw()
			if row := strings.Split(frame, "\n")[2]; !strings.Contains(row, tt.want) {
				t.Errorf("the last score is not %q:\n%s", tt.want, frame)
			}
		})
	}
	l := newLauncher(fixtureDesk(), Options{NoColor: true})
	l.w, l.h = 200, 60
	next, _ := l.Update(keptMsg{runs: []Kept{run("d", 50, []string{"load.rate=1", "without gpu-a"}, 2)}})
	l, _ = pressed(next.(launcher), "shift+tab")
	frame := l.draw()
	for _, want := range []string{"✓ 50.0*", "* other than the file: load.rate=1; without gpu-a", "* changed by hand 2×"} {
		if !strings.Contains(frame, want) {
			t.Errorf("the run does not say %q:\n%s", want, frame)
		}
	}
}

// On the page of requests the keys and the mouse go from one of the worst
// requests to the next, and open the one that is chosen.
func TestReportOpensTheChosenRequest(t *testing.T) {
	worst := score.Worst(reported().Failures)
	requests := []string{"tab", "tab"}
	for _, tt := range []struct {
		name string
		keys []string
		want int
	}{
		{"the first", nil, 0},
		{"the next", []string{"j", "enter"}, 1},
		{"and back", []string{"j", "j", "k", "enter"}, 1},
		{"the last, and no further", []string{"G", "j", "j", "j", "enter"}, len(worst) - 1},
		{"where the one before was left", []string{"enter", "j", "esc", "enter"}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := typing(t, reportOn(t, nil), append(requests, tt.keys...)...)
			if tt.keys == nil {
				r = typing(t, r, "enter")
			}
			if got := r.View().Content; !strings.Contains(got, "Request "+worst[tt.want].Sample.Marker) {
				t.Errorf("it is not request %s:\n%s", worst[tt.want].Sample.Marker, got)
			}
		})
	}
	r := typing(t, reportOn(t, nil), requests...)
	y := -1
	for i, line := range strings.Split(r.View().Content, "\n") {
		if strings.Contains(line, worst[1].Sample.Marker) {
			y = i
		}
	}
	if y < 0 {
		t.Fatalf("the second is not in sight:\n%s", r.View().Content)
	}
	for range 2 {
		next, _ := r.Update(tea.MouseClickMsg{X: 10, Y: y, Button: tea.MouseLeft})
		r = next.(root)
	}
	if got := r.View().Content; !strings.Contains(got, "Request "+worst[1].Sample.Marker) {
		t.Errorf("two clicks did not open the second:\n%s", got)
	}
}
