package tui

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"brownout/plan"
)

// Entry is a scenario to choose, resolved so that it can be previewed.
type Entry struct {
	Name string
	Plan *plan.Plan
}

// Launch opens the launcher, from which runs, comparisons, reports and replays
// are started, until the user leaves. It fails as Live does.
func Launch(ctx context.Context, d Desk, o Options) error {
	o = o.complete()
	_, err := show(ctx, newLauncher(d, o), d, o)
	return err
}

// launcher is the screen on which a scenario, or a run that was kept, is
// chosen.
type launcher struct {
	options Options
	theme   *theme
	keys    launchKeys
	desk    Desk
	w, h    int

	shown   []int // indexes of the entries that the search leaves
	at      int   // in shown
	first   int   // first row of the preview
	runs    []Kept
	kept    []int // indexes of the runs that the search leaves
	runAt   int   // in kept
	marked  []string
	focus   pane
	target  int
	seed    string              // as given by the user; empty: the scenario's own
	without map[string][]string // providers left out, by entry
	search  textinput.Model
	number  textinput.Model
	mode    mode
	box     picker
	help    bool
	busy    bool // something is being started
}

// pane is a part of the launcher that takes the focus.
type pane int

const (
	paneList pane = iota
	panePreview
	paneRuns
	panes
)

// mode is what the keys go to.
type mode int

const (
	browsing   mode = iota
	searching       // writing what is searched for
	seeding         // writing a seed
	leavingOut      // ticking providers
	contesting      // ticking what is compared
)

// Messages of the launcher.
type (
	keptMsg struct {
		runs []Kept
		err  error
	}
	beganMsg struct {
		next tea.Cmd // what to do now
	}
	targetMsg struct{ name string }
	seedMsg   struct{ seed string }
	searchMsg struct{ words string }
)

func newLauncher(d Desk, o Options) launcher {
	if len(d.Targets) == 0 {
		d.Targets = []string{"bundled", "direct"}
	}
	l := launcher{
		options: o, theme: newTheme(o), keys: newLaunchKeys(d), desk: d,
		search: textinput.New(), number: textinput.New(),
	}
	l.number.CharLimit = 20 // digits of the largest seed
	return l.filtered()
}

// Init asks for the runs that were kept.
func (l launcher) Init() tea.Cmd { return l.look() }

// look reads the history.
func (l launcher) look() tea.Cmd {
	kept := l.desk.Kept
	if kept == nil {
		return nil
	}
	return func() tea.Msg {
		runs, err := kept()
		return keptMsg{runs, err}
	}
}

func (l launcher) writing() bool { return l.mode == searching || l.mode == seeding }

// Update is the screen's only way to change.
func (l launcher) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		l.w, l.h = msg.Width, msg.Height
	case tea.BackgroundColorMsg:
		l.options.Light = !msg.IsDark()
		l.theme = newTheme(l.options)
	case shown:
		return l, l.look()
	case keptMsg:
		if msg.err != nil {
			return l, failed(msg.err)
		}
		l.runs = msg.runs
		return l.filtered(), nil
	case beganMsg:
		l.busy = false
		return l, msg.next
	case targetMsg:
		l.target = max(slices.Index(l.desk.Targets, msg.name), 0)
	case seedMsg:
		l.seed = msg.seed
	case searchMsg:
		l.search.SetValue(msg.words)
		return l.filtered(), nil
	case pressedKey:
		return l.pressed(msg.key)
	case tea.PasteMsg:
		if l.writing() {
			return l.typed(msg), nil
		}
	case tea.MouseMsg:
		return l.pointed(msg), nil
	case tea.KeyPressMsg:
		switch {
		case key.Matches(msg, l.keys.stop):
			return l, tea.Quit
		case key.Matches(msg, l.keys.suspend):
			return l, tea.Suspend
		case l.writing():
			return l.edited(msg)
		case l.mode == leavingOut, l.mode == contesting:
			return l.ticked(msg)
		}
		return l.pressed(msg)
	}
	return l, nil
}

// pressed handles a key while no text is being written.
func (l launcher) pressed(msg tea.KeyPressMsg) (tea.Model, tea.Cmd) {
	k := l.keys
	runs := l.focus == paneRuns
	switch {
	case key.Matches(msg, k.help):
		l.help = !l.help
	case l.help && key.Matches(msg, k.back, k.quit):
		l.help = false
	case l.help: // the lists are covered
	case key.Matches(msg, k.quit):
		return l, tea.Quit
	case key.Matches(msg, k.next):
		l.focus = l.neighbour(1)
	case key.Matches(msg, k.previous):
		l.focus = l.neighbour(int(panes) - 1)
	case key.Matches(msg, k.search):
		l.mode = searching
		l.search.Focus()
		l.search.CursorEnd()
	case key.Matches(msg, k.back):
		switch {
		case l.search.Value() != "":
			l.search.Reset()
			return l.filtered(), nil
		case len(l.marked) > 0:
			l.marked = nil
		default:
			l.focus = paneList
		}
	case runs && key.Matches(msg, k.run):
		return l.withRun(toReport)
	case runs && key.Matches(msg, k.replay):
		return l.withRun(toReplay)
	case runs && key.Matches(msg, k.mark):
		return l.tick(), nil
	case runs && key.Matches(msg, k.compare):
		return l.compareMarked()
	case runs && key.Matches(msg, k.again):
		return l.again()
	case key.Matches(msg, k.run):
		return l.chosen()
	case key.Matches(msg, k.compare):
		return l.contest(), nil
	case key.Matches(msg, k.providers):
		return l.leaveOut(), nil
	case key.Matches(msg, k.seed):
		l.mode = seeding
		l.number.SetValue(l.seed)
		l.number.Focus()
		l.number.CursorEnd()
	case key.Matches(msg, k.target):
		l.target = (l.target + 1) % len(l.desk.Targets)
	case key.Matches(msg, k.pageUp):
		l = l.scrolled(-previewStep)
	case key.Matches(msg, k.pageDown):
		l = l.scrolled(previewStep)
	default:
		return l.moved(msg, l.focus), nil
	}
	return l, nil
}

// edited handles a key while text is being written.
func (l launcher) edited(msg tea.KeyPressMsg) (tea.Model, tea.Cmd) {
	k := l.keys
	switch {
	case key.Matches(msg, k.accept):
		if l.mode == seeding {
			l.seed = l.number.Value()
		}
		l.mode = browsing
	case key.Matches(msg, k.back):
		if l.mode == searching {
			l.search.Reset()
			l = l.filtered()
		}
		l.mode = browsing
	case l.mode == searching && (msg.Code == tea.KeyUp || msg.Code == tea.KeyDown):
		l = l.moved(msg, l.focus)
	default:
		return l.typed(msg), nil
	}
	return l, nil
}

// typed passes text to what is being written. A seed takes only what a number
// of 64 bits can be.
func (l launcher) typed(msg tea.Msg) launcher {
	if l.mode == searching {
		l.search, _ = l.search.Update(msg)
		return l.filtered()
	}
	next, _ := l.number.Update(msg)
	if _, err := strconv.ParseUint(next.Value(), 10, 64); err == nil || next.Value() == "" {
		l.number = next
	}
	return l
}

// filtered keeps the entries and runs that hold every word of the search: an
// entry in its name, title, tags, challenges, faults or providers.
func (l launcher) filtered() launcher {
	words := strings.Fields(strings.ToLower(l.search.Value()))
	matches := func(texts ...string) bool {
		text := strings.ToLower(strings.Join(texts, " "))
		return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) })
	}
	shown := make([]int, 0, len(l.desk.Entries))
	for i, e := range l.desk.Entries {
		texts := slices.Concat([]string{e.Name, e.Plan.Title}, e.Plan.Tags, e.Plan.Challenges)
		for _, f := range e.Plan.Faults {
			texts = append(texts, f.Kind)
		}
		for _, p := range e.Plan.Providers {
			texts = append(texts, p.Name)
		}
		if matches(texts...) {
			shown = append(shown, i)
		}
	}
	kept := make([]int, 0, len(l.runs))
	for i, r := range l.runs {
		if matches(r.ID, r.Title, r.Target, string(r.Verdict)) {
			kept = append(kept, i)
		}
	}
	l.shown, l.kept = shown, kept
	l.at, l.runAt, l.first = within(l.at, len(shown)), within(l.runAt, len(kept)), 0
	return l
}

// moved goes up or down in a pane.
func (l launcher) moved(msg tea.Msg, in pane) launcher {
	n := map[pane]int{paneList: len(l.shown), paneRuns: len(l.kept)}[in]
	by, ok := l.keys.move.move(msg, max(n, 1000), l.place(in).h)
	if !ok {
		return l
	}
	switch in {
	case paneList:
		l.at, l.first = within(l.at+by, n), 0
	case paneRuns:
		l.runAt = within(l.runAt+by, n)
	case panePreview:
		return l.scrolled(by)
	}
	return l
}

// scrolled moves the preview.
func (l launcher) scrolled(by int) launcher {
	p := l.place(panePreview)
	l.first = min(max(l.first+by, 0), lastFirst(len(l.previewed(p.w)), p.h))
	return l
}

// pointed handles the mouse: a click picks what it meets, the wheel turns what
// it is over.
func (l launcher) pointed(msg tea.MouseMsg) launcher {
	m := msg.Mouse()
	if l.mode == leavingOut || l.mode == contesting {
		l.box, _ = l.box.update(msg)
		return l
	}
	if l.help || l.writing() {
		return l
	}
	for in := range panes {
		p := l.place(in)
		if !p.holds(m.X, m.Y) {
			continue
		}
		if _, turned := msg.(tea.MouseWheelMsg); turned {
			return l.moved(msg, in)
		}
		click, ok := msg.(tea.MouseClickMsg)
		if !ok || click.Button != tea.MouseLeft {
			return l
		}
		l.focus = in
		switch in {
		case paneList:
			first, each := l.listFirst(p.h)
			if i := first + (m.Y-p.y)/each; i < len(l.shown) {
				l.at, l.first = i, 0
			}
		case paneRuns:
			if i := l.runsFirst(p.h) + m.Y - p.y - 1; m.Y > p.y && i < len(l.kept) {
				l.runAt = i
			}
		}
		return l
	}
	return l
}

// current is the entry under the cursor.
func (l launcher) current() (Entry, bool) {
	if l.at >= len(l.shown) {
		return Entry{}, false
	}
	return l.desk.Entries[l.shown[l.at]], true
}

// currentRun is the run under the cursor.
func (l launcher) currentRun() (Kept, bool) {
	if l.runAt >= len(l.kept) {
		return Kept{}, false
	}
	return l.runs[l.kept[l.runAt]], true
}

// order is the run that would be started now.
func (l launcher) order(e Entry) Order {
	return Order{Scenario: e.Name, Target: l.desk.Targets[l.target], Seed: l.seedOf(e), Without: l.without[e.Name]}
}

// chosen starts what is under the cursor.
func (l launcher) chosen() (tea.Model, tea.Cmd) {
	e, ok := l.current()
	if !ok {
		return l, nil
	}
	return l.begin(l.order(e))
}

// begin starts a run and shows it.
func (l launcher) begin(order Order) (tea.Model, tea.Cmd) {
	d, o := l.desk, l.options
	if l.busy || d.Begin == nil {
		return l, nil
	}
	l.busy = true
	return l, func() tea.Msg {
		src, err := d.Begin(order)
		if err != nil {
			return beganMsg{failed(err)}
		}
		return beganMsg{toOpen(newRunning(src, d, o))}
	}
}

// seedOf is the seed that an entry would run with.
func (l launcher) seedOf(e Entry) uint64 {
	if n, err := strconv.ParseUint(l.seed, 10, 64); err == nil {
		return n
	}
	return e.Plan.Seed
}

// leaveOut asks which providers take part.
func (l launcher) leaveOut() launcher {
	e, ok := l.current()
	if !ok {
		return l
	}
	list := pickList{}
	for _, p := range e.Plan.Providers {
		list.items = append(list.items, pickItem{text: p.Name, note: p.Class + " " + p.Region, on: !slices.Contains(l.without[e.Name], p.Name)})
	}
	l.mode, l.box = leavingOut, picker{title: "Providers that take part", lists: []pickList{list}}
	return l
}

// ticked handles a key while things are ticked in a box.
func (l launcher) ticked(msg tea.KeyPressMsg) (tea.Model, tea.Cmd) {
	box, a := l.box.update(msg)
	l.box = box
	mode := l.mode
	if a != unanswered {
		l.mode = browsing
	}
	if a != accepted {
		return l, nil
	}
	if mode == contesting {
		return l.beginContest()
	}
	e, ok := l.current()
	if !ok {
		return l, nil
	}
	taking := box.picked()
	if len(taking) == 0 {
		return l, told("one provider has to take part; nothing was changed")
	}
	var out []string
	for _, p := range e.Plan.Providers {
		if !slices.Contains(taking, p.Name) {
			out = append(out, p.Name)
		}
	}
	l.without = maps.Clone(l.without)
	if l.without == nil {
		l.without = map[string][]string{}
	}
	l.without[e.Name] = out
	return l, nil
}

// commands of the launcher.
func (l launcher) commands() []command {
	return []command{
		{
			name: "target", args: "NAME", about: "what is tested",
			complete: func(arg string) []string { return beginning(l.desk.Targets, arg) },
			do: func(arg string) (tea.Cmd, error) {
				if !slices.Contains(l.desk.Targets, arg) {
					return nil, unknown("target", arg, l.desk.Targets)
				}
				return func() tea.Msg { return targetMsg{arg} }, nil
			},
		},
		{name: "seed", args: "[N]", about: "key of every random decision; none: the scenario's own", do: func(arg string) (tea.Cmd, error) {
			if _, err := strconv.ParseUint(arg, 10, 64); err != nil && arg != "" {
				return nil, unknown("seed", arg, []string{"the numbers from 0 to 18446744073709551615"})
			}
			return func() tea.Msg { return seedMsg{arg} }, nil
		}},
		{
			name: "search", args: "WORDS", about: "what names, titles, tags, challenges, faults or providers hold",
			complete: func(arg string) []string { return beginning(l.words(), arg) },
			do:       func(arg string) (tea.Cmd, error) { return func() tea.Msg { return searchMsg{arg} }, nil },
		},
	}
}

// words are the tags and challenges that there are.
func (l launcher) words() []string {
	var out []string
	for _, e := range l.desk.Entries {
		out = append(append(out, e.Plan.Tags...), e.Plan.Challenges...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
