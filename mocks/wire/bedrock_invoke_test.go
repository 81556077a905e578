//go:build !race

package wire_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"brownout/mocks/wire"
)

const claudeBody = `{"anthropic_version":"bedrock-2023-05-31","max_tokens":100,"system":"Be brief.","messages":[{"role":"user","content":"hi"}],"tools":[{"name":"get_weather","input_schema":{"type":"object"}}]}`

func invokeAsks(model, body string) *bedrockruntime.InvokeModelInput {
	return &bedrockruntime.InvokeModelInput{ModelId: &model, Body: []byte(body), ContentType: aws.String("application/json"), Accept: aws.String("application/json")}
}

// hearInvoke returns the texts of a streamed Claude answer.
func hearInvoke(t *testing.T, c *bedrockruntime.Client, in *bedrockruntime.InvokeModelInput) (text string, err error) {
	t.Helper()
	chunks, err := hearChunks(t, c, in)
	for _, c := range chunks {
		var e struct{ Delta struct{ Text string } }
		if err := json.Unmarshal([]byte(c), &e); err != nil {
			t.Errorf("%v in %s", err, c)
		}
		text += e.Delta.Text
	}
	return text, err
}

func hearChunks(t *testing.T, c *bedrockruntime.Client, in *bedrockruntime.InvokeModelInput) (chunks []string, err error) {
	t.Helper()
	out, err := c.InvokeModelWithResponseStream(t.Context(), &bedrockruntime.InvokeModelWithResponseStreamInput{ModelId: in.ModelId, Body: in.Body, ContentType: in.ContentType})
	if err != nil {
		return nil, err
	}
	if out.ContentType == nil || *out.ContentType != "application/json" {
		t.Errorf("content type %v", out.ContentType)
	}
	s := out.GetStream()
	defer s.Close()
	for e := range s.Events() {
		chunks = append(chunks, string(e.(*types.ResponseStreamMemberChunk).Value.Bytes))
	}
	return chunks, s.Err()
}

func TestBedrockSDKInvokeClaude(t *testing.T) {
	p := &awsProvider{provider: provider{d: dialect(t, "bedrock")}, calls: forecast}
	c := bedrockClient(serveAWS(t, p), goodKey)
	out, err := c.InvokeModel(t.Context(), invokeAsks(haiku, claudeBody))
	if err != nil {
		t.Fatal(err)
	}
	var m struct {
		ID, Type, Model string
		StopReason      string `json:"stop_reason"`
		Content         []struct {
			Type, Text, Name string
			Input            map[string]any
		}
		Usage struct {
			In  int `json:"input_tokens"`
			Out int `json:"output_tokens"`
		}
	}
	if err := json.Unmarshal(out.Body, &m); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(m.ID, "msg_bdrk_") || m.Type != "message" || m.Model != "claude-haiku-4-5-20251001" || m.StopReason != "tool_use" || m.Content[0].Text != joined() || m.Content[1].Input["city"] != "Paris" || m.Usage.In != 11 || m.Usage.Out != len(words) {
		t.Errorf("message %+v", m)
	}
	raw := awsmiddleware.GetRawResponse(out.ResultMetadata).(*smithyhttp.Response)
	if *out.ContentType != "application/json" || raw.Header.Get("X-Amzn-Bedrock-Input-Token-Count") != "11" || raw.Header.Get("X-Amzn-Bedrock-Invocation-Latency") == "" {
		t.Errorf("headers %v", raw.Header)
	}
	if s := p.seen; s.Model != haiku || s.MaxTokens != 100 || s.LastUser() != "hi" || len(s.Tools) != 1 || s.Stream {
		t.Errorf("the server understood %+v", s)
	}

	chunks, err := hearChunks(t, c, invokeAsks(haiku, claudeBody))
	if err != nil {
		t.Fatal(err)
	}
	if text, err := hearInvoke(t, c, invokeAsks(haiku, claudeBody)); err != nil || text != joined() {
		t.Errorf("stream %q, %v", text, err)
	}
	last := chunks[len(chunks)-1]
	for _, want := range []string{`"type":"message_stop"`, `"amazon-bedrock-invocationMetrics":{"inputTokenCount":11,"outputTokenCount":13,"invocationLatency":`, `"firstByteLatency":`} {
		if !strings.Contains(last, want) || !json.Valid([]byte(last)) {
			t.Errorf("the last chunk %s lacks %s", last, want)
		}
	}
	if all := strings.Join(chunks, "\n"); !strings.HasPrefix(chunks[0], `{"type":"message_start"`) || strings.Contains(all, "ping") || !strings.Contains(all, `"tool_use"`) || strings.Count(all, "amazon-bedrock-invocationMetrics") != 1 {
		t.Errorf("chunks %s", all)
	}
}

func TestBedrockSDKInvokeOthers(t *testing.T) {
	for _, c := range []struct{ model, body, unary, piece, last string }{
		{
			"us.amazon.nova-lite-v1:0", `{"schemaVersion":"messages-v1","messages":[{"role":"user","content":[{"text":"hi"}]}],"inferenceConfig":{"max_new_tokens":100}}`,
			`"stopReason":"end_turn"`, `{"contentBlockDelta":{"contentBlockIndex":0,"delta":{"text":"Hello"}}}`, `{"metadata":`,
		},
		{
			"meta.llama3-1-70b-instruct-v1:0", `{"prompt":"hi","max_gen_len":100,"temperature":0.5}`,
			`"prompt_token_count":11,"generation_token_count":13,"stop_reason":"stop"`, `{"generation":"Hello","prompt_token_count":11,"generation_token_count":1,"stop_reason":null}`, `"stop_reason":"stop"`,
		},
	} {
		p := &awsProvider{provider: provider{d: dialect(t, "bedrock")}}
		client := bedrockClient(serveAWS(t, p), goodKey)
		out, err := client.InvokeModel(t.Context(), invokeAsks(c.model, c.body))
		if err != nil || !json.Valid(out.Body) || !strings.Contains(string(out.Body), c.unary) {
			t.Errorf("%s: %s, %v", c.model, out.Body, err)
		}
		if s := p.seen; s.LastUser() != "hi" || s.MaxTokens != 100 || s.Model != c.model {
			t.Errorf("%s: the server understood %+v", c.model, s)
		}
		chunks, err := hearChunks(t, client, invokeAsks(c.model, c.body))
		all, last := strings.Join(chunks, "\n"), chunks[len(chunks)-1]
		if n := strings.Count(all, `"prompt_token_count":11`); n > 1 {
			t.Errorf("%s: the prompt is counted %d times", c.model, n)
		}
		if err != nil || !strings.Contains(all, c.piece) || !strings.Contains(last, c.last) || !strings.Contains(last, `"amazon-bedrock-invocationMetrics"`) || !json.Valid([]byte(last)) {
			t.Errorf("%s: %s, %v", c.model, all, err)
		}
	}
}

func TestBedrockSDKInvokeRefuses(t *testing.T) {
	p := &awsProvider{provider: provider{d: dialect(t, "bedrock")}}
	c := bedrockClient(serveAWS(t, p), goodKey)
	const messages = `"messages":[{"role":"user","content":"hi"}]`
	for _, x := range []struct{ model, body, says string }{
		{haiku, `{`, "Malformed input request: "},
		{haiku, `{"max_tokens":1,` + messages + `}`, "anthropic_version: Field required"},
		{haiku, `{"anthropic_version":"x","max_tokens":1,` + messages + `}`, "anthropic_version: Input should be"},
		{haiku, `{"anthropic_version":"bedrock-2023-05-31",` + messages + `}`, "max_tokens: Field required"},
		{haiku, `{"anthropic_version":"bedrock-2023-05-31","max_tokens":1,"model":"m",` + messages + `}`, "model: Extra inputs are not permitted"},
		{haiku, `{"anthropic_version":"bedrock-2023-05-31","max_tokens":1,"stream":true,` + messages + `}`, "stream: Extra inputs are not permitted"},
		{haiku, `{"anthropic_version":"2026-10-21","max_tokens":1,"temperature":1,` + messages + `}`, "temperature: "},
		{"amazon.nova-lite-v1:0", `{"messages":[]}`, "A conversation must start with a user message."},
		{"meta.llama3-1-8b-instruct-v1:0", `{}`, "Malformed input request: #: required key [prompt] not found"},
		{"meta.llama3-1-8b-instruct-v1:0", `{"prompt":"x","max_gen_len":0}`, "Malformed input request: #/max_gen_len: "},
		{"cohere.command-r-v1:0", `{}`, "Malformed input request: this mock does not know"},
	} {
		_, err := c.InvokeModel(t.Context(), invokeAsks(x.model, x.body))
		var v *types.ValidationException
		if !errors.As(err, &v) || !strings.HasPrefix(*v.Message, x.says) {
			t.Errorf("%s %s: %v", x.model, x.body, err)
		}
	}
	if p.seen != nil {
		t.Errorf("accepted %+v", p.seen)
	}
}

// The client reads what the server writes, on both of its surfaces.
func TestBedrockToolsRoundTrip(t *testing.T) {
	for _, surface := range []string{"", "invoke-anthropic"} {
		bedrockRoundTrip(t, surface, false)
		bedrockRoundTrip(t, surface, true)
	}
}

func bedrockRoundTrip(t *testing.T, surface string, stream bool) {
	t.Helper()
	p := &awsProvider{provider: provider{d: dialect(t, "bedrock")}, calls: forecast}
	asked := &wire.Request{
		Model: haiku, MaxTokens: 9, Stream: stream, Surface: surface,
		Messages: []wire.Message{{Role: "system", Text: "Be brief."}, {Role: "user", Text: "hi"}},
		Tools:    []wire.Tool{{Name: "get_weather", Schema: []byte(`{"type":"object"}`)}},
	}
	model := "claude-haiku-4-5-20251001"
	if surface == "" {
		model = "" // Converse's answers name none
	}
	got := ask(t, p.d, serveAWS(t, p), asked)
	if got.text != joined() || !slices.Equal(got.calls, forecast) || got.finish != wire.FinishToolCalls || got.usage != (wire.Usage{Prompt: 11, Completion: len(words)}) || got.model != model {
		t.Errorf("%q, stream %v: %+v", surface, stream, got)
	}
	if p.seen.MaxTokens != 9 || p.seen.Messages[0].Role != "system" || p.seen.Stream != stream || p.seen.Surface != surface {
		t.Errorf("%q: the server understood %+v", surface, p.seen)
	}
}
