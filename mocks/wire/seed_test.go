package wire_test

import (
	"context"
	"io"
	"strings"
	"testing"

	"brownout/mocks/wire"
)

// A seed goes out under the name that each server has for it, and is left out
// where it has none.
func TestSeed(t *testing.T) {
	seed := int64(-42)
	for name, want := range map[string]string{
		"openai": `"seed":-42`, "azure": `"seed":-42`, "groq": `"seed":-42`, "xai": `"seed":-42`, "vllm": `"seed":-42`,
		"llamacpp": `"seed":-42`, "mistral": `"random_seed":-42`, "deepseek": "", "anthropic": "",
	} {
		d, ok := wire.Lookup(name)
		if !ok {
			t.Fatalf("no dialect %s", name)
		}
		req := &wire.Request{Model: "m", MaxTokens: 5, Messages: []wire.Message{{Role: "user", Text: "x"}}, Seed: &seed}
		r, err := d.NewRequest(context.Background(), "http://h", "k", req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		if want == "" && strings.Contains(string(body), "seed") || !strings.Contains(string(body), want) {
			t.Errorf("%s: %s, want %s in it", name, body, want)
		}
		if name != "openai" {
			continue
		}
		in, fail := d.DecodeRequest(r, body)
		if fail != nil || in.Seed == nil || *in.Seed != seed {
			t.Errorf("read back: %+v, %v", in, fail)
		}
	}
}
