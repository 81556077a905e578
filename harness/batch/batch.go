// Package batch decides which runs go side by side.
//
// Plans flow in, an estimate of what each costs flows out; with it, many runs
// are started so that together they leave the machine enough room to be
// measured by. The package starts nothing itself and knows nothing of rigs: a
// run is a function of its caller's.
package batch

import (
	"cmp"
	"context"
	"slices"
	"time"

	"brownout/plan"
)

// Job is one run to be.
type Job struct {
	Cores  float64       // it needs, by an estimate
	Length time.Duration // it takes, about
}

// Limits bound what goes on at once. The zero value is one run at a time.
type Limits struct {
	Runs  int     // at once; below 1: 1
	Cores float64 // that all runs at once may need by their estimates; 0: any number
}

// Run calls do once for each job, in its own goroutine, and returns when all
// calls have. Slot is a number below Limits.Runs that no other call has at that
// time. One at a time, jobs run in their order; otherwise the longest begin
// first, and one that does not fit lets others pass. A job that needs more than
// all of Limits.Cores runs alone. After the end of ctx none is begun.
func Run(ctx context.Context, jobs []Job, l Limits, do func(ctx context.Context, job, slot int)) {
	l.Runs = max(l.Runs, 1)
	waiting := make([]int, len(jobs))
	for i := range waiting {
		waiting[i] = i
	}
	if l.Runs > 1 {
		slices.SortStableFunc(waiting, func(a, b int) int { return cmp.Compare(jobs[b].Length, jobs[a].Length) })
	}
	type end struct{ job, slot int }
	ended := make(chan end)
	free := make([]bool, l.Runs)
	for i := range free {
		free[i] = true
	}
	running, cores := 0, 0.0
	for {
		for ctx.Err() == nil && running < l.Runs {
			next := slices.IndexFunc(waiting, func(job int) bool {
				return running == 0 || l.Cores <= 0 || cores+jobs[job].Cores <= l.Cores
			})
			if next < 0 {
				break
			}
			job, slot := waiting[next], slices.Index(free, true)
			waiting = slices.Delete(waiting, next, next+1)
			free[slot] = false
			running, cores = running+1, cores+jobs[job].Cores
			go func() {
				do(ctx, job, slot)
				ended <- end{job, slot}
			}()
		}
		if running == 0 {
			return
		}
		e := <-ended
		free[e.slot] = true
		running, cores = running-1, cores-jobs[e.job].Cores
	}
}

// What a request costs, in seconds of one core, through mock, link, router and
// client: five scenarios of 30 to 40 requests per second were seen to use 0.05
// cores each, of which this makes half as much again. It only has to be good
// enough to tell quiet scenarios from loud ones: a run that is disturbed after
// all says so itself.
const (
	coresPerRun     = 0.02    // recorder, snapshots, clocks
	coresPerRequest = 0.0004  // at one request per second
	coresPerToken   = 0.00003 // of a stream, at one per second
)

// What a target of its own process takes beside that. Portkey's gateway on Node.js
// was seen to use 0.10 cores at 10 requests per second and 0.24 at 40; this makes
// half as much again, for a gateway begins with a burst of its own, and several
// starved each other without it.
const (
	coresPerProcess        = 0.1
	coresPerProcessRequest = 0.006 // at one request per second
)

// Cost estimates what a run of the plan needs at its busiest, with the process
// that is its target, where it has one.
func Cost(p *plan.Plan, process bool) Job {
	l := p.Load
	peak := max(l.Rate(0), l.Rate(l.Duration))
	for _, pt := range l.Profile {
		if pt.At <= l.Duration {
			peak = max(peak, pt.Rate)
		}
	}
	weights, tokens, longest := 0.0, 0.0, time.Duration(0)
	for _, m := range l.Mix {
		weights += m.Weight
		if m.Kind == plan.KindStream {
			tokens += m.Weight * float64(m.Tokens)
		}
		longest = max(longest, m.Deadline)
	}
	if weights > 0 {
		tokens /= weights
	}
	cores := coresPerRun + peak*(coresPerRequest+tokens*coresPerToken)
	if process {
		cores += coresPerProcess + peak*coresPerProcessRequest
	}
	return Job{
		Cores:  cores,
		Length: l.Duration + longest + plan.Grace,
	}
}
