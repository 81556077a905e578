//go:build !race

package mocks_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	older "github.com/anthropics/anthropic-sdk-go"
	olderoption "github.com/anthropics/anthropic-sdk-go/option"
	"github.com/anthropics/anthropic-sdk-go/v2"
	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"github.com/ollama/ollama/api"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/packages/ssestream"
	"google.golang.org/genai"

	"brownout/mocks"
	"brownout/mocks/wire"
	"brownout/plan"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// asker asks one question through an SDK, whole or streamed, and returns the
// SDK's error.
type asker func(ctx context.Context, model string, stream bool) error

// judge is an official SDK against one preset.
type judge struct {
	name, preset string
	client       func(t *testing.T, r *rig) asker
}

func judges() []judge {
	all := []judge{
		{"openai-go v3", "openai", askChat(openAIClientOf)},
		{"openai-go v3", "vllm", askChat(openAIClientOf)},
		{"openai-go v3", "llamacpp", askChat(func(r *rig) openai.Client { return llamaClient(r, "k") })},
		{"anthropic-sdk-go v1", "anthropic", askOlder},
		{"anthropic-sdk-go v2", "anthropic", askMessages},
		{"genai", "gemini", askContent},
		{"genai", "vertex", askContent},
		{"bedrockruntime", "bedrock", askConverse},
		{"ollama/api", "ollama", askOllama},
	}
	for _, preset := range cousins {
		all = append(all, judge{"openai-go v3", preset, askChat(func(r *rig) openai.Client { return cousinClient(r, "k") })})
	}
	return all
}

func openAIClientOf(r *rig) openai.Client { return openAIClient(r, "k") }

func askChat(client func(*rig) openai.Client) func(*testing.T, *rig) asker {
	return func(_ *testing.T, r *rig) asker {
		c := client(r)
		return func(ctx context.Context, model string, stream bool) error {
			params := openAIParams(model, "Answer in 9 words. [[bo:f]]")
			if !stream {
				_, err := c.Chat.Completions.New(ctx, params)
				return err
			}
			s := c.Chat.Completions.NewStreaming(ctx, params)
			for s.Next() {
			}
			return s.Err()
		}
	}
}

func askMessages(_ *testing.T, r *rig) asker {
	c := anthropicClient(r, "sk-ant-test")
	return func(ctx context.Context, model string, stream bool) error {
		params := anthropicParams(model, "Answer in 9 words. [[bo:f]]")
		if !stream {
			_, err := c.Messages.New(ctx, params)
			return err
		}
		s := c.Messages.NewStreaming(ctx, params)
		for s.Next() {
		}
		return s.Err()
	}
}

func askOlder(_ *testing.T, r *rig) asker {
	c := older.NewClient(olderoption.WithBaseURL(r.URL), olderoption.WithAPIKey("sk-test"), olderoption.WithMaxRetries(0), olderoption.WithHTTPClient(r.client))
	return func(ctx context.Context, model string, stream bool) error {
		params := older.MessageNewParams{
			Model: older.Model(model), MaxTokens: 1000,
			Messages: []older.MessageParam{older.NewUserMessage(older.NewTextBlock("Answer in 9 words. [[bo:f]]"))},
		}
		if !stream {
			_, err := c.Messages.New(ctx, params)
			return err
		}
		s := c.Messages.NewStreaming(ctx, params)
		for s.Next() {
		}
		return s.Err()
	}
}

func askContent(t *testing.T, r *rig) asker {
	c := genaiClient(t, r, "key-1")
	return func(ctx context.Context, model string, stream bool) error {
		prompt := genai.Text("Answer in 9 words. [[bo:f]]")
		if !stream {
			got, err := c.Models.GenerateContent(ctx, model, prompt, nil)
			return blocked(got, err)
		}
		for got, err := range c.Models.GenerateContentStream(ctx, model, prompt, nil) {
			if err := blocked(got, err); err != nil {
				return err
			}
		}
		return nil
	}
}

// blockedPrompt is how Google's and Amazon's APIs refuse: in an answer.
type blockedPrompt struct{ reason string }

func (b blockedPrompt) Error() string { return "refused: " + b.reason }

func blocked(r *genai.GenerateContentResponse, err error) error {
	if err == nil && r.PromptFeedback != nil && r.PromptFeedback.BlockReason != "" {
		return blockedPrompt{string(r.PromptFeedback.BlockReason)}
	}
	return err
}

func askConverse(t *testing.T, r *rig) asker {
	c := bedrockruntime.New(bedrockruntime.Options{
		Region: "us-east-1", BaseEndpoint: &r.URL, Credentials: accessKey("AKID"), HTTPClient: r.client,
		Retryer: aws.NopRetryer{},
	})
	return func(ctx context.Context, model string, stream bool) error {
		asks := converse(model, "Answer in 9 words. [[bo:f]]")
		if !stream {
			got, err := c.Converse(ctx, asks)
			if err == nil && got.StopReason == types.StopReasonGuardrailIntervened {
				err = blockedPrompt{string(got.StopReason)}
			}
			return err
		}
		got, err := c.ConverseStream(ctx, &bedrockruntime.ConverseStreamInput{ModelId: asks.ModelId, Messages: asks.Messages})
		if err != nil {
			return err
		}
		events := got.GetStream()
		defer events.Close()
		for e := range events.Events() {
			if stop, ok := e.(*types.ConverseStreamOutputMemberMessageStop); ok && stop.Value.StopReason == types.StopReasonGuardrailIntervened {
				return blockedPrompt{string(stop.Value.StopReason)}
			}
		}
		return events.Err()
	}
}

func askOllama(t *testing.T, r *rig) asker {
	c := ollamaClient(t, r)
	return func(ctx context.Context, model string, stream bool) error {
		return c.Chat(ctx, &api.ChatRequest{Model: model, Stream: &stream, Messages: []api.Message{{Role: "user", Content: "Answer in 9 words. [[bo:f]]"}}},
			func(api.ChatResponse) error { return nil })
	}
}

// toldBy is what an SDK's error says: its type, status, and the provider's own
// words for the kind; ok is false where it is none of the SDK's own.
func toldBy(err error) (typ string, status int, words string, ok bool) {
	var (
		ofOpenAI    *openai.Error
		ofAnthropic *anthropic.Error
		ofOlder     *older.Error
		ofGoogle    genai.APIError
		ofAmazon    smithy.APIError
		ofOllama    api.StatusError
		unsigned    api.AuthorizationError
		inStream    *ssestream.StreamError
		refused     blockedPrompt
	)
	switch {
	case errors.As(err, &ofOpenAI):
		return "openai.Error", ofOpenAI.StatusCode, strings.TrimSpace(ofOpenAI.Type + " " + ofOpenAI.Code), true
	case errors.As(err, &inStream):
		return "ssestream.StreamError", 200, inStreamWords(inStream.Event.Data), true
	case errors.As(err, &ofAnthropic):
		return "anthropic.Error", ofAnthropic.StatusCode, string(ofAnthropic.Type()), true
	case errors.As(err, &ofOlder):
		return "anthropic.Error", ofOlder.StatusCode, string(ofOlder.Type()), true
	case errors.As(err, &ofGoogle):
		return "genai.APIError", ofGoogle.Code, ofGoogle.Status, true
	case errors.As(err, &ofAmazon):
		var head *awshttp.ResponseError
		status = 200
		if errors.As(err, &head) {
			status = head.HTTPStatusCode()
		}
		return strings.TrimPrefix(fmt.Sprintf("%T", ofAmazon), "*"), status, ofAmazon.ErrorCode(), true
	case errors.As(err, &ofOllama):
		return "api.StatusError", ofOllama.StatusCode, ofOllama.ErrorMessage, true
	case errors.As(err, &unsigned):
		return "api.AuthorizationError", unsigned.StatusCode, unsigned.Status, true
	case errors.As(err, &refused):
		return "(an answer)", 200, refused.reason, true
	}
	if err == nil {
		return "(no error)", 200, "", false
	}
	return fmt.Sprintf("%T", err), 0, fmt.Sprint(err), false
}

// unreadable tells which failures an SDK is known to make no error of its own
// of: openai-go v3.96 cannot decode an error that is a sentence, as xAI's are and
// vLLM's for a wrong key. Its user gets an error about JSON, and no status.
func unreadable(j judge, k wire.FailureKind) bool {
	return j.preset == "xai" && k != wire.FailTimeout || j.preset == "vllm" && k == wire.FailAuth
}

// unnoticed tells which SDK takes a provider's in-stream error for success. The
// shapes are those of the providers' own SDKs, and not OpenAI's.
func unnoticed(j judge) bool {
	return strings.HasPrefix(j.name, "openai") && (j.preset == "groq" || j.preset == "mistral" || j.preset == "databricks")
}

// inStreamWords are the type and the code of an in-stream error of OpenAI's
// family.
func inStreamWords(data []byte) string {
	var in struct {
		Error struct{ Type, Code any }
		Code  any // xAI's, whose error is a sentence
	}
	if err := json.Unmarshal(data, &in); err != nil && in.Code == nil {
		return string(data)
	}
	words := ""
	for _, word := range []any{in.Error.Type, in.Error.Code, in.Code} {
		if word != nil {
			words += fmt.Sprint(word, " ")
		}
	}
	return strings.TrimSpace(words)
}

// witness is a transport that keeps the last answer's head.
type witness struct {
	http.RoundTripper
	last *http.Response
}

func (w *witness) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := w.RoundTripper.RoundTrip(r)
	w.last = resp
	return resp, err
}

// head is that of a failure: the SDK's error has it, or the transport saw it.
func (w *witness) head(err error) http.Header {
	var (
		ofOpenAI    *openai.Error
		ofAnthropic *anthropic.Error
	)
	switch {
	case errors.As(err, &ofOpenAI):
		return ofOpenAI.Response.Header
	case errors.As(err, &ofAnthropic):
		return ofAnthropic.Response.Header
	case w.last != nil:
		return w.last.Header
	}
	return nil // Google's SDK has a client of its own for Vertex
}

// TestSDKsDecodeFailures holds what each official SDK makes of each kind of
// failure of each provider against testdata/sdk-failures.txt. Whole and streamed
// calls must be refused in the same way, in the SDK's own type of error, with
// the status that was sent, and with a retry-after where one is stated.
func TestSDKsDecodeFailures(t *testing.T) {
	fails := []wire.Failure{
		{Kind: wire.FailRateLimit, Limit: "requests", LimitValue: 60, RetryAfter: 20 * time.Second},
		{Kind: wire.FailQuota},
		{Kind: wire.FailOverload},
		{Kind: wire.FailServer},
		{Kind: wire.FailTimeout},
		{Kind: wire.FailAuth},
		{Kind: wire.FailPermission},
		{Kind: wire.FailModelNotFound, Retired: true},
		{Kind: wire.FailContextLength, LimitValue: 4096, Asked: 5000},
		{Kind: wire.FailContentFilter},
	}
	var b strings.Builder
	for _, j := range judges() {
		fmt.Fprintf(&b, "%s against %s\n", j.name, j.preset)
		r := start(t, spec(t, j.preset, nil))
		w := &witness{RoundTripper: r.client.Transport}
		r.client = &http.Client{Transport: w}
		ask := j.client(t, r)
		model := r.Spec().Models[0].ID
		for _, stream := range []bool{false, true} {
			if err := ask(t.Context(), model, stream); err != nil {
				t.Fatalf("%s, %s: without a failure: %v", j.name, j.preset, err)
			}
			r.calls.take(t, 1)
		}
		for _, f := range fails {
			f.Model = model
			clear := r.Inject("failing", failing{f})
			var line [2]string
			for i, stream := range []bool{false, true} {
				err := ask(t.Context(), model, stream)
				typ, status, words, ok := toldBy(err)
				seen := r.calls.take(t, 1)
				o := seen[len(seen)-1]
				if ok == unreadable(j, f.Kind) {
					t.Errorf("%s, %s, %s, stream %v: %s %s is the SDK's own error: %v", j.name, j.preset, f.Kind, stream, typ, words, ok)
				}
				if ok && status != o.Status || o.Failure != f.Kind || o.CostUSD != 0 {
					t.Errorf("%s, %s, %s, stream %v: the SDK tells status %d, the mock sent %+v", j.name, j.preset, f.Kind, stream, status, o)
				}
				after := "-"
				if wait := wire.ParseRetryAfter(w.head(err), time.Now()); wait != 0 {
					after = strconv.Itoa(int(wait.Seconds()))
					if wait != f.RetryAfter {
						t.Errorf("%s, %s, %s: told to wait %v, want %v", j.name, j.preset, f.Kind, wait, f.RetryAfter)
					}
				}
				line[i] = strings.TrimRight(fmt.Sprintf("  %-15s %-36s %d  %-3s %s", f.Kind, typ, status, after, words), " ")
			}
			b.WriteString(line[0] + "\n")
			if line[1] != line[0] {
				b.WriteString(line[1] + "   (asked for a stream)\n")
			}
			clear()
		}
		for _, kind := range []wire.FailureKind{wire.FailOverload, wire.FailServer, wire.FailRateLimit} {
			clear := r.Inject("failing", always(mocks.Effect{Break: &mocks.Break{How: mocks.BreakError, At: 0.5, Failure: &wire.Failure{Kind: kind}}}))
			err := ask(t.Context(), model, true)
			typ, status, words, _ := toldBy(err)
			if (err == nil) != unnoticed(j) {
				t.Errorf("%s, %s: an in-stream %s gives %v", j.name, j.preset, kind, err)
			}
			fmt.Fprintln(&b, strings.TrimRight(fmt.Sprintf("  in-stream %-15s %-26s %d  %s", kind, typ, status, words), " "))
			r.calls.take(t, 1)
			clear()
		}
		if err := ask(t.Context(), model, true); err != nil {
			t.Errorf("%s, %s: once all is over: %v", j.name, j.preset, err)
		}
	}
	golden(t, filepath.Join("testdata", "sdk-failures.txt"), b.String())
}

// A server whose model is not in memory yet, and which lets nobody wait, says
// so as its kind does.
func TestSDKsSeeColdStarts(t *testing.T) {
	for _, j := range judges() {
		var edit func(*plan.Provider)
		want := 503
		switch j.preset {
		case "llamacpp", "ollama":
			edit = func(p *plan.Provider) {
				p.Service = plan.Service{Model: plan.ServiceEdge, Slots: 1, Cold: plan.ColdRefuse, ColdStart: time.Hour}
			}
		case "databricks", "azureml":
			edit = func(p *plan.Provider) {
				p.Service = plan.Service{Model: plan.ServiceManaged, Slots: 1, MaxReplicas: 1, Cold: plan.ColdRefuse, ScaleUpDelay: time.Hour}
			}
			want = 0
		default:
			continue
		}
		r := start(t, spec(t, j.preset, edit))
		for _, stream := range []bool{false, true} {
			err := j.client(t, r)(t.Context(), r.Spec().Models[0].ID, stream)
			typ, status, words, ok := toldBy(err)
			seen := r.calls.take(t, 1)
			o := seen[len(seen)-1]
			if !ok || status != o.Status || want != 0 && status != want || o.Failure != wire.FailOverload || o.CostUSD != 0 {
				t.Errorf("%s, stream %v: %s %d %q, %+v", j.preset, stream, typ, status, words, o)
			}
		}
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got; -update writes it anew):\n%s", file, d)
	}
}
