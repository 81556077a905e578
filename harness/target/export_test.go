package target

import "time"

// Hurry has a process looked at so often, and gives it so long for one answer.
func (o *Options) Hurry(often, each time.Duration) {
	o.pace = pace{look: often, ask: often, each: each}
}
