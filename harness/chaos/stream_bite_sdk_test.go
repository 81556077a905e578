//go:build !race

package chaos_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/anthropics/anthropic-sdk-go/v2"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/packages/ssestream"
	"google.golang.org/genai"

	"brownout/harness/chaos"
	"brownout/mocks"
	"brownout/mocks/answer"
	"brownout/mocks/wire"
)

// What a user of an SDK has in the end.
const (
	isWhole   = "the whole answer"
	isError   = "an error"
	isCut     = "part of the answer as if it were all" // no error and no finish: success, to who does not look
	noFinish  = "the whole answer without an end"      // nor an error
	isNothing = "nothing as if it were an answer"      // neither text nor finish nor error
	isEmpty   = "an answer without a word"
	isOther   = "other words"
	endsWith  = "an end by " // and the finish
)

func (s official) outcome(got said, marker string) string {
	complete := answer.Verify(got.text, marker).OK()
	switch {
	case got.err != nil:
		return isError
	case complete && got.finish == s.stop:
		return isWhole
	case complete && got.finish == "":
		return noFinish
	case got.text == "" && got.finish == "":
		return isNothing
	case got.finish == "":
		return isCut
	case got.finish != s.stop:
		return endsWith + got.finish
	case got.text == "":
		return isEmpty
	}
	return isOther
}

// outcomes are those of the SDKs, by name; "" is that of all others.
type outcomes map[string]string

func (o outcomes) of(name string) string {
	if want, ok := o[name]; ok {
		return want
	}
	return o[""]
}

func all(outcome string) outcomes { return outcomes{"": outcome} }

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

// statusOf is the HTTP status that an SDK's error tells.
func statusOf(err error) (int, bool) {
	var (
		fromOpenAI    *openai.Error
		fromAnthropic *anthropic.Error
		fromGoogle    genai.APIError
		fromAmazon    interface{ HTTPStatusCode() int }
	)
	switch {
	case errors.As(err, &fromOpenAI):
		return fromOpenAI.StatusCode, true
	case errors.As(err, &fromAnthropic):
		return fromAnthropic.StatusCode, true
	case errors.As(err, &fromGoogle):
		return fromGoogle.Code, true
	case errors.As(err, &fromAmazon):
		return fromAmazon.HTTPStatusCode(), true
	}
	// Ollama's has its status in its words.
	word, _, _ := strings.Cut(inShort(err), " ")
	status, e := strconv.Atoi(word)
	return status, e == nil
}

// Each fault of streams and answers is felt by each official client, in the way
// that this client feels it, through a real link; calls that it is not about
// stay as they are; and once it is cleared the same pool serves as before.
func TestSDKsFeelFaultsAndHeal(t *testing.T) {
	for _, b := range sdkBites() {
		for _, s := range sdks() {
			if slices.Contains(b.not, s.name) {
				continue
			}
			t.Run(b.name+"/"+s.name, func(t *testing.T) {
				p := newSDKPath(t, s.preset)
				model := p.Provider.Spec().Models[0].ID
				ask := func(stream bool, patience time.Duration) (said, mocks.Observation) {
					ctx, cancel := context.WithTimeout(t.Context(), patience)
					defer cancel()
					got := s.ask(ctx, p, model, "Answer in 20 words. [[bo:m]]", stream)
					return got, p.call(t)
				}
				for _, stream := range []bool{false, true} {
					if got, _ := ask(stream, 10*time.Second); s.outcome(got, "m") != isWhole {
						t.Fatalf("before the fault: %+v", got)
					}
				}
				end := p.inject(t, b.kind, b.params, chaos.Env{})
				for _, stream := range []bool{false, true} {
					want, patience := b.chat.of(s.name), 10*time.Second
					if stream {
						want = b.stream.of(s.name)
						if b.name == "stall" {
							patience = 300 * time.Millisecond
						}
					}
					got, o := ask(stream, patience)
					if is := s.outcome(got, "m"); is != want {
						t.Errorf("stream %v: %s (%q, finish %q, %s), want %s", stream, is, got.text, got.finish, inShort(got.err), want)
					}
					if touched := slices.Contains(o.Faults, b.kind); touched == (b.streamsOnly && !stream) {
						t.Errorf("stream %v: touched by %q", stream, o.Faults)
					}
					if b.check != nil {
						b.check(t, s, stream, got, o)
					}
				}
				end()
				for _, stream := range []bool{false, true, false} {
					if got, o := ask(stream, 10*time.Second); s.outcome(got, "m") != isWhole || len(o.Faults) > 0 {
						t.Errorf("stream %v, after the fault: %s, %+v", stream, s.outcome(got, "m"), o)
					}
				}
				for len(p.dialed) > 0 {
					<-p.dialed
				}
				ask(false, 10*time.Second)
				if len(p.dialed) > 0 {
					t.Error("the pool's connections are of no use after the fault")
				}
			})
		}
	}
}

// A share touches some calls, keyed; a model touches its calls only.
func TestStreamFaultsKeepToTheirCalls(t *testing.T) {
	p := newSDKPath(t, "openai")
	models := p.Provider.Spec().Models
	ask := func(model string, n int) bool {
		marker := "chat-" + strconv.Itoa(n)
		got := askOpenAI(t.Context(), p, model, "Answer in 20 words. [[bo:"+marker+"]]", true)
		p.call(t)
		return got.err == nil && got.finish == "stop"
	}
	end := p.inject(t, "stream_truncate", nil, chaos.Env{Share: 0.5})
	const calls = 60
	cut := 0
	for n := range calls {
		if !ask(models[0].ID, n) {
			cut++
		}
	}
	if cut < calls/4 || cut > 3*calls/4 {
		t.Errorf("%d of %d streams were cut, want about half", cut, calls)
	}
	end()
	end = p.inject(t, "stream_truncate", nil, chaos.Env{Model: models[1].ID})
	if !ask(models[0].ID, 1) || ask(models[1].ID, 1) {
		t.Error("a fault of one model touches another, or not its own")
	}
	end()
}

// What a provider cannot have is said before anything happens.
func TestFaultsThatDoNotFit(t *testing.T) {
	for _, c := range []struct {
		preset, kind string
		params       map[string]any
		says         string
	}{
		{"ollama", "request_ids", nil, "bear no request id"},
		{"gemini", "request_ids", nil, "bear no request id"},
		{"openai", "model_swap", map[string]any{"model": "gpt-5.55"}, `did you mean "gpt-5.5"?`},
		{"openai", "model_swap", map[string]any{"model": "text-embedding-3-small"}, "has no chat model"},
	} {
		p := newSDKPath(t, c.preset)
		f, _, err := chaos.Bind(c.kind, c.params)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Inject(t.Context(), p.Victim, chaos.Env{Name: "x", Share: 1, Note: func(string) {}}); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s on %s: %v, want it to say %q", c.kind, c.preset, err, c.says)
		}
	}
}
