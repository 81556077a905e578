package load_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"brownout/harness/journal"
	"brownout/plan"
)

func TestRequestsSayWhatCachesMayDo(t *testing.T) {
	for _, c := range []struct {
		mix  plan.Mix
		want string
	}{{of(plan.KindFAQ), "on"}, {of(plan.KindChat), ""}, {twice(plan.KindChat), "off"}} {
		meet(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if got := r.Header.Get("X-Brownout-Cache"); got != c.want {
				t.Errorf("%s, twice %v: %q, want %q", c.mix.Kind, c.mix.Twice, got, c.want)
			}
			good(w, r)
		}), one(c.mix))
	}
}

func TestAgeIsTakenDown(t *testing.T) {
	for says, want := range map[string]time.Duration{"": 0, "7": 7 * time.Second, "0.25": 250 * time.Millisecond, "-3": 0, "old": 0, "1e300": 0, "NaN": 0} {
		got := meet(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Age", says)
			good(w, r)
		}), one(of(plan.KindFAQ)))
		if s := got.all[0]; s.Age != want || s.Outcome != journal.OK {
			t.Errorf("Age: %q is %v, want %v", says, s.Age, want)
		}
	}
}

func TestRequestCarriesSeedAndTemperature(t *testing.T) {
	m := of(plan.KindChat)
	m.Seed, m.Temperature, m.Twice = 42, 0.5, true
	var bodies []string
	meet(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies = append(bodies, string(body))
		r.Body = io.NopCloser(bytes.NewReader(body))
		good(w, r)
	}), one(m))
	if len(bodies) != 2 || bodies[0] != bodies[1] {
		t.Fatalf("asked twice: %q", bodies)
	}
	if !strings.Contains(bodies[0], `"seed":42`) || !strings.Contains(bodies[0], `"temperature":0.5`) {
		t.Error(bodies[0])
	}
}
