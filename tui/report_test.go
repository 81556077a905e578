package tui

import (
	"errors"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"brownout/harness/score"
)

// reportOn is the program with a report, whose writes are handled by the test.
func reportOn(t *testing.T, write func(*score.Snapshot, string, string, bool) error) root {
	t.Helper()
	d := fixtureDesk()
	d.Write = write
	o := Options{NoColor: true}
	return sized(newRoot(newReport(reported(), d, o), d, o), 80, 24)
}

func TestExport(t *testing.T) {
	type written struct {
		format, path string
		over         bool
	}
	for _, tt := range []struct {
		name, keys string
		err        error // of the first write
		want       []written
		note       string
	}{
		{"the first format as it is offered", "e enter enter", nil, []written{{"json", "report.json", false}}, "json written to report.json"},
		{"another path", "e j enter ctrl+u o u t enter", nil, []written{{"html", "out", false}}, "html written to out"},
		{"left at the format", "e esc", nil, nil, ""},
		{"left at the path", "e enter esc", nil, nil, ""},
		{"no path", "e enter ctrl+u enter", nil, nil, "needs a path"},
		{"there already, written over", "e enter enter y", ErrExists, []written{{"json", "report.json", false}, {"json", "report.json", true}}, "json written"},
		{"there already, left alone", "e enter enter n esc", ErrExists, []written{{"json", "report.json", false}}, ""},
		{"there already, elsewhere", "e enter enter n 2 enter", ErrExists, []written{{"json", "report.json", false}, {"json", "report.json2", false}}, "written to report.json2"},
		{"it fails", "e enter enter", errors.New("there is no directory /x"), []written{{"json", "report.json", false}}, "json was not written: there is no directory /x"},
		{"the path is remembered", "e enter ctrl+u a enter e enter enter", nil, []written{{"json", "a", false}, {"json", "a", false}}, "written to a"},
		{"as a command", ": e x p o r t space h t m l space a enter", nil, []written{{"html", "a", false}}, "html written to a"},
		{"as a command without a path", ": e x p o r t space h t m l enter enter", nil, []written{{"html", "report.html", false}}, "html written"},
		{"as a command, completed", ": e x p tab h tab enter", nil, []written{{"html", "report.html", false}}, "html written"},
		{"an unknown format", ": e x p o r t space p d f enter", nil, nil, `no format "pdf"; there are json, html`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []written
			r := reportOn(t, func(s *score.Snapshot, format, path string, over bool) error {
				got = append(got, written{format, path, over})
				if len(got) == 1 {
					return tt.err
				}
				return nil
			})
			r = typing(t, r, strings.Fields(tt.keys)...)
			if len(got) != len(tt.want) {
				t.Fatalf("wrote %+v, want %+v", got, tt.want)
			}
			for i, w := range tt.want {
				if got[i] != w {
					t.Errorf("wrote %+v, want %+v", got[i], w)
				}
			}
			if !strings.Contains(r.notice.text, tt.note) || tt.note == "" && r.notice.text != "" {
				t.Errorf("said %q, want %q", r.notice.text, tt.note)
			}
		})
	}
}

// What the desk does not offer has no key, and no command.
func TestReportOffersWhatTheDeskHas(t *testing.T) {
	o := Options{NoColor: true}
	r := sized(newRoot(newReport(reported(), Desk{}, o), Desk{}, o), 120, 40)
	if got := r.View().Content; strings.Contains(got, "e export") || strings.Contains(got, "p replay") {
		t.Errorf("keys without a desk:\n%s", got)
	}
	if r = typing(t, r, "e", "p"); depth(r) != "report" || r.top().screen.(report).export.stage != notExporting {
		t.Error("a key that there is not does something")
	}
	for _, c := range r.commands() {
		if c.name != "help" && c.name != "quit" {
			t.Errorf("command %s without a desk", c.name)
		}
	}
}

func TestReportPages(t *testing.T) {
	r := reportOn(t, nil)
	for _, tt := range []struct{ keys, shows string }{
		{"", "Failed with"},
		{"G", "Requests per second"},
		{"tab", "lost by"},
		{"tab tab", "chat"},
		{"l l l", "gpu-a"},
		{"shift+tab", "dispatched"},
		{"h h", "us-east-1"},
		{"tab tab tab tab tab", "Failed with"},
	} {
		got := typing(t, r, strings.Fields(tt.keys)...)
		want := tt.shows
		if tt.keys == "tab" {
			want = "Already under way when it struck"
		}
		if tt.keys == "h h" {
			want = "anthropic"
		}
		if !strings.Contains(got.View().Content, want) {
			t.Errorf("%q does not show %q:\n%s", tt.keys, want, got.View().Content)
		}
	}
	// Every row can be reached, and no more.
	for range 5 {
		end := typing(t, r, "G").top().screen.(report)
		if more := typing(t, r, "G", "down").top().screen.(report); more.first[r.top().screen.(report).tab] != end.first[r.top().screen.(report).tab] {
			t.Error("scrolled beyond the end")
		}
		if back := typing(t, r, "G", "g").top().screen.(report); back.first[back.tab] != 0 {
			t.Error("g does not go to the first row")
		}
		r = typing(t, r, "tab")
	}
	next, cmd := r.Update(press("q"))
	if _, quit := next.Update(cmd()); quit == nil {
		t.Error("q does not leave")
	}
}

func TestSuspendFromEveryScreen(t *testing.T) {
	for name, at := range screens(t, Options{NoColor: true}) {
		r := at(120, 40)
		if r.line.open {
			continue // esc first
		}
		_, cmd := r.Update(press("ctrl+z"))
		if cmd == nil {
			t.Errorf("%s: ctrl+z does nothing", name)
			continue
		}
		if _, ok := cmd().(tea.SuspendMsg); !ok {
			t.Errorf("%s: ctrl+z does not suspend", name)
		}
	}
}

// The worst requests are opened one after the other, the worst first.
func TestReportOpensRequests(t *testing.T) {
	r := reportOn(t, nil)
	for _, step := range []struct{ key, shows string }{
		{"enter", "stream-1f2e-11"}, {"down", "sensitive-1f2e-12"}, {"right", "chat-1f2e-10"}, {"down", "chat-1f2e-10"}, {"up", "sensitive-1f2e-12"}, {"esc", ""},
	} {
		r = typing(t, r, step.key)
		if frame := r.View().Content; !strings.Contains(frame, step.shows) || step.shows == "" && r.top().screen.(report).opened != nil {
			t.Errorf("%s does not show %q:\n%s", step.key, step.shows, frame)
		}
	}
	if r = typing(t, r, "enter", "q"); depth(r) != "report" || r.top().screen.(report).opened != nil {
		t.Error("q left the report, not the request")
	}
}
