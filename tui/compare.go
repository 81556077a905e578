package tui

import (
	"context"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"brownout/harness/score"
)

// Compare shows runs side by side while they go on, and their matrix when they
// have ended, until the user leaves. It returns ErrInterrupted where the user
// ended them before their time, and fails as Live does.
func Compare(ctx context.Context, race Race, d Desk, o Options) error {
	o = o.complete()
	last, err := show(ctx, newCompare(race, d, o), d, o)
	if err != nil {
		return err
	}
	return last.(compare).err
}

// pastRuns is a race of runs that are over already.
type pastRuns struct{ lanes []Lane }

func (pastRuns) Title() string { return "Runs side by side" }

func (p pastRuns) Lanes() []Lane { return p.lanes }

func (pastRuns) Stop() {}

func (pastRuns) Done() <-chan struct{} {
	done := make(chan struct{})
	close(done)
	return done
}

// raceEvery is how often a comparison looks at its runs.
const raceEvery = 200 * time.Millisecond

// compare is the screen that shows runs side by side.
type compare struct {
	options Options
	theme   *theme
	keys    compareKeys
	desk    Desk
	race    Race
	w, h    int

	lanes  []Lane
	over   bool
	matrix Matrix
	at     int // lane under the cursor
	first  int // first row shown of the matrix
	help   bool
	export exporter
	asking bool // "quit?"
	ending bool
	err    error // what Compare returns
}

// compareKeys are the keys of a comparison.
type compareKeys struct {
	up, down, top, bottom              key.Binding
	pageUp, pageDown                   key.Binding
	report, replay, export             key.Binding
	command, help, suspend, quit, stop key.Binding
	back, yes, no                      key.Binding
}

func newCompareKeys(d Desk) compareKeys {
	m := newMoveKeys()
	k := compareKeys{
		up:       bind("↑/k", "lane before", "up", "k", "left", "h", "shift+tab"),
		down:     bind("↓/j", "next lane", "down", "j", "right", "l", "tab"),
		top:      m.top,
		bottom:   m.bottom,
		pageUp:   bind("pgup", "matrix up", "pgup", "ctrl+b", "["),
		pageDown: bind("pgdn", "matrix down", "pgdown", "ctrl+f", "]"),
		report:   bind("enter", "report", "enter", "r"),
		replay:   bind("p", "replay", "p"),
		command:  bind(commandKey, "commands", commandKey),
		help:     bind("?", "help", "?"),
		suspend:  bind("ctrl+z", "suspend", "ctrl+z"),
		quit:     bind("q", "back", "q"),
		stop:     bind("ctrl+c", "stop the runs", "ctrl+c"),
		back:     bind("esc", "back", "esc"),
		yes:      bind("y", "yes", "y", "Y", "enter"),
		no:       bind("n", "no", "n", "N", "esc", "q"),
	}
	k.replay.SetEnabled(d.Play != nil)
	return k
}

// ShortHelp is the footer.
func (k compareKeys) ShortHelp() []key.Binding {
	return []key.Binding{k.report, k.replay, k.export, k.quit, k.help, k.down, k.up, k.pageDown, k.pageUp}
}

// FullHelp is the help screen, in columns.
func (k compareKeys) FullHelp() [][]key.Binding {
	return [][]key.Binding{
		{k.up, k.down, k.top, k.bottom, k.pageUp, k.pageDown},
		{k.report, k.replay, k.export, k.command},
		{k.help, k.suspend, k.quit, k.stop, k.back},
	}
}

// raceMsg is a look at the runs.
type raceMsg struct {
	lanes  []Lane
	over   bool
	matrix Matrix
}

func newCompare(race Race, d Desk, o Options) compare {
	c := compare{options: o, theme: newTheme(o), keys: newCompareKeys(d), desk: d, race: race}
	var write func(format, path string, over bool) error
	if d.WriteMatrix != nil {
		write = func(format, path string, over bool) error {
			return d.WriteMatrix(race.Title(), race.Lanes(), format, path, over)
		}
	}
	c.export = newExporter(d.MatrixFormats, write)
	c.keys.export = c.export.keys.start
	return c
}

func (c compare) writing() bool { return c.export.writing() }

func (c compare) commands() []command {
	if !c.over {
		return nil
	}
	return c.export.commands()
}

// Init takes the first look.
func (c compare) Init() tea.Cmd { return func() tea.Msg { return c.looked() } }

// looked reads the state of the runs. Done is asked first, so that the last
// look at runs that are over is at their final state.
func (c compare) looked() raceMsg {
	m := raceMsg{}
	select {
	case <-c.race.Done():
		m.over = true
	default:
	}
	m.lanes = c.race.Lanes()
	if m.over && c.desk.Matrix != nil {
		m.matrix = c.desk.Matrix(m.lanes)
	}
	return m
}

// Update is the screen's only way to change.
func (c compare) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if k, ok := msg.(tea.KeyPressMsg); ok && key.Matches(k, c.keys.suspend) {
		return c, tea.Suspend
	}
	if x, cmd, mine := c.export.update(msg); mine {
		c.export = x
		return c, cmd
	}
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		c.w, c.h = msg.Width, msg.Height
	case tea.BackgroundColorMsg:
		c.options.Light = !msg.IsDark()
		c.theme = newTheme(c.options)
	case raceMsg:
		c.lanes, c.over, c.matrix = msg.lanes, msg.over, msg.matrix
		c.at = within(c.at, len(c.lanes))
		switch {
		case c.over && c.ending:
			return c, tea.Quit
		case c.over:
			c.asking = false
			return c, nil
		}
		return c, tea.Tick(raceEvery, func(time.Time) tea.Msg { return c.looked() })
	case pressedKey:
		return c.pressed(msg.key)
	case tea.KeyPressMsg:
		return c.pressed(msg)
	case tea.MouseMsg:
		return c.pointed(msg), nil
	}
	return c, nil
}

func (c compare) pressed(msg tea.KeyPressMsg) (tea.Model, tea.Cmd) {
	k := c.keys
	switch {
	case key.Matches(msg, k.stop):
		switch {
		case c.over:
			return c, tea.Quit
		case c.ending:
			c.err = ErrForced
			return c, tea.Quit
		}
		return c.end()
	case c.asking:
		switch {
		case key.Matches(msg, k.yes):
			return c.end()
		case key.Matches(msg, k.no):
			c.asking = false
		}
	case key.Matches(msg, k.help):
		c.help = !c.help
	case c.help && key.Matches(msg, k.back, k.quit):
		c.help = false
	case c.help: // the lanes are covered
	case key.Matches(msg, k.quit, k.back):
		if c.over {
			return c, tea.Quit
		}
		c.asking = !c.ending
	case key.Matches(msg, k.up):
		c.at = within(c.at-1, len(c.lanes))
	case key.Matches(msg, k.down):
		c.at = within(c.at+1, len(c.lanes))
	case key.Matches(msg, k.top):
		c.at = 0
	case key.Matches(msg, k.bottom):
		c.at = within(len(c.lanes), len(c.lanes))
	case key.Matches(msg, k.pageUp):
		c = c.scrolled(-previewStep)
	case key.Matches(msg, k.pageDown):
		c = c.scrolled(previewStep)
	case key.Matches(msg, k.export):
		if !c.over {
			return c, told("the comparison can be written once all runs have ended")
		}
		c.export = c.export.started()
	case key.Matches(msg, k.report), key.Matches(msg, k.replay):
		s, ok := c.ready()
		switch {
		case !ok:
			return c, told("the run of this lane has not ended yet")
		case key.Matches(msg, k.report):
			return c, toOpen(newReport(s, c.desk, c.options))
		}
		return c, toReplay(c.desk, s.RunID, c.options)
	}
	return c, nil
}

// ready is the run of the lane under the cursor, once it has ended.
func (c compare) ready() (*score.Snapshot, bool) {
	if c.at >= len(c.lanes) {
		return nil, false
	}
	s := c.lanes[c.at].Snap
	return s, s != nil && s.Plan != nil && s.Finished
}

// end asks the runs to end; the screen leaves when they have.
func (c compare) end() (tea.Model, tea.Cmd) {
	c.asking, c.ending, c.err = false, true, ErrInterrupted
	race := c.race
	return c, func() tea.Msg { race.Stop(); return stoppedMsg{} }
}

// scrolled moves the matrix.
func (c compare) scrolled(by int) compare {
	p := c.places().matrix
	c.first = min(max(c.first+by, 0), lastFirst(len(c.matrixRows(p.w)), p.h))
	return c
}

// pointed handles the mouse: a click picks a lane, the wheel turns the matrix.
func (c compare) pointed(msg tea.MouseMsg) compare {
	m, p := msg.Mouse(), c.places()
	if c.help || c.asking {
		return c
	}
	switch msg := msg.(type) {
	case tea.MouseWheelMsg:
		by, _ := newMoveKeys().move(msg, 0, 0)
		if p.matrix.holds(m.X, m.Y) {
			return c.scrolled(by)
		}
		c.at = within(c.at+min(max(by, -1), 1), len(c.lanes))
	case tea.MouseClickMsg:
		if i := c.laneFirst(p) + (m.Y-p.lanes.y)/max(p.each, 1); msg.Button == tea.MouseLeft && p.lanes.holds(m.X, m.Y) && i < len(c.lanes) {
			c.at = i
		}
	}
	return c
}
