package harness

import (
	"context"
	"os"
	"runtime"
	"runtime/metrics"
	"syscall"
	"time"

	"brownout/harness/journal"
)

// watch records once a second how the harness itself is doing, until ctx ends.
func (r *run) watch(ctx context.Context) {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	cpu, at := cpuTime(), time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-t.C:
			used := cpuTime()
			r.recorder.Record(r.reading((used - cpu).Seconds() / now.Sub(at).Seconds()))
			r.gauge()
			cpu, at = used, now
		}
	}
}

// reading is one second's state of the harness; cpu is in cores.
func (r *run) reading(cpu float64) *journal.Instrument {
	s := r.load.Take()
	return &journal.Instrument{
		InFlight: s.InFlight, Hits: s.Hits, LagP50: s.LagP50, LagP99: s.LagP99, LagMax: s.LagMax,
		Saturated: s.Saturated, CPU: cpu, RSS: residentBytes(), Goroutines: runtime.NumGoroutine(),
		OpenFDs: openFDs(), Dropped: r.recorder.Dropped(),
	}
}

// gauge records how busy each provider is.
func (r *run) gauge() {
	for _, p := range r.rig.Fleet.Providers() {
		g := p.Gauge()
		e := &journal.Gauge{
			Provider: p.Spec().Name, Busy: g.Busy, Waiting: g.Waiting, Slots: g.Slots, Replicas: g.Replicas,
			KVCache: g.KVUsage, Slow: g.Slow,
		}
		e.Headroom, e.Limited = p.Headroom()
		r.recorder.Record(e)
	}
}

// cpuTime is the processor time of this process so far, user and system.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// residentBytes is the memory that the Go runtime has mapped and not given
// back: resident memory, less the binary, on every system alike.
func residentBytes() int64 {
	s := []metrics.Sample{
		{Name: "/memory/classes/total:bytes"},
		{Name: "/memory/classes/heap/released:bytes"},
	}
	metrics.Read(s)
	return int64(s[0].Value.Uint64() - s[1].Value.Uint64())
}

// openFDs counts this process's open files, sockets included; 0 where the
// system has no list of them.
func openFDs() int {
	d, err := os.Open("/dev/fd")
	if err != nil {
		return 0
	}
	defer d.Close() //nolint:errcheck // it is only read
	names, err := d.Readdirnames(-1)
	if err != nil {
		return 0
	}
	return len(names) - 1 // without the one just opened
}
