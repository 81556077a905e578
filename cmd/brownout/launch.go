package main

import (
	"context"
	"errors"

	"brownout/harness"
	"brownout/tui"
)

// launch opens the launcher, from which a person starts runs and looks at what
// came of them. What was run is listed when they leave.
func (a *app) launch(ctx context.Context, ascii bool) error {
	d := a.newDesk(ctx, runFlags{out: defaultOut, repeat: 1, ascii: ascii})
	offered, err := d.launcher()
	if err != nil {
		return err
	}
	err = tui.Launch(ctx, offered, a.screen(ascii))
	d.close()
	told := d.tell()
	var broken *tui.PanicError
	switch {
	case errors.Is(err, tui.ErrInterrupted):
		err = harness.ErrInterrupted
	case errors.As(err, &broken):
		err = &harness.EnvironmentError{Err: err} // whatever it was, it was no bad input
	}
	return errors.Join(err, told)
}
