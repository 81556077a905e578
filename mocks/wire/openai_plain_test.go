package wire

import (
	"encoding/json"
	"reflect"
	"testing"
)

// What the fast reader reads it reads as encoding/json does.
func FuzzPlainRequest(f *testing.F) {
	for _, s := range plainRequests {
		f.Add(s)
	}
	for _, s := range []string{
		`{"model":"m","model":"n"}`, `{"Model":"m"}`, `{"model":"\u00e9\ud83d"}`, `{"messages":[]}`, `{"messages":[{}]}`,
		`{"messages":[{"role":"user","content":null}]}`, `{"temperature":01}`, `{"temperature":1.}`, `{"max_tokens":1e3}`, `{"max_tokens":-1}`,
		`{"stream":truefalse}`, `{"stream":true}}`, `{"stream":true,}`, `{,}`, "{}\x00", `{"model":"m"} x`, "{\"model\":\"\xff\"}", "{\"mod\xffel\":\"\"}", ` `,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		var got, want openAIRequest
		if !got.readPlain([]byte(body)) {
			return
		}
		if err := json.Unmarshal([]byte(body), &want); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%q: %v\n got %+v\nwant %+v", body, err, got, want)
		}
	})
}

// plainRequests are such as most clients send.
var plainRequests = []string{
	`{"model":"m","messages":[{"role":"user","content":"hi"}]}`,
	`{}`,
	` { "messages" : [ {"content": "a\n\"b\"", "role":"system"} , {"role":"user","content":"é\u0041"} ] , "model":"m", "stream":false , "max_tokens":12,"max_completion_tokens":0,"temperature":0.7 } `,
	`{"temperature":2,"stream":true,"stream_options":{"include_usage":true}}`,
	`{"stream_options":{}}`,
}

// The fast path must be taken, or the test above proves nothing.
func TestPlainRequestsAreRead(t *testing.T) {
	for _, s := range plainRequests {
		if in := new(openAIRequest); !in.readPlain([]byte(s)) {
			t.Errorf("not read: %s", s)
		}
	}
}
