package wire

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// newPost builds a request with a JSON body.
func newPost(ctx context.Context, base, path string, body []byte) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(base, "/")+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	return r, nil
}

// appendTurns appends messages, with calls of functions and their results, as
// an array.
func appendTurns(dst []byte, ms []Message) []byte {
	dst = append(dst, '[')
	for i, m := range ms {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(append(dst, `{"role":`...), m.Role)
		dst = append(dst, `,"content":`...)
		if len(m.ToolCalls) > 0 {
			dst = appendNullable(dst, m.Text)
			dst = appendCalls(append(dst, `,"tool_calls":`...), m.ToolCalls)
		} else {
			dst = appendString(dst, m.Text)
		}
		if m.ToolCallID != "" {
			dst = appendString(append(dst, `,"tool_call_id":`...), m.ToolCallID)
		}
		dst = append(dst, '}')
	}
	return append(dst, ']')
}

// appendStrings appends a key and a JSON array of strings, if there are any.
func appendStrings(dst []byte, key string, list []string) []byte {
	if len(list) == 0 {
		return dst
	}
	dst = append(append(dst, key...), '[')
	for i, s := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, s)
	}
	return append(dst, ']')
}

// appendFloat appends a key and a number, if there is one.
func appendFloat(dst []byte, key string, x *float64) []byte {
	if x == nil {
		return dst
	}
	return strconv.AppendFloat(append(dst, key...), *x, 'g', -1, 64)
}

// bodySize guesses the size of a request's body, to allocate once.
func bodySize(req *Request) int {
	n := 256
	for _, m := range req.Messages {
		n += len(m.Text) + len(m.Text)/8 + 40
		for _, c := range m.ToolCalls {
			n += len(c.Arguments) + len(c.Arguments)/8 + 120
		}
	}
	for _, t := range req.Tools {
		n += len(t.Schema) + len(t.Description) + 120
	}
	return n
}

// NewRequest builds a chat request. It always asks for usage in a stream.
func (d openAI) NewRequest(ctx context.Context, base, key string, req *Request) (*http.Request, error) {
	b := make([]byte, 0, bodySize(req))
	b = appendString(append(b, `{"model":`...), req.Model)
	b = appendTurns(append(b, `,"messages":`...), req.Messages)
	if req.Prefill() != "" {
		b = append(append(b[:len(b)-len("}]")], d.prefixKeys...), "}]"...)
	}
	if req.MaxTokens > 0 {
		b = append(append(append(b, `,"`...), d.maxTokensKey...), `":`...)
		b = strconv.AppendInt(b, int64(req.MaxTokens), 10)
	}
	if req.Temperature != nil {
		b = strconv.AppendFloat(append(b, `,"temperature":`...), *req.Temperature, 'g', -1, 64)
	}
	b = appendFloat(b, `,"top_p":`, req.TopP)
	if req.Seed != nil && d.seedKey != "" {
		b = append(append(append(b, `,"`...), d.seedKey...), `":`...)
		b = strconv.AppendInt(b, *req.Seed, 10)
	}
	if req.User != "" && !d.noUser {
		b = appendString(append(b, `,"user":`...), req.User)
	}
	b = appendStrings(b, `,"stop":`, req.Stop)
	b = appendFormat(appendTools(b, req), req)
	if req.Prefill() != "" {
		b = append(b, d.continueKeys...)
	}
	if req.Stream {
		b = append(b, `,"stream":true`...)
		if !d.bareStream {
			b = append(b, `,"stream_options":{"include_usage":true}`...)
		}
	}
	r, err := newPost(ctx, base, pathChat, append(b, '}'))
	if err != nil {
		return nil, err
	}
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	return r, nil
}

type openAIUsage struct {
	Prompt     int `json:"prompt_tokens"`
	Completion int `json:"completion_tokens"`

	Ticks int64  `json:"cost_in_usd_ticks"` // xAI
	Cost  billed `json:"cost"`              // OpenRouter, Perplexity's Sonar
}

// usage is what they say.
func (u *openAIUsage) usage() Usage {
	v := Usage{Prompt: u.Prompt, Completion: u.Completion, BilledUSD: float64(u.Cost)}
	if u.Ticks > 0 {
		v.BilledUSD = float64(u.Ticks) / ticksPerUSD
	}
	return v
}

// ticksPerUSD is the unit in which xAI says what it billed. Source:
// docs.x.ai/developers/cost-tracking.
const ticksPerUSD = 1e10

// billed is what a usage says of its cost, in USD: a number (OpenRouter, in
// credits of one dollar), or an object whose total_cost is the sum of its parts
// (Perplexity's Sonar: input_tokens_cost, output_tokens_cost and request_cost, a
// fee that does not depend on the tokens, and of deep research those of
// citations, reasoning and searches; parts may be null). What is neither says
// nothing. Perplexity ended Sonar's chat completions on 2026-09-27; its Agent
// API, which this client does not speak, tells the same total beside a currency.
// Sources: openrouter.ai/docs/use-cases/usage-accounting, docs.perplexity.ai and
// many recorded answers of 2025 and 2026.
type billed float64

// UnmarshalJSON implements json.Unmarshaler. A cost that cannot be read is no
// reason to lose an answer.
func (b *billed) UnmarshalJSON(data []byte) error {
	var usd float64
	if json.Unmarshal(data, &usd) != nil {
		var parts struct {
			Total float64 `json:"total_cost"`
		}
		if json.Unmarshal(data, &parts) == nil {
			usd = parts.Total
		}
	}
	*b = billed(max(0, usd))
	return nil
}

// DecodeAnswer reads a whole answer.
func (d openAI) DecodeAnswer(body []byte) (*Answer, error) {
	var in openAIAnswer
	if !in.readPlain(body) {
		in = openAIAnswer{}
		if err := json.Unmarshal(body, &in); err != nil {
			return nil, malformed(d.name, "the answer is not readable: "+err.Error())
		}
	}
	if len(in.Choices) == 0 || in.Choices[0].Message == nil {
		return nil, lacks(d.name, "choice with a message")
	}
	c := in.Choices[0]
	a := &Answer{ID: in.ID, Model: in.Model, Finish: Finish(c.Finish), Usage: in.Usage.usage()}
	if c.Message.Content != nil {
		a.Text = *c.Message.Content
	}
	a.ToolCalls = callsOf(c.Message.ToolCalls)
	if in.Created > 0 {
		a.Created = time.Unix(in.Created, 0)
	}
	return a, nil
}

// openAIReader reads a streamed answer.
type openAIReader struct {
	d      openAI
	events sseReader
	shape  template
	more   []Event // of the last chunk, not yet given out
	over   bool
}

// NewStreamReader reads a streamed answer.
func (d openAI) NewStreamReader(r io.Reader) StreamReader {
	return &openAIReader{d: d, events: sseReader{lines: lineReader{src: r}}, shape: template{
		text: `"content":`,
		skip: []string{`"obfuscation":`}, // random padding in OpenAI's chunks
	}}
}

// Next returns the next step.
func (s *openAIReader) Next() (Event, error) {
	if s.over {
		return Event{}, io.EOF
	}
	if len(s.more) > 0 {
		e := s.more[0]
		s.more = s.more[1:]
		return e, nil
	}
	for {
		_, data, err := s.events.next()
		if err != nil {
			return Event{}, cut(err)
		}
		if e, ok := s.shape.read(data); ok {
			return e, nil
		}
		if string(data) == "[DONE]" {
			s.over = true
			return Event{Done: true}, nil
		}
		e, more, err := s.d.decodeChunk(data)
		if err != nil {
			return Event{}, err
		}
		if len(more) > 0 {
			s.more = more
		} else {
			s.shape.learn(data, e, s.d.decodeOne)
		}
		s.over = e.Fail != nil
		if e != (Event{}) {
			return e, nil
		}
	}
}

// decodeOne reads a chunk that is one step.
func (d openAI) decodeOne(data []byte) (Event, error) {
	e, _, err := d.decodeChunk(data)
	return e, err
}

// decodeChunk reads one chunk, whatever its shape. Where it holds pieces of
// several calls of functions, more are the steps after the first.
func (d openAI) decodeChunk(data []byte) (e Event, more []Event, err error) {
	var in struct {
		ID      string `json:"id"`
		Model   string `json:"model"`
		Choices []struct {
			Index int `json:"index"`
			Delta struct {
				Content   *string      `json:"content"`
				ToolCalls []openAICall `json:"tool_calls"`
			} `json:"delta"`
			Finish *string `json:"finish_reason"`
		} `json:"choices"`
		Usage  *openAIUsage    `json:"usage"`
		Error  json.RawMessage `json:"error"`
		Object string          `json:"object"`
		Groq   struct {
			Error string `json:"error"` // an otherwise valid chunk that says why the stream stops early
		} `json:"x_groq"`
		Databricks word `json:"error_code"`
	}
	if err := json.Unmarshal(data, &in); err != nil {
		return Event{}, nil, malformed(d.name, "a chunk is not readable: "+err.Error())
	}
	if in.Object == "error" || in.Databricks != "" || (len(in.Error) > 0 && string(in.Error) != "null") {
		return Event{Fail: d.DecodeFailure(http.StatusOK, nil, data)}, nil, nil
	}
	if in.Groq.Error != "" {
		return Event{Fail: groqStreamFailure(in.Groq.Error)}, nil, nil
	}
	e = Event{ID: in.ID, Model: in.Model}
	if in.Usage != nil {
		u := in.Usage.usage()
		e.Usage = &u
	}
	for _, c := range in.Choices {
		if c.Index != 0 {
			continue
		}
		if c.Delta.Content != nil {
			e.Text += *c.Delta.Content
		}
		for _, call := range c.Delta.ToolCalls {
			piece := &ToolCallDelta{Index: call.Index, ID: call.ID, Name: call.Function.Name, Arguments: call.Function.Arguments}
			if e.ToolCall == nil {
				e.ToolCall = piece
			} else {
				more = append(more, Event{ToolCall: piece})
			}
		}
		if c.Finish != nil {
			e.Finish = Finish(*c.Finish)
		}
	}
	if n := len(more); n > 0 { // why it ended is said when it has
		more[n-1].Finish, more[n-1].Usage = e.Finish, e.Usage
		e.Finish, e.Usage = "", nil
	}
	return e, more, nil
}
