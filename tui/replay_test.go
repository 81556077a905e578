package tui

import (
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"charm.land/bubbles/v2/key"
)

func replaying(w, h int) (root, *fakePlayer) {
	d, o, p := fixtureDesk(), Options{NoColor: true}, newFakePlayer()
	return sized(newRoot(newPlaying(p, d, o), d, o), w, h), p
}

func TestPlayersKeys(t *testing.T) {
	for _, tt := range []struct{ keys, want string }{
		{"space", "pause"},
		{"<", "faster 0.5"},
		{">", "faster 2"},
		{"left", "skip -5s"},
		{"right right", "skip 5s, skip 5s"},
		{"n", "next"},
		{"]", "next"},
		{"p", "previous"},
		{"5", "seek 20s"},
		{"0", "seek 0s"},
		{": s e e k space 1 : 0 5 enter", "seek 1m5s"},
		{": s e e k space 7 enter", "seek 7s"},
		{": s p e e d space 4 enter", "faster 4"},
		{": s e e k space x enter", ""},
		{": s p e e d space 1 0 0 0 enter", ""},
		{"? space", ""}, // the screen is covered
		{"tab z", ""},   // the live screen's
	} {
		r, p := replaying(120, 40)
		typing(t, r, strings.Fields(tt.keys)...)
		if got := strings.Join(p.orders, ", "); got != tt.want {
			t.Errorf("%s: the player was told %q, want %q", tt.keys, got, tt.want)
		}
	}
}

func TestTimelineIsClicked(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {120, 40}, {200, 60}} {
		r, p := replaying(size[0], size[1])
		v := r.top().screen.(playing)
		var line place
		for _, s := range v.slots(false) {
			if s.id == panelTimeline {
				line = place{s.x, s.y, s.w, s.h}.inside(s.edge)
			}
		}
		next, cmd := r.Update(tea.MouseClickMsg{X: line.x + line.w/2, Y: line.y, Button: tea.MouseLeft})
		following(t, next.(root), cmd)
		if !slices.Equal(p.orders, []string{"seek 20s"}) && !slices.Equal(p.orders, []string{"seek 19s"}) {
			t.Errorf("%v: clicked the middle of 40 s, the player was told %q", size, p.orders)
		}
	}
}

func TestReplayIsLeft(t *testing.T) {
	for keys, gone := range map[string]bool{"q": true, "esc": true, "ctrl+c": true, "z esc": false, "? q": false, "? esc": false, "z q": true} {
		r, p := replaying(120, 40)
		r = typing(t, r, strings.Fields(keys)...)
		stopped := false
		select {
		case <-p.done:
			stopped = true
		default:
		}
		if gone != stopped || gone != (r.last != nil) {
			t.Errorf("%s: left %v, the player stopped %v, want %v", keys, r.last != nil, stopped, gone)
		}
	}
}

// The help has all keys of the player, and each of them does something.
func TestPlayersHelp(t *testing.T) {
	r, _ := replaying(120, 40)
	shown := typing(t, r, "?").View().Content
	for _, b := range newDeckKeys().hints() {
		if !strings.Contains(shown, b.Help().Desc) {
			t.Errorf("%q is not in the help", b.Help().Desc)
		}
	}
}

// Each key that a screen's help names does something in some state.
func TestEveryKeyDoesSomething(t *testing.T) {
	o := Options{NoColor: true}
	states := screens(t, o)
	for _, tt := range []struct {
		groups  [][]key.Binding
		states  []string
		prepare []string
	}{
		{newLaunchKeys(fixtureDesk()).FullHelp(), []string{"launcher", "runs"}, []string{"", "j", "/ o u enter", "]", "pgdown"}},
		{states["report"](80, 24).top().screen.(report).keys.FullHelp(), []string{"report"}, []string{"", "j", "G"}},
		{newCompareKeys(fixtureDesk()).FullHelp(), []string{"compare", "compare-ended"}, []string{"", "j", "]"}},
		{playKeys{newDeckKeys(), newLiveKeys()}.FullHelp(), []string{"replay"}, []string{"", "z", "j", "tab", "tab g", "tab tab"}},
	} {
		for _, group := range tt.groups {
			for _, b := range group {
				for _, name := range b.Keys() {
					does := false
					for _, state := range tt.states {
						for _, prepare := range tt.prepare {
							for _, size := range [][2]int{{80, 24}, {40, 12}} {
								if does {
									break
								}
								r := typing(t, states[state](size[0], size[1]), strings.Fields(prepare)...)
								before := r.View().Content
								next, cmd := r.Update(press(name))
								does = cmd != nil || next.View().Content != before
							}
						}
					}
					if !does {
						t.Errorf("%v: %q (%s) does nothing", tt.states, name, b.Help().Desc)
					}
				}
			}
		}
	}
}

func TestParseMoment(t *testing.T) {
	for text, want := range map[string]time.Duration{"15s": 15 * s, "1:30": 90 * s, "1m30s": 90 * s, "7": 7 * s, "0.5": 500 * time.Millisecond, "0": 0} {
		if got, err := parseMoment(text); err != nil || got != want {
			t.Errorf("%q is %v (%v), want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "x", "-5", "1:x", "-1:00"} {
		if _, err := parseMoment(text); err == nil || !strings.Contains(err.Error(), "give for example") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
