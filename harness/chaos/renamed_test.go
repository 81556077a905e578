package chaos_test

import (
	"slices"
	"testing"

	"brownout/harness/chaos"
	"brownout/plan"
)

func TestRenamedListsTheNewNames(t *testing.T) {
	rename := func(params map[string]any) plan.Fault {
		params["mode"] = "renamed"
		return plan.Fault{Kind: "deprecation", On: []string{"openai"}, Params: params}
	}
	p := &plan.Plan{
		Providers: []plan.Provider{small("openai")},
		Faults: []plan.Fault{
			rename(map[string]any{}), rename(map[string]any{"to": "next"}),
			{Kind: "deprecation", On: []string{"openai"}},
			{Kind: "outage", On: []string{"openai"}},
		},
	}
	if got := chaos.Renamed(p); !slices.Equal(got, []string{"m-v2", "next"}) {
		t.Errorf("%q", got)
	}
}
