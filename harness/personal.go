package harness

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"

	"brownout/harness/journal"
	"brownout/mocks"
	"brownout/mocks/answer"
	"brownout/plan"
)

// personalWatch looks, in a provider's place, whether a prompt that carries
// personal data shows it any: that of the person whom the request's marker
// stands for. It sits where faults do, and changes nothing.
type personalWatch struct {
	plan   *plan.Plan
	class  string // of the provider
	breach func(*journal.Violation)
}

// watchPersonal has the mocks watch for personal data, where any is sent.
func (r *run) watchPersonal() {
	carried := false
	for _, m := range r.plan.Load.Mix {
		carried = carried || len(m.Personal) > 0
	}
	if !carried {
		return
	}
	for _, m := range r.rig.Fleet.Providers() {
		m.Inject("personal data", &personalWatch{r.plan, m.Spec().Class, func(v *journal.Violation) {
			if r.started.Load() {
				r.record(v)
			}
		}})
	}
}

// Meet implements mocks.Fault.
func (w *personalWatch) Meet(*mocks.Call) mocks.Effect { return mocks.Effect{} }

// Inspect implements mocks.Inspector.
func (w *personalWatch) Inspect(c *mocks.Call, _ *http.Request, body []byte) mocks.Effect {
	kind, _, _ := strings.Cut(c.Marker, "-")
	for _, m := range w.plan.Load.Mix {
		if m.Kind != kind || m.Reveals(w.class) {
			continue
		}
		for _, value := range answer.PersonOf(c.Marker).Values() {
			if shows(c, body, value) {
				w.breach(&journal.Violation{
					What: "privacy", Marker: c.Marker, Provider: c.Provider,
					Detail: fmt.Sprintf("the personal data of a %s request may only be shown to classes %s; %s is %s and was shown it", kind, strings.Join(m.Personal, ", "), c.Provider, w.class),
				})
				return mocks.Effect{}
			}
		}
	}
	return mocks.Effect{}
}

// shows tells whether a call has a value in it, in its bytes or, where those
// write letters otherwise, in what they say.
func shows(c *mocks.Call, body []byte, value string) bool {
	if bytes.Contains(body, []byte(value)) {
		return true
	}
	for _, m := range c.Request.Messages {
		if strings.Contains(m.Text, value) {
			return true
		}
		for _, t := range m.ToolCalls {
			if strings.Contains(t.Arguments, value) {
				return true
			}
		}
	}
	return false
}
