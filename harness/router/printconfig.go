package router

import (
	"fmt"
	"io"
	"strings"

	"brownout/plan"
)

// PrintConfig writes a whole configuration: every setting with its default and
// its meaning, and a backend as an example.
func PrintConfig(w io.Writer) error {
	set := Resolve(plan.Router{})
	var b strings.Builder
	b.WriteString("# The mitigations, and whether they are on without configuration:\n#\n")
	for _, m := range mitigations() {
		state := "off"
		if m.On {
			state = "on"
		}
		fmt.Fprintf(&b, "#   %-21s%-4s %s\n", m.Name, state, m.Summary)
	}
	b.WriteString("#\n# The policies, by which the backends of a request are put in order:\n#\n")
	for _, p := range policyTable() {
		fmt.Fprintf(&b, "#   %-21s%s\n", p.Name, p.Summary)
	}
	b.WriteString("\n")
	block := ""
	for _, k := range keys {
		if k.sample != "" {
			fmt.Fprintf(&b, "# %s:\n#\n#     %s\n\n", k.meaning, strings.ReplaceAll(k.sample, "\n", "\n#     "))
			continue
		}
		table, name, nested := strings.Cut(k.name, ".")
		if !nested {
			table, name = "", k.name
		}
		if table != block {
			block = table
			fmt.Fprintf(&b, "[%s]\n", table)
		}
		fmt.Fprintf(&b, "# %s\n%s = %s\n\n", k.meaning, name, k.show(&set))
	}
	b.WriteString(example)
	_, err := io.WriteString(w, b.String())
	return err
}

const example = `# One entry for each provider.
[[backend]]
name = "local"                      # unique; what order names
dialect = "vllm"                    # openai, anthropic, vllm, ollama, gemini, bedrock …
base_url = "http://127.0.0.1:8000"  # scheme and host
# key = "…"                         # or key_env, the variable that holds it
# key_env = "LOCAL_API_KEY"
class = "gpu"                       # cloud, managed, gpu, edge; what clients may restrict a request to
region = "local"                    # likewise
model = "my-model"                  # asked for when the client names one that is not in models
models = ["my-model"]               # passed on as the client names them

# What is known of its models; all of it may be left out.
[[backend.catalogue]]
id = "my-model"
aliases = ["my-model-latest"]       # other names that it is asked for by, or answers under
replaced_by = ""                    # the model of this backend to ask when this one is gone
context = 32768                     # tokens of prompt and answer
max_output = 4096                   # tokens of an answer
price_in = 0.1                      # USD per million tokens of prompt
price_out = 0.3                     # USD per million tokens of answer
embedding = 0                       # length of its vectors; 0: a chat model
lacks = []                          # what it does not do: tools, json, streams
`
