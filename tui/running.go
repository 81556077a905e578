package tui

import (
	"context"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

// Live shows a run until the user leaves. It returns nil where the run ended
// by itself, ErrInterrupted where the user ended it (ErrForced where they did
// not wait; with the context's cause where ctx ended), and a *PanicError where
// the screen failed. In every case the terminal has been restored; a failed screen
// leaves the run alone.
func Live(ctx context.Context, src Source, d Desk, o Options) error {
	o = o.complete()
	last, err := show(ctx, newRunning(src, d, o), d, o)
	if err != nil {
		return err
	}
	return last.(running).err
}

// running is the live screen of a run, from which its report and its replay
// can be reached once it is over.
type running struct {
	live
	desk           Desk
	report, replay key.Binding
}

func newRunning(src Source, d Desk, o Options) running {
	v := running{live: newLive(o).watch(src), desk: d, report: bind("r", "report", "r"), replay: bind("p", "replay", "p")}
	v.snap = src.Snapshot()
	v.replay.SetEnabled(d.Play != nil)
	v.after = []key.Binding{v.report, v.replay}
	return v
}

// Update handles the keys that a run has when it is over, and leaves the
// others to the live screen.
func (v running) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case pressedKey:
		return v.Update(msg.key)
	case tea.KeyPressMsg:
		switch {
		case !v.over || v.help || v.snap == nil || v.snap.Plan == nil:
		case key.Matches(msg, v.report):
			return v, toOpen(newReport(v.snap, v.desk, v.options))
		case key.Matches(msg, v.replay):
			return v, toReplay(v.desk, v.snap.RunID, v.options)
		}
	}
	next, cmd := v.live.Update(msg)
	v.live = next.(live)
	return v, cmd
}
