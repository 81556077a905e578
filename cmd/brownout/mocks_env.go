package main

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"brownout/harness/admin"
)

// envAdmin is where the commands that talk to running mocks find them.
const envAdmin = "BROWNOUT_ADMIN"

// envNames are the environment variables by which real clients of a dialect
// find their provider: the address with what they expect behind it, and what
// they want as a key or to start at all. A new dialect is a line here.
var envNames = map[string]struct {
	url  []envVar // value: behind the address
	key  []string // set to a key that is accepted
	more []envVar // set as they stand
}{
	"openai":    {url: openAI("/v1"), key: []string{"OPENAI_API_KEY"}},
	"anthropic": {url: []envVar{{"ANTHROPIC_BASE_URL", ""}}, key: []string{"ANTHROPIC_API_KEY"}},
	"gemini":    {url: []envVar{{"GEMINI_BASE_URL", ""}, {"GOOGLE_GEMINI_BASE_URL", ""}}, key: []string{"GEMINI_API_KEY", "GOOGLE_API_KEY"}}, // the genai SDKs prefer the latter
	"bedrock": {
		url: []envVar{{"BEDROCK_ENDPOINT", ""}, {"AWS_ENDPOINT_URL_BEDROCK_RUNTIME", ""}, {"ANTHROPIC_BEDROCK_BASE_URL", ""}},
		key: []string{"AWS_ACCESS_KEY_ID"}, more: awsMore,
	},
	"azure": {
		url: []envVar{{"AZURE_OPENAI_ENDPOINT", ""}}, key: []string{"AZURE_OPENAI_API_KEY"},
		more: []envVar{{"OPENAI_API_VERSION", "2024-10-21"}}, // the SDKs' AzureOpenAI does not start without
	},
	"groq":     {url: []envVar{{"GROQ_BASE_URL", ""}}, key: []string{"GROQ_API_KEY"}},       // groq-sdk adds /openai/v1
	"xai":      {url: []envVar{{"XAI_BASE_URL", "/v1"}}, key: []string{"XAI_API_KEY"}},      // as api.x.ai/v1
	"mistral":  {url: []envVar{{"MISTRAL_BASE_URL", ""}}, key: []string{"MISTRAL_API_KEY"}}, // mistralai adds /v1
	"deepseek": {url: []envVar{{"DEEPSEEK_BASE_URL", ""}}, key: []string{"DEEPSEEK_API_KEY"}},
	"ollama":   {url: []envVar{{"OLLAMA_HOST", ""}}},
	"vllm":     {url: []envVar{{"VLLM_BASE_URL", "/v1"}}, key: []string{"VLLM_API_KEY"}},
	"vertex":   {url: []envVar{{"GOOGLE_VERTEX_BASE_URL", ""}}}, // the genai SDKs read it
	"sagemaker": {
		url: []envVar{{"AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", ""}},
		key: []string{"AWS_ACCESS_KEY_ID"}, more: awsMore,
	},
	"databricks": {url: []envVar{{"DATABRICKS_HOST", ""}}, key: []string{"DATABRICKS_TOKEN"}},
}

// awsMore is what AWS's SDKs want beside an access key id. The mocks take the
// signature on trust, so any secret will do.
// The region has two names: boto3 reads the second.
var awsMore = []envVar{{"AWS_SECRET_ACCESS_KEY", "brownout"}, {"AWS_REGION", "us-east-1"}, {"AWS_DEFAULT_REGION", "us-east-1"}}

// openAI are the variables of OpenAI's own SDKs, and of LangChain, which reads
// the older one.
func openAI(path string) []envVar {
	return []envVar{{"OPENAI_BASE_URL", path}, {"OPENAI_API_BASE", path}}
}

// likeOpenAI are the dialects that OpenAI's SDKs speak to, too, and the path
// where they do. Whoever has only such providers asks them by those SDKs.
var likeOpenAI = map[string]string{
	"vllm": "/v1", "llamacpp": "/v1", "ollama": "/v1", "deepseek": "/v1", "xai": "/v1", "mistral": "/v1", "groq": "/openai/v1",
}

// envVar is one variable.
type envVar struct{ Name, Value string }

// environment is what clients of providers need. The names of a dialect belong to
// the provider that is named like it, or else to the first one that speaks it;
// what is left without has BROWNOUT_NAME_URL. Where nobody speaks OpenAI's own
// dialect, its SDKs are pointed at the first that they can ask.
func environment(providers []admin.Provider, key string) []envVar {
	owner := map[string]string{}
	for _, p := range providers {
		if owner[p.Dialect] == "" || p.Name == p.Dialect {
			owner[p.Dialect] = p.Name
		}
	}
	var env []envVar
	for _, p := range providers {
		names, known := envNames[p.Dialect]
		if !known || owner[p.Dialect] != p.Name {
			env = append(env, envVar{"BROWNOUT_" + envWord(p.Name) + "_URL", p.URL})
			continue
		}
		for _, v := range names.url {
			env = append(env, envVar{v.Name, p.URL + v.Value})
		}
		for _, name := range names.key {
			env = append(env, envVar{name, key})
		}
		env = append(env, names.more...)
	}
	// The SDKs' classes for Azure would take it for theirs.
	if owner["openai"] == "" && owner["azure"] == "" {
		env = append(env, pointedElsewhere(providers, key)...)
	}
	return unique(env)
}

// pointedElsewhere are OpenAI's variables for the first provider that speaks
// something like its dialect.
func pointedElsewhere(providers []admin.Provider, key string) []envVar {
	var env []envVar
	for _, p := range providers {
		path, ok := likeOpenAI[p.Dialect]
		if !ok {
			continue
		}
		for _, v := range openAI(path) {
			env = append(env, envVar{v.Name, p.URL + v.Value})
		}
		return append(env, envVar{"OPENAI_API_KEY", key})
	}
	return env
}

// unique drops what was said before: AWS's services share their keys.
func unique(env []envVar) []envVar {
	seen := map[string]bool{}
	out := env[:0]
	for _, v := range env {
		if !seen[v.Name] {
			out = append(out, v)
		}
		seen[v.Name] = true
	}
	return out
}

var notInName = regexp.MustCompile(`[^A-Z0-9]+`)

func envWord(name string) string { return notInName.ReplaceAllString(strings.ToUpper(name), "_") }

// writeExports writes lines that any shell of the Bourne family, and readers of
// .env files, take.
func writeExports(w io.Writer, env []envVar) error {
	for _, v := range env {
		if _, err := fmt.Fprintf(w, "export %s=%s\n", v.Name, shellQuoted(v.Value)); err != nil {
			return err
		}
	}
	return nil
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:@%+=-]+$`)

func shellQuoted(s string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
