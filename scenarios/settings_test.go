package scenarios_test

import (
	"slices"
	"strings"
	"testing"

	"brownout/scenarios"
)

// What is offered can be set: With finds nothing wrong with the path.
func TestSettingsCanBeSet(t *testing.T) {
	sc, err := scenarios.Decode("one.toml", []byte(`
[vars]
rate = 20
[load]
rate = "${rate}"
duration = "20s"
mix = [{ kind = "chat" }, { kind = "stream", weight = 2 }]
[[provider]]
name = "openai"
model = [{ id = "gpt-4.1" }]
[[fault]]
kind = "outage"
on = "openai"
at = "8s"
[expect]
availability = ">= 1%"
`))
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, s := range sc.Settings() {
		paths = append(paths, s.Path)
		_, err := sc.With(s.Path + "=?")
		for _, wrong := range []string{"unknown key", "not a path", "is called", "nothing stands below", "cannot be set", "no parameter"} {
			if err != nil && strings.Contains(err.Error(), wrong) {
				t.Errorf("%s is offered: %v", s.Path, err)
			}
		}
		if s.Doc == "" && !strings.HasPrefix(s.Path, "vars.") && !strings.HasPrefix(s.Path, "expect.") {
			t.Errorf("%s is not explained", s.Path)
		}
	}
	for _, want := range []string{
		"load.duration", "load.mix.stream.weight", "fault.outage.at", "fault.outage.mode", "vars.rate", "seed",
		"expect.availability", `provider.openai.model."gpt-4.1".price_in`, "router.breaker.disabled",
	} {
		if !slices.Contains(paths, want) {
			t.Errorf("%s is not offered", want)
		}
	}
	if !slices.IsSorted(paths) || slices.Contains(paths, "extends") {
		t.Errorf("%q", paths)
	}
}
