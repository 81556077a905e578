package tui

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"brownout/harness/score"
	"brownout/plan"

	tea "charm.land/bubbletea/v2"
)

// fakeHand is a run that notes what is asked of it.
type fakeHand struct {
	*fakeSource
	asked  []any
	refuse error
	check  func(plan.Order) error
}

func (h *fakeHand) note(what ...any) error {
	h.asked = append(h.asked, what...)
	return h.refuse
}

func (h *fakeHand) Check(o plan.Order) error {
	if h.check != nil {
		return h.check(o)
	}
	return nil
}

func (h *fakeHand) Inject(o plan.Order) (plan.Fault, error) {
	return plan.Fault{Name: o.Kind + "-2", On: []string{"openai"}}, h.note(o)
}
func (h *fakeHand) Clear(name string) error    { return h.note("clear " + name) }
func (h *fakeHand) Scale(factor float64) error { return h.note("scale", factor) }
func (h *fakeHand) Hold(rate float64) error    { return h.note("hold", rate) }
func (h *fakeHand) Switch(c plan.Change) error { return h.note(c) }

func (h *fakeHand) screen(w, height int) live { return h.on(w, height, fixture()) }
func (h *fakeHand) last() any                 { return h.asked[len(h.asked)-1] }
func (h *fakeHand) on(w, height int, s *score.Snapshot) live {
	h.fakeSource = stoppable(s)
	m := newLive(Options{NoColor: true, Acts: fixtureActs()}).watch(h)
	m.snap, m.w, m.h = s, w, height
	return m
}

// fixtureActs is a small catalogue with parameters of every type.
func fixtureActs() Acts {
	return Acts{
		Kinds: []FaultKind{
			{Name: "latency_spike", Layer: "link or service", Summary: "slower first token, slower tokens, or a slower link, with jitter and tails", Params: []Param{
				{Name: "layer", Type: "text", Default: "service", Enum: []string{"service", "link"}, Doc: "service: in the provider. link: on the path to it."},
				{Name: "first_token", Type: "duration", Default: "2s", Range: "at most 10m", Doc: "added to the first token of each call"},
				{Name: "factor", Type: "number", Default: "3", Range: "between 1 and 1000", Doc: "times per token over the usual ones"},
				{Name: "count", Type: "integer", Default: "0", Range: "at least 0", Doc: "how many"},
				{Name: "hard", Type: "flag", Default: "false", Doc: "a flag"},
			}},
			{Name: "outage", Layer: "link", Summary: "the provider is down: refused, silent, reset, erroring or flapping"},
			{Name: "overload", Layer: "service", Summary: "the provider is out of capacity"},
		},
		Mitigations: []Mitigation{
			{Name: "breaker", On: true, Summary: "stays away from a provider's model that fails, and probes whether it is back"},
			{Name: "retries", On: true, Summary: "asks the same provider again where that is the right conduct"},
			{Name: "hedging", Summary: "asks another provider where the first is slow"},
		},
		Save: func(path string, _ *score.Snapshot) error {
			if path == "taken.toml" {
				return &plan.OrderError{Field: "path", Msg: "taken.toml is there already"}
			}
			return nil
		},
	}
}

// settled delivers what a command comes to, and returns what was said on the
// last row.
func settled(m live, cmd tea.Cmd) (live, string) {
	if cmd == nil {
		return m, ""
	}
	msg := cmd()
	if n, ok := msg.(notice); ok {
		return m, n.text
	}
	next, more := m.Update(msg)
	return settled(next.(live), more)
}

// acting presses keys, of which words of more than one letter that are no
// names of keys are written, and delivers what follows from each.
func acting(m live, keys ...string) live {
	m, _ = saying(m, keys...)
	return m
}

// saying is acting, and returns what was said on the last row in the end.
func saying(m live, keys ...string) (_ live, said string) {
	named := map[string]bool{"enter": true, "esc": true, "up": true, "down": true, "left": true, "right": true, "tab": true, "shift+tab": true, "ctrl+u": true, "backspace": true}
	for _, k := range keys {
		if len(k) == 1 || named[k] {
			next, cmd := after(m, k)
			m, said = settled(next, cmd)
			continue
		}
		for _, r := range k {
			next, cmd := after(m, string(r))
			m, said = settled(next, cmd)
		}
	}
	return m, said
}

func TestInjectByHand(t *testing.T) {
	h := &fakeHand{}
	m := acting(h.screen(120, 40), "i", "spike", "enter", "right", "right", "tab", "ctrl+u", "1m", "down", "right", "down", "ctrl+u", "500ms", "down", "backspace", "7", "down", "down", "right")
	if !strings.Contains(m.draw(), "Inject latency_spike") {
		t.Fatalf("no form:\n%s", m.draw())
	}
	m, said := saying(m, "down", "ctrl+u", "0.5", "enter")
	want := plan.Order{Kind: "latency_spike", On: "gpu-a", For: 60 * s, Share: .5, Params: map[string]any{
		"layer": "link", "first_token": "500ms", "factor": 7., "count": 0., "hard": true,
	}}
	if len(h.asked) != 1 || !reflect.DeepEqual(h.last(), want) {
		t.Fatalf("asked for\n%+v\nwant\n%+v", h.asked, want)
	}
	if m.dialog != nil || said != "injected latency_spike-2 on openai" {
		t.Errorf("it said %q", said)
	}
}

func TestFormTellsWhatIsWrong(t *testing.T) {
	h := &fakeHand{check: func(o plan.Order) error {
		if o.Params["factor"] == 9. {
			return &plan.OrderError{Field: "factor", Msg: "factor must not be 9", Hint: "try 8"}
		}
		return nil
	}}
	m := acting(h.screen(120, 40), "i", "enter", "down", "ctrl+u", "soon")
	if d := m.draw(); !strings.Contains(d, "✗ for") || !strings.Contains(d, "for must be a duration such as 10s") {
		t.Errorf("a bad duration is not told:\n%s", d)
	}
	m = acting(m, "enter")
	if len(h.asked) != 0 || m.dialog == nil {
		t.Error("a wrong order was placed, or the form is gone")
	}
	m = acting(m, "ctrl+u", "down", "down", "down", "backspace", "9")
	if d := m.draw(); !strings.Contains(d, "✗ factor") || !strings.Contains(d, "factor must not be 9; try 8") {
		t.Errorf("the check's own words are not told:\n%s", d)
	}
	m = acting(m, "backspace", "8")
	if strings.Contains(m.draw(), "must not be 9") {
		t.Error("the error outlives its cause")
	}
	h.refuse = errors.New("the link would not")
	m = acting(m, "enter")
	if d := m.draw(); m.dialog == nil || !strings.Contains(d, "the link would not") {
		t.Errorf("a refusal is not told:\n%s", d)
	}
	// A check of values that are no longer there says nothing.
	next, _ := m.Update(checkedMsg{turn: -1, err: errors.New("came too late")})
	if strings.Contains(next.(live).draw(), "came too late") {
		t.Error("a late check is believed")
	}
	if m = acting(m, "esc"); !strings.Contains(m.draw(), "Inject a fault") {
		t.Error("esc does not lead back to the list")
	}
	if m = acting(m, "esc"); m.dialog != nil {
		t.Error("a second esc does not close it")
	}
}

func TestBusyFormWaits(t *testing.T) {
	h := &fakeHand{}
	m := acting(h.screen(120, 40), "i", "enter")
	m, cmd := after(m, "enter")
	if !strings.Contains(m.draw(), "working on it") {
		t.Error("a form at work does not say so")
	}
	if again, more := after(m, "enter"); more != nil || again.dialog != m.dialog {
		t.Error("pressed twice it asks twice")
	}
	left, _ := after(m, "esc") // the person does not want to wait
	if _, said := settled(left, cmd); !strings.Contains(said, "injected latency_spike-2") {
		t.Error("what came of it is not told once the form is gone")
	}
}

func TestOtherActs(t *testing.T) {
	for _, tt := range []struct {
		name string
		keys []string
		want []any
		says string
	}{
		{"clear", []string{"c", "enter"}, []any{"clear outage"}, "cleared outage"},
		{"more load", []string{"+"}, []any{"scale", 1.25}, "load times 1.25"},
		{"less load", []string{"-"}, []any{"scale", .8}, "load times 0.8"},
		{"factor", []string{"o", "down", "ctrl+u", "3", "enter"}, []any{"scale", 3.}, "load times 3"},
		{"rate", []string{"o", "right", "down", "ctrl+u", "75", "enter"}, []any{"hold", 75.}, "load held at 75/s"},
		{"no number", []string{"o", "down", "ctrl+u", "lots", "enter"}, nil, "value must be a number"},
		{"mitigations", []string{"m", "down", "right", "down", "down", "left", "enter"}, []any{plan.Change{Off: []string{"breaker"}, On: []string{"hedging"}}}, "switched: breaker off, hedging on"},
		{"nothing switched", []string{"m", "enter"}, nil, "nothing differs from now"},
		{"save", []string{"w", "enter"}, nil, "saved: brownout run provider-outage-by-hand.toml"},
		{"save over", []string{"w", "ctrl+u", "taken.toml", "enter"}, nil, "taken.toml is there already"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := &fakeHand{}
			m, said := saying(h.screen(120, 40), tt.keys...)
			if !reflect.DeepEqual(h.asked, tt.want) {
				t.Errorf("asked for %+v, want %+v", h.asked, tt.want)
			}
			if !strings.Contains(m.draw()+said, tt.says) {
				t.Errorf("it does not say %q:\n%s", tt.says, m.draw())
			}
		})
	}
}

func TestActsThatCannotBe(t *testing.T) {
	h := &fakeHand{}
	calm := fixture()
	calm.Windows[0].Active = false
	if m, said := saying(h.on(120, 40, calm), "c"); m.dialog != nil || said != "no fault is in effect" {
		t.Error("there is nothing to clear, and it is not told")
	}
	over := h.screen(120, 40)
	over.over = true
	replay := screen(120, 40, fixture())
	for _, k := range []string{"i", "c", "o", "m", "+", "-"} {
		if m, said := saying(over, k); m.dialog != nil || !strings.Contains(said, "the run is over") {
			t.Errorf("%s on a run that is over", k)
		}
		if m, said := saying(replay, k); m.dialog != nil || !strings.Contains(said, "cannot be changed") {
			t.Errorf("%s on a run that is played again", k)
		}
	}
	if _, said := saying(over, "w", "enter"); !strings.Contains(said, "saved: brownout run") {
		t.Error("a run that is over cannot be saved")
	}
	if _, said := saying(replay, "w"); !strings.Contains(said, "cannot be saved") {
		t.Error("w without a way to save says nothing")
	}
	if len(h.asked) != 0 {
		t.Errorf("asked for %v", h.asked)
	}
}

// The router's form shows what is in force: the plan's settings and what was
// switched since.
func TestRouterFormShowsWhatIsInForce(t *testing.T) {
	snap := fixture()
	snap.Plan.Router.Off = []string{"retries"}
	snap.Plan.Changes = []plan.Change{{At: 5 * s, Off: []string{"breaker"}}, {At: 30 * s, On: []string{"hedging"}}}
	h := &fakeHand{}
	m := acting(h.on(120, 40, snap), "m")
	got := m.dialog.(*form).values()
	want := values{"policy": "priority", "breaker": "off", "retries": "off", "hedging": "off"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the form holds %v, want %v", got, want)
	}
}

func TestPaste(t *testing.T) {
	h := &fakeHand{}
	m := acting(h.screen(80, 24), "w", "ctrl+u")
	next, _ := m.Update(tea.PasteMsg{Content: "mine.toml"})
	if got := next.(live).dialog.(*form).values()["path"]; got != "mine.toml" {
		t.Errorf("pasted %q", got)
	}
	m = acting(h.screen(80, 24), "i")
	next, _ = m.Update(tea.PasteMsg{Content: "over"})
	if d := next.(live).draw(); strings.Contains(d, "outage ") && !strings.Contains(d, "overload") {
		t.Errorf("a pasted search:\n%s", d)
	}
}

func TestDialogFrames(t *testing.T) {
	for _, tt := range []struct {
		name string
		w, h int
		keys []string
		o    Options
	}{
		{"120x40-inject.txt", 120, 40, []string{"i"}, Options{NoColor: true}},
		{"80x24-inject-search.txt", 80, 24, []string{"i", "out"}, Options{NoColor: true}},
		{"120x40-inject-form.txt", 120, 40, []string{"i", "enter", "down"}, Options{NoColor: true}},
		{"120x40-inject-form-colour.txt", 120, 40, []string{"i", "enter", "down"}, Options{}},
		{"80x24-inject-wrong.txt", 80, 24, []string{"i", "enter", "down", "x"}, Options{NoColor: true}},
		{"80x24-inject-form-ascii.txt", 80, 24, []string{"i", "enter"}, Options{NoColor: true, ASCII: true}},
		{"40x12-inject-form.txt", 40, 12, []string{"i", "enter", "down", "x"}, Options{NoColor: true}},
		{"200x60-router.txt", 200, 60, []string{"m"}, Options{NoColor: true}},
		{"80x24-load.txt", 80, 24, []string{"o"}, Options{NoColor: true}},
		{"80x24-save.txt", 80, 24, []string{"w"}, Options{NoColor: true}},
		{"80x24-clear.txt", 80, 24, []string{"c"}, Options{NoColor: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := &fakeHand{}
			h.fakeSource = stoppable(fixture())
			tt.o.Acts = fixtureActs()
			m := newLive(tt.o).watch(h)
			m.snap, m.w, m.h = fixture(), tt.w, tt.h
			m = acting(m, tt.keys...)
			fits(t, m.draw(), tt.w, tt.h)
			golden(t, tt.name, m.draw())
		})
	}
}
