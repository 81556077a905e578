package child

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Members are the living processes of a group (0: of none), and those elsewhere
// that have the tag in their environment because one of the group started them.
func Members(group int, tag string) []int {
	var out []int
	for _, p := range table() {
		if p.state == 'Z' || p.state == 'X' {
			continue
		}
		if group > 0 && p.group == group || tagged(p.pid, tag) {
			out = append(out, p.pid)
		}
	}
	return out
}

// tagged tells whether a process has a tag in its environment; that of other
// users' processes cannot be read, and they are not ours.
func tagged(pid int, tag string) bool {
	env, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "environ"))
	return err == nil && slices.ContainsFunc(bytes.Split(env, []byte{0}), func(v []byte) bool { return string(v) == tag })
}

// entry is what /proc/PID/stat says, as far as it is wanted (man 5 proc).
type entry struct {
	pid, parent, group int
	state              byte
	ticks              uint64 // of CPU, user and system
	pages              int64  // resident
}

// table lists all processes.
func table() []entry {
	paths, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil { // the pattern is right
		return nil
	}
	var out []entry
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended since
		}
		if e, ok := parseStat(string(text)); ok {
			out = append(out, e)
		}
	}
	return out
}

// parseStat reads a line of /proc/PID/stat. The name, in parentheses, may hold
// anything, so fields are counted from behind it.
func parseStat(text string) (e entry, ok bool) {
	open, end := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	if open < 1 || end < open {
		return e, false
	}
	f := strings.Fields(text[end+1:])
	if len(f) < 22 {
		return e, false
	}
	number := func(i int) int64 {
		n, _ := strconv.ParseInt(f[i], 10, 64) // the kernel writes numbers
		return n
	}
	pid, err := strconv.Atoi(strings.TrimSpace(text[:open]))
	return entry{
		pid: pid, state: f[0][0], parent: int(number(1)), group: int(number(2)),
		ticks: uint64(number(11) + number(12)), pages: number(21),
	}, err == nil
}

// clockTick is the unit of CPU time in /proc, in ticks per second: 100 on every
// architecture that Go runs on.
const clockTick = 100

// Meter measures a process and its descendants.
type Meter struct {
	root  int
	ticks uint64
	at    time.Time
}

// NewMeter makes one of the process root and its descendants.
func NewMeter(root int) *Meter { return &Meter{root: root} }

// Read measures since the last time; false the first time, and where there is
// nothing to measure.
func (m *Meter) Read(now time.Time) (State, bool) {
	var s State
	var ticks uint64
	family := map[int]bool{m.root: true}
	all := table()
	for grown := true; grown; {
		grown = false
		for _, e := range all {
			if !family[e.pid] && (family[e.parent] || e.group == m.root) {
				family[e.pid], grown = true, true
			}
		}
	}
	for _, e := range all {
		if family[e.pid] {
			ticks += e.ticks
			s.RSS += e.pages * int64(os.Getpagesize())
			s.Processes++
		}
	}
	before, since := m.ticks, m.at
	m.ticks, m.at = ticks, now
	if since.IsZero() || s.Processes == 0 {
		return s, false
	}
	if ticks > before { // less: one of them has ended, and its time with it
		s.CPU = float64(ticks-before) / clockTick / now.Sub(since).Seconds()
	}
	return s, true
}
