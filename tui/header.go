package tui

import (
	"strings"

	"brownout/harness/score"

	"github.com/charmbracelet/x/ansi"
)

// drawHeader writes what runs, where it is and what it has come to: on one
// row, or on two with the particulars on the second.
func drawHeader(a area, s *score.Snapshot) {
	th := a.th
	phaseMark, phaseInk, phase := th.badge(s)
	mark, in, verdict := th.verdict(s.Verdict)
	right := []struct {
		in   ink
		text string
	}{
		{phaseInk, phaseMark + " " + phase},
		{inkStrong, clock(s.T) + " / " + clock(s.Plan.Load.Duration)},
		{in, mark + " " + verdict},
	}
	x := a.w - 1
	if a.h < 2 && (s.Verdict == score.Pending || s.Verdict == "") {
		right = right[:2] // the title is worth more than "no verdict yet"
	}
	for i := len(right) - 1; i >= 0; i-- {
		x -= ansi.StringWidth(right[i].text)
		a.put(x, 0, right[i].in, right[i].text)
		x -= 3
	}
	left := a.put(1, 0, inkAccent, "brownout")
	a.text(left+2, 0, x-left-2, inkStrong, titleOf(s))
	if a.h < 2 {
		return
	}
	facts := []string{s.Plan.Scenario, "target " + s.Plan.Target, "seed " + seedText(s.Plan.Seed)}
	if o := s.Plan.Overrides; len(o) > 0 {
		facts = append(facts, strings.Join(o, ", "))
	}
	if s.Requests.Total > 0 {
		facts = append(facts, count(s.Requests.Total)+" requests", rateNow(s)+" offered", percent(s.Requests.Availability())+" available")
	}
	if c := cost(s); c > 0 {
		facts = append(facts, dollars(c)+" billed")
	}
	if s.Error != "" {
		facts = append([]string{"error: " + s.Error}, facts...)
	}
	a.text(1, 1, a.w-2, inkDim, strings.Join(facts, "  ·  "))
}

// titleOf is the scenario's title, or its name where it has none.
func titleOf(s *score.Snapshot) string {
	if s.Plan.Title != "" {
		return s.Plan.Title
	}
	return s.Plan.Scenario
}

// cost is what all providers billed, in USD.
func cost(s *score.Snapshot) float64 {
	sum := 0.0
	for _, l := range s.Providers {
		sum += l.CostUSD
	}
	return sum
}
