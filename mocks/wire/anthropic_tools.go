package wire

import (
	"encoding/json"
	"strconv"
)

// anthropicTool is a function of a request. Tools that the provider runs by
// itself have another type and no schema.
type anthropicTool struct {
	Type        string          `json:"type"`
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Schema      json.RawMessage `json:"input_schema"`
}

type anthropicToolChoice struct {
	Type   string `json:"type"`
	Name   string `json:"name"`
	Single bool   `json:"disable_parallel_tool_use"`
}

// anthropicOutput says what form an answer must have.
type anthropicOutput struct {
	Format struct {
		Type   string          `json:"type"`
		Schema json.RawMessage `json:"schema"`
	} `json:"format"`
}

// readTools moves a request's tools and its choice among them into out.
func (in *anthropicRequest) readTools(out *Request) (wrong string) {
	for i, t := range in.Tools {
		at := "tools." + strconv.Itoa(i)
		switch {
		case t.Type != "" && t.Type != "custom": // the provider's own tool
			continue
		case t.Name == "":
			return at + ".custom.name: Field required"
		case jsonType(t.Schema) != "object":
			return at + ".custom.input_schema: Field required"
		}
		out.Tools = append(out.Tools, Tool{Name: t.Name, Description: t.Description, Schema: t.Schema})
	}
	if c := in.ToolChoice; c != nil {
		out.SingleCall = c.Single
		switch c.Type {
		case "auto":
			out.ToolChoice = ToolAuto
		case "any":
			out.ToolChoice = ToolRequired
		case "none":
			out.ToolChoice = ToolNone
		case "tool":
			if c.Name == "" {
				return "tool_choice.tool.name: Field required"
			}
			out.ToolChoice = c.Name
		default:
			return "tool_choice: Input tag '" + c.Type + "' found using 'type' does not match any of the expected tags: 'auto', 'any', 'tool', 'none'"
		}
	}
	if in.Output != nil && in.Output.Format.Type == "json_schema" {
		out.JSON, out.Schema = true, in.Output.Format.Schema
	}
	return ""
}

// appendAnthropicTools appends a request's tools, its choice and the form of
// the answer it wants.
func appendAnthropicTools(dst []byte, req *Request) []byte {
	for i, t := range req.Tools {
		sep := ","
		if i == 0 {
			sep = `,"tools":[`
		}
		dst = appendString(append(append(dst, sep...), `{"name":`...), t.Name)
		if t.Description != "" {
			dst = appendString(append(dst, `,"description":`...), t.Description)
		}
		schema := t.Schema
		if len(schema) == 0 {
			schema = json.RawMessage(`{"type":"object","properties":{}}`) // it is required
		}
		dst = append(append(append(dst, `,"input_schema":`...), schema...), '}')
	}
	if len(req.Tools) > 0 {
		dst = appendAnthropicChoice(append(dst, ']'), req)
	}
	if req.JSON && len(req.Schema) > 0 { // there is no JSON mode without a schema
		dst = append(append(append(dst, `,"output_config":{"format":{"type":"json_schema","schema":`...), req.Schema...), "}}"...)
	}
	return dst
}

func appendAnthropicChoice(dst []byte, req *Request) []byte {
	if req.ToolChoice == "" && !req.SingleCall {
		return dst
	}
	dst = append(dst, `,"tool_choice":{"type":`...)
	switch req.ToolChoice {
	case "", ToolAuto:
		dst = append(dst, `"auto"`...)
	case ToolRequired:
		dst = append(dst, `"any"`...)
	case ToolNone:
		return append(dst, `"none"}`...)
	default:
		dst = appendString(append(dst, `"tool","name":`...), req.ToolChoice)
	}
	if req.SingleCall {
		dst = append(dst, `,"disable_parallel_tool_use":true`...)
	}
	return append(dst, '}')
}
