//go:build !race

package wire_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"

	"brownout/mocks/wire"
)

// awsProvider is a provider that also calls functions, counts tokens and
// answers what is its dialect's alone.
type awsProvider struct {
	provider
	calls  []wire.ToolCall // answered to every chat that has functions
	finish wire.Finish     // "": a text stops, calls are calls
	model  string          // that answers; "": the one that is asked
	raw    *http.Request   // the last call
	body   []byte
}

func (p *awsProvider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.raw = r.Clone(context.Background())
	p.body, _ = io.ReadAll(r.Body)
	r.Body = io.NopCloser(strings.NewReader(string(p.body)))
	op, arg, fail := p.d.Route(r)
	if fail == nil {
		fail = p.d.Authorized(r, func(key string) bool { return key == goodKey })
	}
	p.d.WriteHeaders(w.Header(), requestID, wire.Budgets{}, now)
	switch {
	case fail != nil:
		p.d.WriteFailure(w, fail)
	case op == wire.OpCountTokens:
		req, fail := p.d.(wire.TokenCounter).DecodeCount(r, p.body)
		if p.seen = req; fail != nil {
			p.d.WriteFailure(w, fail)
			return
		}
		_ = p.d.(wire.TokenCounter).WriteCount(w, req, 42)
	case op == wire.OpOther:
		p.d.(wire.Oddity).ServeOther(w, r, arg, catalogue, wire.Gauges{})
	case op == wire.OpChat && p.midway == nil:
		p.answer(w, r)
	default:
		p.provider.ServeHTTP(w, r)
	}
}

func (p *awsProvider) answer(w http.ResponseWriter, r *http.Request) {
	req, fail := p.d.DecodeRequest(r, p.body)
	p.seen = req
	if fail == nil && p.fail != nil {
		own := *p.fail
		own.Surface, own.Stream = req.Surface, req.Stream
		fail = &own
	}
	if fail != nil {
		p.d.WriteFailure(w, fail)
		return
	}
	a := &wire.Answer{Model: p.model, Text: joined(), Finish: wire.FinishStop, Usage: wire.Usage{Prompt: 11, Completion: len(words)}, Created: created}
	if a.Model == "" {
		a.Model = req.Model
	}
	if len(req.Tools) > 0 && len(p.calls) > 0 {
		a.ToolCalls, a.Finish = p.calls, wire.FinishToolCalls
	}
	if p.finish != "" {
		a.Finish = p.finish
	}
	if !req.Stream {
		_ = p.d.WriteAnswer(w, req, a)
		return
	}
	s, err := p.d.StartStream(w, req, a)
	for _, word := range words {
		if err == nil {
			err = s.Text(word)
		}
	}
	for i, c := range a.ToolCalls {
		if err == nil {
			err = s.(wire.ToolStreamWriter).ToolCall(wire.ToolCallDelta{Index: i, ID: c.ID, Name: c.Name})
		}
		for from := 0; from < len(c.Arguments) && err == nil; from += 5 {
			err = s.(wire.ToolStreamWriter).ToolCall(wire.ToolCallDelta{Index: i, Arguments: c.Arguments[from:min(from+5, len(c.Arguments))]})
		}
	}
	if err == nil {
		_ = s.End(a.Finish, a.Usage)
	}
}

// serveAWS serves p, in HTTP/1.1 and HTTP/2 without TLS.
func serveAWS(t testing.TB, p http.Handler) string {
	t.Helper()
	srv := httptest.NewUnstartedServer(p)
	srv.Config.Protocols = new(http.Protocols)
	srv.Config.Protocols.SetHTTP1(true)
	srv.Config.Protocols.SetUnencryptedHTTP2(true)
	srv.Start()
	t.Cleanup(srv.Close)
	return srv.URL
}

// onlyHTTP2 is a client that speaks HTTP/2 without TLS and nothing else, as the
// AWS SDK for JavaScript does.
func onlyHTTP2(t testing.TB) *http.Client {
	tr := &http.Transport{Protocols: new(http.Protocols)}
	tr.Protocols.SetUnencryptedHTTP2(true)
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

// keyPair is a pair of AWS keys with that id.
func keyPair(id string) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: id, SecretAccessKey: "secret/+=", SessionToken: "session=="}, nil
	})
}

func bedrockClient(base, key string, edit ...func(*bedrockruntime.Options)) *bedrockruntime.Client {
	return bedrockruntime.New(bedrockruntime.Options{
		Region: "us-east-1", BaseEndpoint: &base, Credentials: keyPair(key), Retryer: aws.NopRetryer{},
	}, edit...)
}
