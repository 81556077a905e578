//go:build !race

package mocks_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"brownout/mocks"
	"brownout/plan"
)

// Embedding models on Bedrock are asked with InvokeModel, in their maker's
// bodies.
func TestBedrockEmbeddings(t *testing.T) {
	r := start(t, spec(t, "bedrock", nil))
	c := bedrockAt(t, r, "AKID", "HTTP/1.1")
	ask := func(model, body string) (map[string]any, error) {
		out, err := c.InvokeModel(t.Context(), &bedrockruntime.InvokeModelInput{ModelId: &model, Body: []byte(body)})
		if err != nil {
			return nil, err
		}
		var answer map[string]any
		if err := json.Unmarshal(out.Body, &answer); err != nil {
			t.Fatal(err)
		}
		return answer, nil
	}
	const titan, cohere = "amazon.titan-embed-text-v2:0", "cohere.embed-english-v3"
	got, err := ask(titan, `{"inputText":"two words","dimensions":256}`)
	if err != nil || len(got["embedding"].([]any)) != 256 || got["inputTextTokenCount"] != 3.0 || len(got["embeddingsByType"].(map[string]any)["float"].([]any)) != 256 {
		t.Errorf("titan: %.200v, %v", got, err)
	}
	got, err = ask(cohere, `{"texts":["a","b b"],"input_type":"search_document"}`)
	if err != nil || len(got["embeddings"].([]any)) != 2 || len(got["embeddings"].([]any)[1].([]any)) != 1024 || got["response_type"] != "embeddings_floats" || fmt.Sprint(got["texts"]) != "[a b b]" {
		t.Errorf("cohere: %.200v, %v", got, err)
	}
	got, err = ask(cohere, `{"texts":["a"],"input_type":"search_query","embedding_types":["float"]}`)
	if err != nil || len(got["embeddings"].(map[string]any)["float"].([]any)) != 1 || got["response_type"] != "embeddings_by_type" {
		t.Errorf("cohere by type: %.200v, %v", got, err)
	}
	for i, o := range r.calls.take(t, 3) {
		if o.Operation != mocks.OperationEmbed || o.Prompt != []int{3, 3, 1}[i] || o.CostUSD == 0 || o.Status != 200 {
			t.Errorf("%+v", o)
		}
	}
	for _, wrong := range []struct{ model, body, says string }{
		{titan, `{}`, "required key [inputText] not found"},
		{titan, `{"inputText":""}`, "expected minLength: 1, actual: 0"},
		{titan, `{"inputText":"a","dimensions":7}`, "/dimensions"},
		{titan, `{"inputText":"` + strings.Repeat("word ", 9000) + `"}`, "Too many input tokens. Max input tokens: 8192, request input token count: 11250"},
		{titan, `[`, "Malformed input request"},
		{cohere, `{"texts":["a"]}`, "required key [input_type] not found"},
		{cohere, `{"texts":[],"input_type":"x"}`, "minimum item count"},
		{cohere, `{"texts":["` + strings.Repeat("a", 2049) + `"],"input_type":"x"}`, "#/texts/0: expected maxLength: 2048, actual: 2049"},
		{"amazon.titan-embed-text-v9", `{"inputText":"a"}`, "model identifier is invalid"},
		{"amazon.nova-lite-v1:0", `{"inputText":"a"}`, "must start with a user message"},
	} {
		_, err := ask(wrong.model, wrong.body)
		var invalid *types.ValidationException
		if !errors.As(err, &invalid) || !strings.Contains(*invalid.Message, wrong.says) {
			t.Errorf("%s, %.80s: %v", wrong.model, wrong.body, err)
		}
	}
	var invalid *types.ValidationException
	if _, err := c.Converse(t.Context(), converse(titan, "hi")); !errors.As(err, &invalid) {
		t.Errorf("a chat with an embedding model: %v", err)
	}
	r.calls.take(t, 11)
}

// An endpoint of Databricks takes chats and embeddings at one path.
func TestDatabricksInvocations(t *testing.T) {
	r := start(t, spec(t, "databricks", nil))
	var chat, embed string
	for _, m := range r.Spec().Models {
		if m.Embedding > 0 {
			embed = m.ID
		} else if chat == "" {
			chat = m.ID
		}
	}
	for _, c := range []struct {
		name, body, says string
		status           int
	}{
		{embed, `{"input":["one","two"]}`, `"object":"embedding"`, 200},
		{embed, `{"input":"one"}`, `"index":0`, 200},
		{chat, `{"messages":[{"role":"user","content":"is \"input\" a word?"}]}`, `"finish_reason":"stop"`, 200},
		{chat, `{"input":"one"}`, `"error_code":"RESOURCE_DOES_NOT_EXIST"`, 404},
		{embed, `{"messages":[{"role":"user","content":"hi"}]}`, `"error_code":"RESOURCE_DOES_NOT_EXIST"`, 404},
		{embed, `{"input":[]}`, `"error_code":"BAD_REQUEST"`, 400},
	} {
		status, body := r.send(t, "POST", "/serving-endpoints/"+c.name+"/invocations", "k", c.body)
		if status != c.status || !strings.Contains(body, c.says) {
			t.Errorf("%s %s: %d %.300s", c.name, c.body, status, body)
		}
	}
	for i, o := range r.calls.take(t, 6) {
		if want := map[bool]string{true: mocks.OperationChat, false: mocks.OperationEmbed}[i == 2 || i == 4]; o.Operation != want {
			t.Errorf("call %d: %+v", i, o)
		}
	}
}

// Groq tells where the time went, in seconds.
func TestGroqTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := spec(t, "groq", func(p *plan.Provider) {
			p.Service = plan.Service{Model: plan.ServiceSlots, Slots: 1, Queue: 1, FirstToken: 250 * time.Millisecond, PerToken: 50 * time.Millisecond}
		})
		p := provider(t, s, nil)
		done := make(chan struct{})
		for i, stream := range []bool{false, true} { // 11 tokens each; the second waits for the first
			want := `"queue_time":` + []string{"0", "0.75"}[i] + `,"prompt_time":0.25,"completion_time":0.5,"total_time":0.75}`
			go func() {
				out := play(t, t.Context(), p, request(s, "m", "Answer in 9 words.", stream))
				if !strings.Contains(out.body.String(), want) {
					t.Errorf("stream %v: no %s in %s", stream, want, out.body.String())
				}
				done <- struct{}{}
			}()
			synctest.Wait()
		}
		<-done
		<-done
	})
}

// A model that is being loaded is not a provider that is full, where the
// provider tells them apart.
func TestLoadingIsNotFull(t *testing.T) {
	for preset, want := range map[string]string{
		"sagemaker": "429 ModelNotReadyException",
		"bedrock":   "429 ModelNotReadyException:http://internal.amazon.com/coral/com.amazon.bedrock/",
		"llamacpp":  "503 ",
	} {
		synctest.Test(t, func(t *testing.T) {
			s := spec(t, preset, func(p *plan.Provider) {
				p.Service = plan.Service{Model: plan.ServiceManaged, Slots: 1, MaxReplicas: 1, ColdStart: time.Minute, Cold: plan.ColdRefuse}
			})
			p := provider(t, s, nil)
			w := httptest.NewRecorder()
			p.ServeHTTP(w, httpRequest(t, t.Context(), p, request(s, "m", "hi", false)))
			if got := fmt.Sprint(w.Code, " ", w.Header().Get("X-Amzn-Errortype")); got != want {
				t.Errorf("%s: %s, want %s: %s", preset, got, want, w.Body)
			}
		})
	}
}
