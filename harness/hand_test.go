package harness_test

import (
	"errors"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"brownout/harness"
	"brownout/harness/journal"
	"brownout/harness/score"
	"brownout/plan"
)

// All that is done by hand is in effect at once, becomes part of the plan, and
// is read from the journal as it was seen live.
func TestByHand(t *testing.T) {
	t.Parallel()
	p := tiny(lasting(4*time.Second), outage("refused", 3200*time.Millisecond, 400*time.Millisecond))
	s := overlook(t.Context(), t, p, harness.Options{OutDir: t.TempDir()})
	must := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	until(t, s.Session, "requests flow", func(s *score.Snapshot) bool { return s.Requests.Total > 5 })

	made, err := s.Inject(plan.Order{Kind: "server_error", On: "openai", Share: .5})
	must("inject", err)
	if made.Name != "server_error" || made.Share != .5 || made.Clear() != p.Load.Duration || !slices.Equal(made.On, []string{"openai"}) {
		t.Errorf("made %+v", made)
	}
	until(t, s.Session, "the fault has a window", func(s *score.Snapshot) bool {
		return len(s.Windows) == 2 && s.Windows[1].ByHand && s.Windows[1].Active && s.Windows[1].Touched > 0
	})
	must("clear", s.Clear("server_error"))
	if err := s.Clear("server_error"); err == nil || !strings.Contains(err.Error(), `no fault "server_error" is in effect`) {
		t.Errorf("cleared twice: %v", err)
	}
	again, err := s.Inject(plan.Order{Kind: "server_error", On: "class:cloud", For: 100 * time.Millisecond})
	must("inject again", err)
	if again.Name != "server_error-2" || len(again.On) != 2 {
		t.Errorf("the second is %+v", again)
	}
	must("switch", s.Switch(plan.Change{Off: []string{"breaker"}}))
	must("hold", s.Hold(100))
	until(t, s.Session, "the planned fault is in effect", func(s *score.Snapshot) bool { return s.Windows[0].Active })
	must("clear the planned fault", s.Clear("outage"))

	live, err := s.Wait()
	must("the run", err)
	if _, err := s.Inject(plan.Order{Kind: "server_error", On: "openai"}); !errors.Is(err, harness.ErrOver) {
		t.Errorf("a fault after the end: %v", err)
	}
	if err := s.Hold(5); !errors.Is(err, harness.ErrOver) {
		t.Errorf("a load after the end: %v", err)
	}
	if err := s.Switch(plan.Change{On: []string{"breaker"}}); !errors.Is(err, harness.ErrOver) {
		t.Errorf("a switch after the end: %v", err)
	}

	kept, _, err := score.Read(filepath.Join(s.Dir, harness.JournalName))
	must("read", err)
	if !reflect.DeepEqual(kept.Plan, live.Plan) || !reflect.DeepEqual(kept.Windows, live.Windows) || kept.ByHand() != live.ByHand() {
		t.Errorf("the journal tells another plan:\n%+v\n%+v", kept.Plan, live.Plan)
	}
	q := live.Plan
	if live.ByHand() != 6 || len(q.Faults) != 3 || len(q.Changes) != 1 {
		t.Fatalf("%d things by hand, %d faults, %d changes", live.ByHand(), len(q.Faults), len(q.Changes))
	}
	if f := q.Faults[1]; f.For >= 3*time.Second || f.At != made.At {
		t.Errorf("the cleared fault lasts %s", f.For)
	}
	if f := q.Faults[0]; f.For >= 400*time.Millisecond || f.At != p.Faults[0].At {
		t.Errorf("the planned fault lasts %s", f.For)
	}
	if len(p.Faults) != 1 || len(p.Load.Profile) != 1 {
		t.Error("the caller's plan was changed")
	}

	// The load is held from the moment that the profile says.
	from := q.Load.Profile[len(q.Load.Profile)-1]
	held := 0
	rs := records(t, s.Session)
	for _, e := range of[*journal.Sample](rs) {
		if e.Scheduled >= from.At {
			held++
		}
	}
	want := int((p.Load.Duration - from.At).Seconds() * 100)
	if held < want-2 || held > want+2 {
		t.Errorf("%d requests at 100/s from %s on, want %d", held, from.At, want)
	}
}

// What cannot be done is refused with the part of the order that is wrong.
func TestOrdersThatAreRefused(t *testing.T) {
	t.Parallel()
	p := tiny(outage("refused", 1900*time.Millisecond, 50*time.Millisecond), against("direct"), func(p *plan.Plan) {
		p.Changes = []plan.Change{{At: 100 * time.Millisecond, Off: []string{"breaker"}}}
	})
	s := overlook(t.Context(), t, p, harness.Options{OutDir: t.TempDir()})
	for _, tt := range []struct {
		order plan.Order
		field string
		says  string
	}{
		{plan.Order{Kind: "no_such", On: "openai"}, "kind", "unknown fault kind"},
		{plan.Order{Kind: "overload", On: "opnai"}, "on", `did you mean "openai"?`},
		{plan.Order{Kind: "overload", On: ""}, "on", "no provider"},
		{plan.Order{Kind: "overload", On: "class:edge"}, "on", "no provider"},
		{plan.Order{Kind: "overload", On: "openai", Share: 1.5}, "share", "at most 1"},
		{plan.Order{Kind: "overload", On: "openai", For: -1}, "for", "more than 0s"},
		{plan.Order{Kind: "overload", On: "openai", For: time.Second, Ramp: time.Minute}, "ramp", "at most"},
		{plan.Order{Kind: "latency_spike", On: "openai", Params: map[string]any{"first_token": "soon"}}, "first_token", "a duration"},
		{plan.Order{Kind: "overload", On: "openai", Params: map[string]any{"colour": "red"}}, "colour", "no parameter"},
		{plan.Order{Kind: "outage", On: "openai"}, "for", "it comes in"},
		{plan.Order{Kind: "outage", On: "anthropic", Share: .5}, "share", "no meaning"},
		{plan.Order{Kind: "gpu_oom", On: "openai"}, "on", "openai"},
		{plan.Order{Kind: "deprecation", On: "openai", Params: map[string]any{"model": "opnai-large"}}, "model", `did you mean "openai-large"?`},
	} {
		err := s.Check(tt.order)
		var oe *plan.OrderError
		if !errors.As(err, &oe) || oe.Field != tt.field || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%+v: %#v", tt.order, err)
		}
		if _, err := s.Inject(tt.order); err == nil {
			t.Errorf("%+v took effect", tt.order)
		}
	}
	if err := s.Check(plan.Order{Kind: "outage", On: "openai", For: 10 * time.Millisecond}); err != nil {
		t.Errorf("a fault that is over before the planned one: %v", err)
	}
	for _, err := range []error{
		s.Scale(-1), s.Scale(1e9), s.Hold(-1), s.Hold(1e9), s.Scale(1000 * 1000),
		s.Switch(plan.Change{}), s.Switch(plan.Change{Off: []string{"hope"}}), s.Switch(plan.Change{Policy: "dice"}),
		s.Switch(plan.Change{Off: []string{"breaker"}}), // the control has none
	} {
		var oe *plan.OrderError
		if !errors.As(err, &oe) {
			t.Errorf("not refused: %v", err)
		}
	}
	if _, err := s.Wait(); err != nil {
		t.Fatal(err)
	}
	snap := s.Snapshot()
	if snap.ByHand() != 0 || len(snap.Windows) != 1 {
		t.Errorf("%d things by hand, %d windows", snap.ByHand(), len(snap.Windows))
	}
	changed := of[*journal.RouterChanged](records(t, s.Session))
	if len(changed) != 1 || changed[0].ByHand || !strings.Contains(changed[0].Detail, "target direct has no policy") {
		t.Errorf("the planned change: %+v", changed)
	}
}
