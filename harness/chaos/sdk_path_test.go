//go:build !race

package chaos_test

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/anthropics/anthropic-sdk-go/v2"
	anthropicoption "github.com/anthropics/anthropic-sdk-go/v2/option"
	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/ollama/ollama/api"
	"github.com/openai/openai-go/v3"
	openaioption "github.com/openai/openai-go/v3/option"
	"google.golang.org/genai"

	"brownout/harness/chaos"
	"brownout/mocks"
	"brownout/mocks/presets"
	"brownout/plan"
)

// said is what a user of an SDK has of one answer.
type said struct {
	text   string
	model  string
	finish string // as the SDK names it; "": it told none
	chunks int
	id     string // the request id that the SDK gives for support
	err    error
}

// official is one official client, behind one link to a mock.
type official struct {
	name   string
	preset string
	stop   string // the finish of a whole answer
	// ask asks for a text, whole or streamed.
	ask func(ctx context.Context, p *sdkPath, model, prompt string, stream bool) said
}

// sdks are the official clients, each without retries of its own, so that one
// question is one call.
func sdks() []official {
	return []official{
		{"openai-go", "openai", "stop", askOpenAI},
		{"anthropic-sdk-go", "anthropic", "end_turn", askAnthropic},
		{"genai", "gemini", "STOP", askGenai},
		{"bedrockruntime", "bedrock", "end_turn", askBedrock},
		{"ollama", "ollama", "stop", askOllama},
	}
}

// sdkPath is a mock behind its link, with a pool of connections.
type sdkPath struct {
	chaos.Victim
	url    string
	client *http.Client
	seen   chan mocks.Observation
	dialed chan struct{} // one for each new connection
}

func newSDKPath(t *testing.T, preset string) *sdkPath {
	t.Helper()
	spec, ok := presets.Get(preset)
	if !ok {
		t.Fatalf("no preset %q", preset)
	}
	spec.Limits = plan.Limits{}
	spec.Service = plan.Service{Model: plan.ServiceCloud, FirstToken: time.Millisecond, PerToken: 100 * time.Microsecond}
	p := &sdkPath{seen: make(chan mocks.Observation, 100), dialed: make(chan struct{}, 100)}
	fleet, err := mocks.NewFleet(mocks.Config{Seed: 1, Providers: []plan.Provider{spec}, Observe: func(o mocks.Observation) { p.seen <- o }})
	if err != nil {
		t.Fatal(err)
	}
	p.Provider = fleet.Provider(preset)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := mocks.NewServer(p.Provider)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	links, err := chaos.StartLinks(chaos.LinkOptions{})
	if err != nil {
		t.Fatal(err)
	}
	dialer := new(net.Dialer)
	p.client = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		p.dialed <- struct{}{}
		return dialer.DialContext(ctx, network, addr)
	}}}
	t.Cleanup(func() {
		p.client.CloseIdleConnections()
		if err := links.Close(); err != nil {
			t.Error(err)
		}
		_ = srv.Close()
		<-served
	})
	if p.Link, err = links.Add(preset, l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	p.url = "http://" + p.Link.Addr
	return p
}

// inject puts a fault in effect on the path.
func (p *sdkPath) inject(t *testing.T, kind string, params map[string]any, env chaos.Env) (end func()) {
	t.Helper()
	f, _, err := chaos.Bind(kind, params)
	if err != nil {
		t.Fatal(err)
	}
	env.Name, env.Seed, env.Note = kind, 1, func(string) {}
	if env.Share == 0 {
		env.Share = 1
	}
	clear, err := f.Inject(t.Context(), p.Victim, env)
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if err := clear(context.WithoutCancel(t.Context())); err != nil {
			t.Fatal(err)
		}
	}
}

// call is what the mock saw of the next call that ends.
func (p *sdkPath) call(t *testing.T) mocks.Observation {
	t.Helper()
	select {
	case o := <-p.seen:
		return o
	case <-time.After(10 * time.Second):
		t.Fatal("the call never ended at the mock")
		return mocks.Observation{}
	}
}

func askOpenAI(ctx context.Context, p *sdkPath, model, prompt string, stream bool) (s said) {
	var raw *http.Response
	c := openai.NewClient(openaioption.WithBaseURL(p.url+"/v1"), openaioption.WithAPIKey("sk-test"),
		openaioption.WithHTTPClient(p.client), openaioption.WithMaxRetries(0), openaioption.WithResponseInto(&raw))
	params := openai.ChatCompletionNewParams{Model: model, Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage(prompt)}}
	defer func() {
		if raw != nil {
			s.id = raw.Header.Get("X-Request-Id")
		}
	}()
	if !stream {
		got, err := c.Chat.Completions.New(ctx, params)
		if err != nil {
			return said{err: err}
		}
		if len(got.Choices) > 0 {
			s.text, s.finish = got.Choices[0].Message.Content, got.Choices[0].FinishReason
		}
		s.model = got.Model
		return s
	}
	events := c.Chat.Completions.NewStreaming(ctx, params)
	defer events.Close()
	for events.Next() {
		e := events.Current()
		s.chunks++
		s.model = e.Model
		for _, choice := range e.Choices {
			s.text += choice.Delta.Content
			if choice.FinishReason != "" {
				s.finish = choice.FinishReason
			}
		}
	}
	s.err = events.Err()
	return s
}

func askAnthropic(ctx context.Context, p *sdkPath, model, prompt string, stream bool) (s said) {
	var raw *http.Response
	c := anthropic.NewClient(anthropicoption.WithBaseURL(p.url), anthropicoption.WithAPIKey("sk-ant-test"),
		anthropicoption.WithHTTPClient(p.client), anthropicoption.WithMaxRetries(0), anthropicoption.WithResponseInto(&raw))
	params := anthropic.MessageNewParams{
		Model: anthropic.Model(model), MaxTokens: 1000,
		Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock(prompt))},
	}
	defer func() {
		if raw != nil {
			s.id = raw.Header.Get("Request-Id")
		}
	}()
	take := func(m *anthropic.Message) {
		for _, b := range m.Content {
			s.text += b.Text
		}
		s.model, s.finish = string(m.Model), string(m.StopReason)
	}
	if !stream {
		got, err := c.Messages.New(ctx, params)
		if err != nil {
			return said{err: err}
		}
		take(got)
		return s
	}
	var acc anthropic.Message
	events := c.Messages.NewStreaming(ctx, params)
	defer events.Close()
	for events.Next() {
		s.chunks++
		if err := acc.Accumulate(events.Current()); err != nil {
			s.err = err
			return s
		}
	}
	take(&acc)
	s.err = events.Err()
	return s
}

func askGenai(ctx context.Context, p *sdkPath, model, prompt string, stream bool) (s said) {
	c, err := genai.NewClient(ctx, &genai.ClientConfig{
		Backend: genai.BackendGeminiAPI, APIKey: "key-1", HTTPClient: p.client, HTTPOptions: genai.HTTPOptions{BaseURL: p.url},
	})
	if err != nil {
		return said{err: err}
	}
	take := func(r *genai.GenerateContentResponse) {
		s.chunks++
		s.text += r.Text()
		s.model = r.ModelVersion
		for _, c := range r.Candidates {
			if c.FinishReason != "" {
				s.finish = string(c.FinishReason)
			}
		}
		if r.PromptFeedback != nil && r.PromptFeedback.BlockReason != "" {
			s.finish = "blocked: " + string(r.PromptFeedback.BlockReason)
		}
	}
	if !stream {
		got, err := c.Models.GenerateContent(ctx, model, genai.Text(prompt), nil)
		if err != nil {
			return said{err: err}
		}
		take(got)
		return s
	}
	for r, err := range c.Models.GenerateContentStream(ctx, model, genai.Text(prompt), nil) {
		if err != nil {
			s.err = err
			break
		}
		take(r)
	}
	return s
}

func askBedrock(ctx context.Context, p *sdkPath, model, prompt string, stream bool) (s said) {
	c := bedrockruntime.New(bedrockruntime.Options{
		Region: "us-east-1", BaseEndpoint: &p.url, Retryer: aws.NopRetryer{}, HTTPClient: p.client,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "made up"}, nil
		}),
	})
	messages := []types.Message{{Role: types.ConversationRoleUser, Content: []types.ContentBlock{&types.ContentBlockMemberText{Value: prompt}}}}
	if !stream {
		got, err := c.Converse(ctx, &bedrockruntime.ConverseInput{ModelId: &model, Messages: messages})
		if err != nil {
			return said{err: err}
		}
		if m, ok := got.Output.(*types.ConverseOutputMemberMessage); ok {
			for _, b := range m.Value.Content {
				if t, ok := b.(*types.ContentBlockMemberText); ok {
					s.text += t.Value
				}
			}
		}
		s.finish = string(got.StopReason)
		s.id, _ = awsmiddleware.GetRequestIDMetadata(got.ResultMetadata)
		return s
	}
	got, err := c.ConverseStream(ctx, &bedrockruntime.ConverseStreamInput{ModelId: &model, Messages: messages})
	if err != nil {
		return said{err: err}
	}
	s.id, _ = awsmiddleware.GetRequestIDMetadata(got.ResultMetadata)
	events := got.GetStream()
	defer events.Close()
	for e := range events.Events() {
		s.chunks++
		switch e := e.(type) {
		case *types.ConverseStreamOutputMemberContentBlockDelta:
			if t, ok := e.Value.Delta.(*types.ContentBlockDeltaMemberText); ok {
				s.text += t.Value
			}
		case *types.ConverseStreamOutputMemberMessageStop:
			s.finish = string(e.Value.StopReason)
		}
	}
	s.err = events.Err()
	return s
}

func askOllama(ctx context.Context, p *sdkPath, model, prompt string, stream bool) (s said) {
	base, err := url.Parse(p.url)
	if err != nil {
		return said{err: err}
	}
	err = api.NewClient(base, p.client).Chat(ctx, &api.ChatRequest{
		Model: model, Stream: &stream, Messages: []api.Message{{Role: "user", Content: prompt}},
	}, func(r api.ChatResponse) error {
		s.chunks++
		s.text += r.Message.Content
		s.model = r.Model
		if r.Done {
			s.finish = r.DoneReason
		}
		return nil
	})
	s.err = err
	return s
}

// inShort is an error on one line.
func inShort(err error) string {
	if err == nil {
		return "no error"
	}
	return strings.Join(strings.Fields(err.Error()), " ")
}
