//go:build !race

package mocks_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/anthropics/anthropic-sdk-go/v2"
	"github.com/openai/openai-go/v3"

	"brownout/mocks"
	"brownout/plan"
)

func TestSDKsSeeOtherRefusals(t *testing.T) {
	ctx := context.Background()

	t.Run("wrong key", func(t *testing.T) {
		r := start(t, spec(t, "openai", func(p *plan.Provider) { p.Key = "sk-right" }))
		var apiErr *openai.Error
		_, err := new(openAIClient(r, "sk-wrong")).Chat.Completions.New(ctx, openAIParams("gpt-5.4", "hi [[bo:who]]"))
		if !errors.As(err, &apiErr) || apiErr.StatusCode != 401 || apiErr.Code != "invalid_api_key" {
			t.Errorf("%v", err)
		}
		if o := r.calls.take(t, 1)[0]; o.Failure != "auth" || o.Marker != "who" || o.Attempt != 1 {
			t.Errorf("a call that is refused still has its marker: %+v", o)
		}
		if _, err := new(openAIClient(r, "sk-right")).Chat.Completions.New(ctx, openAIParams("gpt-5.4", "hi")); err != nil {
			t.Errorf("the right key: %v", err)
		}
		r.calls.take(t, 1)

		a := start(t, spec(t, "anthropic", func(p *plan.Provider) { p.Key = "sk-right" }))
		var anthropicErr *anthropic.Error
		_, err = new(anthropicClient(a, "sk-wrong")).Messages.New(ctx, anthropicParams("claude-haiku-4-5-20251001", "hi"))
		if !errors.As(err, &anthropicErr) || anthropicErr.StatusCode != 401 || anthropicErr.Type() != anthropic.ErrorTypeAuthenticationError {
			t.Errorf("%v", err)
		}
		a.calls.take(t, 1)
	})

	t.Run("retired model", func(t *testing.T) {
		r := start(t, spec(t, "openai", nil))
		client := openAIClient(r, "sk-test")
		restore := r.SetLifecycle("sunset", "gpt-5.4", mocks.Lifecycle{Retired: true})
		var apiErr *openai.Error
		_, err := client.Chat.Completions.New(ctx, openAIParams("gpt-5.4", "hi"))
		if !errors.As(err, &apiErr) || apiErr.StatusCode != 404 || apiErr.Code != "model_not_found" || !strings.Contains(apiErr.Message, "`gpt-5.4`") {
			t.Errorf("%v", err)
		}
		if o := r.calls.take(t, 1)[0]; o.Failure != "model_not_found" || len(o.Faults) != 1 || o.Faults[0] != "sunset" {
			t.Errorf("%+v", o)
		}
		if _, err := client.Models.Get(ctx, "gpt-5.4"); !errors.As(err, &apiErr) || apiErr.StatusCode != 404 {
			t.Errorf("the retired model's own entry: %v", err)
		}
		if _, err := client.Chat.Completions.New(ctx, openAIParams("gpt-4o-mini", "hi")); err != nil {
			t.Errorf("another model: %v", err)
		}
		restore()
		restore()
		if _, err := client.Chat.Completions.New(ctx, openAIParams("gpt-5.4", "hi")); err != nil {
			t.Errorf("restored: %v", err)
		}
		for _, o := range r.calls.take(t, 2)[1:] {
			if len(o.Faults) != 0 {
				t.Errorf("touched by %q", o.Faults)
			}
		}
	})

	t.Run("announced model", func(t *testing.T) {
		r := start(t, spec(t, "openai", nil))
		client := openAIClient(r, "sk-test")
		r.SetLifecycle("sunset", "gpt-4o-mini", mocks.Lifecycle{
			Deprecated: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC),
			Shutdown:   time.Date(2027, 2, 3, 0, 0, 0, 0, time.UTC),
		})
		list, err := client.Models.List(ctx)
		if err != nil {
			t.Fatal(err)
		}
		dates := map[string]string{}
		for _, m := range list.Data {
			dates[m.ID] = m.JSON.ShutdownDate.Raw()
		}
		if len(dates) != 6 || dates["gpt-4o-mini"] != `"2027-02-03"` || dates["gpt-5.4"] != "null" {
			t.Errorf("shutdown dates: %v", dates)
		}
		if _, err := client.Chat.Completions.New(ctx, openAIParams("gpt-4o-mini", "hi")); err != nil {
			t.Errorf("an announced model still answers: %v", err)
		}
		r.calls.take(t, 1)
	})

	t.Run("context too long", func(t *testing.T) {
		r := start(t, spec(t, "openai", func(p *plan.Provider) { p.Models[0].Context = 50 }))
		var apiErr *openai.Error
		_, err := new(openAIClient(r, "sk-test")).Chat.Completions.New(ctx, openAIParams("gpt-5.4", strings.Repeat("word ", 60)))
		if !errors.As(err, &apiErr) || apiErr.StatusCode != 400 || apiErr.Code != "context_length_exceeded" {
			t.Errorf("%v", err)
		}
		r.calls.take(t, 1)
	})
}

// A provider whose one slot is taken refuses in its own words, and serves again
// once the slot is free.
func TestSDKSeesOverload(t *testing.T) {
	r := start(t, spec(t, "vllm", func(p *plan.Provider) {
		p.Service = plan.Service{Model: plan.ServiceSlots, Slots: 1, FirstToken: time.Hour}
	}))
	model := r.Spec().Models[0].ID
	client := openAIClient(r, "token")
	ctx, leave := context.WithCancel(context.Background())
	hung := make(chan error, 1)
	go func() {
		_, err := client.Chat.Completions.New(ctx, openAIParams(model, "hi [[bo:first]]"))
		hung <- err
	}()
	poll(t, func() bool { return r.Gauge().Busy == 1 })
	var apiErr *openai.Error
	_, err := client.Chat.Completions.New(context.Background(), openAIParams(model, "hi [[bo:second]]"))
	if !errors.As(err, &apiErr) || apiErr.StatusCode != 503 {
		t.Errorf("%v", err)
	}
	leave()
	if err := <-hung; !errors.Is(err, context.Canceled) {
		t.Errorf("the call that left: %v", err)
	}
	seen := r.calls.take(t, 2)
	if o := seen[0]; o.Marker != "second" || o.Failure != "overload" || o.Status != 503 || o.CostUSD != 0 {
		t.Errorf("refused call: %+v", o)
	}
	if o := seen[1]; o.Marker != "first" || !o.Aborted || o.Status != 499 || o.FirstToken != 0 || o.Completion != 0 {
		t.Errorf("call that left: %+v", o)
	}
	poll(t, func() bool { return r.Gauge().Busy == 0 })
}
