package target_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"brownout/harness/router"
	"brownout/harness/target"
	"brownout/plan"
	"brownout/scenarios"
)

var update = flag.Bool("update", false, "write the golden files anew")

// What the gateways that Brownout can start are started with, and what their
// clients send: also of those that the machine at hand lacks.
func TestRenderedTargets(t *testing.T) {
	o := options()
	o.Asked, o.Longest = "gpt-5.4", 6*time.Second
	o.Backends = []router.Backend{
		{Name: "openai", Dialect: "openai", Class: "cloud", BaseURL: "http://127.0.0.1:18001", Key: "sk-brownout-openai", Models: []string{"gpt-5.4"}, Model: "gpt-5.4"},
		{Name: "anthropic", Dialect: "anthropic", Class: "cloud", BaseURL: "http://127.0.0.1:18002", Key: "sk-brownout-anthropic", Models: []string{"claude-sonnet-4-5"}, Model: "claude-sonnet-4-5"},
		{Name: "gpu-a", Dialect: "vllm", Class: "gpu", BaseURL: "http://127.0.0.1:18003", Key: `odd "key": #1`, Models: []string{"org/model"}, Model: "org/model"},
	}
	for _, name := range scenarios.Targets() {
		spec, err := scenarios.OpenTarget(name)
		if err != nil {
			t.Fatal(err)
		}
		if spec.Process == nil {
			continue
		}
		made, err := target.Show(spec, o, 8080, "/home-of-it", "/directory-of-it", plan.DefaultMix[plan.KindSensitive])
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var b strings.Builder
		fmt.Fprintf(&b, "url %s\nkey %s\nmodel %s\ncommand %q\nenv %q\n", made.URL, made.Key, made.Model, made.Rendered.Command, made.Rendered.Env)
		for _, k := range slices.Sorted(maps.Keys(made.Extra.Headers)) {
			fmt.Fprintf(&b, "header %s: %s\n", k, made.Extra.Headers[k])
		}
		for _, k := range slices.Sorted(maps.Keys(made.Extra.Body)) {
			fmt.Fprintf(&b, "body %s: %s\n", k, made.Extra.Body[k])
		}
		for _, f := range made.Rendered.Files {
			fmt.Fprintf(&b, "file %s\n%s", f.Path, f.Text)
		}
		golden := filepath.Join("testdata", name+".golden")
		if *update {
			if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil || b.String() != string(want) {
			t.Errorf("%s is rendered otherwise (%v; -update writes %s):\n%s", name, err, golden, b.String())
		}
	}
}
