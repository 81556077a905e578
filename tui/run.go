package tui

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	tea "charm.land/bubbletea/v2"
)

// framesPerSecond caps how often the terminal is written to; a key is on the
// screen within one frame.
const framesPerSecond = 30

// show runs a screen, with those that it opens, and returns its last state.
func show(ctx context.Context, m tea.Model, d Desk, o Options) (tea.Model, error) {
	outer := ctx
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	options := []tea.ProgramOption{
		tea.WithContext(ctx), tea.WithEnvironment(o.Environ), tea.WithFPS(framesPerSecond),
		tea.WithWindowSize(o.Width, o.Height), tea.WithoutSignalHandler(), // signals reach us through ctx
	}
	if o.In != nil {
		options = append(options, tea.WithInput(o.In))
	}
	if o.Out != nil {
		options = append(options, tea.WithOutput(o.Out))
	}
	last, err := tea.NewProgram(guard{inner: newRoot(m, d, o), failed: cancel}, options...).Run()
	switch {
	case outer.Err() != nil:
		return nil, fmt.Errorf("%w: %w", ErrInterrupted, context.Cause(outer))
	case ctx.Err() != nil:
		return nil, context.Cause(ctx) // the guard's
	}
	if err != nil {
		return nil, fmt.Errorf("screen: %w", err)
	}
	g, ok := last.(guard)
	if !ok {
		return nil, errors.New("screen: it ended without a state")
	}
	return g.inner.(root).last, nil
}

// guard turns a panic in a screen into the end of that screen. Bubble Tea
// would catch it too, but writes the stack across the terminal that the run
// goes on to use.
type guard struct {
	inner  tea.Model
	failed context.CancelCauseFunc
}

func (g guard) catch() {
	switch r := recover().(type) {
	case nil:
	case crashed:
		g.failed(&PanicError{Value: r.value, Stack: r.stack})
	default:
		g.failed(&PanicError{Value: r, Stack: debug.Stack()})
	}
}

// Init begins the screen.
func (g guard) Init() tea.Cmd {
	defer g.catch()
	return g.inner.Init()
}

// Update changes the screen; after a panic it is as it was.
func (g guard) Update(msg tea.Msg) (next tea.Model, cmd tea.Cmd) {
	next = g //nolint:wastedassign // what a panic leaves as the result
	defer g.catch()
	inner, cmd := g.inner.Update(msg)
	return guard{inner: inner, failed: g.failed}, cmd
}

// View draws the screen; after a panic it is empty.
func (g guard) View() (v tea.View) {
	defer g.catch()
	return g.inner.View()
}
