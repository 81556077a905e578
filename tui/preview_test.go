package tui

import (
	"strings"
	"testing"
	"time"

	"brownout/plan"
)

// previewPlan is a plan with all that a fault may have.
func previewPlan() *plan.Plan {
	p := *fixturePlan()
	p.Faults = []plan.Fault{
		{Name: "slow", Kind: "latency_spike", On: []string{"openai"}, At: 8 * time.Second, For: 10 * time.Second, Share: .5, Ramp: 4 * time.Second, Model: "gpt-5.4"},
		{Name: "cascade", Kind: "rate_limit", On: []string{"anthropic"}, At: 9 * time.Second, For: 6 * time.Second, Share: 1, When: &plan.Trigger{Metric: "share", Arg: "openai", Op: "<", Bound: .1}},
	}
	return &p
}

func TestPreviews(t *testing.T) {
	for name, o := range map[string]Options{
		"preview-100.txt":       {Width: 100, NoColor: true},
		"preview-60-ascii.txt":  {Width: 60, NoColor: true, ASCII: true},
		"preview-80-colour.txt": {Width: 80},
	} {
		t.Run(name, func(t *testing.T) {
			got := Preview(previewPlan(), o)
			fits(t, got, o.Width, 1000)
			golden(t, name, got)
		})
	}
}

// Nothing that a plan says of a fault is lost, however narrow the terminal.
func TestAPreviewSaysAllOfAFault(t *testing.T) {
	for width := 30; width <= 120; width += 15 {
		got := strings.Join(strings.Fields(Preview(previewPlan(), Options{Width: width, NoColor: true})), " ")
		for _, want := range []string{
			"slow (latency_spike) on openai, calls for gpt-5.4 at 8s for 10s, 50% of calls, growing over 4s",
			"cascade (rate_limit) on anthropic when share(openai) < 0.1, from 9s on for 6s",
		} {
			if !strings.Contains(got, want) {
				t.Errorf("%d columns: %q is missing from\n%s", width, want, got)
			}
		}
	}
}
