//go:build !race

package wire_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/auth"
	"google.golang.org/genai"

	"brownout/mocks/wire"
)

// The official SDK judges the Gemini API and Google's models at Vertex AI by
// the same tests.

func geminiUpstream(t *testing.T, name string) *upstream {
	return &upstream{d: dialect(t, name), text: "Hello there", finish: wire.FinishStop}
}

// token is a source of one OAuth token.
type token string

func (s token) Token(context.Context) (*auth.Token, error) { return &auth.Token{Value: string(s)}, nil }

// genaiClient is a client of the Gemini API, or of Vertex AI.
func genaiClient(t *testing.T, name, base, key string) *genai.Client {
	t.Helper()
	config := &genai.ClientConfig{Backend: genai.BackendGeminiAPI, APIKey: key, HTTPOptions: genai.HTTPOptions{BaseURL: base}}
	if name == "vertex" {
		config.Backend, config.APIKey = genai.BackendVertexAI, ""
		config.Project, config.Location = "p-1", "europe-west4"
		config.Credentials = auth.NewCredentials(&auth.CredentialsOptions{TokenProvider: token(key)})
	}
	c, err := genai.NewClient(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// bothHouses runs a test against both dialects, by their client.
func bothHouses(t *testing.T, test func(t *testing.T, u *upstream, c *genai.Client)) {
	for _, name := range []string{"gemini", "vertex"} {
		t.Run(name, func(t *testing.T) {
			u := geminiUpstream(t, name)
			test(t, u, genaiClient(t, name, u.start(t), goodKey))
		})
	}
}

var geminiConfig = &genai.GenerateContentConfig{
	SystemInstruction: genai.NewContentFromText("Be brief.", genai.RoleUser),
	MaxOutputTokens:   64, Temperature: genai.Ptr[float32](0.5), StopSequences: []string{"END"},
	ResponseMIMEType: "application/json",
}

// gather reads a stream whole.
func gather(t *testing.T, c *genai.Client, model string, contents []*genai.Content, config *genai.GenerateContentConfig) (text string, calls []*genai.FunctionCall, last *genai.GenerateContentResponse, err error) {
	t.Helper()
	for r, e := range c.Models.GenerateContentStream(t.Context(), model, contents, config) {
		if e != nil {
			return text, calls, last, e
		}
		text += r.Text()
		calls = append(calls, r.FunctionCalls()...)
		last = r
	}
	return text, calls, last, nil
}

func TestGenaiSDK(t *testing.T) {
	bothHouses(t, func(t *testing.T, u *upstream, c *genai.Client) {
		check := func(kind, text string, r *genai.GenerateContentResponse, err error) {
			t.Helper()
			if err != nil || text != "Hello there" || r.Candidates[0].FinishReason != genai.FinishReasonStop || r.ModelVersion != "alpha-1" || r.ResponseID != u.d.NewAnswerID(7) {
				t.Fatalf("%s: %q, %+v, %v", kind, text, r, err)
			}
			if m := r.UsageMetadata; m.PromptTokenCount != 11 || m.CandidatesTokenCount != 5 || m.TotalTokenCount != 16 {
				t.Errorf("%s: usage %+v", kind, m)
			}
			if u.d.Name() == "vertex" && (r.UsageMetadata.TrafficType != genai.TrafficTypeOnDemand || !r.CreateTime.Equal(created)) {
				t.Errorf("%s: traffic %q, made %v", kind, r.UsageMetadata.TrafficType, r.CreateTime)
			}
			s := u.seen
			if s.Messages[0].Role != "system" || s.Messages[0].Text != "Be brief." || s.LastUser() != "hi [[bo:1]]" || s.MaxTokens != 64 || s.Temperature == nil || *s.Temperature != 0.5 || len(s.Stop) != 1 || !s.JSON || s.Model != "alpha-1" {
				t.Errorf("%s: the server understood %+v", kind, s)
			}
		}
		r, err := c.Models.GenerateContent(t.Context(), "alpha-1", genai.Text("hi [[bo:1]]"), geminiConfig)
		if err != nil {
			t.Fatal(err)
		}
		check("unary", r.Text(), r, err)
		text, _, last, err := gather(t, c, "alpha-1", genai.Text("hi [[bo:1]]"), geminiConfig)
		check("stream", text, last, err)
		if !u.seen.Stream {
			t.Error("the server was not asked for a stream")
		}

		u.finish = wire.FinishLength
		if r, err := c.Models.GenerateContent(t.Context(), "alpha-1", genai.Text("hi"), nil); err != nil || r.Candidates[0].FinishReason != genai.FinishReasonMaxTokens {
			t.Errorf("cut off: %+v, %v", r, err)
		}

		n, err := c.Models.CountTokens(t.Context(), "alpha-1", genai.Text("hi there"), nil)
		if err != nil || n.TotalTokens != count || u.seen.LastUser() != "hi there" {
			t.Errorf("count %+v, %v", n, err)
		}
	})
}

func TestGenaiSDKTools(t *testing.T) {
	bothHouses(t, func(t *testing.T, u *upstream, c *genai.Client) {
		u.calls, u.finish, u.text = bothCalls, wire.FinishToolCalls, ""
		config := &genai.GenerateContentConfig{
			Tools: []*genai.Tool{{FunctionDeclarations: []*genai.FunctionDeclaration{
				{Name: "get_weather", Description: "d", Parameters: &genai.Schema{Type: genai.TypeObject, Properties: map[string]*genai.Schema{"location": {Type: genai.TypeString}}, Required: []string{"location"}}},
				{Name: "get_time", ParametersJsonSchema: map[string]any{"type": "object"}},
			}}},
			ToolConfig: &genai.ToolConfig{FunctionCallingConfig: &genai.FunctionCallingConfig{Mode: genai.FunctionCallingConfigModeAny, AllowedFunctionNames: []string{"get_weather"}}},
		}
		check := func(kind string, calls []*genai.FunctionCall, err error) {
			t.Helper()
			if err != nil || len(calls) != len(bothCalls) {
				t.Fatalf("%s: %d calls, %v", kind, len(calls), err)
			}
			for i, want := range bothCalls {
				args, _ := json.Marshal(calls[i].Args)
				if calls[i].Name != want.Name || calls[i].ID != want.ID || !sameJSON(string(args), want.Arguments) {
					t.Errorf("%s: call %d is %+v", kind, i, calls[i])
				}
			}
			s := u.seen
			if len(s.Tools) != 2 || !sameJSON(string(s.Tools[0].Schema), placeSchema) || s.ToolChoice != "get_weather" || s.Tools[1].Name != "get_time" {
				t.Errorf("%s: the server understood %+v", kind, s)
			}
		}
		r, err := c.Models.GenerateContent(t.Context(), "alpha-1", genai.Text("hi"), config)
		if err != nil || r.Candidates[0].FinishReason != genai.FinishReasonStop {
			t.Fatalf("%+v, %v", r, err)
		}
		check("unary", r.FunctionCalls(), err)
		_, calls, last, err := gather(t, c, "alpha-1", genai.Text("hi"), config)
		check("stream", calls, err)
		if last.Candidates[0].FinishReason != genai.FinishReasonStop || last.UsageMetadata.CandidatesTokenCount != 5 {
			t.Errorf("the stream's last chunk: %+v", last)
		}

		results := genai.NewContentFromParts([]*genai.Part{
			{FunctionResponse: &genai.FunctionResponse{ID: "toolu_01A", Name: "get_weather", Response: map[string]any{"output": "15C"}}},
			{FunctionResponse: &genai.FunctionResponse{Name: "get_time", Response: map[string]any{"t": 12}}},
			{Text: "and now?"},
		}, genai.RoleUser)
		u.calls, u.finish, u.text = nil, wire.FinishStop, "fine"
		talk := append(genai.Text("hi"), r.Candidates[0].Content, results)
		if _, err := c.Models.GenerateContent(t.Context(), "alpha-1", talk, config); err != nil {
			t.Fatal(err)
		}
		heard := u.seen.Messages
		if len(heard) != 5 || heard[1].Role != "assistant" || len(heard[1].ToolCalls) != 2 || heard[2].Role != "tool" || heard[2].Text != "15C" || heard[2].ToolCallID != "toolu_01A" ||
			heard[3].Text != `{"t":12}` || heard[3].ToolCallID != "toolu_01B" || heard[4].Text != "and now?" {
			t.Errorf("the server understood %+v", heard)
		}
	})
}

func sameJSON(a, b string) bool {
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return false
	}
	return fmt.Sprint(x) == fmt.Sprint(y)
}

func TestGenaiSDKEmbeddings(t *testing.T) {
	bothHouses(t, func(t *testing.T, u *upstream, c *genai.Client) {
		two := []*genai.Content{genai.NewContentFromText("one", genai.RoleUser), genai.NewContentFromText("two", genai.RoleUser)}
		r, err := c.Models.EmbedContent(t.Context(), "gemini-embedding-001", two, &genai.EmbedContentConfig{OutputDimensionality: genai.Ptr[int32](3)})
		if err != nil || len(r.Embeddings) != 2 || len(r.Embeddings[1].Values) != 3 || r.Embeddings[1].Values[0] != 1 || r.Embeddings[0].Values[2] != -0.25 {
			t.Fatalf("%+v, %v", r, err)
		}
		if e := u.embed; e.Model != "gemini-embedding-001" || e.Dimensions != 3 || len(e.Inputs) != 2 || e.Inputs[1] != "two" {
			t.Errorf("the server understood %+v", e)
		}
		if u.d.Name() != "vertex" {
			return
		}
		if s := r.Embeddings[0].Statistics; s == nil || s.Truncated {
			t.Errorf("statistics %+v", s)
		}
		// Newer models take one content at a time, on another path.
		r, err = c.Models.EmbedContent(t.Context(), "gemini-embedding-2", two[:1], nil)
		if err != nil || len(r.Embeddings) != 1 || len(r.Embeddings[0].Values) != 3 || r.Embeddings[0].Statistics.TokenCount != count {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

func TestGenaiSDKModels(t *testing.T) {
	bothHouses(t, func(t *testing.T, u *upstream, c *genai.Client) {
		page, err := c.Models.List(t.Context(), nil)
		if err != nil || len(page.Items) != 2 || page.NextPageToken != "" || !strings.HasSuffix(page.Items[1].Name, "models/alpha-0") {
			t.Fatalf("%+v, %v", page, err)
		}
		seen := 0
		for _, err := range c.Models.All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			seen++
		}
		if seen != 2 {
			t.Errorf("%d models in all pages", seen)
		}
		// The SDK asks Vertex AI for a bare name under the project's own models.
		name := map[string]string{"gemini": "alpha-0", "vertex": "publishers/google/models/alpha-0"}[u.d.Name()]
		m, err := c.Models.Get(t.Context(), name, nil)
		if err != nil || !strings.HasSuffix(m.Name, "models/alpha-0") {
			t.Fatalf("%+v, %v", m, err)
		}
		if u.d.Name() == "gemini" && (m.InputTokenLimit != 4096 || m.OutputTokenLimit != 512 || m.SupportedActions[0] != "generateContent" || m.DisplayName != "Alpha 0") {
			t.Errorf("%+v", m)
		}
	})
}

// A prompt and an answer that are refused are answers with a reason.
func TestGenaiSDKSafety(t *testing.T) {
	bothHouses(t, func(t *testing.T, u *upstream, c *genai.Client) {
		u.text, u.finish = "", wire.FinishContentFilter
		r, err := c.Models.GenerateContent(t.Context(), "alpha-1", genai.Text("hi"), nil)
		if err != nil || r.Text() != "" || len(r.Candidates) != 1 || r.Candidates[0].FinishReason != genai.FinishReasonSafety || len(r.Candidates[0].SafetyRatings) != 1 || !r.Candidates[0].SafetyRatings[0].Blocked {
			t.Errorf("answer: %+v, %v", r, err)
		}
		if _, _, last, err := gather(t, c, "alpha-1", genai.Text("hi"), nil); err != nil || last.Candidates[0].FinishReason != genai.FinishReasonSafety {
			t.Errorf("streamed answer: %+v, %v", last, err)
		}
		u.fail = &wire.Failure{Kind: wire.FailContentFilter, Model: "alpha-1", Asked: 4}
		r, err = c.Models.GenerateContent(t.Context(), "alpha-1", genai.Text("hi"), nil)
		if err != nil || len(r.Candidates) != 0 || r.PromptFeedback == nil || r.PromptFeedback.BlockReason != genai.BlockedReasonProhibitedContent || r.UsageMetadata.PromptTokenCount != 4 {
			t.Errorf("prompt: %+v, %v", r, err)
		}
		if _, _, last, err := gather(t, c, "alpha-1", genai.Text("hi"), nil); err != nil || last == nil || last.PromptFeedback == nil || len(last.Candidates) != 0 {
			t.Errorf("streamed prompt: %+v, %v", last, err)
		}
	})
}

func TestGenaiSDKDeprecation(t *testing.T) {
	u := geminiUpstream(t, "gemini")
	u.notice = "alpha-1 will be shut down"
	c := genaiClient(t, "gemini", u.start(t), goodKey)
	r, err := c.Models.GenerateContent(t.Context(), "alpha-1", genai.Text("hi"), nil)
	if err != nil || r.ModelStatus == nil || r.ModelStatus.ModelStage != genai.ModelStageDeprecated || r.ModelStatus.Message != u.notice || r.ModelStatus.RetirementTime.Format(time.DateOnly) != "2027-01-01" {
		t.Errorf("%+v, %v", r, err)
	}
	if _, _, last, err := gather(t, c, "alpha-1", genai.Text("hi"), nil); err != nil || last.ModelStatus == nil || last.ModelStatus.Message != u.notice {
		t.Errorf("stream: %+v, %v", last, err)
	}
}

// genaiFailures is every kind of failure as the SDK types it.
var genaiFailures = []struct {
	house  string
	fail   wire.Failure
	code   int
	status string
	says   string
	detail string // a word of the details
}{
	{"gemini", wire.Failure{Kind: wire.FailRateLimit, Limit: "requests", LimitValue: 20, Model: "alpha-1", RetryAfter: 49125626837}, 429, "RESOURCE_EXHAUSTED", "limit: 20, model: alpha-1\nPlease retry in 49.125626837s.", "49.125626837s"},
	{"gemini", wire.Failure{Kind: wire.FailRateLimit, Limit: "tokens", LimitValue: 250000, Model: "alpha-1"}, 429, "RESOURCE_EXHAUSTED", "limit: 250000", "GenerateContentInputTokensPerModelPerMinute-FreeTier"},
	{"gemini", wire.Failure{Kind: wire.FailRateLimit}, 429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota).", ""},
	{"gemini", wire.Failure{Kind: wire.FailQuota}, 402, "RESOURCE_EXHAUSTED", "credits", ""},
	{"gemini", wire.Failure{Kind: wire.FailQuota, Status: 429, RetryAfter: 7e9}, 429, "RESOURCE_EXHAUSTED", "limit: 0", "GenerateRequestsPerDayPerProjectPerModel-FreeTier"},
	{"gemini", wire.Failure{Kind: wire.FailOverload}, 503, "UNAVAILABLE", "high demand", ""},
	{"gemini", wire.Failure{Kind: wire.FailServer}, 500, "INTERNAL", "An internal error has occurred", ""},
	{"gemini", wire.Failure{Kind: wire.FailTimeout}, 504, "DEADLINE_EXCEEDED", "Deadline expired", ""},
	{"gemini", wire.Failure{Kind: wire.FailAuth}, 400, "INVALID_ARGUMENT", "API key not valid", "API_KEY_INVALID"},
	{"gemini", wire.Failure{Kind: wire.FailPermission}, 403, "PERMISSION_DENIED", "does not have permission", ""},
	{"gemini", wire.Failure{Kind: wire.FailModelNotFound, Model: "alpha-9"}, 404, "NOT_FOUND", "models/alpha-9 is not found for API version v1beta, or is not supported for generateContent.", ""},
	{"gemini", wire.Failure{Kind: wire.FailModelNotFound, Model: "alpha-9", Retired: true}, 404, "NOT_FOUND", "This model models/alpha-9 is no longer available. Please update your code to use a newer model", ""},
	{"gemini", wire.Failure{Kind: wire.FailModelNotFound, Model: "alpha-9", Retired: true, Successor: "alpha-10"}, 404, "NOT_FOUND", "to use models/alpha-10 for", ""},
	{"gemini", wire.Failure{Kind: wire.FailContextLength, Asked: 1200293, LimitValue: 1048576}, 400, "INVALID_ARGUMENT", "The input token count (1200293) exceeds the maximum number of tokens allowed (1048576).", ""},
	{"gemini", wire.Failure{Kind: wire.FailTooLarge}, 400, "INVALID_ARGUMENT", "Request payload size exceeds the limit: 20971520 bytes.", ""},
	{"vertex", wire.Failure{Kind: wire.FailRateLimit, Limit: "tokens", Model: "alpha-1"}, 429, "RESOURCE_EXHAUSTED", "Quota exceeded for aiplatform.googleapis.com/", ""},
	{"vertex", wire.Failure{Kind: wire.FailOverload}, 429, "RESOURCE_EXHAUSTED", "Resource exhausted. Please try again later.", ""},
	{"vertex", wire.Failure{Kind: wire.FailServer}, 500, "INTERNAL", "Internal error", ""},
	{"vertex", wire.Failure{Kind: wire.FailServer, Status: 503}, 503, "UNAVAILABLE", "", ""},
	{"vertex", wire.Failure{Kind: wire.FailTimeout}, 504, "DEADLINE_EXCEEDED", "", ""},
	{"vertex", wire.Failure{Kind: wire.FailQuota}, 403, "PERMISSION_DENIED", "billing", ""},
	{"vertex", wire.Failure{Kind: wire.FailAuth}, 401, "UNAUTHENTICATED", "invalid authentication credentials", "PredictionService.GenerateContent"},
	{"vertex", wire.Failure{Kind: wire.FailPermission, Model: "alpha-1"}, 403, "PERMISSION_DENIED", "denied on resource '//aiplatform.googleapis.com/projects/p-1/locations/europe-west4/publishers/google/models/alpha-1' (or", "IAM_PERMISSION_DENIED"},
	{"vertex", wire.Failure{Kind: wire.FailModelNotFound, Model: "alpha-9"}, 404, "NOT_FOUND", "Publisher Model `projects/p-1/locations/europe-west4/publishers/google/models/alpha-9` was not found", ""},
	{"vertex", wire.Failure{Kind: wire.FailContextLength, Asked: 9, LimitValue: 8}, 400, "INVALID_ARGUMENT", "input token count (9)", ""},
}

func TestGenaiSDKTypesEveryFailure(t *testing.T) {
	for _, f := range genaiFailures {
		t.Run(f.house+"/"+string(f.fail.Kind), func(t *testing.T) {
			u := geminiUpstream(t, f.house)
			u.fail = &f.fail
			c := genaiClient(t, f.house, u.start(t), goodKey)
			judge := func(kind string, err error) {
				t.Helper()
				var e genai.APIError
				if !errors.As(err, &e) || e.Code != f.code || e.Status != f.status || !strings.Contains(e.Message, f.says) {
					t.Fatalf("%s: %v", kind, err)
				}
				if details, _ := json.Marshal(e.Details); !strings.Contains(string(details), f.detail) || f.detail == "" && len(e.Details) > 0 {
					if kind != "stream" || f.house != "vertex" { // names another method
						t.Errorf("%s: details %s", kind, details)
					}
				}
			}
			_, err := c.Models.GenerateContent(t.Context(), "alpha-1", genai.Text("hi"), nil)
			judge("unary", err)
			_, _, _, err = gather(t, c, "alpha-1", genai.Text("hi"), nil)
			if f.fail.Kind != wire.FailModelNotFound { // names another method
				judge("stream", err)
			}
			if u.requests != 2 {
				t.Errorf("%d requests: the SDK retries nothing by itself", u.requests)
			}
			u.fail, u.midway = nil, &f.fail
			text, _, _, err := gather(t, c, "alpha-1", genai.Text("hi"), nil)
			var e genai.APIError
			if !errors.As(err, &e) || e.Code != f.code || e.Status != f.status || text != "Hello there" {
				t.Errorf("inside the stream: %q, %v", text, err)
			}
		})
	}
}

func TestGenaiSDKKeys(t *testing.T) {
	for _, c := range []struct {
		house, key string
		code       int
		says       string
	}{
		{"gemini", "AIza-bad", 400, "API key not valid. Please pass a valid API key."},
		{"vertex", "ya29.bad", 401, "Request had invalid authentication credentials."},
	} {
		u := geminiUpstream(t, c.house)
		_, err := genaiClient(t, c.house, u.start(t), c.key).Models.GenerateContent(t.Context(), "alpha-1", genai.Text("hi"), nil)
		var e genai.APIError
		if !errors.As(err, &e) || e.Code != c.code || !strings.HasPrefix(e.Message, c.says) {
			t.Errorf("%s: %v", c.house, err)
		}
	}
	// Express mode: Vertex AI with an API key and no project.
	u := geminiUpstream(t, "vertex")
	express, err := genai.NewClient(t.Context(), &genai.ClientConfig{Backend: genai.BackendVertexAI, APIKey: goodKey, HTTPOptions: genai.HTTPOptions{BaseURL: u.start(t)}})
	if err != nil {
		t.Fatal(err)
	}
	if r, err := express.Models.GenerateContent(t.Context(), "alpha-1", genai.Text("hi"), nil); err != nil || r.Text() != "Hello there" {
		t.Errorf("express mode: %+v, %v", r, err)
	}
}

// A stream that ends without its reason is no error to the SDK, which is why
// the reader of this package must see it.
func TestGenaiSDKMissesACut(t *testing.T) {
	bothHouses(t, func(t *testing.T, u *upstream, c *genai.Client) {
		u.silent = true
		text, _, last, err := gather(t, c, "alpha-1", genai.Text("hi"), nil)
		if err != nil || text != "Hello there" || last.Candidates[0].FinishReason != "" {
			t.Errorf("%q, %+v, %v", text, last, err)
		}
	})
}
