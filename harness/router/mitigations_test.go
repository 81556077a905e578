package router_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"brownout/harness/router"
	"brownout/plan"
)

// The words of a scenario's switch are the router's mitigations, and each of
// the settings in a block belongs to one.
func TestMitigations(t *testing.T) {
	var names []string
	owned := map[string]bool{}
	for _, m := range router.Mitigations() {
		names = append(names, m.Name)
		if m.Summary == "" {
			t.Errorf("%s says nothing of itself", m.Name)
		}
		for _, k := range m.Keys {
			owned[k] = true
		}
	}
	if !slices.Equal(names, plan.Mitigations) {
		t.Errorf("the router has %q\nplan names %q", names, plan.Mitigations)
	}
	typ := reflect.TypeFor[plan.Router]()
	for i := range typ.NumField() {
		f := typ.Field(i)
		if f.Type.Kind() != reflect.Struct {
			continue
		}
		for j := range f.Type.NumField() {
			if key := f.Tag.Get("toml") + "." + f.Type.Field(j).Tag.Get("toml"); !owned[key] {
				t.Errorf("no mitigation has the setting %s", key)
			}
		}
	}
}

// A misspelt name is an error that names the nearest.
func TestSwitchIsChecked(t *testing.T) {
	for _, tt := range []struct {
		set  plan.Router
		want string
	}{
		{plan.Router{Off: []string{"contniuation"}}, `off: no mitigation is called "contniuation"; did you mean "continuation"?`},
		{plan.Router{On: []string{"breker"}}, `on: no mitigation is called "breker"; did you mean "breaker"?`},
		{plan.Router{Off: []string{"breaker"}, On: []string{"breaker"}}, `off: "breaker" is also in on; keep one`},
	} {
		_, err := router.New(router.Config{Settings: tt.set, Backends: []router.Backend{{Name: "a", Dialect: "openai", BaseURL: "http://127.0.0.1:1"}}})
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("got %v, want %s", err, tt.want)
		}
	}
}
