//go:build !race

package mocks_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/document"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/aws/aws-sdk-go-v2/service/sagemakerruntime"
	smtypes "github.com/aws/aws-sdk-go-v2/service/sagemakerruntime/types"
	"github.com/aws/smithy-go"

	"brownout/mocks"
	"brownout/mocks/wire"
	"brownout/plan"
)

const claude = "us.anthropic.claude-haiku-4-5-20251001-v1:0"

func accessKey(id string) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: id, SecretAccessKey: "made up"}, nil
	})
}

// speaking is a client of one version of HTTP; HTTP/2 is without TLS, as the AWS
// SDK for JavaScript speaks it.
func speaking(t *testing.T, version string) *http.Client {
	tr := &http.Transport{Protocols: new(http.Protocols)}
	tr.Protocols.SetHTTP1(version == "HTTP/1.1")
	tr.Protocols.SetUnencryptedHTTP2(version == "HTTP/2.0")
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

func bedrockAt(t *testing.T, r *rig, key, version string) *bedrockruntime.Client {
	return bedrockruntime.New(bedrockruntime.Options{
		Region: "us-east-1", BaseEndpoint: &r.URL, Credentials: accessKey(key), Retryer: aws.NopRetryer{}, HTTPClient: speaking(t, version),
	})
}

func converse(model, prompt string) *bedrockruntime.ConverseInput {
	return &bedrockruntime.ConverseInput{ModelId: &model, Messages: []types.Message{{
		Role: types.ConversationRoleUser, Content: []types.ContentBlock{&types.ContentBlockMemberText{Value: prompt}},
	}}}
}

func TestBedrockSDK(t *testing.T) {
	for _, version := range []string{"HTTP/1.1", "HTTP/2.0"} {
		t.Run(version, func(t *testing.T) {
			r := start(t, spec(t, "bedrock", nil))
			client := bedrockAt(t, r, "AKID", version)
			ctx := context.Background()
			asks := converse(claude, "Answer in 12 words. [[bo:one]]")
			got, err := client.Converse(ctx, asks)
			if err != nil {
				t.Fatal(err)
			}
			text := got.Output.(*types.ConverseOutputMemberMessage).Value.Content[0].(*types.ContentBlockMemberText).Value
			verified(t, text, "one", 12)

			out, err := client.ConverseStream(ctx, &bedrockruntime.ConverseStreamInput{ModelId: asks.ModelId, Messages: asks.Messages})
			if err != nil {
				t.Fatal(err)
			}
			streamed := ""
			var usage *types.TokenUsage
			for e := range out.GetStream().Events() {
				switch e := e.(type) {
				case *types.ConverseStreamOutputMemberContentBlockDelta:
					streamed += e.Value.Delta.(*types.ContentBlockDeltaMemberText).Value
				case *types.ConverseStreamOutputMemberMetadata:
					usage = e.Value.Usage
				}
			}
			if err := out.GetStream().Err(); err != nil || streamed != text || *usage.TotalTokens != *got.Usage.TotalTokens {
				t.Errorf("streamed %q with %+v, %v, want the unary answer %q with %+v", streamed, usage, err, text, got.Usage)
			}
			for i, o := range r.calls.take(t, 2) {
				if o.Marker != "one" || o.Attempt != i+1 || o.Status != 200 || o.Aborted || o.Model != claude || o.Prompt != int(*got.Usage.InputTokens) || o.Completion != int(*got.Usage.OutputTokens) {
					t.Errorf("observation %d: %+v", i, o)
				}
			}
		})
	}
}

func TestBedrockSDKTools(t *testing.T) {
	r := start(t, spec(t, "bedrock", nil))
	asks := converse(claude, "Please use the tool. [[bo:two]]")
	asks.ToolConfig = &types.ToolConfiguration{Tools: []types.Tool{&types.ToolMemberToolSpec{Value: types.ToolSpecification{
		Name: aws.String("get_weather"),
		InputSchema: &types.ToolInputSchemaMemberJson{Value: document.NewLazyDocument(map[string]any{
			"type": "object", "properties": map[string]any{"city": map[string]any{"type": "string"}}, "required": []string{"city"},
		})},
	}}}}
	out, err := bedrockAt(t, r, "AKID", "HTTP/1.1").Converse(context.Background(), asks)
	if err != nil {
		t.Fatal(err)
	}
	use, ok := out.Output.(*types.ConverseOutputMemberMessage).Value.Content[0].(*types.ContentBlockMemberToolUse)
	var args struct{ City string }
	if !ok || out.StopReason != types.StopReasonToolUse || !strings.HasPrefix(*use.Value.ToolUseId, "tooluse_") || use.Value.Input.UnmarshalSmithyDocument(&args) != nil || args.City == "" {
		t.Errorf("%+v, stop %q, arguments %+v", out.Output, out.StopReason, args)
	}
	r.calls.take(t, 1)
}

func TestBedrockSDKRefusals(t *testing.T) {
	ctx := context.Background()
	status := func(err error) int {
		var r *awshttp.ResponseError
		if !errors.As(err, &r) {
			return 0
		}
		return r.HTTPStatusCode()
	}
	r := start(t, spec(t, "bedrock", func(p *plan.Provider) {
		p.Key = "AKIDRIGHT"
		p.Models[2].Context = 50
		p.Limits = plan.Limits{RequestsPerMinute: 18}
	}))
	right := bedrockAt(t, r, "AKIDRIGHT", "HTTP/1.1")

	var generic *smithy.GenericAPIError
	if _, err := bedrockAt(t, r, "AKIDWRONG", "HTTP/1.1").Converse(ctx, converse(claude, "hi")); !errors.As(err, &generic) || generic.Code != "UnrecognizedClientException" || status(err) != 403 {
		t.Errorf("a wrong key: %v", err)
	}
	var invalid *types.ValidationException
	if _, err := right.Converse(ctx, converse("nobody.model-v1:0", "hi")); !errors.As(err, &invalid) || status(err) != 400 || *invalid.Message != "The provided model identifier is invalid." {
		t.Errorf("an unknown model: %v", err)
	}
	if _, err := right.Converse(ctx, converse(claude, strings.Repeat("word ", 60))); !errors.As(err, &invalid) || !strings.Contains(*invalid.Message, "prompt is too long") {
		t.Errorf("a long prompt: %v", err)
	}
	restore := r.SetLifecycle("sunset", "amazon.nova-pro-v1:0", mocks.Lifecycle{Retired: true})
	var gone *types.ResourceNotFoundException
	if _, err := right.Converse(ctx, converse("amazon.nova-pro-v1:0", "hi")); !errors.As(err, &gone) || status(err) != 404 || !strings.Contains(*gone.Message, "end of its life") {
		t.Errorf("a retired model: %v", err)
	}
	restore()
	var throttled *types.ThrottlingException
	for i := range 4 {
		_, err := right.Converse(ctx, converse("amazon.nova-lite-v1:0", "hi"))
		if i < 3 && err != nil || i == 3 && (!errors.As(err, &throttled) || status(err) != 429 || *throttled.Message != "Too many requests, please wait before trying again.") {
			t.Errorf("call %d: %v", i+1, err)
		}
	}
	r.calls.take(t, 8)

	clear := r.Inject("down", overloaded{})
	var unavailable *types.ServiceUnavailableException
	if _, err := right.Converse(ctx, converse(claude, "hi")); !errors.As(err, &unavailable) || status(err) != 503 {
		t.Errorf("a fault: %v", err)
	}
	clear()
	r.calls.take(t, 1)
}

// overloaded is a fault that fails every call.
type overloaded struct{}

func (overloaded) Meet(*mocks.Call) mocks.Effect {
	return mocks.Effect{Touched: true, Fail: &wire.Failure{Kind: wire.FailOverload}}
}

// The control plane's list has the lifecycle; profiles are there under the
// model's bare id.
func TestBedrockFoundationModels(t *testing.T) {
	r := start(t, spec(t, "bedrock", nil))
	get := func(path string, into any) int {
		req, err := http.NewRequest(http.MethodGet, r.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer key")
		resp, err := r.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil || json.Unmarshal(body, into) != nil {
			t.Fatalf("%v in %s", err, body)
		}
		return resp.StatusCode
	}
	var list struct {
		ModelSummaries []struct {
			ModelID                 string `json:"modelId"`
			InferenceTypesSupported []string
		}
	}
	if code := get("/foundation-models", &list); code != 200 || len(list.ModelSummaries) != len(r.Spec().Models) || list.ModelSummaries[0].ModelID != "anthropic.claude-sonnet-4-5-20250929-v1:0" || list.ModelSummaries[0].InferenceTypesSupported[0] != "INFERENCE_PROFILE" {
		t.Errorf("%d %+v", code, list)
	}
	var one struct {
		ModelDetails struct{ ModelName, ProviderName string }
	}
	if code := get("/foundation-models/anthropic.claude-haiku-4-5-20251001-v1:0", &one); code != 200 || one.ModelDetails.ModelName != "Claude Haiku 4.5" || one.ModelDetails.ProviderName != "Anthropic" {
		t.Errorf("%d %+v", code, one)
	}
}

// What no SDK sends is refused in AWS's own way.
func TestAWSBadInput(t *testing.T) {
	for _, c := range []struct {
		preset, method, path, body string
		status                     int
		typ                        string
	}{
		{"bedrock", "POST", "/model/m/sing", "{}", 404, "UnknownOperationException"},
		{"bedrock", "GET", "/model/m/converse", "", 405, "UnknownOperationException"},
		{"bedrock", "POST", "/model/m/converse", "{", 400, "SerializationException"},
		{"bedrock", "POST", "/model/m/converse", strings.Repeat(" ", 25_000_001), 400, "ValidationException"},
		{"sagemaker", "POST", "/endpoints/e/sing", "{}", 404, "UnknownOperationException"},
		{"sagemaker", "GET", "/endpoints/e/invocations", "", 405, "UnknownOperationException"},
		{"sagemaker", "POST", "/endpoints/e/invocations", "{", 424, "ModelError"},
	} {
		r := start(t, spec(t, c.preset, nil))
		req, err := http.NewRequest(c.method, r.URL+c.path, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Amz-Date", "20261123T142933Z")
		req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKID/20261123/us-east-1/"+c.preset+"/aws4_request, SignedHeaders=host, Signature=0")
		resp, err := r.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		typ, _, _ := strings.Cut(resp.Header.Get("X-Amzn-Errortype"), ":")
		if resp.StatusCode != c.status || typ != c.typ || err != nil || !json.Valid(body) || resp.Header.Get("X-Amzn-Requestid") == "" {
			t.Errorf("%s %s: %d %s %s, %v", c.method, c.path, resp.StatusCode, typ, body, err)
		}
	}
}

// Two versions of a model behind one endpoint: a call says which answered, and
// a marker always meets the same.
func TestSageMakerSDK(t *testing.T) {
	const endpoint = "llama-3-1-8b-instruct"
	r := start(t, spec(t, "sagemaker", func(p *plan.Provider) {
		p.Variants = []plan.Variant{{Model: endpoint, ID: endpoint, Weight: 1}, {Model: endpoint, ID: "candidate", Weight: 1}}
	}))
	client := sagemakerruntime.New(sagemakerruntime.Options{
		Region: "us-east-1", BaseEndpoint: &r.URL, Credentials: accessKey("AKID"), Retryer: aws.NopRetryer{}, HTTPClient: speaking(t, "HTTP/2.0"),
	})
	seen := map[string]int{}
	for _, marker := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "a", "b"} {
		body := `{"messages":[{"role":"user","content":"Answer in 5 words. [[bo:` + marker + `]]"}]}`
		out, err := client.InvokeEndpoint(context.Background(), &sagemakerruntime.InvokeEndpointInput{EndpointName: aws.String(endpoint), Body: []byte(body), ContentType: aws.String("application/json")})
		if err != nil {
			t.Fatal(err)
		}
		var m struct {
			Choices []struct{ Message struct{ Content string } }
		}
		if err := json.Unmarshal(out.Body, &m); err != nil {
			t.Fatal(err)
		}
		verified(t, m.Choices[0].Message.Content, marker, 5)
		seen[*out.InvokedProductionVariant]++
	}
	if len(seen) != 2 || seen["candidate"] == 0 {
		t.Errorf("variants %v", seen)
	}
	_, err := client.InvokeEndpoint(context.Background(), &sagemakerruntime.InvokeEndpointInput{EndpointName: aws.String("nobody"), Body: []byte(`{"messages":[{"role":"user","content":"hi"}]}`)})
	var v *smtypes.ValidationError
	if !errors.As(err, &v) || *v.Message != "Endpoint nobody of account 123456789012 not found." {
		t.Errorf("an unknown endpoint: %v", err)
	}
	r.calls.take(t, 11)
}
