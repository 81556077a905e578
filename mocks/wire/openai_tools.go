package wire

import (
	"encoding/json"
	"slices"
	"strconv"
)

// openAITool is a tool of a chat request, with its function nested, and of a
// responses request, where it is flat.
type openAITool struct {
	Type     string          `json:"type"`
	Function *openAIFunction `json:"function"`
	openAIFunction
}

type openAIFunction struct {
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Parameters  json.RawMessage `json:"parameters"`
}

// toolset is what a request says of tools.
type toolset struct {
	Tools             []openAITool    `json:"tools"`
	ToolChoice        json.RawMessage `json:"tool_choice"`
	ParallelToolCalls *bool           `json:"parallel_tool_calls"`
}

// into writes the tools into a neutral request. Tools that are no functions
// (web search and its like) are the provider's own business: a mock has none,
// and lets them pass.
func (t *toolset) into(out *Request, say *complaints) *Failure {
	for i, tool := range t.Tools {
		f := tool.openAIFunction
		param := "tools[" + strconv.Itoa(i) + "]"
		if tool.Function != nil {
			f = *tool.Function
			param += ".function"
		}
		if tool.Type != "function" && tool.Type != "" {
			continue
		}
		if f.Name == "" {
			return say.missing(param + ".name")
		}
		out.Tools = append(out.Tools, Tool{Name: f.Name, Description: f.Description, Schema: absent(f.Parameters)})
	}
	out.SingleCall = t.ParallelToolCalls != nil && !*t.ParallelToolCalls
	return t.choose(out, say)
}

// toolChoice is a tool_choice that is an object. Each form is nested in a chat
// request and flat in a responses request.
type toolChoice struct {
	openAITool
	allowedTools
	Allowed *allowedTools `json:"allowed_tools"`
}

// allowedTools are those of the request's tools that may be called.
type allowedTools struct {
	Mode  string       `json:"mode"`
	Tools []openAITool `json:"tools"`
}

// keep removes from the request's tools those that are not allowed.
func (a *allowedTools) keep(out *Request) {
	out.Tools = slices.DeleteFunc(out.Tools, func(t Tool) bool {
		return !slices.ContainsFunc(a.Tools, func(in openAITool) bool {
			return in.Name == t.Name || in.Function != nil && in.Function.Name == t.Name
		})
	})
}

// choose reads tool_choice: a word, or an object that names a function or some
// that are allowed. Objects that name the provider's own tools say nothing to a
// mock.
func (t *toolset) choose(out *Request, say *complaints) *Failure {
	const param = "tool_choice"
	choice, named := "", false
	switch jsonType(t.ToolChoice) {
	case "nothing", "null":
		return nil
	case "string":
		choice, _ = unquote(t.ToolChoice)
	case "object":
		var in toolChoice
		_ = json.Unmarshal(t.ToolChoice, &in) // what cannot be read names nothing
		switch {
		case in.Type == "allowed_tools":
			allowed := in.allowedTools
			if in.Allowed != nil {
				allowed = *in.Allowed
			}
			allowed.keep(out)
			choice = allowed.Mode
		case in.Type != "function" && in.Type != "":
			return nil
		case in.Function != nil:
			choice, named = in.Function.Name, true
		default:
			choice, named = in.Name, true
		}
	default:
		return say.wrongType(param, "one of a string or object", jsonType(t.ToolChoice))
	}
	switch {
	case !named && choice != ToolAuto && choice != ToolNone && choice != ToolRequired:
		return badChoice("Invalid value: '" + choice + "'. Supported values are: 'none', 'auto', and 'required'.")
	case len(t.Tools) == 0 && (named || choice == ToolRequired):
		return badChoice("Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.")
	case named && !slices.ContainsFunc(out.Tools, func(t Tool) bool { return t.Name == choice }):
		return badChoice("Tool choice '" + choice + "' not found in 'tools' parameter.")
	}
	out.ToolChoice = choice
	return nil
}

// badChoice words what is wrong with a tool_choice as OpenAI does in public
// reports; the others' words are not known.
func badChoice(message string) *Failure {
	return &Failure{Kind: FailBadRequest, Param: "tool_choice", Message: message}
}

// absent is raw, or nothing where it is null.
func absent(raw json.RawMessage) json.RawMessage {
	if jsonType(raw) == "null" {
		return nil
	}
	return raw
}

// jsonFormat is how the answer is to be formed: response_format of a chat
// request, text.format of a responses request, where the schema is not nested.
type jsonFormat struct {
	Type   string `json:"type"`
	Nested *struct {
		Schema json.RawMessage `json:"schema"`
	} `json:"json_schema"`
	Schema json.RawMessage `json:"schema"`
}

// into writes the format into a neutral request.
func (f *jsonFormat) into(out *Request, param string, say *complaints) *Failure {
	if f == nil {
		return nil
	}
	switch f.Type {
	case "text", "":
	case "json_object":
		out.JSON = true
	case "json_schema":
		out.JSON = true
		out.Schema = absent(f.Schema)
		if f.Nested != nil {
			out.Schema = absent(f.Nested.Schema)
		}
		if out.Schema == nil {
			return say.missing(param + ".json_schema")
		}
	default:
		return &Failure{Kind: FailBadRequest, Param: param, Message: "Invalid value: '" + f.Type + "'. Supported values are: 'json_object', 'json_schema', and 'text'."}
	}
	return nil
}

// openAICall is a call of a function in a message and in a delta.
type openAICall struct {
	Index    int    `json:"index"`
	ID       string `json:"id"`
	Function struct {
		Name      string `json:"name"`
		Arguments string `json:"arguments"`
	} `json:"function"`
}

// callsOf turns calls as a message has them into neutral ones.
func callsOf(in []openAICall) []ToolCall {
	if len(in) == 0 {
		return nil
	}
	calls := make([]ToolCall, len(in))
	for i, c := range in {
		calls[i] = ToolCall{ID: c.ID, Name: c.Function.Name, Arguments: c.Function.Arguments}
	}
	return calls
}

// appendCalls appends the calls of a message as an array.
func appendCalls(dst []byte, calls []ToolCall) []byte {
	dst = append(dst, '[')
	for i, c := range calls {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(append(dst, `{"id":`...), c.ID)
		dst = appendString(append(dst, `,"type":"function","function":{"name":`...), c.Name)
		dst = append(appendString(append(dst, `,"arguments":`...), c.Arguments), "}}"...)
	}
	return append(dst, ']')
}

// appendTools appends what a chat request says of tools.
func appendTools(dst []byte, req *Request) []byte {
	if len(req.Tools) == 0 {
		return dst
	}
	dst = append(dst, `,"tools":[`...)
	for i, t := range req.Tools {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"type":"function","function":`...)
		dst = append(appendFunction(append(dst, '{'), t), "}}"...)
	}
	dst = append(dst, ']')
	if req.ToolChoice != "" {
		dst = append(dst, `,"tool_choice":`...)
		if req.ToolChoice == ToolAuto || req.ToolChoice == ToolNone || req.ToolChoice == ToolRequired {
			dst = appendString(dst, req.ToolChoice)
		} else {
			dst = appendString(append(dst, `{"type":"function","function":{"name":`...), req.ToolChoice)
			dst = append(dst, "}}"...)
		}
	}
	if req.SingleCall {
		dst = append(dst, `,"parallel_tool_calls":false`...)
	}
	return dst
}

// appendFunction appends the fields of a function.
func appendFunction(dst []byte, t Tool) []byte {
	dst = appendString(append(dst, `"name":`...), t.Name)
	if t.Description != "" {
		dst = appendString(append(dst, `,"description":`...), t.Description)
	}
	if len(t.Schema) > 0 {
		dst = append(append(dst, `,"parameters":`...), t.Schema...)
	}
	return dst
}

// appendFormat appends the format of the answer of a chat request.
func appendFormat(dst []byte, req *Request) []byte {
	switch {
	case !req.JSON:
		return dst
	case len(req.Schema) == 0:
		return append(dst, `,"response_format":{"type":"json_object"}`...)
	}
	dst = append(dst, `,"response_format":{"type":"json_schema","json_schema":{"name":"answer","schema":`...)
	return append(append(dst, req.Schema...), "}}"...)
}

// ToolCall writes a piece of a call of a function.
func (s *openAIStream) ToolCall(c ToolCallDelta) error {
	buf := scratch.Get().(*[]byte)
	b := append(*buf, s.head...)
	b = appendField(b, `{"index":0,"delta":{"tool_calls":[{"index":`, c.Index)
	if c.Name != "" {
		b = appendString(append(b, `,"id":`...), c.ID)
		b = appendString(append(b, `,"type":"function","function":{"name":`...), c.Name)
		b = append(b, `,"arguments":`...)
	} else {
		b = append(b, `,"function":{"arguments":`...)
	}
	b = append(appendString(b, c.Arguments), "}}]"...)
	b = append(b, s.tail...)
	err := s.write(b)
	giveBack(buf, b)
	return err
}

// NewToolCallID returns the id of a call.
func (d openAI) NewToolCallID(bits uint64) string {
	if d.callPrefix == "" {
		return spell("call_", bits, base62, 24)
	}
	return spell(d.callPrefix, bits, hex32, 32)
}
