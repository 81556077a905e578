package chaos

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"brownout/mocks"
	"brownout/mocks/wire"
)

// What the interfaces of the dialects are like, for api_change.

// limitNames are the names by which dialects bound the answer's length, the
// older before the newer, where they are not OpenAI's. Only OpenAI's renaming
// has happened; the others are made up in its likeness.
var limitNames = map[string][]string{
	"anthropic": {"max_tokens", "max_output_tokens"},
	"gemini":    {"maxOutputTokens", "maxTokens"},
	"vertex":    {"maxOutputTokens", "maxTokens"},
	"bedrock":   {"maxTokens", "maxOutputTokens"},
	"ollama":    {"num_predict", "max_tokens"},
	"sagemaker": {"max_tokens", "max_new_tokens"},
}

// names are the parameter that is refused and, where there is one, its new
// name.
func (a *APIChange) names(dialect string) (param, to string) {
	if a.Mode == changeRemovedParam {
		return cmp.Or(a.Param, "temperature"), ""
	}
	known, ok := limitNames[dialect]
	if !ok {
		known = []string{"max_tokens", "max_completion_tokens"}
	}
	param = cmp.Or(a.Param, known[0])
	if param == known[0] {
		return param, cmp.Or(a.To, known[1])
	}
	return param, cmp.Or(a.To, param+"_v2")
}

// refuseParam is the failure of a request that carries the parameter; nil: it
// does not.
func (a apiChange) refuseParam(c *mocks.Call, body []byte) *wire.Failure {
	param, to := a.names(a.dialect)
	under, value, ok := findParam(body, param, 3)
	if !ok {
		return nil
	}
	f := &wire.Failure{Kind: wire.FailBadRequest, Model: c.Model, Param: param}
	instead := ""
	if to != "" {
		instead = " Use '" + to + "' instead."
	}
	switch {
	// OpenAI's words, with and without a replacement, were seen in many public
	// reports (koosoli/ESPHomeDesigner#379, fish2018/YPrompt#26). That the others
	// name a replacement is unverified; theirs are the words for a parameter
	// that is not known.
	default:
		f.Code, f.Message = "unsupported_parameter", "Unsupported parameter: '"+param+"' is not supported with this model."+instead
	case a.dialect == "anthropic", a.dialect == "vertex" && under == "":
		f.Message = param + ": Extra inputs are not permitted" + instead
	case a.dialect == "gemini", a.dialect == "vertex":
		f.Message = fmt.Sprintf("Invalid JSON payload received. Unknown name %q at '%s': Cannot find field.%s", param, snake(under), instead)
	case a.dialect == "bedrock":
		f.Message = "Malformed input request: #: extraneous key [" + param + "] is not permitted, please reformat your input and try again." + instead
	case a.dialect == "mistral":
		f.Status, f.Type, f.Code, f.Message = http.StatusUnprocessableEntity, "extra_forbidden", string(value), "Extra inputs are not permitted"+instead
	case a.dialect == "vllm":
		f.Message = fmt.Sprintf("[{'type': 'extra_forbidden', 'loc': ('body', '%s'), 'msg': 'Extra inputs are not permitted', 'input': %s}]%s", param, value, instead)
	case a.dialect == "ollama":
		f.Message = "invalid option provided: " + strconv.Quote(param) + instead
	}
	return f
}

// findParam looks for a key in a JSON object and the objects in it, so many
// levels deep. under is the key of the object that holds it; "": the outermost.
func findParam(body []byte, key string, levels int) (under string, value json.RawMessage, ok bool) {
	var in map[string]json.RawMessage
	if levels == 0 || json.Unmarshal(body, &in) != nil {
		return "", nil, false
	}
	if v, ok := in[key]; ok {
		return "", v, true
	}
	for name, v := range in {
		if len(v) > 0 && v[0] == '{' {
			if inner, value, ok := findParam(v, key, levels-1); ok {
				return cmp.Or(inner, name), value, true
			}
		}
	}
	return "", nil, false
}

// snake is a name as Google's errors write it.
func snake(name string) string {
	return upper.ReplaceAllStringFunc(name, func(s string) string { return "_" + string(s[0]|0x20) })
}

var (
	upper       = regexp.MustCompile(`[A-Z]`)
	pathVersion = regexp.MustCompile(`^/(?:[a-z]+/)*(v\d\w*)(?:/|$)`)
	dated       = regexp.MustCompile(`^\d{4}-\d\d-\d\d`)
)

// Versions that are taken where a scenario does not say: of Anthropic the
// newest; of Azure the one that its own refusals named (chatwise#258).
const (
	anthropicTakes = "2026-10-21"
	azureTakes     = "2024-12-01-preview"
)

// refuseVersion is the failure of a call of a version that is not taken any
// more; nil: it is taken.
func (a apiChange) refuseVersion(c *mocks.Call, r *http.Request) *wire.Failure {
	f := &wire.Failure{Kind: wire.FailBadRequest, Model: c.Model}
	switch a.dialect {
	case "anthropic":
		v := r.Header.Get("Anthropic-Version")
		if !older(v, cmp.Or(a.Version, anthropicTakes)) {
			return nil
		}
		f.Message = fmt.Sprintf("anthropic-version: %q is not a valid version", v)
	case "azure":
		v, takes := r.URL.Query().Get("api-version"), cmp.Or(a.Version, azureTakes)
		if v == "" || !older(v, takes) { // OpenAI's own paths need none
			return nil
		}
		f.Code = "BadRequest"
		f.Message = "Model " + c.Model + " is enabled only for api versions " + takes + " and later"
	default: // unverified: nobody has withdrawn one yet
		version := "This version of the API"
		if m := pathVersion.FindStringSubmatch(r.URL.Path); m != nil {
			if m[1] == a.Version {
				return nil
			}
			version = "API version " + m[1]
		}
		f.Message = version + " is no longer supported. Please migrate to a newer version."
	}
	return f
}

// header is the header that is required and what must stand in it.
func (a *APIChange) header(dialect string) (name, value string) {
	name, value = "x-api-revision", "2"
	switch dialect {
	case "openai":
		name, value = "OpenAI-Beta", "chat=v2"
	case "anthropic":
		name, value = "anthropic-beta", "messages-2026-11-01"
	}
	if a.Header != "" { // the value is that of another header
		name, value = a.Header, "2"
	}
	return name, cmp.Or(a.Value, value)
}

// refuseHeader is the failure of a call without the header; nil: it has it.
// OpenAI's words are those of its assistants ("You must provide the
// 'OpenAI-Beta' header to access the Assistants API. Please try again by setting
// the header 'OpenAI-Beta: assistants=v2'."), the others Anthropic's
// ("anthropic-version: header is required"). That the latter tell the value is
// made up.
func (a apiChange) refuseHeader(c *mocks.Call, r *http.Request) *wire.Failure {
	name, value := a.header(a.dialect)
	for _, list := range r.Header.Values(name) {
		for v := range strings.SplitSeq(list, ",") {
			if strings.TrimSpace(v) == value {
				return nil
			}
		}
	}
	f := &wire.Failure{Kind: wire.FailBadRequest, Model: c.Model, Message: name + ": header is required"}
	told := ". Please try again by setting the header '" + name + ": " + value + "'."
	if a.dialect == "openai" {
		f.Code, f.Message = "invalid_beta", "You must provide the '"+name+"' header to access this API"
		if a.Untold {
			told = "."
		}
	} else if a.Untold {
		told = ""
	}
	f.Message += told
	return f
}

// older tells whether a dated version is older than another.
func older(v, than string) bool { return dated.FindString(v) < dated.FindString(than) }

// textFields are the fields of an answer that hold what it is asked for.
func textFields(dialect string, c *mocks.Call) []string {
	switch {
	case c.Operation == mocks.OperationEmbed:
		return []string{"embedding", "embeddings", "values"}
	case c.Request.Surface == "responses":
		return []string{"text", "delta"}
	case slices.Contains([]string{"anthropic", "gemini", "vertex"}, dialect):
		return []string{"text"}
	case dialect == "bedrock":
		return []string{"text", "generation"}
	case dialect == "ollama":
		return []string{"content", "response"}
	case dialect == "sagemaker", dialect == "azureml":
		return []string{"content", "generated_text", "output", "text"}
	}
	return []string{"content", "text"}
}

// renameKey renames a key of JSON wherever it stands. Inside of strings its
// quotes are escaped, so that no text is taken for a key.
func renameKey(body []byte, from, to string) []byte {
	return bytes.ReplaceAll(body, []byte(strconv.Quote(from)+":"), []byte(strconv.Quote(to)+":"))
}
