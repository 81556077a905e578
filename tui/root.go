package tui

import (
	"reflect"
	"runtime/debug"
	"slices"

	tea "charm.land/bubbletea/v2"
)

// root is the program: a stack of screens, of which the uppermost is shown and
// has the keys. A screen leaves by tea.Quit, and the one below it is shown
// again; it opens another by a message of type open. What a screen's commands
// answer goes to that screen, whichever is shown by then.
type root struct {
	desk    Desk
	options Options
	theme   *theme
	w, h    int
	stack   []layer // the uppermost last
	opened  int     // screens so far
	notice  notice
	line    commandLine
	last    tea.Model // the lowest screen, once it has left
}

// layer is a screen on the stack.
type layer struct {
	id     int
	screen tea.Model
}

// writer is a screen that may be writing text, so that letters are no keys.
type writer interface{ writing() bool }

// notice is a sentence on the last row, until the next key; where the screen
// moves by itself, it covers the keys for a while only.
type notice struct {
	text  string
	bad   bool
	looks int // that the screen has taken since
}

// noticeLooks is after how many looks at a run a notice has been read.
const noticeLooks = 80

// Messages of screens to the root.
type (
	open      struct{ screen tea.Model } // shows another screen above this one
	addressed struct {                   // what a screen's command answered
		to  int
		msg tea.Msg
	}
	left    struct{ id int } // a screen has left
	shown   struct{}         // to a screen: it is the uppermost again
	crashed struct {         // a screen's command panicked
		value any
		stack []byte
	}
)

// told makes a command that says something on the last row.
func told(text string) tea.Cmd { return func() tea.Msg { return notice{text: text} } }

// failed makes a command that says what went wrong.
func failed(err error) tea.Cmd { return func() tea.Msg { return notice{text: err.Error(), bad: true} } }

// toOpen makes a command that shows a screen.
func toOpen(m tea.Model) tea.Cmd { return func() tea.Msg { return open{m} } }

func newRoot(first tea.Model, d Desk, o Options) root {
	return root{desk: d, options: o, theme: newTheme(o), stack: []layer{{0, first}}}
}

// Init begins the first screen.
func (r root) Init() tea.Cmd {
	return tea.Batch(tea.RequestBackgroundColor, r.own(r.stack[0].id, r.stack[0].screen.Init()))
}

// Update passes messages to the screens they are for.
func (r root) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case crashed:
		panic(msg) // the guard around the root tells of it
	case tea.WindowSizeMsg:
		r.w, r.h = msg.Width, msg.Height
		return r.all(msg)
	case tea.BackgroundColorMsg:
		r.options.Light = !msg.IsDark()
		r.theme = newTheme(r.options)
		return r.all(msg)
	case open:
		return r.push(msg.screen)
	case left:
		return r.pop(msg.id)
	case notice:
		r.notice = msg
		return r, nil
	case addressed:
		switch inner := msg.msg.(type) {
		case open, notice:
			return r.Update(inner)
		case lookMsg, raceMsg:
			if r.notice.looks++; r.notice.looks >= noticeLooks {
				r.notice = notice{}
			}
		}
		return r.pass(msg.to, msg.msg)
	case tea.KeyPressMsg:
		return r.pressed(msg)
	case tea.PasteMsg:
		if r.line.open {
			r.line = r.line.typed(msg)
			return r, nil
		}
	case tea.MouseMsg:
		if r.line.open {
			return r, nil
		}
		if _, moved := msg.(tea.MouseMotionMsg); !moved {
			r.notice = notice{}
		}
	}
	return r.pass(r.top().id, msg)
}

// top is the screen that is shown.
func (r root) top() layer { return r.stack[len(r.stack)-1] }

// pressed handles a key: the command line's, or that of the screen shown.
func (r root) pressed(msg tea.KeyPressMsg) (tea.Model, tea.Cmd) {
	r.notice = notice{}
	top := r.top()
	if r.line.open {
		return r.commanded(msg)
	}
	if w, ok := top.screen.(writer); msg.String() == commandKey && (!ok || !w.writing()) {
		r.line = newCommandLine(r.commands())
		return r, nil
	}
	return r.pass(top.id, msg)
}

// pass gives a message to one screen; one that has left gets none any more.
func (r root) pass(id int, msg tea.Msg) (tea.Model, tea.Cmd) {
	i := slices.IndexFunc(r.stack, func(l layer) bool { return l.id == id })
	if i < 0 {
		return r, nil
	}
	next, cmd := r.stack[i].screen.Update(msg)
	r.stack = slices.Clone(r.stack)
	r.stack[i].screen = next
	return r, r.own(id, cmd)
}

// all gives a message to every screen.
func (r root) all(msg tea.Msg) (tea.Model, tea.Cmd) {
	r.stack = slices.Clone(r.stack)
	cmds := make([]tea.Cmd, len(r.stack))
	for i, l := range r.stack {
		next, cmd := l.screen.Update(msg)
		r.stack[i].screen, cmds[i] = next, r.own(l.id, cmd)
	}
	return r, tea.Batch(cmds...)
}

// push shows a screen above the others.
func (r root) push(screen tea.Model) (tea.Model, tea.Cmd) {
	r.opened++
	id := r.opened
	screen, cmd := screen.Update(tea.WindowSizeMsg{Width: r.w, Height: r.h})
	r.stack = append(slices.Clone(r.stack), layer{id, screen})
	return r, r.own(id, tea.Batch(cmd, screen.Init()))
}

// pop takes a screen away, and ends the program with the last one.
func (r root) pop(id int) (tea.Model, tea.Cmd) {
	i := slices.IndexFunc(r.stack, func(l layer) bool { return l.id == id })
	switch {
	case i < 0:
		return r, nil
	case len(r.stack) == 1:
		r.last = r.stack[0].screen
		return r, tea.Quit
	}
	r.stack = slices.Delete(slices.Clone(r.stack), i, i+1)
	return r.pass(r.top().id, shown{})
}

// own makes what a screen's command answers come back to that screen. Messages
// of other packages are Bubble Tea's own: it knows what to do with them.
func (r root) own(id int, cmd tea.Cmd) tea.Cmd {
	if cmd == nil {
		return nil
	}
	return func() (msg tea.Msg) {
		defer func() {
			if v := recover(); v != nil {
				msg = crashed{value: v, stack: debug.Stack()}
			}
		}()
		switch msg := cmd().(type) {
		case nil:
			return nil
		case tea.QuitMsg:
			return left{id}
		case tea.BatchMsg:
			batch := make(tea.BatchMsg, len(msg))
			for i, c := range msg {
				batch[i] = r.own(id, c)
			}
			return batch
		default:
			if reflect.TypeOf(msg).PkgPath() == reflect.TypeFor[root]().PkgPath() {
				return addressed{id, msg}
			}
			return msg
		}
	}
}

// View is the screen that is shown, with what lies over its last rows.
func (r root) View() tea.View {
	v := r.top().screen.View()
	v.AltScreen = true
	v.WindowTitle = "brownout"
	v.MouseMode = tea.MouseModeCellMotion
	v.Content = r.overlaid(v.Content)
	return v
}
