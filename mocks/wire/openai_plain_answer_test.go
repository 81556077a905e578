package wire

import (
	"encoding/json"
	"net/http/httptest"
	"reflect"
	"testing"
)

// What the fast reader reads of an answer it reads as encoding/json does.
func FuzzPlainAnswer(f *testing.F) {
	for _, s := range append(plainAnswers, oddAnswers...) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		var got, want openAIAnswer
		if !got.readPlain([]byte(body)) {
			return
		}
		if err := json.Unmarshal([]byte(body), &want); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%q: %v\n got %+v\nwant %+v", body, err, got, want)
		}
	})
}

// plainAnswers are texts.
var plainAnswers = []string{
	`{}`,
	`{"id":"i","object":"chat.completion","created":17,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"a \"b\" \u00e9","refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7,"prompt_tokens_details":{"cached_tokens":0}},"service_tier":"default"}`,
	` { "choices" : [ { } , {"message":{}} ] , "x" : [ 1 , 2.5 , true , { "y" : [ ] } ] } `,
	`{"choices":[],"usage":{}}`,
	`{"usage":{"cost_in_usd_ticks":5}}`,
	`{"choices":[{"message":{"tool_calls":null}},{"message":{"tool_calls":[ ]}}]}`,
}

// oddAnswers are left to encoding/json, or are none.
var oddAnswers = []string{
	`{"id":"i","id":"j"}`, `{"ID":"i"}`, `{"\u0069d":"i"}`, `{"id":null}`, `{"id":1}`, `{"created":1.5}`, `{"created":-1}`, `{"choices":null}`, `{"choices":[],"choices":[{}]}`,
	`{"choices":[{"message":null}]}`, `{"choices":[{"message":{"content":null}}]}`, `{"choices":[{"message":{"content":"x","tool_calls":[{}]}}]}`, `{"choices":[{"message":{"tool_calls":null,"tool_calls":[]}}]}`,
	`{"choices":[{"message":{"Content":"x"}}]}`, `{"choices":[{"finish_reason":null}]}`, `{"choices":[{"Finish_Reason":"stop"}]}`, `{"usage":null}`, `{"usage":{"PROMPT_tokens":1}}`, `{"usage":{"cost":0.5}}`, `{"usage":{"cost_in_usd_ticks":null}}`, `{"usage":{"prompt_tokens":1,"prompt_tokens":2}}`,
	`{"x":[[[[[[[1]]]]]]]}`, `{"x":nul}`, `{"x":"\q"}`, `{"x":01}`, `{"x":}`, `{"x":[1,]}`, `{"x":tru}`, `{"x":-1}`, `{"x":1e3}`, `{} {}`, `{"id":"i"`, ``, "{\"x\":\"\x01\"}",
}

// The fast path is taken by what is usual, or the fuzz test proves nothing, and
// by no other.
func TestPlainAnswersAreRead(t *testing.T) {
	for _, s := range plainAnswers {
		if in := new(openAIAnswer); !in.readPlain([]byte(s)) {
			t.Errorf("not read: %s", s)
		}
	}
	for _, s := range oddAnswers {
		if in := new(openAIAnswer); in.readPlain([]byte(s)) {
			t.Errorf("read: %s", s)
		}
	}
	for _, name := range []string{"openai", "azure", "vllm", "groq", "xai", "deepseek", "llamacpp", "mistral"} {
		d, _ := Lookup(name)
		w := httptest.NewRecorder()
		if err := d.WriteAnswer(w, &Request{}, &Answer{ID: "i", Model: "m", Text: "a b", Finish: FinishStop}); err != nil {
			t.Fatal(err)
		}
		if in := new(openAIAnswer); !in.readPlain(w.Body.Bytes()) {
			t.Errorf("%s: not read: %s", name, w.Body)
		}
	}
}
