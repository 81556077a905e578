package tui

import (
	"context"
	"slices"

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
