//go:build !race

package wire_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	older "github.com/anthropics/anthropic-sdk-go"
	olderoption "github.com/anthropics/anthropic-sdk-go/option"
	"github.com/anthropics/anthropic-sdk-go/v2"
	anthropicoption "github.com/anthropics/anthropic-sdk-go/v2/option"
	anthropicvertex "github.com/anthropics/anthropic-sdk-go/v2/vertex"
	oldervertex "github.com/anthropics/anthropic-sdk-go/vertex"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"

	"brownout/mocks/wire"
)

// Claude at Vertex AI, as both majors of Anthropic's SDK reach it: the older
// with "vertex-2023-10-16" in the body, the newer with "2026-10-21".

func googleToken(key string) *google.Credentials {
	return &google.Credentials{TokenSource: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: key})}
}

func vertexClaude(t *testing.T, base, key string) anthropic.Client {
	return anthropic.NewClient(anthropicvertex.WithCredentials(t.Context(), "europe-west4", "p-1", googleToken(key)), anthropicoption.WithBaseURL(base), anthropicoption.WithMaxRetries(0))
}

func olderVertexClaude(t *testing.T, base, key string) older.Client {
	return older.NewClient(oldervertex.WithCredentials(t.Context(), "global", "p-1", googleToken(key)), olderoption.WithBaseURL(base), olderoption.WithMaxRetries(0))
}

func claudeAsks() anthropic.MessageNewParams {
	asks := anthropicAsks
	asks.Model = claudeModel
	return asks
}

func TestVertexClaudeSDK(t *testing.T) {
	u := geminiUpstream(t, "vertex")
	u.calls, u.finish = bothCalls, wire.FinishToolCalls
	base := u.start(t)
	c := vertexClaude(t, base, goodKey)
	check := func(kind string, m *anthropic.Message, err error) {
		t.Helper()
		if err != nil || len(m.Content) != 3 || m.Content[0].Text != "Hello there" || m.StopReason != "tool_use" || string(m.Content[1].Input) != bothCalls[0].Arguments ||
			m.Model != "claude-sonnet-4-5-20250929" || !strings.HasPrefix(m.ID, "msg_vrtx_01") || m.Usage.OutputTokens != 5 {
			t.Errorf("%s: %+v, %v", kind, m, err)
		}
		if s := u.seen; s.Model != claudeModel || s.MaxTokens != 64 || s.Messages[0].Text != "Be brief." || s.LastUser() != "hi [[bo:1]]" {
			t.Errorf("%s: the server understood %+v", kind, s)
		}
	}
	m, err := c.Messages.New(t.Context(), claudeAsks())
	check("unary", m, err)

	s := c.Messages.NewStreaming(t.Context(), claudeAsks())
	whole := anthropic.Message{}
	for s.Next() {
		if err := whole.Accumulate(s.Current()); err != nil {
			t.Error(err)
		}
	}
	check("stream", &whole, s.Err())
	if !u.seen.Stream {
		t.Error("the server was not asked for a stream")
	}

	n, err := c.Messages.CountTokens(t.Context(), anthropic.MessageCountTokensParams{Model: claudeModel, Messages: anthropicAsks.Messages})
	if err != nil || n.InputTokens != count || u.seen.Model != claudeModel {
		t.Errorf("count %+v, %v", n, err)
	}

	// The older major may send its temperature; the newer may not.
	asks := olderAsks
	asks.Model = claudeModel
	was, err := new(olderVertexClaude(t, base, goodKey)).Messages.New(t.Context(), asks)
	if err != nil || len(was.Content) != 3 || u.seen.Temperature == nil || u.seen.ToolChoice != wire.ToolRequired {
		t.Errorf("older: %+v, %v", was, err)
	}
	hot := claudeAsks()
	hot.SetExtraFields(map[string]any{"temperature": 0.5})
	var e *anthropic.Error
	if _, err := c.Messages.New(t.Context(), hot); !errors.As(err, &e) || e.StatusCode != 400 || e.Type() != "invalid_request_error" || !strings.Contains(e.RawJSON(), `"request_id":"req_vrtx_01`) {
		t.Errorf("a temperature under 2026-10-21: %v", err)
	}
}

func TestVertexClaudeSDKTypesEveryFailure(t *testing.T) {
	for _, c := range []struct {
		fail   wire.Failure
		status int
		typ    string // empty for Google's own envelope
		says   string
		array  bool // in streams
	}{
		{wire.Failure{Kind: wire.FailRateLimit, Limit: "requests", Model: claudeModel}, 429, "", "Quota exceeded for aiplatform.googleapis.com/online_prediction_requests_per_base_model with base model: anthropic-claude-sonnet-4-5. Please", true},
		{wire.Failure{Kind: wire.FailRateLimit, Limit: "tokens", Model: claudeModel}, 429, "", "online_prediction_input_tokens_per_minute_per_base_model", true},
		{wire.Failure{Kind: wire.FailOverload}, 529, "overloaded_error", "Overloaded", false},
		{wire.Failure{Kind: wire.FailServer}, 500, "api_error", "", false},
		{wire.Failure{Kind: wire.FailTimeout}, 504, "", "DEADLINE_EXCEEDED", true},
		{wire.Failure{Kind: wire.FailAuth}, 401, "", "UNAUTHENTICATED", true},
		{wire.Failure{Kind: wire.FailPermission, Model: claudeModel}, 403, "", "publishers/anthropic/models/claude-sonnet-4-5@20250929", true},
		{wire.Failure{Kind: wire.FailModelNotFound, Model: claudeModel}, 404, "", "Publisher Model `projects/p-1/locations/europe-west4/publishers/anthropic/models/claude-sonnet-4-5@20250929` was not found", true},
		{wire.Failure{Kind: wire.FailContextLength, Asked: 9, LimitValue: 8}, 400, "invalid_request_error", "prompt is too long: 9 tokens > 8 maximum", false},
	} {
		t.Run(string(c.fail.Kind), func(t *testing.T) {
			u := geminiUpstream(t, "vertex")
			u.fail = &c.fail
			client := vertexClaude(t, u.start(t), goodKey)
			judge := func(kind string, err error, array bool) {
				t.Helper()
				var e *anthropic.Error
				if !errors.As(err, &e) || e.StatusCode != c.status || string(e.Type()) != c.typ || !strings.Contains(e.Error(), c.says) {
					t.Fatalf("%s: %v", kind, err)
				}
				if got := strings.HasPrefix(e.RawJSON(), "["); got != array {
					t.Errorf("%s: in an array: %v, %s", kind, got, e.RawJSON())
				}
				// The client of this package reads the same failure.
				if f := u.d.DecodeFailure(e.StatusCode, e.Response.Header, []byte(e.RawJSON())); f.Kind != c.fail.Kind {
					t.Errorf("%s: read as %s", kind, f.Kind)
				}
			}
			_, err := client.Messages.New(t.Context(), claudeAsks())
			judge("unary", err, false)
			s := client.Messages.NewStreaming(t.Context(), claudeAsks())
			s.Next()
			judge("stream", s.Err(), c.array)
		})
	}
	u := geminiUpstream(t, "vertex")
	base := u.start(t)
	var e *anthropic.Error
	if _, err := new(vertexClaude(t, base, "ya29.bad")).Messages.New(t.Context(), claudeAsks()); !errors.As(err, &e) || e.StatusCode != 401 {
		t.Errorf("a wrong token: %v", err)
	}
	u.midway = &wire.Failure{Kind: wire.FailOverload}
	s := new(vertexClaude(t, base, goodKey)).Messages.NewStreaming(t.Context(), claudeAsks())
	for s.Next() {
	}
	if !errors.As(s.Err(), &e) || e.StatusCode != 200 || e.Type() != "overloaded_error" {
		t.Errorf("an error inside the stream: %v", s.Err())
	}
}

// The Messages API's rules on versions hold in the body too.
func TestVertexClaudeVersions(t *testing.T) {
	d := dialect(t, "vertex")
	const path = "/v1/projects/p/locations/global/publishers/anthropic/models/claude-x:rawPredict"
	for body, says := range map[string]string{
		`{"max_tokens":1,"messages":[{"role":"user","content":"hi"}]}`:                                         "anthropic_version: Field required",
		`{"anthropic_version":"2023-06-01","max_tokens":1,"messages":[{"role":"user","content":"hi"}]}`:        "anthropic_version: Input should be",
		`{"anthropic_version":"vertex-2023-10-16","messages":[{"role":"user","content":"hi"}]}`:                "max_tokens: Field required",
		`{"anthropic_version":"vertex-2023-10-16","max_tokens":1,"messages":[{"role":"user","content":"hi"}]}`: "",
		`{`: "The request body is not valid JSON",
	} {
		req, fail := d.DecodeRequest(post(path, ""), []byte(body))
		switch {
		case says == "" && (fail != nil || req.Model != "claude-x" || req.Stream):
			t.Errorf("%s: %+v, %v", body, req, fail)
		case says != "" && (fail == nil || !strings.HasPrefix(fail.Message, says)):
			t.Errorf("%s: %v", body, fail)
		case says != "":
			resp := written(d, fail)
			if !json.Valid([]byte(resp.body)) || resp.status != 400 || !strings.HasPrefix(resp.body, `{"type":"error"`) {
				t.Errorf("%s: %d %s", body, resp.status, resp.body)
			}
		}
	}
}
