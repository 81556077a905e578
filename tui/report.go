package tui

import (
	"slices"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"brownout/harness/score"
)

// report is the screen that explains a run that has ended: what came of it and
// why, what each fault window tells, and the figures behind it. From here
// reports are written.
type report struct {
	options Options
	theme   *theme
	keys    reportKeys
	desk    Desk
	w, h    int

	snap   *score.Snapshot
	tabs   []tab
	tab    int
	first  []int // first row shown, by tab
	help   bool
	export exporter
	at     int        // which of the worst requests is chosen
	opened *waterfall // of one of them; nil: none is open
}

// tab is one page of the report.
type tab struct {
	name string
	rows func(s *score.Snapshot, w int) []row
	list bool // its last rows are the worst requests, one each
}

// reportKeys are the keys of the report.
type reportKeys struct {
	move                               moveKeys
	next, previous, export, replay     key.Binding
	open                               key.Binding
	back, command, help, suspend, quit key.Binding
}

// ShortHelp is the footer.
func (k reportKeys) ShortHelp() []key.Binding {
	return []key.Binding{renamed(k.next, "page"), k.export, k.help, k.quit, k.replay, k.move.down, k.move.up, k.command}
}

// FullHelp is the help screen, in columns.
func (k reportKeys) FullHelp() [][]key.Binding {
	return [][]key.Binding{
		{k.next, k.previous, k.open, k.export, k.replay},
		k.move.group(),
		{k.command, k.help, k.suspend, k.quit, k.back},
	}
}

// newReport makes the report of a run; what the desk does not offer has no key.
func newReport(s *score.Snapshot, d Desk, o Options) report {
	var write func(format, path string, over bool) error
	if d.Write != nil {
		write = func(format, path string, over bool) error { return d.Write(s, format, path, over) }
	}
	r := report{options: o, theme: newTheme(o), desk: d, snap: s, tabs: reportTabs(s), export: newExporter(d.Formats, write)}
	r.first = make([]int, len(r.tabs))
	r.keys = reportKeys{
		move:     newMoveKeys(),
		next:     bind("tab/→", "next page", "tab", "right", "l"),
		previous: bind("shift+tab/←", "page before", "shift+tab", "left", "h"),
		export:   r.export.keys.start,
		replay:   bind("p", "replay", "p"),
		open:     bind("enter", "open a request", "enter"),
		back:     bind("esc", "back", "esc"),
		command:  bind(commandKey, "commands", commandKey),
		help:     bind("?", "help", "?"),
		suspend:  bind("ctrl+z", "suspend", "ctrl+z"),
		quit:     bind("q", "back", "q", "ctrl+c"),
	}
	r.keys.replay.SetEnabled(d.Play != nil)
	r.keys.open.SetEnabled(len(s.Failures) > 0)
	return r
}

// toReport makes a command that shows the report of a run that was kept.
func toReport(d Desk, id string, o Options) tea.Cmd {
	return func() tea.Msg {
		s, err := d.Read(id)
		if err != nil {
			return notice{text: "the run cannot be read: " + err.Error(), bad: true}
		}
		return open{newReport(s, d, o)}
	}
}

// Init does nothing: the report is all there.
func (r report) Init() tea.Cmd { return nil }

func (r report) writing() bool { return r.export.writing() }

func (r report) commands() []command { return r.export.commands() }

// Update is the screen's only way to change.
func (r report) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if k, ok := msg.(tea.KeyPressMsg); ok && key.Matches(k, r.keys.suspend) {
		return r, tea.Suspend
	}
	if x, cmd, mine := r.export.update(msg); mine {
		r.export = x
		return r, cmd
	}
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		r.w, r.h = msg.Width, msg.Height
	case tea.BackgroundColorMsg:
		r.options.Light = !msg.IsDark()
		r.theme = newTheme(r.options)
	case pressedKey:
		return r.pressed(msg.key)
	case tea.MouseClickMsg:
		return r.clicked(msg), nil
	case tea.MouseWheelMsg:
		return r.moved(msg), nil
	case tea.KeyPressMsg:
		return r.pressed(msg)
	}
	return r, nil
}

func (r report) pressed(msg tea.KeyPressMsg) (tea.Model, tea.Cmd) {
	k := r.keys
	switch {
	case r.opened != nil:
		if r.opened = r.opened.turned(msg); r.opened != nil {
			r.at = r.opened.at
		}
		return r.shownChosen(), nil
	case key.Matches(msg, k.help):
		r.help = !r.help
	case r.help && key.Matches(msg, k.back, k.quit):
		r.help = false
	case r.help: // the pages are covered
	case key.Matches(msg, k.quit, k.back):
		return r, tea.Quit
	case key.Matches(msg, k.next):
		r.tab = (r.tab + 1) % len(r.tabs)
	case key.Matches(msg, k.previous):
		r.tab = (r.tab + len(r.tabs) - 1) % len(r.tabs)
	case key.Matches(msg, k.open):
		r.opened = &waterfall{list: score.Worst(r.snap.Failures), at: r.at}
	case key.Matches(msg, k.export):
		r.export = r.export.started()
	case key.Matches(msg, k.replay):
		return r, toReplay(r.desk, r.snap.RunID, r.options)
	default:
		return r.moved(msg), nil
	}
	return r, nil
}

// moved scrolls the page that is shown, or goes through its requests.
func (r report) moved(msg tea.Msg) report {
	_, body := r.places()
	rows := len(r.tabs[r.tab].rows(r.snap, max(body.w, 1)))
	by, ok := r.keys.move.move(msg, rows, body.h)
	if !ok || r.help || r.opened != nil {
		return r
	}
	last := lastFirst(rows, body.h)
	r.first = slices.Clone(r.first)
	first := &r.first[r.tab]
	*first = min(*first, last)
	if list, n := r.list(rows); n > 0 {
		// Where the chosen one is in sight a step goes to the next; else the page
		// moves, and what is chosen stays in sight as far as the list is.
		seen := list+r.at >= *first && list+r.at < *first+body.h
		if next := r.at + by; seen && (by == 1 || by == -1) && next >= 0 && next < n {
			r.at = next
			return r.shownChosen()
		}
		*first = min(max(*first+by, 0), last)
		r.at = within(min(max(r.at, *first-list), *first+body.h-1-list), n)
		return r
	}
	*first = min(max(*first+by, 0), last)
	return r
}

// list is the first row of the worst requests on the page that is shown, of so
// many rows, and how many there are.
func (r report) list(rows int) (first, n int) {
	if !r.tabs[r.tab].list {
		return 0, 0
	}
	n = len(r.snap.Failures)
	return rows - n, n
}

// shownChosen scrolls the page so far that the chosen request is in sight.
func (r report) shownChosen() report {
	_, body := r.places()
	rows := len(r.tabs[r.tab].rows(r.snap, max(body.w, 1)))
	list, n := r.list(rows)
	if n == 0 || body.h < 1 {
		return r
	}
	r.first = slices.Clone(r.first)
	first := &r.first[r.tab]
	*first = min(max(*first, list+r.at-body.h+1), list+r.at)
	return r
}

// clicked picks the page whose name was clicked, or the request; chosen again
// it is opened.
func (r report) clicked(msg tea.MouseClickMsg) report {
	if r.help || r.opened != nil || msg.Button != tea.MouseLeft {
		return r
	}
	for i, p := range r.tabPlaces() {
		if p.holds(msg.X, msg.Y) {
			r.tab = i
			return r
		}
	}
	_, body := r.places()
	if !body.holds(msg.X, msg.Y) {
		return r
	}
	rows := len(r.tabs[r.tab].rows(r.snap, max(body.w, 1)))
	list, n := r.list(rows)
	i := min(r.first[r.tab], lastFirst(rows, body.h)) + msg.Y - body.y - list
	switch {
	case i < 0 || i >= n:
	case i == r.at:
		r.opened = &waterfall{list: score.Worst(r.snap.Failures), at: i}
	default:
		r.at = i
	}
	return r
}
