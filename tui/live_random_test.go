package tui

import (
	"errors"
	"strings"
	"testing"

	"brownout/chance"
	"brownout/harness/score"
	"brownout/plan"

	tea "charm.land/bubbletea/v2"
)

// TestTenThousandEvents throws keys, text, the mouse, sizes and snapshots at
// the live screen, with all its forms and dialogs, and delivers what follows.
func TestTenThousandEvents(t *testing.T) {
	names := []string{
		"tab", "shift+tab", "up", "down", "left", "right", "pgup", "pgdown", "home", "end", "enter", "enter", "enter", "esc", "space", "backspace", "ctrl+u", "ctrl+w",
		"i", "i", "c", "o", "m", "w", "+", "-", "/", "e", "f", "g", "G", "h", "j", "k", "l", "z", "z", "?", "q", "n", "y", "1", "5", "7", "8", "9", "x", ".", "s",
	}
	odd := fixture()
	odd.Plan.Title = "标题\x1b[31m with \u202e odd e\u0301 text 👩‍👩‍👧 \x00\n"
	odd.Log = append(odd.Log, score.Line{Level: "error", Text: strings.Repeat("宽", 300) + "\x1b]0;title\x07\r\n"})
	odd.Recent[3].Sample.Marker = strings.Repeat("宽-marker-", 30)
	odd.Recent[3].Sample.Detail = strings.Repeat("detail of an error \x1b[2J", 40)
	snaps := []*score.Snapshot{fixture(), fixture(), finished(score.Fail, strings.Repeat("long reason ", 40)), odd, {}, {Plan: fixturePlan()}, {Plan: newPlanWithNothing()}, nil}
	looks := []Options{{NoColor: true}, {}, {ASCII: true, NoColor: true}, {Light: true}}
	h := &fakeHand{check: func(o plan.Order) error {
		if o.For == 0 {
			return &plan.OrderError{Field: "for", Msg: strings.Repeat("wrong ", 60), Hint: "mend it"}
		}
		return nil
	}}
	for n, o := range looks {
		o.Acts = fixtureActs()
		h.fakeSource = stoppable(fixture())
		h.stop = func() {}
		m := newLive(o).watch(h)
		m.look = func() tea.Cmd { return nil }
		for i := range 2500 {
			bits := chance.Key{Seed: uint64(n), Purpose: "events", Attempt: i}.Bits()
			pick := bits >> 8
			var msg tea.Msg
			switch bits % 16 {
			case 0:
				msg = tea.WindowSizeMsg{Width: 1 + int(pick%210), Height: 1 + int(pick>>12%64)}
			case 1, 2:
				msg = lookMsg{snap: snaps[pick%uint64(len(snaps))], over: pick>>20%8 == 0}
			case 3:
				msg = tea.PasteMsg{Content: []string{"10s", "0.5", "宽宽\x1b[2J", "", strings.Repeat("long ", 50)}[pick%5]}
			case 4:
				msg = tea.MouseClickMsg{X: int(pick % 210), Y: int(pick >> 12 % 64), Button: tea.MouseLeft}
			case 5:
				msg = tea.MouseWheelMsg{X: int(pick % 210), Y: int(pick >> 12 % 64), Button: []tea.MouseButton{tea.MouseWheelUp, tea.MouseWheelDown}[pick>>20%2]}
			default:
				msg = press(names[pick%uint64(len(names))])
			}
			h.refuse = nil
			if pick>>24%4 == 0 {
				h.refuse = errors.New(strings.Repeat("the link would not ", 12))
			}
			for msg != nil {
				next, cmd := m.Update(msg)
				m, msg = next.(live), nil
				if cmd != nil {
					msg = cmd()
				}
			}
			m.ending, m.over = m.ending && pick>>30%4 != 0, m.over && pick>>32%4 != 0
			fits(t, m.View().Content, m.w, m.h)
			if t.Failed() {
				t.Fatalf("look %d, event %d: dialog %T", n, i, m.dialog)
			}
		}
	}
	if len(h.asked) < 20 {
		t.Errorf("only %d things were done by hand", len(h.asked))
	}
}
