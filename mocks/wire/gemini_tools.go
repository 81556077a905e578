package wire

import (
	"encoding/json"
	"strconv"
)

// geminiTool is a set of functions. Tools that Google runs by itself have none.
type geminiTool struct {
	Functions []struct {
		Name        string          `json:"name"`
		Description string          `json:"description"`
		Parameters  json.RawMessage `json:"parameters"`
		JSONSchema  json.RawMessage `json:"parametersJsonSchema"`
	} `json:"functionDeclarations"`
}

type geminiToolConfig struct {
	Calling struct {
		Mode    string   `json:"mode"`
		Allowed []string `json:"allowedFunctionNames"`
	} `json:"functionCallingConfig"`
}

// readTools moves a request's functions and its choice among them into out.
func (in *geminiRequest) readTools(out *Request) {
	for _, t := range in.Tools {
		for _, f := range t.Functions {
			schema := f.JSONSchema
			if len(schema) == 0 && len(f.Parameters) > 0 {
				schema = plainSchema(f.Parameters)
			}
			out.Tools = append(out.Tools, Tool{Name: f.Name, Description: f.Description, Schema: schema})
		}
	}
	if in.ToolConfig == nil {
		return
	}
	switch c := in.ToolConfig.Calling; c.Mode {
	case "NONE":
		out.ToolChoice = ToolNone
	case "ANY":
		out.ToolChoice = ToolRequired
		if len(c.Allowed) == 1 {
			out.ToolChoice = c.Allowed[0]
		}
	case "AUTO", "VALIDATED":
		out.ToolChoice = ToolAuto
	}
}

// appendGeminiTools appends a request's functions and its choice among them.
func appendGeminiTools(dst []byte, req *Request) []byte {
	if len(req.Tools) == 0 {
		return dst
	}
	open := `,"tools":[{"functionDeclarations":[`
	for _, t := range req.Tools {
		dst = appendString(append(append(dst, open...), `{"name":`...), t.Name)
		open = ","
		if t.Description != "" {
			dst = appendString(append(dst, `,"description":`...), t.Description)
		}
		if len(t.Schema) > 0 {
			dst = append(append(dst, `,"parametersJsonSchema":`...), t.Schema...)
		}
		dst = append(dst, '}')
	}
	dst = append(dst, "]}]"...)
	var mode, allowed string
	switch req.ToolChoice {
	case "":
		return dst
	case ToolAuto:
		mode = "AUTO"
	case ToolNone:
		mode = "NONE"
	case ToolRequired:
		mode = "ANY"
	default:
		mode, allowed = "ANY", req.ToolChoice
	}
	dst = append(append(append(dst, `,"toolConfig":{"functionCallingConfig":{"mode":"`...), mode...), '"')
	if allowed != "" {
		dst = append(appendString(append(dst, `,"allowedFunctionNames":[`...), allowed), ']')
	}
	return append(dst, "}}"...)
}

// appendGeneration appends the parameters of the answer, if there are any.
func appendGeneration(dst []byte, req *Request) []byte {
	const key = `,"generationConfig":{`
	n := len(dst)
	dst = append(dst, key...)
	if req.MaxTokens > 0 {
		dst = appendField(dst, `,"maxOutputTokens":`, req.MaxTokens)
	}
	if req.Temperature != nil {
		dst = strconv.AppendFloat(append(dst, `,"temperature":`...), *req.Temperature, 'g', -1, 64)
	}
	dst = appendFloat(dst, `,"topP":`, req.TopP)
	if req.Seed != nil {
		dst = strconv.AppendInt(append(dst, `,"seed":`...), *req.Seed, 10)
	}
	dst = appendStrings(dst, `,"stopSequences":`, req.Stop)
	if req.JSON {
		dst = append(dst, `,"responseMimeType":"application/json"`...)
		if len(req.Schema) > 0 {
			dst = append(append(dst, `,"responseJsonSchema":`...), req.Schema...)
		}
	}
	if len(dst) == n+len(key) {
		return dst[:n]
	}
	// The comma of the first field goes.
	dst = append(dst[:n+len(key)], dst[n+len(key)+1:]...)
	return append(dst, '}')
}
