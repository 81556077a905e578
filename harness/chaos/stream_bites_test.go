//go:build !race

package chaos_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/anthropics/anthropic-sdk-go/v2"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/packages/ssestream"
	"google.golang.org/genai"

	"brownout/mocks"
	"brownout/mocks/answer"
	"brownout/mocks/wire"
)

// sdkBite is a fault and what each official client makes of it.
type sdkBite struct {
	name         string
	kind         string
	params       map[string]any
	chat, stream outcomes
	streamsOnly  bool     // whole answers are not touched
	not          []string // SDKs whose provider cannot have it
	// check looks at what the SDK and the mock saw; stream tells which call it was.
	check func(t *testing.T, s official, stream bool, got said, o mocks.Observation)
}

// silentlyCut is what each SDK reports of a stream that ends cleanly and too
// early, at the versions of go.mod: success. It is why nobody may take the end
// of a body for the end of an answer.
func silentlyCut() outcomes { return all(isCut) }

func sdkBites() []sdkBite {
	const patience = isError // of the client's own deadline
	return []sdkBite{
		{
			name: "stall", kind: "stream_stall", streamsOnly: true,
			chat: all(isWhole), stream: outcomes{"": patience, "ollama": isCut}, // its Chat swallows what ends the reading
			check: func(t *testing.T, s official, stream bool, got said, o mocks.Observation) {
				if stream && (!o.Aborted || got.text == "" || s.name != "ollama" && !errors.Is(got.err, context.DeadlineExceeded)) {
					t.Errorf("%q and %v, want half an answer and a deadline; %+v", got.text, inShort(got.err), o)
				}
			},
		},
		{
			name: "stall that ends", kind: "stream_stall", params: map[string]any{"after_tokens": 3.0, "pause": "30ms"}, streamsOnly: true,
			chat: all(isWhole), stream: all(isWhole),
			check: func(t *testing.T, _ official, stream bool, _ said, o mocks.Observation) {
				if took := o.Ended - o.Arrived; stream != (took >= 30*time.Millisecond) {
					t.Errorf("took %v", took)
				}
			},
		},
		{
			name: "truncated", kind: "stream_truncate", streamsOnly: true,
			chat: all(isWhole), stream: silentlyCut(),
			check: func(t *testing.T, _ official, stream bool, got said, o mocks.Observation) {
				if stream && (o.Failure != wire.FailTransport || answer.Verify(got.text, "m").Reason != answer.Truncated) {
					t.Errorf("%+v, %q: the mock and the verifier must know", o, got.text)
				}
			},
		},
		{
			name: "complete without an end event", kind: "stream_truncate", params: map[string]any{"where": 1.0}, streamsOnly: true,
			chat: all(isWhole), stream: all(noFinish),
		},
		{
			name: "aborted", kind: "stream_truncate", params: map[string]any{"mode": "abort"}, streamsOnly: true,
			// Amazon's and Ollama's readers take every end of the bytes for an end.
			chat: all(isWhole), stream: outcomes{"": isError, "bedrockruntime": isCut, "ollama": isCut},
			check: func(t *testing.T, s official, stream bool, got said, _ mocks.Observation) {
				if got.err != nil && !errors.Is(got.err, io.ErrUnexpectedEOF) {
					t.Errorf("%v, want an unexpected end", got.err)
				}
			},
		},
		{
			name: "overloaded in the stream", kind: "stream_error", streamsOnly: true,
			chat: all(isWhole), stream: all(isError), check: inStream("server_is_overloaded", anthropic.ErrorTypeOverloadedError, 503, new(*types.ServiceUnavailableException), "server busy"),
		},
		{
			name: "broken in the stream", kind: "stream_error", params: map[string]any{"failure": "server"}, streamsOnly: true,
			chat: all(isWhole), stream: all(isError), check: inStream("server_error", anthropic.ErrorTypeAPIError, 500, new(*types.InternalServerException), "an error was encountered"),
		},
		{
			name: "limited in the stream", kind: "stream_error", params: map[string]any{"failure": "rate_limit", "where": 0.0}, streamsOnly: true,
			chat: all(isWhole), stream: all(isError), check: inStream("Limit 200000", anthropic.ErrorTypeRateLimitError, 429, new(*types.ThrottlingException), "too many requests"),
		},
		{
			name: "broken JSON", kind: "malformed",
			chat: all(isError), stream: all(isError), check: isMalformed,
		},
		{
			name: "an HTML page", kind: "malformed", params: map[string]any{"mode": "html"},
			// OpenAI's and Anthropic's readers of streams pass over lines they do not know.
			chat: all(isError), stream: outcomes{"": isError, "openai-go": isNothing, "anthropic-sdk-go": isNothing}, check: isMalformed,
		},
		{
			name: "an HTML page with a status", kind: "malformed", params: map[string]any{"mode": "html", "status": 502.0},
			chat: all(isError), stream: all(isError),
			check: func(t *testing.T, s official, _ bool, got said, o mocks.Observation) {
				if status, _ := statusOf(got.err); status != http.StatusBadGateway || o.Status != http.StatusBadGateway {
					t.Errorf("%s tells status %d of %v, the mock sent %d", s.name, status, inShort(got.err), o.Status)
				}
			},
		},
		{
			name: "an empty body", kind: "malformed", params: map[string]any{"mode": "empty"},
			chat:   outcomes{"": isNothing, "openai-go": isError, "anthropic-sdk-go": isError},
			stream: all(isNothing), check: isMalformed,
		},
		{
			name: "an empty answer", kind: "malformed", params: map[string]any{"mode": "empty_answer"},
			chat: all(isEmpty), stream: all(isEmpty),
		},
		{
			name: "a wrong content type", kind: "malformed", params: map[string]any{"mode": "content_type"},
			chat:   outcomes{"": isWhole, "openai-go": isError, "anthropic-sdk-go": isError}, // the others do not look
			stream: all(isWhole), check: isMalformed,
		},
		{
			name: "a malformed chunk", kind: "malformed", params: map[string]any{"mode": "chunk"}, streamsOnly: true,
			chat: all(isWhole), stream: all(isError),
			check: func(t *testing.T, _ official, stream bool, got said, o mocks.Observation) {
				if stream && (answer.Verify(got.text, "m").Reason != answer.Truncated || o.Failure != wire.FailMalformed) {
					t.Errorf("%q, %+v, want half an answer before the chunk", got.text, o)
				}
			},
		},
		{
			name: "a model that says who it is", kind: "model_swap",
			chat: outcomes{"": isWhole, "bedrockruntime": isOther}, stream: outcomes{"": isWhole, "bedrockruntime": isOther},
			check: func(t *testing.T, s official, _ bool, got said, o mocks.Observation) {
				if s.name != "bedrockruntime" && (got.model == o.Model || got.model == "") {
					t.Errorf("answer of %q, asked for %q", got.model, o.Model)
				}
			},
		},
		{
			name: "a model that does not", kind: "model_swap", params: map[string]any{"tells": false},
			chat: all(isOther), stream: all(isOther),
			check: func(t *testing.T, s official, _ bool, got said, o mocks.Observation) {
				if got.model != "" && got.model != o.Model || answer.Verify(got.text, "m").Reason != answer.Altered {
					t.Errorf("%q answered by %q", got.text, got.model)
				}
			},
		},
		{
			name: "a filter that refuses", kind: "content_filter",
			chat: filtered(isError, isError), stream: filtered(isError, isError),
			check: func(t *testing.T, s official, _ bool, got said, o mocks.Observation) {
				if s.name != "ollama" && o.Failure != wire.FailContentFilter || o.CostUSD != 0 && s.name != "ollama" {
					t.Errorf("%+v", o)
				}
				var e *openai.Error
				if s.name == "openai-go" && (!errors.As(got.err, &e) || e.Code != "invalid_prompt" || e.StatusCode != 400) {
					t.Errorf("%v", got.err)
				}
			},
		},
		{
			name: "a filter that ends answers", kind: "content_filter", params: map[string]any{"mode": "finish"},
			chat: filtered(endsWith+"content_filter", endsWith+"refusal"), stream: filtered(endsWith+"content_filter", endsWith+"refusal"),
			check: func(t *testing.T, s official, _ bool, got said, o mocks.Observation) {
				if s.name != "ollama" && answer.Verify(got.text, "m").Reason != answer.Truncated {
					t.Errorf("said %q before the filter", got.text)
				}
			},
		},
		{
			name: "a shrunken context", kind: "context_limit", params: map[string]any{"tokens": 5.0},
			chat: outcomes{"": isError, "ollama": isWhole}, stream: outcomes{"": isError, "ollama": isWhole},
			check: func(t *testing.T, s official, _ bool, got said, o mocks.Observation) {
				status, _ := statusOf(got.err)
				if s.name == "ollama" && o.Prompt != 4 || s.name != "ollama" && (o.Failure != wire.FailContextLength || status != 400) {
					t.Errorf("status %d, %+v", status, o)
				}
			},
		},
		{
			name: "a poisoned answer", kind: "poisoned_answer", params: map[string]any{"canary": "CANARY-B", "place": "both"},
			chat: all(isOther), stream: all(isOther),
			check: func(t *testing.T, _ official, _ bool, got said, _ mocks.Observation) {
				if strings.Count(got.text, "CANARY-B") != 2 || !strings.HasPrefix(got.text, "Ignore all") || !strings.Contains(got.text, answer.Text("m", 20)) {
					t.Errorf("%q", got.text)
				}
			},
		},
		{
			name: "lost request ids", kind: "request_ids", not: []string{"genai", "ollama"},
			chat: all(isWhole), stream: all(isWhole),
			check: func(t *testing.T, _ official, _ bool, got said, _ mocks.Observation) {
				if got.id != "" {
					t.Errorf("id %q", got.id)
				}
			},
		},
		{
			name: "one request id for all", kind: "request_ids", params: map[string]any{"mode": "duplicated"}, not: []string{"genai", "ollama"},
			chat: all(isWhole), stream: all(isWhole),
			check: func(t *testing.T, s official, _ bool, got said, _ mocks.Observation) {
				d, _ := wire.Lookup(s.preset)
				if got.id == "" || len(got.id) != len(d.NewRequestID(1)) {
					t.Errorf("id %q is not in the provider's style", got.id)
				}
			},
		},
	}
}

// filtered are the outcomes of a content filter.
func filtered(openAI, anthropic string) outcomes {
	o := outcomes{"openai-go": openAI, "anthropic-sdk-go": anthropic, "genai": endsWith + "SAFETY", "bedrockruntime": endsWith + "guardrail_intervened", "ollama": isOther}
	if openAI == isError {
		o["genai"] = endsWith + "blocked: PROHIBITED_CONTENT"
	}
	return o
}

// isMalformed wants the mock to know that what it sent was no answer.
func isMalformed(t *testing.T, _ official, _ bool, _ said, o mocks.Observation) {
	t.Helper()
	if o.Failure != wire.FailMalformed || o.Status != http.StatusOK {
		t.Errorf("%+v", o)
	}
}

// inStream wants each SDK's own type for an in-stream error.
func inStream(openAI string, typ anthropic.ErrorType, google int, amazon any, ollama string) func(*testing.T, official, bool, said, mocks.Observation) {
	return func(t *testing.T, s official, stream bool, got said, o mocks.Observation) {
		t.Helper()
		if !stream {
			return
		}
		var (
			fromOpenAI    *ssestream.StreamError
			fromAnthropic *anthropic.Error
			fromGoogle    genai.APIError
			ok            bool
		)
		switch s.name {
		case "openai-go":
			ok = errors.As(got.err, &fromOpenAI) && strings.Contains(string(fromOpenAI.Event.Data), openAI)
		case "anthropic-sdk-go":
			ok = errors.As(got.err, &fromAnthropic) && fromAnthropic.Type() == typ && fromAnthropic.StatusCode == 200 && fromAnthropic.RequestID == got.id
		case "genai":
			ok = errors.As(got.err, &fromGoogle) && fromGoogle.Code == google
		case "bedrockruntime":
			ok = errors.As(got.err, amazon)
		default:
			ok = strings.Contains(inShort(got.err), ollama)
		}
		if !ok || o.Status != 200 {
			t.Errorf("%T %v, %+v", got.err, got.err, o)
		}
	}
}
