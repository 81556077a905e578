package harness_test

import (
	"testing"
	"time"

	"brownout/harness"
	"brownout/plan"
)

// Personal data that a provider of another class is shown fails the run,
// whoever answers; behind placeholders it is not shown, and the answers are to
// the people all the same.
func TestPersonalData(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		edit  func(*plan.Plan)
		shown bool
	}{
		{"shown", func(*plan.Plan) {}, true},
		{"to who may see it", func(p *plan.Plan) {
			p.Load.Mix[0].Personal, p.Load.Mix[1].Personal = []string{"cloud"}, []string{"cloud"}
		}, false},
		{"hidden", func(p *plan.Plan) { p.Router.On = []string{"redaction"} }, false},
		{"hidden in part", func(p *plan.Plan) {
			p.Router.On = []string{"redaction"}
			p.Router.Redaction.Kinds = []string{plan.PersonalEmail, plan.PersonalIBAN}
		}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := tiny(lasting(500*time.Millisecond), func(p *plan.Plan) {
				p.Load.Mix[0].Personal, p.Load.Mix[1].Personal = []string{"gpu"}, []string{"gpu"}
			}, c.edit)
			snap, err := harness.Run(t.Context(), p, harness.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got := snap.Requests; got.OK != got.Total || got.Total == 0 {
				t.Errorf("%+v", got)
			}
			if n := snap.ViolationCount; c.shown && n != snap.Requests.Total || !c.shown && n != 0 {
				t.Errorf("%d violations of %d requests: %+v", n, snap.Requests.Total, snap.Violations)
			}
		})
	}
}
