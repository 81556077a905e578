//go:build !race

package wire_test

import (
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/document"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/aws/smithy-go"

	"brownout/mocks/wire"
)

const haiku = "us.anthropic.claude-haiku-4-5-20251001-v1:0"

func userSays(text string) []types.Message {
	return []types.Message{{Role: types.ConversationRoleUser, Content: []types.ContentBlock{&types.ContentBlockMemberText{Value: text}}}}
}

func converseAsks(model string) *bedrockruntime.ConverseInput {
	return &bedrockruntime.ConverseInput{
		ModelId: &model, Messages: userSays("hi [[bo:1]]"),
		System:          []types.SystemContentBlock{&types.SystemContentBlockMemberText{Value: "Be brief."}},
		InferenceConfig: &types.InferenceConfiguration{MaxTokens: aws.Int32(77), Temperature: aws.Float32(0.5), StopSequences: []string{"END"}},
	}
}

func streamAsks(in *bedrockruntime.ConverseInput) *bedrockruntime.ConverseStreamInput {
	return &bedrockruntime.ConverseStreamInput{ModelId: in.ModelId, Messages: in.Messages, System: in.System, InferenceConfig: in.InferenceConfig, ToolConfig: in.ToolConfig}
}

// heard is what a streamed answer says as a whole.
type heardStream struct {
	text, stop string
	calls      []wire.ToolCall
	usage      *types.TokenUsage
	latency    *int64
	err        error
}

// About one stream in a thousand the SDK's client reads from a connection that
// this side has closed meanwhile: with and without keep-alives, after any number
// of events; it was not seen with the garbage collector off. Nothing a server sends
// can do that, so such a stream is asked for again.
func hearConverse(t *testing.T, c *bedrockruntime.Client, in *bedrockruntime.ConverseStreamInput) (h heardStream) {
	t.Helper()
	for range 3 {
		if h = hearConverseOnce(t, c, in); !errors.Is(h.err, net.ErrClosed) {
			break
		}
	}
	return h
}

func hearConverseOnce(t *testing.T, c *bedrockruntime.Client, in *bedrockruntime.ConverseStreamInput) (h heardStream) {
	t.Helper()
	out, err := c.ConverseStream(t.Context(), in)
	if err != nil {
		return heardStream{err: err}
	}
	s := out.GetStream()
	defer s.Close()
	for e := range s.Events() {
		switch e := e.(type) {
		case *types.ConverseStreamOutputMemberContentBlockStart:
			use := e.Value.Start.(*types.ContentBlockStartMemberToolUse).Value
			h.calls = append(h.calls, wire.ToolCall{ID: *use.ToolUseId, Name: *use.Name})
		case *types.ConverseStreamOutputMemberContentBlockDelta:
			switch d := e.Value.Delta.(type) {
			case *types.ContentBlockDeltaMemberText:
				h.text += d.Value
			case *types.ContentBlockDeltaMemberToolUse:
				h.calls[len(h.calls)-1].Arguments += *d.Value.Input
			}
		case *types.ConverseStreamOutputMemberMessageStop:
			h.stop = string(e.Value.StopReason)
		case *types.ConverseStreamOutputMemberMetadata:
			h.usage, h.latency = e.Value.Usage, e.Value.Metrics.LatencyMs
		}
	}
	h.err = s.Err()
	return h
}

func TestBedrockSDKConverse(t *testing.T) {
	for name, edit := range map[string]func(*bedrockruntime.Options){
		"HTTP/1.1": func(*bedrockruntime.Options) {},
		"HTTP/2.0": func(o *bedrockruntime.Options) { o.HTTPClient = onlyHTTP2(t) },
	} {
		t.Run(name, func(t *testing.T) {
			p := &awsProvider{provider: provider{d: dialect(t, "bedrock")}}
			c := bedrockClient(serveAWS(t, p), goodKey, edit)
			out, err := c.Converse(t.Context(), converseAsks(haiku))
			if err != nil {
				t.Fatal(err)
			}
			if p.raw.Proto != name {
				t.Errorf("spoken was %s", p.raw.Proto)
			}
			m := out.Output.(*types.ConverseOutputMemberMessage).Value
			if len(m.Content) != 1 || m.Content[0].(*types.ContentBlockMemberText).Value != joined() || m.Role != types.ConversationRoleAssistant {
				t.Errorf("message %+v", m)
			}
			if out.StopReason != types.StopReasonEndTurn || *out.Usage.InputTokens != 11 || *out.Usage.OutputTokens != int32(len(words)) || *out.Usage.TotalTokens != int32(11+len(words)) || out.Metrics.LatencyMs == nil {
				t.Errorf("stop %q, usage %+v, metrics %+v", out.StopReason, out.Usage, out.Metrics)
			}
			if id, _ := awsmiddleware.GetRequestIDMetadata(out.ResultMetadata); id != requestID {
				t.Errorf("request id %q", id)
			}
			s := p.seen
			if s.Model != haiku || s.MaxTokens != 77 || *s.Temperature != 0.5 || len(s.Stop) != 1 || s.Messages[0].Text != "Be brief." || s.LastUser() != "hi [[bo:1]]" || s.Stream {
				t.Errorf("the server understood %+v", s)
			}

			h := hearConverse(t, c, streamAsks(converseAsks(haiku)))
			if h.err != nil || h.text != joined() || h.stop != "end_turn" || *h.usage.InputTokens != 11 || *h.usage.OutputTokens != int32(len(words)) || h.latency == nil {
				t.Errorf("stream %+v", h)
			}
			if !p.seen.Stream {
				t.Error("the server did not understand that a stream was asked for")
			}
		})
	}
}

var forecast = []wire.ToolCall{{ID: "tooluse_1", Name: "get_weather", Arguments: `{"city":"Paris","days":3}`}, {ID: "tooluse_2", Name: "get_time", Arguments: `{}`}}

func converseTools() *types.ToolConfiguration {
	tool := func(name string) types.Tool {
		return &types.ToolMemberToolSpec{Value: types.ToolSpecification{
			Name: &name, Description: aws.String("about " + name),
			InputSchema: &types.ToolInputSchemaMemberJson{Value: document.NewLazyDocument(map[string]any{"type": "object"})},
		}}
	}
	return &types.ToolConfiguration{
		Tools:      []types.Tool{tool("get_weather"), tool("get_time")},
		ToolChoice: &types.ToolChoiceMemberAny{},
	}
}

func TestBedrockSDKTools(t *testing.T) {
	p := &awsProvider{provider: provider{d: dialect(t, "bedrock")}, calls: forecast}
	c := bedrockClient(serveAWS(t, p), goodKey)
	asks := converseAsks(haiku)
	asks.ToolConfig = converseTools()
	out, err := c.Converse(t.Context(), asks)
	if err != nil {
		t.Fatal(err)
	}
	m := out.Output.(*types.ConverseOutputMemberMessage).Value
	if out.StopReason != types.StopReasonToolUse || len(m.Content) != 3 {
		t.Fatalf("stop %q, %d blocks", out.StopReason, len(m.Content))
	}
	use := m.Content[1].(*types.ContentBlockMemberToolUse).Value
	var args struct {
		City string
		Days int
	}
	if err := use.Input.UnmarshalSmithyDocument(&args); err != nil || *use.Name != "get_weather" || *use.ToolUseId != "tooluse_1" || args.City != "Paris" || args.Days != 3 {
		t.Errorf("call %+v, arguments %+v, %v", use, args, err)
	}
	if s := p.seen; len(s.Tools) != 2 || s.Tools[0].Name != "get_weather" || s.Tools[0].Description != "about get_weather" || string(s.Tools[0].Schema) != `{"type":"object"}` || s.ToolChoice != wire.ToolRequired {
		t.Errorf("the server understood %+v", s)
	}

	h := hearConverse(t, c, streamAsks(asks))
	if h.err != nil || h.text != joined() || h.stop != "tool_use" || len(h.calls) != 2 || h.calls[0] != forecast[0] || h.calls[1].ID != "tooluse_2" || h.calls[1].Arguments != "{}" {
		t.Errorf("stream %+v", h)
	}

	// The next turn brings the results.
	asks.Messages = append(asks.Messages, m, types.Message{Role: types.ConversationRoleUser, Content: []types.ContentBlock{
		&types.ContentBlockMemberToolResult{Value: types.ToolResultBlock{ToolUseId: use.ToolUseId, Content: []types.ToolResultContentBlock{
			&types.ToolResultContentBlockMemberText{Value: "15 C"},
		}}},
		&types.ContentBlockMemberToolResult{Value: types.ToolResultBlock{ToolUseId: aws.String("tooluse_2"), Status: types.ToolResultStatusError, Content: []types.ToolResultContentBlock{
			&types.ToolResultContentBlockMemberJson{Value: document.NewLazyDocument(map[string]any{"why": "late"})},
		}}},
		&types.ContentBlockMemberText{Value: "And now?"},
	}})
	asks.ToolConfig.ToolChoice = &types.ToolChoiceMemberTool{Value: types.SpecificToolChoice{Name: aws.String("get_time")}}
	if _, err := c.Converse(t.Context(), asks); err != nil {
		t.Fatal(err)
	}
	got := p.seen.Messages
	if len(got) != 6 || len(got[2].ToolCalls) != 2 || got[2].ToolCalls[0] != forecast[0] || got[3].Role != "tool" || got[3].ToolCallID != "tooluse_1" || got[3].Text != "15 C" || got[4].Text != `{"why":"late"}` || got[5].Text != "And now?" || p.seen.ToolChoice != "get_time" {
		t.Errorf("the server understood %+v, choice %q", got, p.seen.ToolChoice)
	}
}

// Converse's structured output is JSON mode.
func TestBedrockSDKStructuredOutput(t *testing.T) {
	p := &awsProvider{provider: provider{d: dialect(t, "bedrock")}}
	c := bedrockClient(serveAWS(t, p), goodKey)
	asks := converseAsks(haiku)
	asks.OutputConfig = &types.OutputConfig{TextFormat: &types.OutputFormat{Type: types.OutputFormatTypeJsonSchema, Structure: &types.OutputFormatStructureMemberJsonSchema{
		Value: types.JsonSchemaDefinition{Schema: aws.String(`{"type":"object"}`)},
	}}}
	if _, err := c.Converse(t.Context(), asks); err != nil {
		t.Fatal(err)
	}
	if !p.seen.JSON || string(p.seen.Schema) != `{"type":"object"}` {
		t.Errorf("the server understood %+v", p.seen)
	}
}

// A model is named by its id, a profile's, or an ARN, which the SDK escapes.
func TestBedrockSDKModelIDs(t *testing.T) {
	p := &awsProvider{provider: provider{d: dialect(t, "bedrock")}}
	c := bedrockClient(serveAWS(t, p), goodKey)
	for id, want := range map[string]string{
		"amazon.nova-lite-v1:0":                                                            "amazon.nova-lite-v1:0",
		"global.anthropic.claude-sonnet-4-6":                                               "global.anthropic.claude-sonnet-4-6",
		"arn:aws:bedrock:us-east-1:123456789012:inference-profile/" + haiku:                haiku,
		"arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0":                "amazon.nova-lite-v1:0",
		"arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/ab12cd34ef5": "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/ab12cd34ef5",
		"arn:aws:bedrock:us-east-1:123456789012:provisioned-model/xyz":                     "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/xyz",
	} {
		if _, err := c.Converse(t.Context(), converseAsks(id)); err != nil || p.seen.Model != want {
			t.Errorf("%s was understood as %+v, %v", id, p.seen, err)
		}
	}
	_, err := c.Converse(t.Context(), converseAsks("anthropic.claude-sonnet-4-5-20250929-v1:0"))
	var v *types.ValidationException
	if !errors.As(err, &v) || *v.Message != "Invocation of model ID anthropic.claude-sonnet-4-5-20250929-v1:0 with on-demand throughput isn’t supported. Retry your request with the ID or ARN of an inference profile that contains this model." {
		t.Errorf("a model that needs a profile: %v", err)
	}
}

func TestBedrockSDKCountTokens(t *testing.T) {
	p := &awsProvider{provider: provider{d: dialect(t, "bedrock")}}
	c := bedrockClient(serveAWS(t, p), goodKey)
	model := haiku
	for name, in := range map[string]types.CountTokensInput{
		"converse": &types.CountTokensInputMemberConverse{Value: types.ConverseTokensRequest{Messages: userSays("hi")}},
		"invoke":   &types.CountTokensInputMemberInvokeModel{Value: types.InvokeModelTokensRequest{Body: []byte(claudeBody)}},
	} {
		out, err := c.CountTokens(t.Context(), &bedrockruntime.CountTokensInput{ModelId: &model, Input: in})
		if err != nil || *out.InputTokens != 42 || p.seen.LastUser() != "hi" {
			t.Errorf("%s: %+v, %v", name, out, err)
		}
	}
}

// Keys: a wrong id, a bearer key over TLS, a wrong one.
func TestBedrockSDKKeys(t *testing.T) {
	p := &awsProvider{provider: provider{d: dialect(t, "bedrock")}}
	_, err := bedrockClient(serveAWS(t, p), "AKIDWRONG").Converse(t.Context(), converseAsks(haiku))
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != "UnrecognizedClientException" || e.ErrorMessage() != "The security token included in the request is invalid." || statusOf(err) != http.StatusForbidden {
		t.Errorf("a wrong access key id: %v", err)
	}
	srv := httptest.NewTLSServer(p)
	defer srv.Close()
	for key, want := range map[string]string{goodKey: "", "wrong": "Authentication failed: Please make sure your API Key is valid."} {
		c := bedrockruntime.New(bedrockruntime.Options{
			Region: "us-east-1", BaseEndpoint: &srv.URL, Retryer: aws.NopRetryer{}, HTTPClient: srv.Client(),
			BearerAuthTokenProvider: bearerKey(key), AuthSchemePreference: []string{"httpBearerAuth"},
		})
		_, err := c.Converse(t.Context(), converseAsks(haiku))
		switch {
		case want == "" && err != nil:
			t.Errorf("a bearer key: %v", err)
		case want != "" && (!errors.As(err, &e) || e.ErrorMessage() != want || statusOf(err) != http.StatusForbidden):
			t.Errorf("a wrong bearer key: %v", err)
		}
	}
}

func statusOf(err error) int {
	var r *awshttp.ResponseError
	if !errors.As(err, &r) {
		return 0
	}
	return r.HTTPStatusCode()
}

// The list of models is the control plane's; its SDK is not among the clients
// of these tests, so the shape is read by hand.
func TestBedrockFoundationModels(t *testing.T) {
	d := dialect(t, "bedrock")
	get := func(path string, into any) int {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("Authorization", "Bearer "+goodKey)
		(&awsProvider{provider: provider{d: d}}).ServeHTTP(w, r)
		if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
			t.Fatalf("%v in %s", err, w.Body)
		}
		return w.Code
	}
	type summary struct {
		ModelLifecycle struct{ Status, LegacyTime, EndOfLifeTime string }
	}
	var list struct{ ModelSummaries []summary }
	if code := get("/foundation-models", &list); code != 200 || len(list.ModelSummaries) != 2 || list.ModelSummaries[0].ModelLifecycle.Status != "ACTIVE" {
		t.Errorf("%d %+v", code, list)
	}
	var one struct{ ModelDetails summary }
	if code := get("/foundation-models/alpha-0", &one); code != 200 || one.ModelDetails.ModelLifecycle.Status != "LEGACY" || one.ModelDetails.ModelLifecycle.EndOfLifeTime != "2027-01-01T12:00:00Z" {
		t.Errorf("%d %+v", code, one)
	}
	var said struct{ Message string }
	if code := get("/foundation-models/alpha-gone", &said); code != 404 || said.Message != "This model version has reached the end of its life. Please refer to the AWS documentation for more details." {
		t.Errorf("a retired model: %d %+v", code, said)
	}
	if code := get("/foundation-models/beta", &said); code != 400 || said.Message != "The provided model identifier is invalid." {
		t.Errorf("an unknown model: %d %+v", code, said)
	}
}
