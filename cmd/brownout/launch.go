package main

import (
	"context"
	"errors"

	"brownout/harness"
	"brownout/tui"
)

// launch opens the launcher, from which a person starts runs and looks at what
// came of them. What was run is listed when they leave.
func (a *app) launch(ctx context.Context) error {
	d := a.newDesk(ctx, runFlags{out: defaultOut, repeat: 1})
	offered, err := d.launcher()
	if err != nil {
		return err
	}
	err = tui.Launch(ctx, offered, a.screen(false))
	d.close()
	told := d.tell()
	if errors.Is(err, tui.ErrInterrupted) {
		err = harness.ErrInterrupted
	}
	return errors.Join(err, told)
}
