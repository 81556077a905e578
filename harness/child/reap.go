package child

import "time"

// Lingering is how long what a program started may outlive it before it counts
// as left running.
const Lingering = 300 * time.Millisecond

// Times of ending what is left.
const (
	lookEvery = 50 * time.Millisecond
	killTime  = 2 * time.Second // what is killed is gone a moment later, or has started another meanwhile
)

// Reap ends what a program that has ended left running, and counts it: the
// members of its group (0: it had none of its own), and those that have its tag
// in their environment. They may end by themselves within patience. When it
// returns they are gone, but for those that the system does not let go.
func Reap(group int, tag string, patience time.Duration) int {
	over := time.Now().Add(patience)
	left := Members(group, tag)
	for len(left) > 0 && time.Now().Before(over) {
		time.Sleep(lookEvery)
		left = Members(group, tag)
	}
	n := len(left)
	for over = time.Now().Add(killTime); len(left) > 0 && time.Now().Before(over); left = Members(group, tag) {
		for _, pid := range left {
			Kill(pid)
		}
		time.Sleep(lookEvery / 10)
	}
	return n
}
