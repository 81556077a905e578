package presets_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"brownout/chance"
	"brownout/mocks/presets"
	"brownout/mocks/service"
	"brownout/mocks/wire"
	"brownout/plan"
)

func TestNames(t *testing.T) {
	want := []string{"anthropic", "azure", "azureml", "bedrock", "databricks", "deepseek", "gemini", "groq", "llamacpp", "mistral", "ollama", "openai", "sagemaker", "vertex", "vllm-24gb", "vllm-deepseek", "vllm-falcon", "vllm-mistral", "vllm-qwen", "vllm", "xai"}
	if got := presets.Names(); !slices.Equal(got, want) {
		t.Errorf("presets are %q, want %q", got, want)
	}
	for _, name := range []string{"", "opnai", "openai.toml", "../presets/openai", "a/../openai", "*"} {
		if _, ok := presets.Get(name); ok {
			t.Errorf("there is no preset %q, but Get found one", name)
		}
		if _, ok := presets.Raw(name); ok {
			t.Errorf("there is no preset %q, but Raw found one", name)
		}
	}
}

// Every preset is one that a fleet can be made from, and says where its
// figures come from.
func TestEachPresetIsUsable(t *testing.T) {
	for _, name := range presets.Names() {
		t.Run(name, func(t *testing.T) {
			p, ok := presets.Get(name)
			if !ok {
				raw, _ := presets.Raw(name)
				_, err := presets.Decode(raw)
				t.Fatal(err)
			}
			if p.Name != name || p.Preset != name {
				t.Errorf("name %q and preset %q, want %q", p.Name, p.Preset, name)
			}
			if _, ok := wire.Lookup(p.Dialect); !ok {
				t.Errorf("unknown dialect %q", p.Dialect)
			}
			if p.Region == "" {
				t.Error("no region")
			}
			if _, err := service.New(p.Service); err != nil {
				t.Error(err)
			}
			for _, m := range p.Models {
				if m.Replaces != "" && !slices.ContainsFunc(p.Models, func(o plan.Model) bool { return o.ID == m.Replaces }) {
					t.Errorf("model %q is replaced by %q, which the preset does not have", m.ID, m.Replaces)
				}
			}
			raw, _ := presets.Raw(name)
			if !strings.Contains(string(raw), "nverified") {
				t.Error("the file does not say which of its figures are unverified")
			}
		})
	}
}

// An idle provider keeps the default deadlines of chats and streams, and half
// of the default first-token timeout, in all but the rarest of draws.
func TestDefaultDeadlinesHold(t *testing.T) {
	for _, name := range presets.Names() {
		p, _ := presets.Get(name)
		m, err := service.New(p.Service)
		if err != nil {
			t.Fatal(err)
		}
		for _, kind := range []string{plan.KindChat, plan.KindStream} {
			mix := plan.DefaultMix[kind]
			for i := range 2000 {
				x := m.Timing(chance.Key{Provider: name, Marker: strconv.Itoa(i)}, 2*mix.Prompt)
				// A word may be two tokens.
				if d := x.Token(2 * mix.Tokens); d > mix.Deadline*3/4 {
					t.Fatalf("%s: a %s took %v of its %v", name, kind, d, mix.Deadline)
				}
				if x.FirstToken > plan.DefaultRouter.FirstTokenTimeout {
					t.Fatalf("%s: first token after %v", name, x.FirstToken)
				}
			}
		}
	}
}

// Sixty requests a second of the default mix never meet a preset's limits.
func TestDefaultLimitsAreOutOfTheWay(t *testing.T) {
	epoch := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	for _, name := range presets.Names() {
		p, _ := presets.Get(name)
		q := service.NewQuota(p.Limits, epoch)
		for i := range 60 * 60 {
			if _, r := q.Take(250, epoch.Add(time.Duration(i)*time.Second/60)); r != nil {
				t.Fatalf("%s: request %d refused: %+v", name, i, r)
			}
			q.Done()
		}
	}
}

const usable = `
dialect = "openai"
class = "cloud"
[[model]]
id = "m"
context = 10
max_output = 5
`

func TestDecodeIsStrict(t *testing.T) {
	if _, err := presets.Decode([]byte(usable)); err != nil {
		t.Fatalf("the usable preset: %v", err)
	}
	for name, c := range map[string]struct{ old, new, says string }{
		"unknown key":        {"max_output = 5", "max_output = 5\npricein = 3", "pricein"},
		"unknown table":      {`id = "m"`, "id = \"m\"\n[servce]\nslots = 1\n[[model]]\nid = \"n\"", "servce"},
		"wrong type":         {"context = 10", `context = "ten"`, "context"},
		"bad duration":       {"max_output = 5", "max_output = 5\n[service]\nper_token = \"8\"", "per_token"},
		"not TOML":           {`class = "cloud"`, `class = cloud`, "class"},
		"no dialect":         {`dialect = "openai"`, "", "dialect"},
		"unknown class":      {`"cloud"`, `"fog"`, `"fog"`},
		"no models":          {usable[strings.Index(usable, "[[model]]"):], "", "[[model]]"},
		"model without id":   {`id = "m"`, "", "id"},
		"model twice":        {"max_output = 5", "max_output = 5\n[[model]]\nid = \"m\"", `"m"`},
		"no context":         {"context = 10", "context = 0", "context"},
		"negative price":     {"max_output = 5", "max_output = 5\nprice_in = -1.0", "price"},
		"price not a number": {"max_output = 5", "max_output = 5\nprice_out = nan", "price"},
	} {
		_, err := presets.Decode([]byte(strings.Replace(usable, c.old, c.new, 1)))
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want one that says %q", name, err, c.says)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(usable))
	for _, name := range presets.Names() {
		raw, _ := presets.Raw(name)
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := presets.Decode(b)
		if err == nil && (p.Dialect == "" || len(p.Models) == 0) {
			t.Errorf("accepted without a dialect or models: %+v", p)
		}
	})
}
