package wire

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// geminiRequest is the part of a request that is understood.
type geminiRequest struct {
	Contents   []geminiContent   `json:"contents"`
	System     *geminiContent    `json:"systemInstruction"`
	Generation *geminiGeneration `json:"generationConfig"`
	Tools      []geminiTool      `json:"tools"`
	ToolConfig *geminiToolConfig `json:"toolConfig"`
	// Counts may hold a whole request in place of contents.
	Whole *geminiRequest `json:"generateContentRequest"`
}

type geminiGeneration struct {
	MaxTokens   *int            `json:"maxOutputTokens"`
	Temperature *float64        `json:"temperature"`
	Stop        []string        `json:"stopSequences"`
	MIMEType    string          `json:"responseMimeType"`
	Schema      json.RawMessage `json:"responseSchema"`
	JSONSchema  json.RawMessage `json:"responseJsonSchema"`
}

// DecodeRequest reads a request for content.
func (d gemini) DecodeRequest(r *http.Request, body []byte) (*Request, *Failure) {
	c, _, _ := d.call(r.URL)
	var in geminiRequest
	fail := d.read(body, &in)
	if fail != nil {
		return nil, d.at(c, fail)
	}
	out, fail := in.request(true)
	if fail != nil {
		return nil, d.at(c, fail)
	}
	out.Model, out.Stream, out.Surface = c.model, c.streamed(), d.surface(c)
	return out, nil
}

// DecodeCount reads a request to count tokens.
func (d gemini) DecodeCount(r *http.Request, body []byte) (*Request, *Failure) {
	c, _, _ := d.call(r.URL)
	var in geminiRequest
	fail := d.read(body, &in)
	if fail != nil {
		return nil, d.at(c, fail)
	}
	asked := &in
	if in.Whole != nil {
		asked = in.Whole
	}
	out, fail := asked.request(false)
	if fail != nil {
		return nil, d.at(c, fail)
	}
	out.Model, out.Surface = c.model, d.surface(c)
	return out, nil
}

// read parses a body. Its words on values of the wrong type are Google's; those
// on syntax are shortened, since the real ones quote the place.
func (d gemini) read(body []byte, in any) *Failure {
	if len(body) > d.maxBody {
		return &Failure{Kind: FailTooLarge, LimitValue: d.maxBody}
	}
	if err := json.Unmarshal(camelKeys(body), in); err != nil {
		f := &Failure{Kind: FailBadRequest}
		param, want, got, ok := typeError(err)
		if !ok || param == "" {
			what := plainly(err)
			f.Message = "Invalid JSON payload received. " + strings.ToUpper(what[:1]) + what[1:] + "."
			return f
		}
		f.Param = param
		f.Message = fmt.Sprintf("Invalid value at '%s' (%s), %s", param, googleType(want), got)
		return f
	}
	return nil
}

// googleType names a type as Google's errors do.
func googleType(want string) string {
	switch want {
	case "an integer":
		return "TYPE_INT32"
	case "a decimal":
		return "TYPE_FLOAT"
	case "a string":
		return "TYPE_STRING"
	case "a boolean":
		return "TYPE_BOOL"
	}
	return "TYPE_MESSAGE"
}

// request checks a parsed body and makes the neutral request of it. chat: an
// answer is wanted.
func (in *geminiRequest) request(chat bool) (*Request, *Failure) {
	bad := func(message string) (*Request, *Failure) {
		return nil, &Failure{Kind: FailBadRequest, Message: message}
	}
	if len(in.Contents) == 0 {
		kind := "GenerateContentRequest"
		if !chat {
			kind = "CountTokensRequest"
		}
		return bad("* " + kind + ".contents: contents is not specified\n")
	}
	out := &Request{
		IncludeUsage: true, // the dialect always reports it
		Messages:     make([]Message, 0, len(in.Contents)+1),
	}
	if in.System != nil {
		if s := in.System.text(); s != "" {
			out.Messages = append(out.Messages, Message{Role: "system", Text: s})
		}
	}
	var wrong string
	if out.Messages, wrong = geminiTurns(out.Messages, in.Contents); wrong != "" {
		return bad(wrong)
	}
	if g := in.Generation; g != nil {
		if wrong = g.read(out); wrong != "" {
			return bad(wrong)
		}
	}
	in.readTools(out)
	return out, nil
}

// read moves the parameters of the answer into out. Bounds are documented, the
// words unverified.
func (g *geminiGeneration) read(out *Request) (wrong string) {
	const at = "* GenerateContentRequest.generation_config."
	switch {
	case g.MaxTokens != nil && *g.MaxTokens < 0:
		return at + "max_output_tokens: max_output_tokens must be positive.\n"
	case g.Temperature != nil && (*g.Temperature < 0 || *g.Temperature > 2):
		return at + "temperature: temperature must be in the range [0.0, 2.0].\n"
	case len(g.Stop) > 5:
		return at + "stop_sequences: the number of stop sequences must not exceed 5.\n"
	}
	if g.MaxTokens != nil {
		out.MaxTokens = *g.MaxTokens // 0 is protobuf's "not set"
	}
	out.Temperature = g.Temperature
	if len(g.Stop) > 0 {
		out.Stop = g.Stop
	}
	if g.MIMEType == "application/json" {
		out.JSON = true
		out.Schema = g.JSONSchema
		if len(out.Schema) == 0 && len(g.Schema) > 0 {
			out.Schema = plainSchema(g.Schema)
		}
	}
	return ""
}

// WriteCount writes the number of a prompt's tokens.
func (d gemini) WriteCount(w http.ResponseWriter, req *Request, tokens int) error {
	b := appendField(nil, `{"totalTokens":`, tokens)
	if d.billable {
		n := 0
		for _, m := range req.Messages {
			n += billable(m.Text)
		}
		b = appendField(b, `,"totalBillableCharacters":`, n)
	}
	b = appendField(b, `,"promptTokensDetails":[{"modality":"TEXT","tokenCount":`, tokens)
	return writeBody(w, http.StatusOK, googleJSON, append(appendIndented(nil, append(b, "}]}"...)), '\n'))
}

// billable counts characters but white space, as Vertex AI once billed them.
func billable(s string) int {
	n := 0
	for _, r := range s {
		if r != ' ' && r != '\n' && r != '\t' && r != '\r' {
			n++
		}
	}
	return n
}
