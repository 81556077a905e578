package wire

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// geminiContent is one turn of a conversation, or the system's instruction.
type geminiContent struct {
	Role  string       `json:"role"`
	Parts []geminiPart `json:"parts"`
}

type geminiPart struct {
	Text    string `json:"text"`
	Thought bool   `json:"thought"`
	Call    *struct {
		ID   string          `json:"id"`
		Name string          `json:"name"`
		Args json.RawMessage `json:"args"`
	} `json:"functionCall"`
	Result *struct {
		ID       string          `json:"id"`
		Name     string          `json:"name"`
		Response json.RawMessage `json:"response"`
	} `json:"functionResponse"`
}

// text joins the parts' text. What a model thought is no part of its answer.
func (c *geminiContent) text() string {
	if len(c.Parts) == 1 && !c.Parts[0].Thought {
		return c.Parts[0].Text
	}
	var b strings.Builder
	for i := range c.Parts {
		if !c.Parts[i].Thought {
			b.WriteString(c.Parts[i].Text)
		}
	}
	return b.String()
}

// geminiTurns turns contents into neutral messages: each result of a function
// is a message of its own, before the text of the same turn. Calls may lack an
// id, and results too; names make the match then.
func geminiTurns(out []Message, in []geminiContent) (_ []Message, wrong string) {
	var open []ToolCall // that wait for their results
	nameless := 0
	for i := range in {
		c := &in[i]
		m := Message{Role: "user", Text: c.text()}
		switch c.Role {
		case "", "user", "function", "tool":
		case "model":
			m.Role = "assistant"
		default:
			return nil, "Please use a valid role: user, model."
		}
		if len(c.Parts) == 0 {
			return nil, "* GenerateContentRequest.contents[" + strconv.Itoa(i) + "].parts: contents.parts must not be empty.\n"
		}
		results := 0
		for j := range c.Parts {
			switch p := &c.Parts[j]; {
			case p.Call != nil:
				call := ToolCall{ID: p.Call.ID, Name: p.Call.Name, Arguments: argumentsOf(p.Call.Args)}
				if nameless++; call.ID == "" {
					call.ID = "call_" + strconv.Itoa(nameless)
				}
				m.ToolCalls = append(m.ToolCalls, call)
				open = append(open, call)
			case p.Result != nil:
				results++
				id := p.Result.ID
				if k := slices.IndexFunc(open, func(o ToolCall) bool { return id == "" && o.Name == p.Result.Name }); k >= 0 {
					id = open[k].ID
					open = slices.Delete(open, k, k+1)
				}
				out = append(out, Message{Role: "tool", Text: resultText(p.Result.Response), ToolCallID: id})
			}
		}
		if m.Text != "" || results == 0 {
			out = append(out, m)
		}
	}
	return out, ""
}

// resultText is what a function said. Its answer is an object; by Google's
// convention its text is under "output", and without that key the whole object
// is the answer.
func resultText(response json.RawMessage) string {
	var only map[string]json.RawMessage
	if json.Unmarshal(response, &only) == nil && len(only) == 1 && jsonType(only["output"]) == "string" {
		s, _ := unquote(only["output"])
		return s
	}
	return string(response)
}

// appendGeminiTurns appends all neutral messages but the system's. Results of
// functions that follow one another, and the user's text behind them, are one
// turn.
func appendGeminiTurns(dst []byte, ms []Message) []byte {
	dst = append(dst, '[')
	for i, sep := 0, ""; i < len(ms); {
		m := &ms[i]
		if m.Role == "system" {
			i++
			continue
		}
		dst = append(append(dst, sep...), `{"parts":[`...)
		sep = ","
		role := `],"role":"user"}`
		switch m.Role {
		case "tool":
			for open := ""; i < len(ms) && ms[i].Role == "tool"; i, open = i+1, "," {
				dst = appendGeminiResult(append(dst, open...), ms[:i], &ms[i])
			}
			if i < len(ms) && ms[i].Role == "user" {
				dst = append(appendString(append(dst, `,{"text":`...), ms[i].Text), '}')
				i++
			}
		case "assistant":
			role = geminiRole
			open := ""
			if m.Text != "" || len(m.ToolCalls) == 0 {
				dst = append(appendString(append(dst, `{"text":`...), m.Text), '}')
				open = ","
			}
			for _, c := range m.ToolCalls {
				dst = appendGeminiCall(append(dst, open...), c)
				open = ","
			}
			i++
		default:
			dst = append(appendString(append(dst, `{"text":`...), m.Text), '}')
			i++
		}
		dst = append(dst, role...)
	}
	return append(dst, ']')
}

// appendGeminiResult appends a function's result, which names the function:
// the call of the same id before it tells.
func appendGeminiResult(dst []byte, before []Message, m *Message) []byte {
	name := m.ToolCallID
	for i := len(before) - 1; i >= 0; i-- {
		if k := slices.IndexFunc(before[i].ToolCalls, func(c ToolCall) bool { return c.ID == m.ToolCallID }); k >= 0 {
			name = before[i].ToolCalls[k].Name
			break
		}
	}
	dst = appendString(append(dst, `{"functionResponse":{"name":`...), name)
	if m.ToolCallID != "" {
		dst = appendString(append(dst, `,"id":`...), m.ToolCallID)
	}
	dst = append(dst, `,"response":`...)
	if jsonType([]byte(m.Text)) == "object" && json.Valid([]byte(m.Text)) {
		dst = append(dst, m.Text...)
	} else {
		dst = append(appendString(append(dst, `{"output":`...), m.Text), '}')
	}
	return append(dst, "}}"...)
}
