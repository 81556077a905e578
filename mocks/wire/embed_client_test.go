package wire_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"brownout/mocks/wire"
)

// What the client side of a dialect asks for embeddings, its server side
// understands, and the other way round.
func TestEmbeddingsRoundTrip(t *testing.T) {
	asked := &wire.EmbedRequest{Model: "m", Inputs: []string{"one", "two \"quoted\""}, Dimensions: 3}
	want := [][]float32{{0.25, -1, 2}, {1, 0.5, 0}}
	for _, name := range []string{"openai", "vllm", "llamacpp", "azure", "mistral", "databricks", "ollama", "gemini"} {
		t.Run(name, func(t *testing.T) {
			d, _ := wire.Lookup(name)
			client, server := d.(wire.EmbedClient), d.(wire.Embedder)
			q, err := client.NewEmbed(context.Background(), "http://x", "key", asked)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(q.Body)
			if op, _, fail := d.Route(q); op != wire.OpEmbed || fail != nil {
				t.Fatalf("%s %s is taken for %v %v", q.Method, q.URL, op, fail)
			}
			if fail := d.Authorized(q, func(key string) bool { return key == "key" }); fail != nil {
				t.Fatal(fail)
			}
			got, fail := server.DecodeEmbed(q, body)
			if fail != nil {
				t.Fatal(fail)
			}
			if got.Model != "m" && name != "azure" && name != "databricks" || !reflect.DeepEqual(got.Inputs, asked.Inputs) {
				t.Errorf("read %+v", got)
			}
			for _, base64 := range []bool{false, true} {
				got.Base64 = base64
				w := httptest.NewRecorder()
				if err := server.WriteEmbeddings(w, got, &wire.Embeddings{Model: "m", Vectors: want, Usage: wire.Usage{Prompt: 4}, Created: time.Unix(1, 0)}); err != nil {
					t.Fatal(err)
				}
				e, err := client.DecodeEmbeddings(w.Body.Bytes())
				if err != nil || w.Code != http.StatusOK || !reflect.DeepEqual(e.Vectors, want) {
					t.Errorf("%d %v %+v", w.Code, err, e)
				}
			}
			if _, err := client.DecodeEmbeddings([]byte(`{}`)); err == nil {
				t.Error("an answer without embeddings is taken for one")
			}
		})
	}
}

// Sampling survives in each dialect that has a word for it.
func TestSamplingIsSent(t *testing.T) {
	p, seed := 0.5, int64(7)
	req := &wire.Request{Model: "m", Messages: []wire.Message{{Role: "user", Text: "x"}}, TopP: &p, Seed: &seed, User: "u1"}
	for name, want := range map[string][]string{
		"openai": {`"top_p":0.5`, `"seed":7`, `"user":"u1"`}, "mistral": {`"top_p":0.5`, `"random_seed":7`},
		"anthropic": {`"top_p":0.5`, `"user_id":"u1"`}, "gemini": {`"topP":0.5`, `"seed":7`},
		"ollama": {`"top_p":0.5`, `"seed":7`}, "bedrock": {`"topP":0.5`},
	} {
		d, _ := wire.Lookup(name)
		q, err := d.NewRequest(context.Background(), "http://bedrock-runtime.us-east-1.amazonaws.com", "a:b", req)
		if err != nil {
			t.Fatal(name, err)
		}
		body, _ := io.ReadAll(q.Body)
		for _, w := range want {
			if !strings.Contains(string(body), w) {
				t.Errorf("%s sends %s without %s", name, body, w)
			}
		}
		if _, fail := d.DecodeRequest(q, body); fail != nil {
			t.Errorf("%s cannot read its own: %v", name, fail)
		}
	}
}
