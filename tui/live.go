package tui

import (
	"time"

	"brownout/harness/score"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

// frameEvery is how often the live screen looks at the run.
const frameEvery = 100 * time.Millisecond

// live is the live screen.
type live struct {
	options Options
	theme   *theme
	keys    liveKeys
	w, h    int
	look    func() tea.Cmd // waits for the next look at the run; nil in a still frame
	stop    tea.Cmd        // asks the run to end

	snap   *score.Snapshot
	over   bool // the run has ended and all is down
	focus  panelID
	zoomed bool
	help   bool
	asking bool // "quit?"
	ending bool // the user ended the run and waits for it to come down
	first  [panelCount]int
	across int
	follow bool

	after     []key.Binding // keys of a run that is over
	replaying string        // how the player stands; "": the run is going on now

	err   error  // what Live returns
	drawn *drawn // the last frame, for when nothing has changed
}

// drawn is a frame with what it was drawn from.
type drawn struct {
	from live
	text string
}

// lookMsg is a look at the run.
type lookMsg struct {
	snap *score.Snapshot
	over bool
}

// stoppedMsg says that Stop has been called.
type stoppedMsg struct{}

func newLive(o Options) live {
	return live{options: o, theme: newTheme(o), keys: newLiveKeys(), focus: panelLanes, follow: true, drawn: &drawn{}}
}

// watch ties the screen to a run.
func (m live) watch(src Source) live {
	m.look = func() tea.Cmd {
		return tea.Tick(frameEvery, func(time.Time) tea.Msg { return lookAt(src) })
	}
	m.stop = func() tea.Msg {
		src.Stop()
		return stoppedMsg{}
	}
	return m
}

// lookAt reads a run's state. Done is asked first, so that the last snapshot of
// a run that is over is its final one.
func lookAt(src Source) lookMsg {
	over := false
	select {
	case <-src.Done():
		over = true
	default:
	}
	return lookMsg{snap: src.Snapshot(), over: over}
}

// Init asks for the background and takes the first look.
func (m live) Init() tea.Cmd {
	return tea.Batch(tea.RequestBackgroundColor, m.look())
}

// Update is the screen's only way to change.
func (m live) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.w, m.h = msg.Width, msg.Height
	case tea.BackgroundColorMsg:
		m.options.Light = !msg.IsDark()
		m.theme = newTheme(m.options)
	case lookMsg:
		return m.looked(msg)
	case tea.KeyPressMsg:
		return m.pressed(msg)
	}
	return m, nil
}

// looked takes in the run's state, and leaves once a run that the user ended
// is down. A run that ended by itself stays on the screen.
func (m live) looked(msg lookMsg) (tea.Model, tea.Cmd) {
	m.snap, m.over = msg.snap, msg.over
	switch {
	case m.over && m.ending:
		return m, tea.Quit
	case m.over:
		m.asking = false
		return m, nil // nothing will change any more
	}
	return m, m.look()
}

// pressed handles a key.
func (m live) pressed(msg tea.KeyPressMsg) (tea.Model, tea.Cmd) {
	k := m.keys
	switch {
	case key.Matches(msg, k.stop):
		return m.interrupt()
	case key.Matches(msg, k.suspend):
		return m, tea.Suspend
	case m.asking:
		return m.answered(msg)
	case key.Matches(msg, k.help):
		m.help = !m.help
	case key.Matches(msg, k.back):
		m = m.stepBack()
	case key.Matches(msg, k.quit) && m.help:
		m.help = false
	case key.Matches(msg, k.quit):
		if m.over {
			return m, tea.Quit
		}
		m.asking = !m.ending
	case m.help: // the panels are covered
	case key.Matches(msg, k.next):
		m.focus = m.neighbour(1)
	case key.Matches(msg, k.previous):
		m.focus = m.neighbour(-1)
	case key.Matches(msg, k.zoom):
		m.zoomed = !m.zoomed && len(m.slots(false)) > 0
	case key.Matches(msg, k.follow):
		m.follow = !m.follow
		m.first[panelLog] = m.lastLine(panelLog)
	default:
		return m.scrolled(msg), nil
	}
	return m, nil
}

// interrupt ends the run at once, or the screen where the run is being ended
// already or has ended by itself.
func (m live) interrupt() (tea.Model, tea.Cmd) {
	switch {
	case m.over:
		return m, tea.Quit
	case m.ending:
		m.err = ErrForced
		return m, tea.Quit
	}
	return m.end()
}

// answered takes the answer to "quit?".
func (m live) answered(msg tea.KeyPressMsg) (tea.Model, tea.Cmd) {
	switch {
	case key.Matches(msg, m.keys.yes):
		return m.end()
	case key.Matches(msg, m.keys.no):
		m.asking = false
	}
	return m, nil
}

// end asks the run to end; the screen leaves when it has.
func (m live) end() (tea.Model, tea.Cmd) {
	m.asking, m.ending, m.err = false, true, ErrInterrupted
	return m, m.stop
}

// stepBack undoes what lies uppermost.
func (m live) stepBack() live {
	if m.help {
		m.help = false
		return m
	}
	m.zoomed = false
	return m
}
