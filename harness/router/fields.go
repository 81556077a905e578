package router

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
)

// Fields beyond the neutral form. Between providers of one family a field that
// package wire does not know (logprobs, a tool of the provider's own, a part
// of a message) is worth keeping: the body that is sent is then the neutral
// one, with the client's own messages and further fields in it. A provider
// that refuses one of them is asked once more without.

// field is one field of a JSON object, as bytes.
type field struct {
	key        string
	start, end int // of key and value
	value      int // where the value begins
}

// fieldSet are the fields of a client's body.
type fieldSet struct {
	read   bool
	list   []field
	extra  []field // those that the neutral form does not know
	rich   bool    // messages have more in them than the neutral form knows
	usable bool
}

// families are the dialects whose bodies take each other's fields.
var families = map[string]string{
	"openai": frontOpenAI, "vllm": frontOpenAI, "llamacpp": frontOpenAI, "azure": frontOpenAI, "xai": frontOpenAI,
	"groq": frontOpenAI, "mistral": frontOpenAI, "deepseek": frontOpenAI, "databricks": frontOpenAI,
	"anthropic": frontAnthropic,
}

// neutralFields are what the neutral form knows, by the front's dialect.
var neutralFields = map[string][]string{
	frontOpenAI: {
		"model", "messages", "max_tokens", "max_completion_tokens", "temperature", "top_p", "seed", "user", "stop",
		"stream", "stream_options", "tools", "tool_choice", "parallel_tool_calls", "response_format", "functions", "function_call",
	},
	frontAnthropic: {
		"model", "messages", "system", "max_tokens", "temperature", "top_p", "stop_sequences", "stream", "tools", "tool_choice", "metadata",
	},
}

// messageFields are what it knows of a message.
var messageFields = []string{"role", "content", "tool_calls", "tool_call_id"}

// keepFields puts into a provider's request what the client sent beyond the
// neutral form, where the two speak dialects of one family.
func (c *call) keepFields(a *attempt, q *http.Request) {
	front := c.front.Name()
	if c.plain || c.req.Surface != "" || families[a.cand.Dialect] != front || !c.r.set.has("api_shim") {
		return
	}
	m := c.fields(front)
	// Messages that a stage or a join has changed are sent as changed.
	rich := m.rich && c.join == nil && (sameTurns(a.req.Messages, c.req.Messages) || a.veil != nil && sameTurns(a.req.Messages, a.veil.turns))
	if !m.usable || len(m.extra) == 0 && !rich {
		return
	}
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return // it is in memory and cannot fail
	}
	body = c.withFields(a.veil, body, m, rich)
	a.extra = true
	setBody(q, body)
}

// withFields adds the client's further fields to a body, and its own messages
// where they are rich, behind a veil where there is one.
func (c *call) withFields(v *veil, body []byte, m *fieldSet, rich bool) []byte {
	own, ok := scan(body)
	if !ok {
		return body
	}
	out := make([]byte, 0, len(body)+len(c.body))
	out = append(out, '{')
	add := func(b []byte) {
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(out, b...)
	}
	client := func(f field) {
		if raw := c.body[f.start:f.end]; v == nil {
			add(raw)
		} else {
			add(append(v.hideJSON(raw[:f.value-f.start], false), v.hideJSON(raw[f.value-f.start:], false)...))
		}
	}
	for _, v := range own {
		if rich && (v.key == "messages" || v.key == "system") {
			continue
		}
		add(body[v.start:v.end])
	}
	for _, v := range m.extra {
		if !slices.ContainsFunc(own, func(o field) bool { return o.key == v.key }) {
			client(v)
		}
	}
	if rich {
		for _, v := range m.list {
			if v.key == "messages" || v.key == "system" {
				client(v)
			}
		}
	}
	return append(out, '}')
}

// fields looks at the client's body, once.
func (c *call) fields(front string) *fieldSet {
	m := &c.fieldSet
	if m.read {
		return m
	}
	m.read = true
	if m.list, m.usable = scan(c.body); !m.usable {
		return m
	}
	for _, v := range m.list {
		if !slices.Contains(neutralFields[front], v.key) {
			m.extra = append(m.extra, v)
		}
		if v.key == "messages" || v.key == "system" {
			m.rich = m.rich || rich(c.body[v.value:v.end], v.key)
		}
	}
	return m
}

// rich tells whether messages have more in them than the neutral form knows.
func rich(value []byte, key string) bool {
	if key == "system" {
		return len(value) > 0 && value[0] != '"'
	}
	var turns []map[string]json.RawMessage
	if !bytes.Contains(value, []byte(`"name"`)) && !unusual(value) {
		return false
	}
	if json.Unmarshal(value, &turns) != nil {
		return false
	}
	for _, t := range turns {
		for k, v := range t {
			if !slices.Contains(messageFields, k) || k == "content" && len(v) > 0 && v[0] == '[' {
				return true
			}
		}
	}
	return false
}

// unusual tells cheaply whether a list of messages may hold anything but role
// and text.
func unusual(value []byte) bool {
	depth := 0
	for i := 0; i < len(value); i++ {
		switch value[i] {
		case '"':
			end := skipText(value, i)
			if depth == 2 && end < len(value) {
				if rest := bytes.TrimLeft(value[end:], " \t\r\n"); len(rest) > 0 && rest[0] == ':' {
					if k := string(value[i+1 : end-1]); k != "role" && k != "content" {
						return true
					}
				}
			}
			i = end - 1
		case '{', '[':
			if depth++; depth > 2 {
				return true
			}
		case '}', ']':
			depth--
		}
	}
	return false
}

// scan finds the fields of a JSON object that has been read without error.
func scan(b []byte) (list []field, ok bool) {
	i := skipBlank(b, 0)
	if i >= len(b) || b[i] != '{' {
		return nil, false
	}
	list = make([]field, 0, 12)
	for i = skipBlank(b, i+1); i < len(b) && b[i] == '"'; {
		m := field{start: i}
		end := skipText(b, i)
		if end > len(b) {
			return nil, false
		}
		m.key = fieldName(b[i+1 : end-1])
		i = skipBlank(b, end)
		if i >= len(b) || b[i] != ':' {
			return nil, false
		}
		m.value = skipBlank(b, i+1)
		if m.end = skipValue(b, m.value); m.end > len(b) {
			return nil, false
		}
		list = append(list, m)
		if i = skipBlank(b, m.end); i < len(b) && b[i] == ',' {
			i = skipBlank(b, i+1)
		}
	}
	return list, i < len(b) && b[i] == '}'
}

// fieldName is a field's name; the usual ones need no copy.
func fieldName(b []byte) string {
	for _, front := range [...]string{frontOpenAI, frontAnthropic} {
		for _, name := range neutralFields[front] {
			if string(b) == name {
				return name
			}
		}
	}
	return string(b)
}

func skipBlank(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// skipText is the index behind the string that begins at i; beyond the end
// where it has none.
func skipText(b []byte, i int) int {
	for i++; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(b) + 1
}

// skipValue is the index behind the value that begins at i.
func skipValue(b []byte, i int) int {
	depth := 0
	for i < len(b) {
		switch b[i] {
		case '"':
			if i = skipText(b, i); depth == 0 {
				return i
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 { // the end of a bare value
				return i
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case ',', ' ', '\n', '\t', '\r':
			if depth == 0 {
				return i
			}
		}
		i++
	}
	return i
}
