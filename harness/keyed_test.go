package harness_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"brownout/harness"
	"brownout/harness/journal"
	"brownout/plan"
)

// story is what of a run must follow from its plan and seed alone.
type story struct {
	Requests map[string]string // by marker: the kind of request, and what came of it
	Refused  map[string]bool   // by provider and marker: whether the fault failed the first call
}

// tell runs plans side by side, so that they disturb each other, and reads
// their stories.
func tell(t *testing.T, plans ...*plan.Plan) []story {
	t.Helper()
	var sessions []*harness.Session
	for _, p := range plans {
		s, err := harness.Start(t.Context(), p, harness.Options{OutDir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Stop()
		sessions = append(sessions, s)
	}
	var out []story
	for i, s := range sessions {
		if _, err := s.Wait(); err != nil {
			t.Fatal(err)
		}
		out = append(out, storyOf(plans[i], records(t, s)))
	}
	return out
}

// storyOf reads a story from a journal. Requests near the fault's ends are left
// out: on which side of it their calls fall is a matter of milliseconds.
func storyOf(p *plan.Plan, rs []journal.Record) story {
	const margin = 300 * time.Millisecond
	f := p.Faults[0]
	out := story{Requests: map[string]string{}, Refused: map[string]bool{}}
	within := map[string]bool{}
	for _, e := range of[*journal.Sample](rs) {
		near := func(at time.Duration) bool { return (e.Scheduled - at).Abs() < margin }
		if near(f.At) || near(f.Clear()) {
			continue
		}
		within[e.Marker] = e.Scheduled > f.At && e.Scheduled < f.Clear()
		out.Requests[e.Marker] = e.Request + " " + string(e.Outcome)
	}
	for _, e := range of[*journal.Call](rs) {
		if within[e.Marker] && e.Attempt == 1 {
			out.Refused[e.Provider+" "+e.Marker] = slices.Contains(e.Faults, f.Name)
		}
	}
	return out
}

// partial is an outage that fails some calls, keyed by their markers.
func partial(p *plan.Plan) {
	outage("errors", 400*time.Millisecond, 1600*time.Millisecond)(p)
	p.Faults[0].Share = 0.4
	p.Load.Duration = 2400 * time.Millisecond
	for i := range p.Load.Mix {
		p.Load.Mix[i].Deadline = time.Minute // a busy machine is late, and that is not the seed's doing
	}
}

// Same plan, same seed: the same requests, the same fault decisions, the same
// answers, whatever the goroutines' order. Another seed is another story.
func TestSameSeedSameStory(t *testing.T) {
	t.Parallel()
	direct := func(seed uint64) *plan.Plan { return tiny(partial, against("direct"), seeded(seed)) }
	told := tell(t, direct(7), direct(7), direct(8))
	first, second, other := told[0], told[1], told[2]
	if len(first.Requests) < 40 || len(first.Refused) < 20 {
		t.Fatalf("%d requests, %d decisions: too few to tell", len(first.Requests), len(first.Refused))
	}
	hit := 0
	for _, refused := range first.Refused {
		if refused {
			hit++
		}
	}
	if hit == 0 || hit == len(first.Refused) {
		t.Fatalf("%d of %d calls were refused: no decision was made", hit, len(first.Refused))
	}
	if d := cmp.Diff(first, second); d != "" {
		t.Errorf("the same seed tells another story:\n%s", d)
	}
	a, b := numbered(first), numbered(other)
	if cmp.Equal(a.Requests, b.Requests) || cmp.Equal(a.Refused, b.Refused) {
		t.Error("another seed tells the same story")
	}
}

// numbered names requests by their number alone, without the part of the marker
// that tells seeds apart.
func numbered(s story) story {
	number := func(key string) string { return key[strings.LastIndexByte(key, '-')+1:] }
	out := story{Requests: map[string]string{}, Refused: map[string]bool{}}
	for k, v := range s.Requests {
		out.Requests[number(k)] = v
	}
	for k, v := range s.Refused {
		out.Refused[number(k)] = v
	}
	return out
}

// The router's own timing may decide who is asked, and never what is asked or
// what the answer is.
func TestSameSeedSameAnswersThroughFailover(t *testing.T) {
	t.Parallel()
	stories := tell(t, tiny(partial, seeded(7)), tiny(partial, seeded(7)))
	if d := cmp.Diff(stories[0].Requests, stories[1].Requests); d != "" || len(stories[0].Requests) < 40 {
		t.Errorf("of %d requests:\n%s", len(stories[0].Requests), d)
	}
	for marker, what := range stories[0].Requests {
		if !strings.HasSuffix(what, " ok") {
			t.Errorf("%s: %s", marker, what)
		}
	}
}
