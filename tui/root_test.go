package tui

import (
	"errors"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"brownout/harness/score"
)

// launchedRoot is the program with the launcher, of a size, once it has read
// the history.
func launchedRoot(t *testing.T, d Desk, w, h int) root {
	t.Helper()
	o := Options{NoColor: true}
	r := sized(newRoot(newLauncher(d, o), d, o), w, h)
	return following(t, r, r.own(0, r.stack[0].screen.Init()))
}

// depth names the screens on the stack, the uppermost last.
func depth(r root) string {
	var names []string
	for _, l := range r.stack {
		switch l.screen.(type) {
		case launcher:
			names = append(names, "launcher")
		case running:
			names = append(names, "run")
		case report:
			names = append(names, "report")
		case playing:
			names = append(names, "replay")
		case compare:
			names = append(names, "compare")
		}
	}
	return strings.Join(names, " ")
}

// looking has the screen that is shown take its next look.
func looking(t *testing.T, r root) root {
	t.Helper()
	top := r.top()
	var cmd tea.Cmd
	switch v := top.screen.(type) {
	case running:
		cmd = v.look()
	case compare:
		cmd = func() tea.Msg { return v.looked() }
	}
	next, cmd := r.Update(addressed{top.id, cmd()})
	return following(t, next.(root), cmd)
}

// Where keys lead from the launcher.
func TestWaysThroughTheScreens(t *testing.T) {
	over := func(d *Desk) {
		d.Begin = func(Order) (Source, error) {
			src := stoppable(finished(score.Pass))
			src.stop()
			return src, nil
		}
	}
	for _, tt := range []struct {
		keys   string
		change func(*Desk)
		want   string
		note   string
	}{
		{"enter", nil, "launcher run", ""},
		{"enter q", nil, "launcher run", ""},
		{"enter q y look", nil, "launcher", ""},
		{"enter ctrl+c look", nil, "launcher", ""},
		{"enter r", nil, "launcher run", ""}, // there is no report yet
		{"enter look r", over, "launcher run report", ""},
		{"enter look r p", over, "launcher run report replay", ""},
		{"enter look p", over, "launcher run replay", ""},
		{"enter look r q q", over, "launcher", ""},
		{"tab tab enter", nil, "launcher", "no run"},                // the first left no journal that can be read
		{"tab tab down enter", nil, "launcher report", ""},          //
		{"tab tab down p", nil, "launcher replay", ""},              //
		{"tab tab down p r", nil, "launcher replay report", ""},     //
		{"tab tab down p q", nil, "launcher", ""},                   //
		{"tab tab down p esc", nil, "launcher", ""},                 //
		{"tab tab down a", nil, "launcher run", ""},                 //
		{"tab tab c", nil, "launcher", "mark two"},                  //
		{"tab tab down space space c", nil, "launcher compare", ""}, //
		{"tab tab down space space c enter", nil, "launcher compare report", ""},
		{"c enter", nil, "launcher compare", ""},
		{"c space enter", nil, "launcher", "tick 2 or more of the targets"},
		{"c tab tab enter", nil, "launcher", "tick 1 or more of the mitigations"},
		{"c tab tab space enter", nil, "launcher compare", ""},
		{"c esc", nil, "launcher", ""},
		{"c enter q y look", nil, "launcher", ""},
		{": r u n space l a t e n c y - s p i k e enter", nil, "launcher run", ""},
		{": r u n space x enter", nil, "launcher", `no scenario "x"`},
		{": r e p l a y space l a t e s t enter", nil, "launcher replay", ""},
		{": x enter", nil, "launcher", `no command "x"`},
		{": r e enter", nil, "launcher", "may be replay or report"},
		{": esc", nil, "launcher", ""},
		{"enter", func(d *Desk) { d.Begin = func(Order) (Source, error) { return nil, errors.New("port taken") } }, "launcher", "port taken"},
		{"c enter", func(d *Desk) { d.Contest = func(Contest) (Race, error) { return nil, errors.New("no provider") } }, "launcher", "no provider"},
		{"tab tab down p", func(d *Desk) { d.Play = func(string) (Player, error) { return nil, errors.New("cut off") } }, "launcher", "cut off"},
	} {
		t.Run(tt.keys, func(t *testing.T) {
			d := fixtureDesk()
			if tt.change != nil {
				tt.change(&d)
			}
			r := launchedRoot(t, d, 120, 40)
			for _, k := range strings.Fields(tt.keys) {
				if k == "look" { // what ticks comes round
					r = looking(t, r)
					continue
				}
				r = typing(t, r, k)
			}
			if got := depth(r); got != tt.want || !strings.Contains(r.notice.text, tt.note) || tt.note != "" != (r.notice.text != "") {
				t.Errorf("screens %q, want %q; said %q, want %q", got, tt.want, r.notice.text, tt.note)
			}
			if tt.note != "" && !strings.Contains(r.View().Content, tt.note) {
				t.Errorf("%q is not on the screen", tt.note)
			}
		})
	}
}

func TestLastScreenEndsTheProgram(t *testing.T) {
	r := launchedRoot(t, fixtureDesk(), 80, 24)
	next, cmd := r.Update(press("q"))
	next, cmd = next.Update(cmd())
	if _, quit := cmd().(tea.QuitMsg); !quit || next.(root).last == nil {
		t.Error("the program goes on without a screen")
	}
}

// What a command answers goes to the screen that asked, and to nobody once it
// has left.
func TestAnswersReachTheirScreen(t *testing.T) {
	d := fixtureDesk()
	r := typing(t, launchedRoot(t, d, 120, 40), "enter")
	run := r.top().id
	r = typing(t, r, ":", "r", "e", "p", "l", "a", "y", "space", "x", "enter")
	if depth(r) != "launcher run replay" {
		t.Fatal(depth(r))
	}
	r = following(t, r, func() tea.Msg { return addressed{run, lookMsg{snap: finished(score.Pass), over: true}} })
	if !r.stack[1].screen.(running).over || r.stack[2].screen.(playing).over {
		t.Error("the look did not reach the run, or reached the replay too")
	}
	r = typing(t, r, "q", "q")
	if before := depth(r); before != "launcher" {
		t.Fatal(before)
	}
	next, cmd := r.Update(addressed{run, lookMsg{}})
	if cmd != nil || depth(next.(root)) != "launcher" {
		t.Error("a screen that has left was woken")
	}
}

// A panic in a command is the program's as well.
func TestPanicInACommand(t *testing.T) {
	r := launchedRoot(t, fixtureDesk(), 80, 24)
	msg := r.own(0, func() tea.Msg { panic("lost") })()
	if c, ok := msg.(crashed); !ok || c.value != "lost" || len(c.stack) == 0 {
		t.Fatalf("%#v", msg)
	}
	var failed error
	g := guard{inner: r, failed: func(err error) { failed = err }}
	g.Update(msg)
	var p *PanicError
	if !errors.As(failed, &p) || p.Value != "lost" {
		t.Errorf("the guard was told %v", failed)
	}
}

func TestNoticeGoesWithTheNextKey(t *testing.T) {
	r := launchedRoot(t, fixtureDesk(), 80, 24)
	r = following(t, r, failed(errors.New("a sentence "+strings.Repeat("that is long ", 20))))
	fits(t, r.View().Content, 80, 24)
	if !strings.Contains(r.View().Content, "a sentence that is long") {
		t.Error("it is not on the screen")
	}
	if r = typing(t, r, "down"); r.notice.text != "" {
		t.Error("it stays")
	}
}

// A notice over the keys of a screen that moves by itself goes after a while,
// without a key.
func TestNoticeGoesWithTime(t *testing.T) {
	r := typing(t, launchedRoot(t, fixtureDesk(), 80, 24), "enter")
	r = following(t, r, failed(errors.New("no fault is in effect")))
	for n := range noticeLooks {
		if r.notice.text == "" {
			t.Fatalf("it was gone after %d looks", n)
		}
		next, _ := r.Update(addressed{r.top().id, lookMsg{snap: fixture()}})
		r = next.(root)
	}
	if r.notice.text != "" {
		t.Error("it stays")
	}
}

func TestCompletion(t *testing.T) {
	r := launchedRoot(t, fixtureDesk(), 120, 40)
	for _, tt := range []struct{ keys, want string }{
		{":", ""},
		{": q tab", "quit"},
		{": r tab", "replay "},
		{": r tab tab", "report "},
		{": r tab tab tab tab", "replay "},
		{": r shift+tab", "run "},
		{": r tab backspace", "replay"},
		{": t a r g e t space d tab", "target direct"},
		{": s e a r c h space o u t tab", "search outage"},
		{": r u n space r a tab", "run rate-limit-storm"},
		{": z z tab", "zz"},
	} {
		got := typing(t, r, strings.Fields(tt.keys)...)
		if !got.line.open || got.line.input.Value() != tt.want {
			t.Errorf("%s: %q, want %q", tt.keys, got.line.input.Value(), tt.want)
		}
	}
	if got := typing(t, r, ":", "backspace"); got.line.open {
		t.Error("nothing more to take away, and the line stays")
	}
	got := typing(t, r, strings.Fields(": t a r g e t space d tab enter : s e e d space 5 enter : s e a r c h space s p i k e enter")...)
	l := got.top().screen.(launcher)
	if e, _ := l.current(); l.order(e).Target != "direct" || l.order(e).Seed != 5 || e.Name != "latency-spike" {
		t.Errorf("%+v of %v", l.order(e), e.Name)
	}
}

// A colon in a text that is being written is no command.
func TestColonIsTextWhereTextIsWritten(t *testing.T) {
	r := typing(t, launchedRoot(t, fixtureDesk(), 80, 24), "/", ":")
	if r.line.open || r.top().screen.(launcher).search.Value() != ":" {
		t.Error("the colon went elsewhere")
	}
}

// Without being asked a terminal keeps the mouse for itself.
func TestEveryScreenAsksForTheMouse(t *testing.T) {
	for name, screen := range screens(t, Options{}) {
		if mode := screen(80, 24).View().MouseMode; mode != tea.MouseModeCellMotion {
			t.Errorf("%s has the mouse in mode %v", name, mode)
		}
	}
}

func TestMouse(t *testing.T) {
	click := func(r root, x, y int) root {
		next, cmd := r.Update(tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseLeft})
		return following(t, next.(root), cmd)
	}
	turn := func(r root, x, y int, b tea.MouseButton) root {
		next, _ := r.Update(tea.MouseWheelMsg{X: x, Y: y, Button: b})
		return next.(root)
	}
	at := func(r root, text string) (int, int) {
		for y, line := range strings.Split(r.View().Content, "\n") {
			if i := strings.Index(line, text); i >= 0 {
				return len([]rune(line[:i])), y
			}
		}
		t.Fatalf("%q is not on the screen:\n%s", text, r.View().Content)
		return 0, 0
	}
	r := launchedRoot(t, fixtureDesk(), 200, 60)
	x, y := at(r, "The first token comes")
	if l := click(r, x, y).top().screen.(launcher); l.at != 2 {
		t.Errorf("clicked the third scenario, and entry %d is chosen", l.at)
	}
	x, y = at(r, "10:20  provider-outage")
	if l := click(r, x, y).top().screen.(launcher); l.runAt != 3 || l.focus != paneRuns {
		t.Errorf("clicked the fourth run, and run %d is chosen", l.runAt)
	}
	if l := turn(r, x, y, tea.MouseWheelDown).top().screen.(launcher); l.runAt != wheelStep {
		t.Errorf("the wheel moved the runs to %d", l.runAt)
	}

	rep := sized(newRoot(newReport(reported(), fixtureDesk(), Options{NoColor: true}), fixtureDesk(), Options{NoColor: true}), 80, 24)
	x, y = at(rep, " Requests ")
	if got := click(rep, x+1, y).top().screen.(report); got.tabs[got.tab].name != "Requests" {
		t.Errorf("clicked Requests, and got %s", got.tabs[got.tab].name)
	}
	if got := turn(rep, 10, 10, tea.MouseWheelDown).top().screen.(report); got.first[0] != wheelStep {
		t.Errorf("the wheel moved the page to row %d", got.first[0])
	}
	if back := turn(turn(rep, 10, 10, tea.MouseWheelDown), 10, 10, tea.MouseWheelUp).top().screen.(report); back.first[0] != 0 {
		t.Error("the wheel does not turn back")
	}

	o := Options{NoColor: true}
	live := sized(newRoot(newRunning(stoppable(fixture()), fixtureDesk(), o), fixtureDesk(), o), 120, 40)
	x, y = at(live, " Timeline ")
	if got := click(live, x, y+2).top().screen.(running); got.focus != panelTimeline {
		t.Errorf("clicked the timeline, and panel %d has the focus", got.focus)
	}
	x, y = at(live, " Events ")
	turned := turn(live, x, y+2, tea.MouseWheelUp).top().screen.(running)
	if turned.follow || turned.focus != panelLanes {
		t.Error("the wheel did not turn the events, or took the focus")
	}
	if got := turn(turn(live, x, y+2, tea.MouseWheelUp), x, y+2, tea.MouseWheelDown).top().screen.(running); !got.follow {
		t.Error("turned back to its last line, the log does not follow")
	}
}
