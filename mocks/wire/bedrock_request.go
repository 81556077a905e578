package wire

import (
	"encoding/json"
	"fmt"
	"strings"
)

// converseRequest is the part of a Converse request that is understood. Nova's
// InvokeModel bodies are the same with another name for one field.
type converseRequest struct {
	Messages []converseMessage `json:"messages"`
	System   []struct {
		Text string `json:"text"`
	} `json:"system"`
	Inference struct {
		MaxTokens    *int     `json:"maxTokens"`
		MaxNewTokens *int     `json:"max_new_tokens"` // Nova's
		Temperature  *float64 `json:"temperature"`
		Stop         []string `json:"stopSequences"`
	} `json:"inferenceConfig"`
	Tools  *converseTools `json:"toolConfig"`
	Output struct {
		Format *struct {
			Structure struct {
				JSON struct {
					Schema string `json:"schema"` // JSON, as a string
				} `json:"jsonSchema"`
			} `json:"structure"`
		} `json:"textFormat"`
	} `json:"outputConfig"`
}

type converseMessage struct {
	Role    string          `json:"role"`
	Content []converseBlock `json:"content"`
}

// converseBlock is a part of a message. Parts of other kinds are passed over.
type converseBlock struct {
	Text   *string      `json:"text"`
	Use    *converseUse `json:"toolUse"`
	Result *struct {
		ID      string `json:"toolUseId"`
		Content []struct {
			Text string          `json:"text"`
			JSON json.RawMessage `json:"json"`
		} `json:"content"`
	} `json:"toolResult"`
}

type converseUse struct {
	ID    string          `json:"toolUseId"`
	Name  string          `json:"name"`
	Input json.RawMessage `json:"input"`
}

type converseTools struct {
	Tools []struct {
		Spec *struct {
			Name        string `json:"name"`
			Description string `json:"description"`
			Schema      struct {
				JSON json.RawMessage `json:"json"`
			} `json:"inputSchema"`
		} `json:"toolSpec"`
	} `json:"tools"`
	Choice *struct {
		Any  *struct{} `json:"any"`
		Tool *struct {
			Name string `json:"name"`
		} `json:"tool"`
	} `json:"toolChoice"`
}

func readConverse(body []byte, in *converseRequest) *Failure {
	if err := json.Unmarshal(body, in); err != nil {
		return serialization(err)
	}
	return nil
}

// serialization refuses a body that is not what the service's model says.
// Words of AWS's JSON services in general, unverified for Bedrock.
func serialization(err error) *Failure {
	f := &Failure{Kind: FailBadRequest, Type: "SerializationException", Message: "Unexpected end of input or token in the request body"}
	if _, want, got, ok := typeError(err); ok {
		_, noun, _ := strings.Cut(want, " ")
		f.Message = fmt.Sprintf("%s_VALUE can not be converted to %s%s", strings.ToUpper(got), strings.ToUpper(noun[:1]), noun[1:])
	}
	return f
}

// request checks a parsed request and makes the neutral one of it. Texts
// without a remark were seen in public reports of 2024 and later.
func (in *converseRequest) request(model string, stream bool) (*Request, *Failure) {
	out := &Request{
		Model: model, Stream: stream, Temperature: in.Inference.Temperature, Stop: in.Inference.Stop,
		IncludeUsage: true, // the dialect always reports it
		Messages:     make([]Message, 0, len(in.Messages)+1),
	}
	most := in.Inference.MaxTokens
	if most == nil {
		most = in.Inference.MaxNewTokens
	}
	if most != nil {
		if *most < 1 {
			return nil, constraint(*most, "inferenceConfig.maxTokens", "Member must have value greater than or equal to 1")
		}
		out.MaxTokens = *most
	}
	if t := out.Temperature; t != nil && *t > 1 {
		return nil, constraint(*t, "inferenceConfig.temperature", "Member must have value less than or equal to 1")
	} else if t != nil && *t < 0 {
		return nil, constraint(*t, "inferenceConfig.temperature", "Member must have value greater than or equal to 0")
	}
	if len(in.Messages) == 0 || in.Messages[0].Role == "assistant" {
		return nil, bedrockInvalid("A conversation must start with a user message. Try again with a conversation that starts with a user message.")
	}
	var system strings.Builder
	for _, s := range in.System {
		system.WriteString(s.Text)
	}
	if system.Len() > 0 {
		out.Messages = append(out.Messages, Message{Role: "system", Text: system.String()})
	}
	for i := range in.Messages {
		if i > 0 && in.Messages[i].Role == in.Messages[i-1].Role {
			return nil, bedrockInvalid("A conversation must alternate between user and assistant roles. Make sure the conversation alternates between user and assistant roles and try again.")
		}
		if fail := in.Messages[i].turn(i, out); fail != nil {
			return nil, fail
		}
	}
	if in.Output.Format != nil {
		out.JSON = true
		if schema := in.Output.Format.Structure.JSON.Schema; jsonType([]byte(schema)) == "object" && json.Valid([]byte(schema)) {
			out.Schema = json.RawMessage(schema)
		}
	}
	if fail := in.tools(out); fail != nil {
		return nil, fail
	}
	return out, nil
}

// turn appends what a message says: results of functions first, each as a
// message of its own, then the text.
func (m *converseMessage) turn(i int, out *Request) *Failure {
	if m.Role != "user" && m.Role != "assistant" {
		return constraint(m.Role, fmt.Sprintf("messages.%d.member.role", i+1), "Member must satisfy enum value set: [user, assistant]")
	}
	if len(m.Content) == 0 {
		return bedrockInvalid("The content field in the Message object at messages.%d is empty. Add a ContentBlock object to the content field and try again.", i)
	}
	said := Message{Role: m.Role}
	texts := 0
	for n, b := range m.Content {
		switch {
		case b.Text != nil:
			if strings.TrimSpace(*b.Text) == "" {
				return bedrockInvalid("The text field in the ContentBlock object at messages.%d.content.%d is blank. Add text to the text field, and try again.", i, n)
			}
			said.Text += *b.Text
			texts++
		case b.Use != nil:
			input := string(b.Use.Input)
			if jsonType(b.Use.Input) != "object" {
				return bedrockInvalid("The format of the value at messages.%d.content.%d.toolUse.input is invalid. Provide a json object for the field and try again.", i, n)
			}
			said.ToolCalls = append(said.ToolCalls, ToolCall{ID: b.Use.ID, Name: b.Use.Name, Arguments: input})
		case b.Result != nil:
			var text strings.Builder
			for _, c := range b.Result.Content {
				text.WriteString(c.Text)
				text.Write(c.JSON)
			}
			out.Messages = append(out.Messages, Message{Role: "tool", ToolCallID: b.Result.ID, Text: text.String()})
		}
	}
	if texts > 0 || said.ToolCalls != nil || m.Role == "assistant" {
		out.Messages = append(out.Messages, said)
	}
	return nil
}

// tools moves a request's functions and its choice among them into out.
func (in *converseRequest) tools(out *Request) *Failure {
	if in.Tools == nil {
		return nil
	}
	if len(in.Tools.Tools) == 0 {
		return constraint("[]", "toolConfig.tools", "Member must have length greater than or equal to 1")
	}
	for i, t := range in.Tools.Tools {
		switch {
		case t.Spec == nil: // a cache point, or the provider's own tool
			continue
		case t.Spec.Name == "":
			return constraint("", fmt.Sprintf("toolConfig.tools.%d.member.toolSpec.name", i+1), "Member must have length greater than or equal to 1")
		case jsonType(t.Spec.Schema.JSON) != "object":
			return bedrockInvalid("The value at toolConfig.tools.%d.toolSpec.inputSchema.json.type must be one of the following: object.", i)
		}
		out.Tools = append(out.Tools, Tool{Name: t.Spec.Name, Description: t.Spec.Description, Schema: t.Spec.Schema.JSON})
	}
	if c := in.Tools.Choice; c != nil {
		switch {
		case c.Tool != nil:
			out.ToolChoice = c.Tool.Name
		case c.Any != nil:
			out.ToolChoice = ToolRequired
		default:
			out.ToolChoice = ToolAuto
		}
	}
	return nil
}
