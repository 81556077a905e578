package tui

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
)

func pressed(l launcher, names ...string) (launcher, tea.Cmd) {
	var cmd tea.Cmd
	for _, n := range names {
		next, c := l.Update(press(n))
		l, cmd = next.(launcher), c
	}
	return l, cmd
}

func TestLauncherOrders(t *testing.T) {
	tests := []struct {
		name string
		keys []string
		want Order
	}{
		{"the first", []string{"enter"}, Order{Scenario: "provider-outage", Target: "bundled", Seed: 7}},
		{"down", []string{"down", "enter"}, Order{Scenario: "rate-limit-storm", Target: "bundled", Seed: 3}},
		{"down and up", []string{"j", "j", "k", "enter"}, Order{Scenario: "rate-limit-storm", Target: "bundled", Seed: 3}},
		{"last, and no further", []string{"G", "down", "enter"}, Order{Scenario: "latency-spike", Target: "bundled", Seed: 7}},
		{"first again", []string{"G", "g", "up", "enter"}, Order{Scenario: "provider-outage", Target: "bundled", Seed: 7}},
		{"other target", []string{"t", "enter"}, Order{Scenario: "provider-outage", Target: "direct", Seed: 7}},
		{"all targets round", []string{"t", "t", "enter"}, Order{Scenario: "provider-outage", Target: "bundled", Seed: 7}},
		{"a seed", []string{"s", "4", "x", "2", "enter", "enter"}, Order{Scenario: "provider-outage", Target: "bundled", Seed: 42}},
		{"a seed given up", []string{"s", "4", "esc", "enter"}, Order{Scenario: "provider-outage", Target: "bundled", Seed: 7}},
		{"a seed taken back", []string{"s", "4", "enter", "s", "backspace", "enter", "down", "enter"}, Order{Scenario: "rate-limit-storm", Target: "bundled", Seed: 3}},
		{"searched by name", []string{"/", "s", "p", "i", "k", "e", "enter", "enter"}, Order{Scenario: "latency-spike", Target: "bundled", Seed: 7}},
		{"searched by challenge", []string{"/", "p", "e", "a", "k", "enter", "enter"}, Order{Scenario: "latency-spike", Target: "bundled", Seed: 7}},
		{"searched by two words", []string{"/", "l", "i", "m", "i", "t", " ", "t", "enter", "enter"}, Order{Scenario: "rate-limit-storm", Target: "bundled", Seed: 3}},
		{"the last", []string{"G", "enter"}, Order{Scenario: "latency-spike", Target: "bundled", Seed: 7}},
		{"search given up", []string{"/", "s", "p", "i", "esc", "enter"}, Order{Scenario: "provider-outage", Target: "bundled", Seed: 7}},
		{"search cleared later", []string{"/", "s", "p", "i", "enter", "esc", "enter"}, Order{Scenario: "provider-outage", Target: "bundled", Seed: 7}},
		{"moved while searching", []string{"/", "t", "down", "enter", "enter"}, Order{Scenario: "rate-limit-storm", Target: "bundled", Seed: 3}},
		{"a letter that is also a key", []string{"/", "q", "backspace", "enter", "enter"}, Order{Scenario: "provider-outage", Target: "bundled", Seed: 7}},
		{"help closed by q", []string{"?", "q", "enter"}, Order{Scenario: "provider-outage", Target: "bundled", Seed: 7}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []Order
			d := fixtureDesk()
			d.Begin = func(o Order) (Source, error) { got = append(got, o); return nil, errors.New("no") }
			l := newLauncher(d, Options{NoColor: true})
			l.w, l.h = 80, 24
			_, cmd := pressed(l, tt.keys...)
			if cmd == nil {
				t.Fatal("nothing follows")
			}
			cmd()
			if len(got) != 1 || !reflect.DeepEqual(got[0], tt.want) {
				t.Errorf("ordered %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestLauncherIsLeft(t *testing.T) {
	for _, keys := range [][]string{{"down", "q"}, {"/", "x", "ctrl+c"}, {"tab", "tab", "q"}} {
		l := newLauncher(fixtureDesk(), Options{NoColor: true})
		l.w, l.h = 80, 24
		if _, cmd := pressed(l, keys...); !quits(cmd) {
			t.Errorf("%v does not leave", keys)
		}
	}
}

func TestLauncherSearchWithoutHit(t *testing.T) {
	l := newLauncher(fixtureDesk(), Options{NoColor: true})
	l.w, l.h = 80, 24
	l, cmd := pressed(l, "/", "z", "z", "enter", "enter")
	if cmd != nil || len(l.shown) != 0 {
		t.Fatal("something was chosen from nothing")
	}
	if !strings.Contains(l.draw(), "no scenario matches") {
		t.Error("an empty list does not say why")
	}
}

func TestPreviewScrolls(t *testing.T) {
	l := newLauncher(fixtureDesk(), Options{NoColor: true})
	l.w, l.h = 80, 24
	if strings.Contains(l.draw(), "llama-3.2-3b") {
		t.Fatal("all fits; nothing to test")
	}
	l, _ = pressed(l, "]", "]", "]", "]", "]")
	if !strings.Contains(l.draw(), "edge-a") || !strings.Contains(l.draw(), "time_to_failover <= 3s") {
		t.Errorf("the end of the preview cannot be reached:\n%s", l.draw())
	}
	end := l.first
	if l, _ = pressed(l, "]"); l.first != end {
		t.Error("scrolled beyond the end")
	}
	if l, _ = pressed(l, "["); l.first >= end {
		t.Error("cannot scroll back")
	}
}
