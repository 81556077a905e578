package score

import "brownout/harness/journal"

// Target is what is known of a process under test beside what clients and
// providers saw of it. The zero value is a target that Brownout did not start,
// or of which the system does not tell.
type Target struct {
	CPUMean   float64 // cores
	CPUMax    float64 // cores
	RSSMax    int64   // bytes
	Processes int     // the most at one time
	Findings  []journal.Finding
}

// maxFindings bounds what a snapshot keeps of findings.
const maxFindings = 100

// target is the fold behind Target.
type target struct {
	out    Target
	ticks  int
	cpuSum float64
}

func (t *target) fold(e *journal.Target) {
	t.ticks++
	t.cpuSum += e.CPU
	t.out.CPUMax = max(t.out.CPUMax, e.CPU)
	t.out.RSSMax = max(t.out.RSSMax, e.RSS)
	t.out.Processes = max(t.out.Processes, e.Processes)
}

func (t *target) found(f journal.Finding) {
	if len(t.out.Findings) < maxFindings {
		t.out.Findings = append(t.out.Findings, f)
	}
}

func (t *target) snapshot() Target {
	out := t.out
	out.Findings = out.Findings[:len(out.Findings):len(out.Findings)]
	if t.ticks > 0 {
		out.CPUMean = t.cpuSum / float64(t.ticks)
	}
	return out
}

// crash is how the process under test ended by itself; "" where it did not.
func (t *target) crash() string {
	for _, f := range t.out.Findings {
		if f.What == journal.FindingCrashed {
			return f.Detail
		}
	}
	return ""
}
