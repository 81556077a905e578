package tui

import (
	"context"
	"strconv"
	"strings"

	"brownout/plan"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
)

// Entry is a scenario to choose, resolved so that it can be previewed.
type Entry struct {
	Name string
	Plan *plan.Plan
}

// Choice is what the user wants to run.
type Choice struct {
	Scenario string
	Target   string
	Seed     uint64
	Quit     bool // they left without choosing
}

// Launch lets the user choose what to run. It returns a Choice with Quit where
// they leave without one, and fails as Live does.
func Launch(ctx context.Context, entries []Entry, o Options) (Choice, error) {
	o = o.complete()
	last, err := show(ctx, newLauncher(entries, o), o)
	if err != nil {
		return Choice{Quit: true}, err
	}
	return last.(launcher).choice, nil
}

// launcher is the screen on which a scenario is chosen.
type launcher struct {
	options Options
	theme   *theme
	keys    launchKeys
	w, h    int

	entries []Entry
	shown   []int // indexes of the entries that the search leaves
	at      int   // in shown
	first   int   // first line of the preview
	targets []string
	target  int
	seed    string // as given by the user; empty: the scenario's own
	search  textinput.Model
	number  textinput.Model
	mode    mode
	help    bool
	choice  Choice
}

// mode is what the keys go to.
type mode int

const (
	choosing mode = iota
	searching
	seeding
)

func newLauncher(entries []Entry, o Options) launcher {
	if len(o.Targets) == 0 {
		o.Targets = []string{"bundled", "direct"}
	}
	l := launcher{
		options: o, theme: newTheme(o), keys: newLaunchKeys(), entries: entries, targets: o.Targets,
		search: textinput.New(), number: textinput.New(), choice: Choice{Quit: true},
	}
	l.number.CharLimit = 20 // digits of the largest seed
	return l.filtered()
}

// Init asks for the background.
func (l launcher) Init() tea.Cmd { return tea.RequestBackgroundColor }

// Update is the screen's only way to change.
func (l launcher) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		l.w, l.h = msg.Width, msg.Height
	case tea.BackgroundColorMsg:
		l.options.Light = !msg.IsDark()
		l.theme = newTheme(l.options)
	case tea.PasteMsg:
		if l.mode != choosing {
			return l.typed(msg), nil
		}
	case tea.KeyPressMsg:
		switch {
		case key.Matches(msg, l.keys.stop):
			return l, tea.Quit
		case key.Matches(msg, l.keys.suspend):
			return l, tea.Suspend
		case l.mode != choosing:
			return l.edited(msg)
		}
		return l.pressed(msg)
	}
	return l, nil
}

// pressed handles a key while no text is being written.
func (l launcher) pressed(msg tea.KeyPressMsg) (tea.Model, tea.Cmd) {
	k := l.keys
	switch {
	case key.Matches(msg, k.help):
		l.help = !l.help
	case l.help && key.Matches(msg, k.back, k.quit):
		l.help = false
	case l.help: // the list is covered
	case key.Matches(msg, k.quit):
		return l, tea.Quit
	case key.Matches(msg, k.run):
		return l.chosen()
	case key.Matches(msg, k.search):
		l.mode = searching
		l.search.Focus()
		l.search.CursorEnd()
	case key.Matches(msg, k.seed):
		l.mode = seeding
		l.number.SetValue(l.seed)
		l.number.Focus()
		l.number.CursorEnd()
	case key.Matches(msg, k.target):
		l.target = (l.target + 1) % len(l.targets)
	case key.Matches(msg, k.back):
		l.search.Reset()
		l = l.filtered()
	case key.Matches(msg, k.up):
		l = l.moved(-1)
	case key.Matches(msg, k.down):
		l = l.moved(1)
	case key.Matches(msg, k.top):
		l = l.moved(-len(l.shown))
	case key.Matches(msg, k.bottom):
		l = l.moved(len(l.shown))
	case key.Matches(msg, k.pageUp):
		l.first = max(l.first-previewStep, 0)
	case key.Matches(msg, k.pageDown):
		l.first = min(l.first+previewStep, l.previewEnd())
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
		l.mode = choosing
	case key.Matches(msg, k.back):
		if l.mode == searching {
			l.search.Reset()
			l = l.filtered()
		}
		l.mode = choosing
	case l.mode == searching && msg.Code == tea.KeyUp:
		l = l.moved(-1)
	case l.mode == searching && msg.Code == tea.KeyDown:
		l = l.moved(1)
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

// filtered keeps the entries that hold every word of the search, in their
// name, title, tags or challenges.
func (l launcher) filtered() launcher {
	words := strings.Fields(strings.ToLower(l.search.Value()))
	shown := make([]int, 0, len(l.entries))
	for i, e := range l.entries {
		text := strings.ToLower(strings.Join(append(append([]string{e.Name, e.Plan.Title}, e.Plan.Tags...), e.Plan.Challenges...), " "))
		keep := true
		for _, w := range words {
			keep = keep && strings.Contains(text, w)
		}
		if keep {
			shown = append(shown, i)
		}
	}
	l.shown = shown
	l.at, l.first = min(l.at, max(len(shown)-1, 0)), 0
	return l
}

// moved goes some entries up or down the list.
func (l launcher) moved(by int) launcher {
	l.at = min(max(l.at+by, 0), max(len(l.shown)-1, 0))
	l.first = 0
	return l
}

// current is the entry under the cursor.
func (l launcher) current() (Entry, bool) {
	if l.at >= len(l.shown) {
		return Entry{}, false
	}
	return l.entries[l.shown[l.at]], true
}

// chosen leaves with what is under the cursor.
func (l launcher) chosen() (tea.Model, tea.Cmd) {
	e, ok := l.current()
	if !ok {
		return l, nil
	}
	l.choice = Choice{Scenario: e.Name, Target: l.targets[l.target], Seed: l.seedOf(e)}
	return l, tea.Quit
}

// seedOf is the seed that an entry would run with.
func (l launcher) seedOf(e Entry) uint64 {
	if n, err := strconv.ParseUint(l.seed, 10, 64); err == nil {
		return n
	}
	return e.Plan.Seed
}
