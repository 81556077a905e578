//go:build !race

package wire_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	older "github.com/anthropics/anthropic-sdk-go"
	olderoption "github.com/anthropics/anthropic-sdk-go/option"
	"github.com/anthropics/anthropic-sdk-go/v2"

	"brownout/mocks/wire"
)

// Both majors of the official SDK judge the Messages API: the older speaks API
// version 2023-06-01 with x-api-key, the newer 2026-10-21 with a bearer key.

func olderClient(base, key string) older.Client {
	return older.NewClient(olderoption.WithBaseURL(base), olderoption.WithAPIKey(key), olderoption.WithMaxRetries(0))
}

func anthropicUpstream(t *testing.T) *upstream {
	return &upstream{d: dialect(t, "anthropic"), text: "Hello there", finish: wire.FinishStop}
}

var olderAsks = older.MessageNewParams{
	Model:       "alpha-1",
	MaxTokens:   64,
	Temperature: older.Float(0.5),
	System:      []older.TextBlockParam{{Text: "Be brief."}},
	Messages:    []older.MessageParam{older.NewUserMessage(older.NewTextBlock("hi [[bo:1]]"))},
	Tools: []older.ToolUnionParam{{OfTool: &older.ToolParam{
		Name: "get_weather", Description: older.String("d"),
		InputSchema: older.ToolInputSchemaParam{Properties: map[string]any{"location": map[string]any{"type": "string"}}, Required: []string{"location"}},
	}}},
	ToolChoice: older.ToolChoiceUnionParam{OfAny: &older.ToolChoiceAnyParam{DisableParallelToolUse: older.Bool(true)}},
}

func TestAnthropicOlderSDK(t *testing.T) {
	u := anthropicUpstream(t)
	c := olderClient(u.start(t), goodKey)
	check := func(kind string, m *older.Message, err error) {
		t.Helper()
		if err != nil || len(m.Content) != 1 || m.Content[0].Text != "Hello there" || m.StopReason != "end_turn" || m.Usage.InputTokens != 11 || m.Usage.OutputTokens != 5 {
			t.Errorf("%s: %+v, %v", kind, m, err)
		}
		if s := u.seen; len(s.Tools) != 1 || s.ToolChoice != wire.ToolRequired || !s.SingleCall || s.Temperature == nil || *s.Temperature != 0.5 || s.Messages[0].Text != "Be brief." {
			t.Errorf("%s: the server understood %+v", kind, s)
		}
	}
	m, err := c.Messages.New(t.Context(), olderAsks)
	check("unary", m, err)

	s := c.Messages.NewStreaming(t.Context(), olderAsks)
	whole := older.Message{}
	for s.Next() {
		if err := whole.Accumulate(s.Current()); err != nil {
			t.Error(err)
		}
	}
	check("stream", &whole, s.Err())

	u.text, u.calls, u.finish = "", bothCalls, wire.FinishToolCalls
	s = c.Messages.NewStreaming(t.Context(), olderAsks)
	whole = older.Message{}
	for s.Next() {
		if err := whole.Accumulate(s.Current()); err != nil {
			t.Error(err)
		}
	}
	if s.Err() != nil || whole.StopReason != "tool_use" || len(whole.Content) != 2 || string(whole.Content[0].Input) != bothCalls[0].Arguments || whole.Content[0].Name != "get_weather" {
		t.Errorf("streamed calls: %+v, %v", whole, s.Err())
	}

	n, err := c.Messages.CountTokens(t.Context(), older.MessageCountTokensParams{Model: "alpha-1", Messages: olderAsks.Messages})
	if err != nil || n.InputTokens != count {
		t.Errorf("count %+v, %v", n, err)
	}
	list, err := c.Models.List(t.Context(), older.ModelListParams{})
	if err != nil || len(list.Data) != 3 || list.HasMore || list.FirstID != "alpha-1" || list.LastID != "alpha-gone" {
		t.Errorf("models %+v, %v", list, err)
	}
	pages := c.Models.ListAutoPaging(t.Context(), older.ModelListParams{})
	seen := 0
	for pages.Next() {
		seen++
	}
	if seen != 3 || pages.Err() != nil {
		t.Errorf("%d models in all pages, %v", seen, pages.Err())
	}
	one, err := c.Models.Get(t.Context(), "alpha-0", older.ModelGetParams{})
	if err != nil || one.ID != "alpha-0" || one.MaxInputTokens != 4096 {
		t.Errorf("model %+v, %v", one, err)
	}
}

// Tools with the newer SDK: what it asks for, what it is given, and how it
// gives the results back.
func TestAnthropicSDKTools(t *testing.T) {
	u := anthropicUpstream(t)
	u.calls, u.finish = bothCalls, wire.FinishToolCalls
	c := anthropicClient(u.start(t), goodKey)
	asks := anthropicAsks
	asks.Tools = []anthropic.ToolUnionParam{{OfTool: &anthropic.ToolParam{
		Name: "get_weather", InputSchema: anthropic.ToolInputSchemaParam{Properties: map[string]any{"location": map[string]any{"type": "string"}}},
	}}}
	asks.ToolChoice = anthropic.ToolChoiceUnionParam{OfTool: &anthropic.ToolChoiceToolParam{Name: "get_weather"}}
	check := func(kind string, m *anthropic.Message, err error) {
		t.Helper()
		if err != nil || len(m.Content) != 3 || m.Content[0].Text != "Hello there" || m.StopReason != "tool_use" {
			t.Fatalf("%s: %+v, %v", kind, m, err)
		}
		for i, want := range bothCalls {
			got := m.Content[i+1]
			if got.Type != "tool_use" || got.ID != want.ID || got.Name != want.Name || string(got.Input) != want.Arguments {
				t.Errorf("%s: call %d is %+v with %s", kind, i, got, got.Input)
			}
		}
		if s := u.seen; s.ToolChoice != "get_weather" || len(s.Tools) != 1 || !json.Valid(s.Tools[0].Schema) {
			t.Errorf("%s: the server understood %+v", kind, s)
		}
	}
	m, err := c.Messages.New(t.Context(), asks)
	check("unary", m, err)
	s := c.Messages.NewStreaming(t.Context(), asks)
	whole := anthropic.Message{}
	for s.Next() {
		if err := whole.Accumulate(s.Current()); err != nil {
			t.Error(err)
		}
	}
	check("stream", &whole, s.Err())

	u.calls, u.finish = nil, wire.FinishStop
	asks.Messages = append(asks.Messages[:1:1], m.ToParam(), anthropic.NewUserMessage(
		anthropic.NewToolResultBlock("toolu_01A", "15C", false), anthropic.NewToolResultBlock("toolu_01B", "noon", true), anthropic.NewTextBlock("and now?"),
	))
	if _, err = c.Messages.New(t.Context(), asks); err != nil {
		t.Fatal(err)
	}
	heard := u.seen.Messages[1:]
	if len(heard) != 5 || len(heard[1].ToolCalls) != 2 || heard[1].ToolCalls[0] != bothCalls[0] || heard[1].Text != "Hello there" ||
		heard[2].Role != "tool" || heard[2].Text != "15C" || heard[2].ToolCallID != "toolu_01A" || heard[3].Text != "noon" || heard[4].Text != "and now?" {
		t.Errorf("the server understood %+v", heard)
	}

	for _, bad := range []anthropic.MessageParam{
		anthropic.NewUserMessage(anthropic.NewTextBlock("no result")),
		anthropic.NewUserMessage(anthropic.NewToolResultBlock("toolu_none", "x", false)),
	} {
		asks.Messages = []anthropic.MessageParam{asks.Messages[0], m.ToParam(), bad}
		var e *anthropic.Error
		if _, err := c.Messages.New(t.Context(), asks); !errors.As(err, &e) || e.StatusCode != 400 || e.Type() != "invalid_request_error" {
			t.Errorf("results that do not fit the calls: %v", err)
		}
	}
}

func TestAnthropicSDKCountAndRefusal(t *testing.T) {
	u := anthropicUpstream(t)
	c := anthropicClient(u.start(t), goodKey)
	n, err := c.Messages.CountTokens(t.Context(), anthropic.MessageCountTokensParams{Model: "alpha-1", Messages: anthropicAsks.Messages})
	if err != nil || n.InputTokens != count || u.seen.MaxTokens != 0 {
		t.Errorf("count %+v, %v", n, err)
	}

	u.text, u.finish = "", wire.FinishContentFilter
	m, err := c.Messages.New(t.Context(), anthropicAsks)
	if err != nil || m.StopReason != "refusal" || m.StopDetails.Type != "refusal" || len(m.Content) != 0 {
		t.Errorf("refusal %+v, %v", m, err)
	}
	s := c.Messages.NewStreaming(t.Context(), anthropicAsks)
	whole := anthropic.Message{}
	for s.Next() {
		if err := whole.Accumulate(s.Current()); err != nil {
			t.Error(err)
		}
	}
	if s.Err() != nil || whole.StopReason != "refusal" {
		t.Errorf("streamed refusal %+v, %v", whole, s.Err())
	}
}

// A stop sequence is named, and pings between the words disturb nobody.
func TestAnthropicStopSequenceAndPings(t *testing.T) {
	u := anthropicUpstream(t)
	u.stop, u.pings = "END", true
	base := u.start(t)
	c := anthropicClient(base, goodKey)
	asks := anthropicAsks
	asks.StopSequences = []string{"END"}
	m, err := c.Messages.New(t.Context(), asks)
	if err != nil || m.StopReason != "stop_sequence" || m.StopSequence != "END" {
		t.Errorf("%+v, %v", m, err)
	}
	s := c.Messages.NewStreaming(t.Context(), asks)
	whole := anthropic.Message{}
	for s.Next() {
		if err := whole.Accumulate(s.Current()); err != nil {
			t.Error(err)
		}
	}
	if s.Err() != nil || whole.StopReason != "stop_sequence" || whole.StopSequence != "END" || whole.Content[0].Text != u.text {
		t.Errorf("stream %+v, %v", whole, s.Err())
	}
	req := &wire.Request{Model: "alpha-1", Stream: true, Messages: []wire.Message{{Role: "user", Text: "hi"}}}
	events, bad, end := readAll(u.d.NewStreamReader(callThrough(t, u.d, base, req).Body))
	if got := sumOf(events); got.text != u.text || got.finish != wire.FinishStop || !got.done || bad != 0 || end != io.EOF {
		t.Errorf("%+v, %d bad, end %v", got, bad, end)
	}
}

// The rules of API version 2026-10-21, and that the older version has none of
// them.
func TestAnthropicVersions(t *testing.T) {
	u := anthropicUpstream(t)
	base := u.start(t)
	c, old := anthropicClient(base, goodKey), olderClient(base, goodKey)
	document := anthropic.NewDocumentBlock(anthropic.PlainTextSourceParam{Data: "x"})
	for name, body := range map[string]string{
		"temperature": `"temperature":1,"messages":[{"role":"user","content":"hi"}]`,
		"top_p":       `"top_p":0.9,"messages":[{"role":"user","content":"hi"}]`,
		"top_k":       `"top_k":4,"messages":[{"role":"user","content":"hi"}]`,
		"document":    `"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"document","source":{"type":"text","media_type":"text/plain","data":"x"}}]}]`,
		"citations":   `"messages":[{"role":"user","content":[{"type":"text","text":"hi","citations":[{"type":"char_location"}]}]}]`,
	} {
		raw := json.RawMessage(`{"model":"alpha-1","max_tokens":9,` + body + `}`)
		var e *anthropic.Error
		if err := c.Post(t.Context(), "v1/messages", raw, nil); !errors.As(err, &e) || e.StatusCode != 400 || e.Type() != "invalid_request_error" {
			t.Errorf("%s under 2026-10-21: %v", name, err)
		}
		if err := old.Post(t.Context(), "v1/messages", raw, nil); err != nil {
			t.Errorf("%s under 2023-06-01: %v", name, err)
		}
	}
	asks := anthropicAsks
	asks.Messages = []anthropic.MessageParam{anthropic.NewUserMessage(document, anthropic.NewTextBlock("hi"))}
	if _, err := c.Messages.New(t.Context(), asks); err != nil {
		t.Errorf("a user's document: %v", err)
	}
}

// Every kind of failure as both majors type it.
func TestAnthropicSDKsTypeEveryFailure(t *testing.T) {
	for _, c := range []struct {
		fail   wire.Failure
		status int
		typ    string
		code   string
	}{
		{wire.Failure{Kind: wire.FailRateLimit, Limit: "tokens", LimitValue: 30000, RetryAfter: time.Nanosecond}, 429, "rate_limit_error", ""},
		{wire.Failure{Kind: wire.FailQuota}, 400, "invalid_request_error", ""},
		{wire.Failure{Kind: wire.FailQuota, Status: 402}, 402, "billing_error", ""},
		{wire.Failure{Kind: wire.FailQuota, Status: 429}, 429, "rate_limit_error", "enforced_spend_limit_reached"},
		{wire.Failure{Kind: wire.FailOverload}, 529, "overloaded_error", ""},
		{wire.Failure{Kind: wire.FailServer}, 500, "api_error", ""},
		{wire.Failure{Kind: wire.FailTimeout}, 504, "timeout_error", ""},
		{wire.Failure{Kind: wire.FailAuth}, 401, "authentication_error", ""},
		{wire.Failure{Kind: wire.FailPermission}, 403, "permission_error", ""},
		{wire.Failure{Kind: wire.FailModelNotFound, Model: "m"}, 404, "not_found_error", ""},
		{wire.Failure{Kind: wire.FailContextLength, Asked: 9, LimitValue: 8}, 400, "invalid_request_error", ""},
		{wire.Failure{Kind: wire.FailContentFilter}, 400, "invalid_request_error", ""},
		{wire.Failure{Kind: wire.FailTooLarge}, 413, "request_too_large", ""},
	} {
		u := anthropicUpstream(t)
		u.fail = &c.fail
		base := u.start(t)
		_, err := new(anthropicClient(base, goodKey)).Messages.New(t.Context(), anthropicAsks)
		var e *anthropic.Error
		if !errors.As(err, &e) || e.StatusCode != c.status || string(e.Type()) != c.typ || string(e.ErrorCode()) != c.code || e.RequestID != requestID || e.Message == "" {
			t.Errorf("v2 %s: %v", c.fail.Kind, err)
		}
		var was *older.Error
		_, err = new(olderClient(base, goodKey)).Messages.New(t.Context(), olderAsks)
		if !errors.As(err, &was) || was.StatusCode != c.status || string(was.Type()) != c.typ || was.RequestID != requestID {
			t.Errorf("v1 %s: %v", c.fail.Kind, err)
		}
	}

	u := anthropicUpstream(t)
	base := u.start(t)
	var was *older.Error
	if _, err := new(olderClient(base, "sk-bad")).Messages.New(t.Context(), olderAsks); !errors.As(err, &was) || was.StatusCode != http.StatusUnauthorized || was.Type() != "authentication_error" {
		t.Errorf("v1, a wrong key: %v", err)
	}
	u.midway = &wire.Failure{Kind: wire.FailOverload}
	s := new(olderClient(base, goodKey)).Messages.NewStreaming(t.Context(), olderAsks)
	text := ""
	for s.Next() {
		text += s.Current().Delta.Text
	}
	if !errors.As(s.Err(), &was) || was.StatusCode != 200 || was.Type() != "overloaded_error" || text != "Hello there" {
		t.Errorf("v1, an error inside the stream: %q, %v", text, s.Err())
	}
}
