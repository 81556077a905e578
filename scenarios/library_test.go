package scenarios_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"brownout/plan"
	"brownout/scenarios"
)

func open(t *testing.T, name string) *scenarios.Scenario {
	t.Helper()
	s, err := scenarios.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEveryBuiltInIsCleanAndWorthScoring(t *testing.T) {
	names := scenarios.Builtin()
	if len(names) < 5 {
		t.Fatalf("the library has %v", names)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			s := open(t, name)
			if len(s.Warnings) > 0 {
				t.Errorf("warnings:\n%v", s.Warnings)
			}
			i := s.Info()
			if i.Name != name || i.Title == name || i.About == "" || len(i.Tags) == 0 || len(i.Challenges) == 0 || len(i.Faults) == 0 {
				t.Errorf("not fit for a list: %+v", i)
			}
			if i.Duration < 20*time.Second || i.Duration > 60*time.Second {
				t.Errorf("lasts %s", i.Duration)
			}
			p, err := s.Resolve(scenarios.ResolveOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if first := p.Faults[0].At; first < 8*time.Second {
				t.Errorf("steady for %s only", first)
			}
			if len(p.Expect) == 0 {
				t.Error("expects nothing")
			}
			// What presets say is for their own tests.
			for i, v := range p.Providers {
				p.Providers[i] = plan.Provider{
					Name: v.Name, Preset: v.Preset, Class: v.Class,
					Service: plan.Service{Model: v.Service.Model, Slots: v.Service.Slots, Queue: v.Service.Queue},
				}
			}
			// A few plans are held to the letter; all others are made the same way.
			if _, err := os.Stat(filepath.Join("testdata", "plans", name+".golden.json")); err != nil {
				return
			}
			got, err := json.MarshalIndent(p, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join("testdata", "plans", name+".golden.json"), string(got)+"\n")
		})
	}
}

func TestResolveIsAPureFunctionAndThePlanIsTheCallers(t *testing.T) {
	for _, name := range scenarios.Builtin() {
		seed := uint64(7)
		o := scenarios.ResolveOptions{Seed: &seed, Target: "direct"}
		s := open(t, name)
		a, err := s.Resolve(o)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := open(t, name).Resolve(o)
		if !reflect.DeepEqual(a, b) {
			t.Errorf("%s: two readings of one file resolve differently", name)
		}
		if a.Seed != 7 || a.Target != "direct" {
			t.Errorf("%s: seed %d, target %q", name, a.Seed, a.Target)
		}
		a.Providers[0].Models[0].ID = "changed"
		a.Load.Mix[0].Weight = 99
		a.Faults[0].On[0] = "changed"
		a.Faults[0].Params["mode"] = "changed"
		a.Router.Order[0] = "changed"
		a.Tags[0] = "changed"
		if c, _ := s.Resolve(o); !reflect.DeepEqual(b, c) {
			t.Errorf("%s: a change of one plan shows in the next", name)
		}
	}
}

func TestOpen(t *testing.T) {
	text, ok := scenarios.Raw("provider-outage")
	if !ok {
		t.Fatal("no text")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "mine.toml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if name := open(t, file).Info().Name; name != "mine" {
		t.Errorf("named %q", name)
	}
	for _, c := range []struct{ name, want string }{
		{"provider-outge", `did you mean "provider-outage"?`},
		{"nothing-like-it", "brownout list\" shows all"},
		{"stream-outage", "alike are mid-stream-outage, blackhole-outage, "},
		{filepath.Join(dir, "none.toml"), "no such file"},
		{dir, "it is a directory"},
	} {
		_, err := scenarios.Open(c.name)
		var es scenarios.Errors
		if !errors.As(err, &es) || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), c.name+": ") {
			t.Errorf("Open(%q): %v", c.name, err)
		}
	}
	if _, ok := scenarios.Raw("../go"); ok {
		t.Error("Raw leaves the library")
	}
}
