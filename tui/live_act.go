package tui

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"brownout/harness/score"
	"brownout/plan"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

// Factors of the keys that change the load at once.
const (
	moreLoad = 1.25
	lessLoad = 0.8
)

// act handles the keys by which a person acts on the run; mine is false for all
// other keys.
func (m live) act(msg tea.KeyPressMsg) (next live, cmd tea.Cmd, mine bool) {
	k := m.keys
	if m.snap == nil || m.snap.Plan == nil {
		return m, nil, false
	}
	switch {
	case key.Matches(msg, k.save):
		next, cmd = m.saving()
		return next, cmd, true
	case !key.Matches(msg, k.inject, k.clear, k.load, k.more, k.less, k.router):
		return m, nil, false
	case m.hand == nil:
		return m, refused("a run that is played again cannot be changed"), true
	case m.over || m.ending:
		return m, refused("the run is over: nothing can be done to it any more"), true
	}
	switch {
	case key.Matches(msg, k.inject):
		next, cmd = m.choosingKind()
	case key.Matches(msg, k.clear):
		next, cmd = m.clearing()
	case key.Matches(msg, k.load):
		next, cmd = m.loading()
	case key.Matches(msg, k.more):
		next, cmd = m, m.scale(moreLoad)
	case key.Matches(msg, k.less):
		next, cmd = m, m.scale(lessLoad)
	default:
		next, cmd = m.routing()
	}
	return next, cmd, true
}

// refused makes a command that says why something cannot be done.
func refused(why string) tea.Cmd { return failed(errors.New(why)) }

// choosingKind lets a kind of fault be chosen.
func (m live) choosingKind() (live, tea.Cmd) {
	items := make([]item, len(m.options.Acts.Kinds))
	for i, k := range m.options.Acts.Kinds {
		items[i] = item{k.Name, k.Summary}
	}
	m.dialog = newChooser("Inject a fault", items, func(m live, name string) (live, tea.Cmd) {
		for _, k := range m.options.Acts.Kinds {
			if k.Name == name {
				return m.injecting(k, m.dialog)
			}
		}
		return m, nil
	})
	return m, nil
}

// injecting asks for the particulars of a fault of some kind.
func (m live) injecting(k FaultKind, back dialog) (live, tea.Cmd) {
	hand := m.hand
	f := &form{title: "Inject " + k.Name, intro: k.Summary + " (acts on: " + k.Layer + ")", back: back, fields: []field{
		choiceField("on", victimsOf(m.snap.Plan), "", "whom it meets: one provider, or all of a class or region"),
		textField("for", "10s", "empty: until cleared", "how long it lasts"),
	}}
	for _, p := range k.Params {
		switch {
		case p.Enum != nil:
			f.fields = append(f.fields, choiceField(p.Name, p.Enum, p.Default, p.Doc))
		case p.Type == "flag":
			f.fields = append(f.fields, choiceField(p.Name, []string{"false", "true"}, p.Default, p.Doc))
		default:
			f.fields = append(f.fields, textField(p.Name, p.Default, p.Range, p.Doc))
		}
	}
	f.fields = append(f.fields,
		textField("share", "1", "above 0, at most 1", "share of the calls that it touches, chosen by their marker"),
		textField("ramp", "0s", "at most for", "over which time the share grows from 0"))
	f.check = func(v values) error {
		o, err := orderOf(k, v)
		if err != nil {
			return err
		}
		return hand.Check(o)
	}
	f.do = func(v values) tea.Cmd {
		return func() tea.Msg {
			o, err := orderOf(k, v)
			if err != nil {
				return actedMsg{err: err}
			}
			made, err := hand.Inject(o)
			return actedMsg{done: "injected " + made.Name + " on " + strings.Join(made.On, ", "), err: err}
		}
	}
	return f.opened(m)
}

// orderOf reads the values of a form for a kind of fault.
func orderOf(k FaultKind, v values) (plan.Order, error) {
	o := plan.Order{Kind: k.Name, On: v["on"], Params: map[string]any{}}
	var err error
	if o.For, err = durationOf(v, "for"); err == nil && v["for"] != "" && o.For <= 0 {
		err = &plan.OrderError{Field: "for", Msg: "for must be more than 0s", Hint: "leave it empty to clear the fault by hand"}
	}
	if err != nil {
		return o, err
	}
	if o.Ramp, err = durationOf(v, "ramp"); err != nil {
		return o, err
	}
	if o.Share, err = strconv.ParseFloat(v["share"], 64); err != nil || o.Share <= 0 {
		return o, &plan.OrderError{Field: "share", Msg: "share must be a number above 0 and at most 1"}
	}
	for _, p := range k.Params {
		if text := v[p.Name]; text != "" {
			o.Params[p.Name] = p.value(text)
		}
	}
	return o, nil
}

// durationOf reads a duration; nothing is none.
func durationOf(v values, name string) (time.Duration, error) {
	if v[name] == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(v[name])
	if err != nil {
		return 0, &plan.OrderError{Field: name, Msg: name + " must be a duration such as 10s, 500ms or 1m30s"}
	}
	return d, nil
}

// clearing lets a fault that is in effect be chosen, to end it.
func (m live) clearing() (live, tea.Cmd) {
	var items []item
	for _, w := range m.snap.Windows {
		if !w.Active {
			continue
		}
		note := "on " + onWhom(w.On) + ", since " + clock(w.Injected)
		if w.ByHand {
			note += ", by hand"
		}
		items = append(items, item{w.Fault, note})
	}
	if len(items) == 0 {
		return m, refused("no fault is in effect")
	}
	hand := m.hand
	m.dialog = newChooser("Clear a fault", items, func(m live, name string) (live, tea.Cmd) {
		m.dialog = nil
		return m, func() tea.Msg { return actedMsg{done: "cleared " + name, err: hand.Clear(name)} }
	})
	return m, nil
}

func (m live) scale(factor float64) tea.Cmd {
	hand := m.hand
	return func() tea.Msg {
		return actedMsg{done: "load times " + strconv.FormatFloat(factor, 'g', 4, 64), err: hand.Scale(factor)}
	}
}

// Ways to change the load.
const (
	byFactor = "multiply the rate by"
	byRate   = "hold the rate at"
)

// loading asks for another load.
func (m live) loading() (live, tea.Cmd) {
	hand := m.hand
	f := &form{
		title: "Change the load", intro: "Now " + rateNow(m.snap) + ". The change lasts to the end of the load, or to the next change.",
		fields: []field{
			choiceField("how", []string{byFactor, byRate}, "", "multiply what the profile says from now on, or keep one rate"),
			textField("value", "2", "factor, or requests/s", "2 doubles the load, 0.5 halves it, 0 stops it; or a rate in requests per second"),
		},
	}
	f.do = func(v values) tea.Cmd {
		return func() tea.Msg {
			x, err := strconv.ParseFloat(v["value"], 64)
			if err != nil {
				return actedMsg{err: &plan.OrderError{Field: "value", Msg: "value must be a number"}}
			}
			done := "load times " + v["value"]
			if v["how"] == byRate {
				done, err = "load held at "+v["value"]+"/s", hand.Hold(x)
			} else {
				err = hand.Scale(x)
			}
			return actedMsg{done: done, err: fieldOf(err, "value")}
		}
	}
	return f.opened(m)
}

// fieldOf says of an error that it is about a field.
func fieldOf(err error, name string) error {
	var wrong *plan.OrderError
	if !errors.As(err, &wrong) {
		return err
	}
	e := *wrong
	e.Field = name
	return &e
}

// routing asks for other settings of the router.
func (m live) routing() (live, tea.Cmd) {
	hand, now := m.hand, routerNow(m.snap)
	f := &form{title: "Switch the router", intro: "What differs from now is switched at once."}
	policy := choiceField("policy", slices.Clone(plan.RouterPolicies), now.Policy, "whom to ask first among those who may be asked")
	f.fields = append(f.fields, policy)
	for _, t := range m.options.Acts.Mitigations {
		f.fields = append(f.fields, choiceField(t.Name, []string{"on", "off"}, onOff(now.Has(t.Name, t.On)), t.Summary))
	}
	before := f.values()
	f.do = func(v values) tea.Cmd {
		c := changeOf(before, v)
		return func() tea.Msg {
			if c.String() == "" {
				return actedMsg{err: &plan.OrderError{Msg: "nothing differs from now"}}
			}
			return actedMsg{done: "switched: " + c.String(), err: hand.Switch(c)}
		}
	}
	return f.opened(m)
}

// changeOf is the difference between the values of the router's form.
func changeOf(before, after values) plan.Change {
	var c plan.Change
	for name, v := range after {
		switch {
		case v == before[name]:
		case name == "policy":
			c.Policy = v
		case v == "on":
			c.On = append(c.On, name)
		default:
			c.Off = append(c.Off, name)
		}
	}
	slices.Sort(c.On)
	slices.Sort(c.Off)
	return c
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

// saving asks where to keep the run as a scenario.
func (m live) saving() (live, tea.Cmd) {
	save, snap := m.options.Acts.Save, m.snap
	if save == nil {
		return m, refused("this run cannot be saved as a scenario")
	}
	f := &form{title: "Save as a scenario", intro: savedIs(snap), fields: []field{
		textField("path", underHand(snap), "", "a new file, run again by brownout run PATH"),
	}}
	f.do = func(v values) tea.Cmd {
		return func() tea.Msg {
			return actedMsg{done: "saved: brownout run " + v["path"], err: fieldOf(save(v["path"], snap), "path")}
		}
	}
	return f.opened(m)
}

// savedIs says what a saved scenario has in it.
func savedIs(s *score.Snapshot) string {
	if s.ByHand() == 0 {
		return "The scenario as it was run. Nothing was done by hand so far."
	}
	what := "one thing that was"
	if s.ByHand() > 1 {
		what = strconv.Itoa(s.ByHand()) + " things that were"
	}
	return "The scenario with the " + what + " done by hand, each at its time."
}
