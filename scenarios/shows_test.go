package scenarios_test

import (
	"slices"
	"testing"

	"brownout/plan"
	"brownout/scenarios"
)

// shownByNone are the mitigations whose worth no score can show, and why.
var shownByNone = map[string]string{
	"model_map":          "it is the operator's names for models: without it other ones are asked, and nothing fails",
	"migration":          "it moves calls where the operator wants them: without it nothing is moved, and nothing can go wrong",
	"degradation_ladder": "it bounds and marks what the order and the caches do anyway",
	"tracing":            "it shows what happened and changes nothing",
}

// Of each mitigation somebody can see what it is worth: a built-in scenario
// shows it, or it is said why none can.
func TestEveryMitigationIsShown(t *testing.T) {
	shown := map[string]string{}
	for _, name := range scenarios.Builtin() {
		s, err := scenarios.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range s.Info().Shows {
			shown[m] = name
		}
	}
	for _, m := range plan.Mitigations {
		switch by, why := shown[m], shownByNone[m]; {
		case by == "" && why == "":
			t.Errorf("no built-in scenario shows %q; name it in the key shows of one whose score is lower without it", m)
		case by != "" && why != "":
			t.Errorf("%s shows %q, of which is said that none can: %s", by, m, why)
		}
	}
	for m := range shownByNone {
		if !slices.Contains(plan.Mitigations, m) {
			t.Errorf("there is no mitigation %q", m)
		}
	}
}
