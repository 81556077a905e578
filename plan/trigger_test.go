package plan_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"brownout/plan"
)

func TestParseTrigger(t *testing.T) {
	tests := []struct {
		text string
		want plan.Trigger
	}{
		{"share(openai) < 0.1", plan.Trigger{Metric: "share", Arg: "openai", Op: "<", Bound: .1}},
		{" share ( gpu-a )<=10% ", plan.Trigger{Metric: "share", Arg: "gpu-a", Op: "<=", Bound: .1}},
		{"errors(openai) > 50 %", plan.Trigger{Metric: "errors", Arg: "openai", Op: ">", Bound: .5}},
		{"rate >= 50", plan.Trigger{Metric: "rate", Op: ">=", Bound: 50}},
		{"rate > 12.5/s", plan.Trigger{Metric: "rate", Op: ">", Bound: 12.5}},
		{"availability < 95%", plan.Trigger{Metric: "availability", Op: "<", Bound: .95}},
	}
	for _, tt := range tests {
		got, err := plan.ParseTrigger(tt.text)
		if err != nil || got != tt.want {
			t.Errorf("%s: got %+v, %v, want %+v", tt.text, got, err, tt.want)
		}
		if again, err := plan.ParseTrigger(got.String()); err != nil || again != got {
			t.Errorf("%s: written as %s, which reads %+v, %v", tt.text, got, again, err)
		}
	}
}

func TestParseTriggerPointsAtTheCharacter(t *testing.T) {
	tests := []struct {
		text string
		at   int
		says string
	}{
		{"", 0, "a figure to wait for is missing"},
		{"  < 1", 0, "a figure to wait for is missing"},
		{"shar(openai) < 0.1", 0, `did you mean "share"?`},
		{" speed > 3", 1, "known are share, errors, rate, availability"},
		{"share < 0.1", 5, "write share(NAME)"},
		{"rate(openai) > 1", 4, "takes no argument"},
		{"share(openai < 0.1", 12, "closing parenthesis"},
		{"share() < 0.1", 6, "provider's name is missing"},
		{"share(openai)x < 0.1", 13, "nothing may stand between"},
		{"share(openai) 0.1", 13, "nothing may stand between"},
		{"availability", 12, "a comparison is missing"},
		{"availability == 1", 13, "one of <, <=, >, >="},
		{"availability <", 14, "a bound is missing"},
		{"availability < 95", 15, "above 100%"},
		{"availability < 9o%", 16, "not a share"},
		{"rate > 3%", 8, "not a number of requests per second"},
		{"rate > -1", 7, "negative"},
	}
	for _, tt := range tests {
		_, err := plan.ParseTrigger(tt.text)
		var e *plan.TriggerError
		if !errors.As(err, &e) {
			t.Errorf("%q: %v", tt.text, err)
			continue
		}
		if e.Offset != tt.at || !strings.Contains(e.Error(), tt.says) {
			t.Errorf("%q: at %d (want %d): %v (want %q)", tt.text, e.Offset, tt.at, e, tt.says)
		}
	}
}

func TestTriggerHolds(t *testing.T) {
	for _, tt := range []struct {
		op              string
		below, at, over bool
	}{{"<", true, false, false}, {"<=", true, true, false}, {">", false, false, true}, {">=", false, true, true}} {
		v := plan.Trigger{Op: tt.op, Bound: .5}
		if v.Holds(.4) != tt.below || v.Holds(.5) != tt.at || v.Holds(.6) != tt.over || v.Holds(math.NaN()) {
			t.Errorf("%s: %v %v %v %v", tt.op, v.Holds(.4), v.Holds(.5), v.Holds(.6), v.Holds(math.NaN()))
		}
	}
}

// FuzzParseTrigger asks of every text: no panic, an offset within it, and that
// what is accepted reads the same when it is written again.
func FuzzParseTrigger(f *testing.F) {
	for _, s := range []string{"share(openai) < 0.1", "errors(a)>5%", "rate >= 50/s", "availability<1", "shäre(", "rate > 1e999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := plan.ParseTrigger(text)
		var e *plan.TriggerError
		switch {
		case err == nil:
			if again, err := plan.ParseTrigger(got.String()); err != nil || again != got {
				t.Errorf("%q: %+v, written as %q, reads %+v, %v", text, got, got, again, err)
			}
		case !errors.As(err, &e) || e.Offset < 0 || e.Offset > len(text) || e.Error() == "":
			t.Errorf("%q: %#v", text, err)
		}
	})
}
