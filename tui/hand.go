package tui

import (
	"strconv"
	"strings"

	"brownout/harness/score"
	"brownout/plan"
)

// Hand is a Source on which a person may act while the run is on. Its methods return once
// what they do is in effect, or with an error: a *plan.OrderError where what was
// asked for is wrong. They are called beside the screen's own goroutine.
type Hand interface {
	Check(plan.Order) error // tells what is wrong with an order, and does nothing
	Inject(plan.Order) (plan.Fault, error)
	Clear(fault string) error
	Scale(factor float64) error // multiplies the rate of the load
	Hold(rate float64) error    // keeps the load at so many requests per second
	Switch(plan.Change) error
}

// Acts are what the live screen offers a person who has a hand in a run.
type Acts struct {
	Kinds       []FaultKind  // the catalogue of faults
	Mitigations []Mitigation // of the target's router
	// Save keeps a run as a scenario file, with all that was done by hand; nil:
	// it cannot be saved. The error is a *plan.OrderError where the path is
	// wrong.
	Save func(path string, s *score.Snapshot) error
}

// FaultKind is one entry of the catalogue of faults.
type FaultKind struct {
	Name    string
	Layer   string // where it acts
	Summary string // one line
	Params  []Param
}

// Param is one parameter of a kind.
type Param struct {
	Name    string
	Type    string // duration, number, integer, text, flag
	Default string
	Enum    []string // the only values; nil: any of the type
	Range   string   // in words: bounds and unit
	Doc     string
}

// value is text as a scenario would have it. What is not of the parameter's
// type stays text, so that whoever knows it can say what they want instead.
func (p Param) value(text string) any {
	switch p.Type {
	case "number", "integer":
		if n, err := strconv.ParseFloat(text, 64); err == nil {
			return n
		}
	case "flag":
		if b, err := strconv.ParseBool(text); err == nil {
			return b
		}
	}
	return text
}

// Mitigation is one thing the target's router does against misbehaving
// providers.
type Mitigation struct {
	Name    string
	On      bool // where nothing says otherwise
	Summary string
}

// victimsOf are the words by which providers of a plan can be meant: each by
// its name, then classes and regions of more than one, then all.
func victimsOf(p *plan.Plan) []string {
	var names, groups []string
	count := map[string]int{}
	for _, v := range p.Providers {
		names = append(names, v.Name)
		for _, g := range []string{"class:" + v.Class, "region:" + v.Region} {
			if count[g]++; count[g] == 2 {
				groups = append(groups, g)
			}
		}
	}
	names = append(names, groups...)
	if len(p.Providers) > 1 {
		names = append(names, "all")
	}
	return names
}

// routerNow are the settings of a plan's router with all switches that have
// come.
func routerNow(s *score.Snapshot) plan.Router {
	r := s.Plan.Router
	for _, c := range s.Plan.Changes {
		if c.At <= s.T {
			r = r.Changed(c)
		}
	}
	return r
}

// underHand is a path for a run that is saved.
func underHand(s *score.Snapshot) string {
	name := s.Plan.Scenario
	if name == "" {
		name = "scenario"
	}
	return strings.TrimSuffix(name, "-by-hand") + "-by-hand.toml"
}
