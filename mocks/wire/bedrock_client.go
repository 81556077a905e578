package wire

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// NewRequest builds a Converse request, or one of InvokeModel for a request of
// Claude's surface, and signs it. The key is ACCESSKEYID:SECRET[:SESSION], or a
// bearer key.
func (d bedrock) NewRequest(ctx context.Context, base, key string, req *Request) (*http.Request, error) {
	action, streamed := actConverse, actConverseStream
	body := make([]byte, 0, bodySize(req))
	if req.Surface == "invoke-anthropic" {
		action, streamed = actInvoke, actInvokeStream
		unary := *req
		unary.Stream = false // the path says it
		body = appendString(append(body, `{"anthropic_version":`...), claudeOnBedrock.clientVersion)
		body = anthropic{claudeOnBedrock}.appendBody(body, &unary)
	} else {
		body = d.appendBody(body, req)
	}
	if req.Stream {
		action = streamed
	}
	r, err := newPost(ctx, base, "/model/"+escapeModel(req.Model)+"/"+action, body)
	if err != nil {
		return nil, err
	}
	return r, d.api.sign(ctx, r, body, key)
}

// escapeModel escapes a model id as the SDKs do, colons too.
func escapeModel(id string) string {
	return strings.ReplaceAll(url.PathEscape(id), ":", "%3A")
}

// appendBody appends a Converse request.
func (d bedrock) appendBody(b []byte, req *Request) []byte {
	b = appendConverseTurns(append(b, `{"messages":`...), req.Messages)
	if system := systemOf(req); system != "" {
		b = append(appendString(append(b, `,"system":[{"text":`...), system), "}]"...)
	}
	if req.MaxTokens > 0 || req.Temperature != nil || req.TopP != nil || len(req.Stop) > 0 {
		b = append(b, `,"inferenceConfig":{`...)
		start := len(b)
		if req.MaxTokens > 0 {
			b = appendField(b, `,"maxTokens":`, req.MaxTokens)
		}
		if req.Temperature != nil { // OpenAI's scale ends at 2, Bedrock's at 1
			b = strconv.AppendFloat(append(b, `,"temperature":`...), min(*req.Temperature, 1), 'g', -1, 64)
		}
		b = appendFloat(b, `,"topP":`, req.TopP)
		b = appendStrings(b, `,"stopSequences":`, req.Stop)
		b = append(append(b[:start], b[start+1:]...), '}')
	}
	b = appendConverseTools(b, req)
	if req.JSON && len(req.Schema) > 0 { // there is no JSON mode without a schema
		b = append(b, `,"outputConfig":{"textFormat":{"type":"json_schema","structure":{"jsonSchema":{"name":"answer","schema":`...)
		b = append(appendString(b, string(req.Schema)), "}}}}"...)
	}
	return append(b, '}')
}

// appendConverseTurns appends all messages but the system's. Turns must
// alternate, so what follows of one side is one turn; results of functions are
// the user's.
func appendConverseTurns(dst []byte, ms []Message) []byte {
	dst = append(dst, '[')
	side := ""
	for i := range ms {
		m := &ms[i]
		if m.Role == "system" {
			continue
		}
		role := m.Role
		if role == "tool" {
			role = "user"
		}
		if role == side {
			dst = append(dst, ',')
		} else {
			if side != "" {
				dst = append(dst, "]},"...)
			}
			dst = append(appendString(append(dst, `{"role":`...), role), `,"content":[`...)
			side = role
		}
		dst = appendConverseBlocks(dst, m)
	}
	if side != "" {
		dst = append(dst, "]}"...)
	}
	return append(dst, ']')
}

func appendConverseBlocks(dst []byte, m *Message) []byte {
	if m.Role == "tool" {
		dst = appendString(append(dst, `{"toolResult":{"toolUseId":`...), m.ToolCallID)
		return append(appendString(append(dst, `,"content":[{"text":`...), m.Text), "}]}}"...)
	}
	if m.Text != "" || len(m.ToolCalls) == 0 {
		dst = append(appendString(append(dst, `{"text":`...), m.Text), '}')
		if len(m.ToolCalls) > 0 {
			dst = append(dst, ',')
		}
	}
	return appendConverseCalls(dst, m.ToolCalls)
}

// appendConverseTools appends a request's functions and its choice. There is no
// "none": the functions are left out then, unless the conversation has calls in
// it, which need them.
func appendConverseTools(dst []byte, req *Request) []byte {
	if len(req.Tools) == 0 || req.ToolChoice == ToolNone && !hasCalls(req.Messages) {
		return dst
	}
	dst = append(dst, `,"toolConfig":{"tools":[`...)
	for i, t := range req.Tools {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(append(dst, `{"toolSpec":{"name":`...), t.Name)
		if t.Description != "" {
			dst = appendString(append(dst, `,"description":`...), t.Description)
		}
		schema := t.Schema
		if jsonType(schema) != "object" {
			schema = json.RawMessage(`{"type":"object","properties":{}}`) // it is required
		}
		dst = append(append(append(dst, `,"inputSchema":{"json":`...), schema...), "}}}"...)
	}
	dst = append(dst, ']')
	switch req.ToolChoice {
	case "", ToolNone:
	case ToolAuto:
		dst = append(dst, `,"toolChoice":{"auto":{}}`...)
	case ToolRequired:
		dst = append(dst, `,"toolChoice":{"any":{}}`...)
	default:
		dst = append(appendString(append(dst, `,"toolChoice":{"tool":{"name":`...), req.ToolChoice), "}}"...)
	}
	return append(dst, '}')
}

func hasCalls(ms []Message) bool {
	for _, m := range ms {
		if m.Role == "tool" || len(m.ToolCalls) > 0 {
			return true
		}
	}
	return false
}

type converseUsage struct {
	Input      int `json:"inputTokens"`
	Output     int `json:"outputTokens"`
	CacheRead  int `json:"cacheReadInputTokens"`
	CacheWrite int `json:"cacheWriteInputTokens"`
}

// usage counts the whole prompt: what a cache had of it is counted apart.
func (u *converseUsage) usage() Usage {
	return Usage{Prompt: u.Input + u.CacheRead + u.CacheWrite, Completion: u.Output}
}

// DecodeAnswer reads a whole answer of Converse, or of InvokeModel of Claude.
// A 200 with a mere message in it, which Bedrock has been seen to send, is none.
func (d bedrock) DecodeAnswer(body []byte) (*Answer, error) {
	var in struct {
		Type   string `json:"type"` // of Claude's body
		Output *struct {
			Message *struct {
				Content []struct {
					Text string       `json:"text"`
					Use  *converseUse `json:"toolUse"`
				} `json:"content"`
			} `json:"message"`
		} `json:"output"`
		Stop  string        `json:"stopReason"`
		Usage converseUsage `json:"usage"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, malformed("bedrock", "the answer is not readable: "+err.Error())
	}
	switch {
	case in.Type == "message":
		return anthropic{claudeOnBedrock}.DecodeAnswer(body)
	case in.Output == nil || in.Output.Message == nil:
		return nil, lacks("bedrock", "message")
	}
	a := &Answer{Finish: bedrockFinish(in.Stop), Usage: in.Usage.usage()}
	for _, c := range in.Output.Message.Content {
		a.Text += c.Text
		if c.Use != nil {
			a.ToolCalls = append(a.ToolCalls, ToolCall{ID: c.Use.ID, Name: c.Use.Name, Arguments: argumentsOf(c.Use.Input)})
		}
	}
	return a, nil
}

// NewStreamReader reads a streamed answer.
func (d bedrock) NewStreamReader(r io.Reader) StreamReader {
	return &bedrockReader{d: d, frames: frameReader{src: r}, shape: template{
		text: `"text":`,
		skip: []string{`"p":`}, // padding
	}}
}
