package wire

import (
	"bytes"
	"encoding/json"
	"strings"
)

// snakeNames are the fields that Google's servers take in snake_case too, as
// its own curl examples write them. Names inside a function's arguments are the
// user's; that one of them is on this list is taken to be chance.
var snakeNames = map[string]string{
	`"system_instruction"`:       `"systemInstruction"`,
	`"generation_config"`:        `"generationConfig"`,
	`"generate_content_request"`: `"generateContentRequest"`,
	`"max_output_tokens"`:        `"maxOutputTokens"`,
	`"stop_sequences"`:           `"stopSequences"`,
	`"response_mime_type"`:       `"responseMimeType"`,
	`"response_schema"`:          `"responseSchema"`,
	`"response_json_schema"`:     `"responseJsonSchema"`,
	`"function_declarations"`:    `"functionDeclarations"`,
	`"parameters_json_schema"`:   `"parametersJsonSchema"`,
	`"tool_config"`:              `"toolConfig"`,
	`"function_calling_config"`:  `"functionCallingConfig"`,
	`"allowed_function_names"`:   `"allowedFunctionNames"`,
	`"function_call"`:            `"functionCall"`,
	`"function_response"`:        `"functionResponse"`,
	`"output_dimensionality"`:    `"outputDimensionality"`,
}

// camelKeys returns body with those names in camelCase. A body without them,
// as the SDKs write it, is returned as it is.
func camelKeys(body []byte) []byte {
	if bytes.IndexByte(body, '_') < 0 {
		return body
	}
	var out []byte
	kept := 0 // of body, copied to out so far
	for i := 0; i < len(body); {
		next := bytes.IndexByte(body[i:], '"')
		if next < 0 {
			break
		}
		i += next
		n := literalEnd(body[i:])
		if n < 0 {
			break
		}
		if camel, ok := snakeNames[string(body[i:i+n])]; ok {
			if after := nextToken(body, i+n); after < len(body) && body[after] == ':' {
				out = append(append(out, body[kept:i]...), camel...)
				kept = i + n
			}
		}
		i += n
	}
	if kept == 0 {
		return body
	}
	return append(out, body[kept:]...)
}

// plainSchema turns a schema in OpenAPI's words, as Google's clients write it
// ("type": "OBJECT"), into JSON Schema. What is no schema is returned as it is.
func plainSchema(schema json.RawMessage) json.RawMessage {
	var v any
	if json.Unmarshal(schema, &v) != nil {
		return schema
	}
	lowerTypes(v)
	out, err := json.Marshal(v)
	if err != nil {
		return schema
	}
	return out
}

func lowerTypes(v any) {
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			if s, ok := inner.(string); ok && key == "type" {
				v[key] = strings.ToLower(s)
			} else {
				lowerTypes(inner)
			}
		}
	case []any:
		for _, inner := range v {
			lowerTypes(inner)
		}
	}
}
