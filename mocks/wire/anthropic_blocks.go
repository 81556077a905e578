package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// anthropicContent is a message's content, or the system prompt: a string, or
// an array of blocks. It never fails to decode; where it holds something else,
// bad names the JSON type found.
type anthropicContent struct {
	set     bool // present and not null
	bad     string
	text    string // of all blocks of text, joined
	calls   []ToolCall
	results []Message // of role tool
	// Two things that API version 2026-10-21 refuses, by place.
	document bool // there is a block of type document
	cited    bool // a block of text has citations
}

// anthropicPart is one block of a request's content.
type anthropicPart struct {
	Type      string          `json:"type"`
	Text      string          `json:"text"`
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Input     json.RawMessage `json:"input"`
	ToolUseID string          `json:"tool_use_id"`
	Content   content         `json:"content"`
	Citations json.RawMessage `json:"citations"`
}

// UnmarshalJSON reads either form.
func (c *anthropicContent) UnmarshalJSON(b []byte) error {
	*c = anthropicContent{set: true}
	switch jsonType(b) {
	case "null":
		c.set = false
	case "string":
		var ok bool
		if c.text, ok = unquote(b); !ok {
			c.bad = "string"
		}
	case "array":
		var parts []anthropicPart
		if err := json.Unmarshal(b, &parts); err != nil {
			c.bad = "array of other things"
			return nil
		}
		for i := range parts {
			c.add(&parts[i])
		}
	default:
		c.bad = jsonType(b)
	}
	return nil
}

// add takes in one block. Images, thinking and what is not known count for
// nothing.
func (c *anthropicContent) add(p *anthropicPart) {
	switch p.Type {
	case "text":
		c.text += p.Text
		c.cited = c.cited || jsonType(p.Citations) == "array" && string(p.Citations) != "[]"
	case "document":
		c.document = true
	case "tool_use":
		c.calls = append(c.calls, ToolCall{ID: p.ID, Name: p.Name, Arguments: argumentsOf(p.Input)})
	case "tool_result":
		c.results = append(c.results, Message{Role: "tool", Text: p.Content.text, ToolCallID: p.ToolUseID})
	}
}

// argumentsOf is the text of a call's arguments: a JSON object on one line,
// empty where there is none.
func argumentsOf(raw json.RawMessage) string {
	if jsonType(raw) != "object" {
		return "{}"
	}
	if bytes.IndexByte(raw, '\n') < 0 {
		return string(raw)
	}
	var line bytes.Buffer
	if json.Compact(&line, raw) != nil {
		return "{}"
	}
	return line.String()
}

// anthropicTurns turns the messages of a request into neutral ones: each result of a tool
// is a message of its own, before the text of the same turn. Texts of the
// refusals are the API's own, as widely reported; those on documents and
// citations are unverified.
func anthropicTurns(out []Message, in []anthropicMessage, strict bool) (_ []Message, wrong string) {
	var open []string // ids of calls that wait for their results
	for i, m := range in {
		at := "messages." + strconv.Itoa(i)
		c := &m.Content
		switch {
		case m.Role == "":
			return nil, at + ".role: Field required"
		case m.Role != "user" && m.Role != "assistant":
			return nil, fmt.Sprintf("messages: Unexpected role %q. Allowed roles are \"user\" or \"assistant\".", m.Role)
		case c.bad != "":
			return nil, at + ".content: Input should be a valid list"
		case !c.set:
			return nil, at + ".content: Field required"
		case strict && m.Role == "assistant" && c.document:
			return nil, at + ".content: document blocks are not permitted in assistant messages"
		case strict && m.Role == "user" && c.cited:
			return nil, at + ".content: citations are not permitted in user text blocks"
		}
		for j, r := range c.results {
			if !slices.Contains(open, r.ToolCallID) {
				return nil, fmt.Sprintf("%s.content.%d: unexpected `tool_use_id` found in `tool_result` blocks: %s. Each `tool_result` block must have a corresponding `tool_use` block in the previous message.", at, j, r.ToolCallID)
			}
			open = slices.DeleteFunc(open, func(id string) bool { return id == r.ToolCallID })
		}
		if len(open) > 0 {
			return nil, fmt.Sprintf("messages.%d: `tool_use` ids were found without `tool_result` blocks immediately after: %s. Each `tool_use` block must have a corresponding `tool_result` block in the next message.", i-1, strings.Join(open, ", "))
		}
		for _, call := range c.calls {
			open = append(open, call.ID)
		}
		out = append(out, c.results...)
		if c.text != "" || len(c.results) == 0 {
			out = append(out, Message{Role: m.Role, Text: c.text, ToolCalls: c.calls})
		}
	}
	return out, ""
}

// appendAnthropicTurns appends all neutral messages but the system's in the
// API's form: results of tools that follow one another, and the user's text
// behind them, are one turn.
func appendAnthropicTurns(dst []byte, ms []Message) []byte {
	dst = append(dst, '[')
	for i, sep := 0, ""; i < len(ms); {
		m := &ms[i]
		if m.Role == "system" {
			i++
			continue
		}
		dst = append(dst, sep...)
		sep = ","
		if m.Role != "tool" {
			dst = appendAnthropicTurn(dst, m)
			i++
			continue
		}
		dst = append(dst, `{"role":"user","content":`...)
		for open := byte('['); i < len(ms) && ms[i].Role == "tool"; i, open = i+1, ',' {
			dst = appendString(append(append(dst, open), `{"type":"tool_result","tool_use_id":`...), ms[i].ToolCallID)
			dst = append(appendString(append(dst, `,"content":`...), ms[i].Text), '}')
		}
		if i < len(ms) && ms[i].Role == "user" {
			dst = append(appendString(append(dst, `,{"type":"text","text":`...), ms[i].Text), '}')
			i++
		}
		dst = append(dst, "]}"...)
	}
	return append(dst, ']')
}

// appendAnthropicTurn appends a message that is no result of a tool.
func appendAnthropicTurn(dst []byte, m *Message) []byte {
	dst = appendString(append(dst, `{"role":`...), m.Role)
	dst = append(dst, `,"content":`...)
	if len(m.ToolCalls) == 0 {
		return append(appendString(dst, m.Text), '}')
	}
	dst = append(dst, '[')
	if m.Text != "" {
		dst = append(appendString(append(dst, `{"type":"text","text":`...), m.Text), "},"...)
	}
	dst = appendAnthropicCalls(dst, m.ToolCalls, "")
	return append(dst, "]}"...)
}

// appendAnthropicCalls appends calls of functions as blocks, with tail at the
// end of each.
func appendAnthropicCalls(dst []byte, calls []ToolCall, tail string) []byte {
	for i, c := range calls {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(append(dst, `{"type":"tool_use","id":`...), c.ID)
		dst = appendString(append(dst, `,"name":`...), c.Name)
		dst = appendObject(append(dst, `,"input":`...), c.Arguments)
		dst = append(append(dst, tail...), '}')
	}
	return dst
}

// appendObject appends s, which should be a JSON object, or an empty object
// where it is none: models write arguments, and not always well.
func appendObject(dst []byte, s string) []byte {
	if jsonType([]byte(s)) != "object" || !json.Valid([]byte(s)) {
		return append(dst, "{}"...)
	}
	return append(dst, s...)
}
