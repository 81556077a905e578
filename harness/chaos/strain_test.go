package chaos_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"brownout/harness/chaos"
	"brownout/mocks"
	"brownout/mocks/presets"
	"brownout/plan"
)

// strained injects a fault into a preset, looks at its gauge as time passes,
// and ends it.
func strained(t *testing.T, preset, kind string, params map[string]any, env chaos.Env, every time.Duration, looks int, look func(*mocks.Provider) int) (seen []int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		spec, _ := presets.Get(preset)
		fleet, err := mocks.NewFleet(mocks.Config{Providers: []plan.Provider{spec}})
		if err != nil {
			t.Fatal(err)
		}
		p := fleet.Provider(preset)
		before := look(p)
		f, _, err := chaos.Bind(kind, params)
		if err != nil {
			t.Fatal(err)
		}
		env.Name, env.Share, env.Note = kind, 1, func(string) {}
		end, err := f.Inject(t.Context(), chaos.Victim{Provider: p}, env)
		if err != nil {
			t.Fatal(err)
		}
		for range looks {
			seen = append(seen, look(p))
			<-time.After(every)
		}
		if err := end(context.WithoutCancel(t.Context())); err != nil {
			t.Fatal(err)
		}
		if after := look(p); after != before {
			t.Errorf("%d before the fault and %d after it", before, after)
		}
	})
	return seen
}

func slots(p *mocks.Provider) int    { return p.Gauge().Slots }
func replicas(p *mocks.Provider) int { return p.Gauge().Replicas }

// A peak is a step, a slope or a hill.
func TestPeakHourShapes(t *testing.T) {
	step := strained(t, "openai", "peak_hour", map[string]any{"capacity": 5}, chaos.Env{For: time.Minute}, 10*time.Second, 3, slots)
	if !slices.Equal(step, []int{5, 5, 5}) {
		t.Errorf("a step: %v", step)
	}
	slope := strained(t, "openai", "peak_hour", map[string]any{"capacity": 5}, chaos.Env{For: time.Minute, Ramp: 40 * time.Second}, 10500*time.Millisecond, 6, slots)
	if slope[0] != 500 || slope[5] != 5 || !slices.IsSortedFunc(slope, func(a, b int) int { return b - a }) || slope[1] == slope[2] || slope[2] == slope[3] {
		t.Errorf("a slope: %v", slope)
	}
	for _, params := range []map[string]any{
		{"capacity": 5, "from": 80, "shape": "hill"},
		{"capacity": 5, "from": 80, "shape": "hill", "over": "1m"},
	} {
		env := chaos.Env{For: time.Minute}
		if params["over"] != nil {
			env.For = time.Hour
		}
		hill := strained(t, "openai", "peak_hour", params, env, 10100*time.Millisecond, 7, slots)
		if hill[0] != 80 || hill[3] != 5 || hill[6] != 80 || hill[1] <= hill[2] || hill[2] <= hill[3] || hill[4] >= hill[5] {
			t.Errorf("a hill: %v", hill)
		}
	}
	f, _, err := chaos.Bind("peak_hour", map[string]any{"shape": "hill"})
	if err != nil {
		t.Fatal(err)
	}
	p := newPath(t)
	if _, err := f.Inject(t.Context(), p.Victim, chaos.Env{Note: func(string) {}}); err == nil || !strings.Contains(err.Error(), "over") {
		t.Errorf("a hill without an end: %v", err)
	}
}

// A ramp takes replicas one after the other.
func TestReplicaLossRamps(t *testing.T) {
	got := strained(t, "vllm", "replica_loss", map[string]any{"replicas": 2}, chaos.Env{Ramp: 10 * time.Second}, 5100*time.Millisecond, 3, replicas)
	if !slices.Equal(got, []int{2, 1, 0}) {
		t.Errorf("replicas left: %v", got)
	}
}

// While it grows, a strain takes from the service what it has come to and, at
// no moment, that and what it was before: of three calls at three replicas the
// loss of one ends one.
func TestGrowingStrainIsNeverTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spec, _ := presets.Get("vllm")
		spec.Service.Replicas = 3
		fleet, err := mocks.NewFleet(mocks.Config{Providers: []plan.Provider{spec}})
		if err != nil {
			t.Fatal(err)
		}
		p := fleet.Provider("vllm")
		statuses := make(chan int, 3)
		for i := range cap(statuses) {
			go func() {
				body := fmt.Sprintf(`{"model":%q,"messages":[{"role":"user","content":"Answer in 2000 words. [[bo:m-%d]]"}]}`, spec.Models[0].ID, i)
				r := httptest.NewRequest(http.MethodPost, "/v1/chat/completions", strings.NewReader(body))
				r.Header.Set("Authorization", "Bearer k")
				w := httptest.NewRecorder()
				p.ServeHTTP(w, r)
				statuses <- w.Code
			}()
		}
		<-time.After(time.Second)
		f, _, err := chaos.Bind("replica_loss", map[string]any{"replicas": 1})
		if err != nil {
			t.Fatal(err)
		}
		end, err := f.Inject(t.Context(), chaos.Victim{Provider: p}, chaos.Env{Name: "loss", Ramp: 8 * time.Second, Note: func(string) {}})
		if err != nil {
			t.Fatal(err)
		}
		<-time.After(10 * time.Second)
		if left := replicas(p); left != 2 {
			t.Errorf("%d replicas are left", left)
		}
		if err := end(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := map[int]int{}
		for range cap(statuses) {
			got[<-statuses]++
		}
		if got[http.StatusOK] != 2 || got[http.StatusInternalServerError] != 1 {
			t.Errorf("answers by status: %v", got)
		}
	})
}

// With every, a service is made cold again and again, and no more once it ends.
func TestColdStartAgain(t *testing.T) {
	cold := func(p *mocks.Provider) int {
		if p.Cold(p.Spec().Models[0].ID) {
			return 1
		}
		return 0
	}
	synctest.Test(t, func(t *testing.T) {
		spec, _ := presets.Get("llamacpp") // loads by itself, in 3 s
		fleet, err := mocks.NewFleet(mocks.Config{Providers: []plan.Provider{spec}})
		if err != nil {
			t.Fatal(err)
		}
		p := fleet.Provider("llamacpp")
		f, _, err := chaos.Bind("cold_start", map[string]any{"every": "10s"})
		if err != nil {
			t.Fatal(err)
		}
		end, err := f.Inject(t.Context(), chaos.Victim{Provider: p}, chaos.Env{Name: "c", Note: func(string) {}})
		if err != nil {
			t.Fatal(err)
		}
		var seen []int
		look := func() {
			<-time.After(time.Second)
			seen = append(seen, cold(p))
			<-time.After(4 * time.Second)
			seen = append(seen, cold(p))
			<-time.After(5 * time.Second)
		}
		look()
		look()
		if err := end(t.Context()); err != nil {
			t.Fatal(err)
		}
		<-time.After(4 * time.Second)
		look()
		if !slices.Equal(seen, []int{1, 0, 1, 0, 0, 0}) {
			t.Errorf("cold: %v", seen)
		}
	})
}

// A fault that a provider cannot have is refused with what to use instead.
func TestFitsSaysWhatToUse(t *testing.T) {
	for _, tt := range []struct{ kind, preset, says string }{
		{"peak_hour", "ollama", "throttle"},
		{"peak_hour", "sagemaker", "replica_loss"},
		{"throttle", "openai", "latency_spike"},
		{"replica_loss", "openai", "outage"},
		{"gpu_oom", "sagemaker", "throttle"},
		{"cold_start", "openai", "latency_spike"},
		{"quota_exhausted", "vllm", "class cloud or managed"},
		{"region_blocked", "ollama", "class cloud or managed"},
		{"auth_revoked", "ollama", "no keys"},
		{"price_change", "ollama", "no model at a price"},
	} {
		f, _, err := chaos.Bind(tt.kind, nil)
		if err != nil {
			t.Fatal(err)
		}
		spec, _ := presets.Get(tt.preset)
		if err := chaos.Fits(f, spec); err == nil || !strings.Contains(err.Error(), tt.says) || !strings.Contains(err.Error(), tt.preset) {
			t.Errorf("%s on %s: %v", tt.kind, tt.preset, err)
		}
	}
}
