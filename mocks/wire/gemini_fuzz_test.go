package wire

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"testing"

	"pgregory.net/rapid"
)

// googlePaths are paths with which bodies of each form come.
var googlePaths = []string{
	"/v1beta/models/g:generateContent",
	"/v1beta/models/g:streamGenerateContent",
	"/v1beta/models/g:countTokens",
	"/v1/models/g:embedContent",
	"/v1beta/models/g:batchEmbedContents",
	"/v1/projects/p/locations/l/publishers/google/models/g:predict",
	"/v1/projects/p/locations/l/publishers/anthropic/models/c:streamRawPredict",
	"/v1/projects/p/locations/l/publishers/anthropic/models/count-tokens:rawPredict",
}

// Whatever comes in, a request or a failure comes out, and what is written for
// either is JSON.
func FuzzGoogleRequests(f *testing.F) {
	for _, s := range []string{
		`{"contents":[{"role":"model","parts":[{"functionCall":{"name":"f","args":{"a":[1]}}}]},{"parts":[{"functionResponse":{"name":"f","response":{"output":"x"}}},{"text":"t"}]}],"tools":[{"function_declarations":[{"name":"f","parameters":{"type":"OBJECT"}}]}]}`,
		`{"generateContentRequest":{"contents":[{"parts":[{"text":"hi"}]}]}}`,
		`{"requests":[{"content":{"parts":[{"text":"hi"}]},"outputDimensionality":3}]}`,
		`{"content":{"parts":[{"text":"hi"}]}}`, `{"instances":[{"content":"hi"}],"parameters":{"outputDimensionality":2}}`,
		`{"anthropic_version":"vertex-2023-10-16","model":"m","max_tokens":3,"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"i","name":"n","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"i","content":[{"type":"text","text":"x"}]}]}],"tools":[{"name":"n","input_schema":{}}],"tool_choice":{"type":"any"}}`,
		`{"contents":null}`, `[`, ``,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		for i, path := range googlePaths {
			var d interface {
				Dialect
				Embedder
				TokenCounter
			} = gemini{geminiAPI}
			if i > 4 {
				d = vertexAI
			}
			r := httptest.NewRequest("POST", path, nil)
			op, _, fail := d.Route(r)
			if fail != nil {
				t.Fatal(path, fail)
			}
			w := httptest.NewRecorder()
			switch op {
			case OpEmbed:
				var req *EmbedRequest
				if req, fail = d.DecodeEmbed(r, []byte(body)); fail == nil {
					_ = d.WriteEmbeddings(w, req, &Embeddings{Vectors: make([][]float32, len(req.Inputs))})
				}
			case OpCountTokens:
				var req *Request
				if req, fail = d.DecodeCount(r, []byte(body)); fail == nil {
					_ = d.WriteCount(w, req, 3)
				}
			default:
				var req *Request
				if req, fail = d.DecodeRequest(r, []byte(body)); fail == nil {
					_ = d.WriteAnswer(w, req, &Answer{Model: req.Model, ToolCalls: []ToolCall{{Name: "n", Arguments: body}}})
					roundTrip(t, d, req)
				}
			}
			if fail != nil {
				d.WriteFailure(w, fail)
			}
			if wrong := fail != nil; wrong != (w.Code == 400) || !json.Valid(w.Body.Bytes()) {
				t.Fatalf("%s: failure %v, %d %s", path, fail, w.Code, w.Body)
			}
		}
	})
}

// roundTrip writes a request as the client does; what comes of it must be
// readable again.
func roundTrip(t *testing.T, d Dialect, req *Request) {
	out, err := d.NewRequest(t.Context(), "http://localhost", "k", req)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := b.ReadFrom(out.Body); err != nil || !json.Valid(b.Bytes()) {
		t.Fatalf("the client writes %s", b.Bytes())
	}
}

// Indentation changes white space alone.
func TestIndented(t *testing.T) {
	for in, want := range map[string]string{
		`{}`: `{}`, `[ ]`: `[]`, `{"a":[]}`: "{\n  \"a\": []\n}", `[1,{"b":"x,{\"y"}]`: "[\n  1,\n  {\n    \"b\": \"x,{\\\"y\"\n  }\n]",
	} {
		if got := string(appendIndented(nil, []byte(in))); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.MapOf(rapid.String(), rapid.SliceOf(rapid.String())).Draw(t, "v")
		in, _ := json.Marshal(v)
		out := appendIndented([]byte("x"), in)
		var back bytes.Buffer
		if out[0] != 'x' || json.Compact(&back, out[1:]) != nil || !bytes.Equal(back.Bytes(), in) {
			t.Fatalf("%s became %s", in, out)
		}
		want, _ := json.MarshalIndent(v, "", "  ")
		if !bytes.Equal(out[1:], want) {
			t.Fatalf("%s differs from encoding/json's %s", out[1:], want)
		}
	})
}

// FuzzCamelKeys: names change, and nothing else does.
func FuzzCamelKeys(f *testing.F) {
	f.Add(`{"generation_config":{"max_output_tokens" : 3},"x":"system_instruction"}`)
	f.Add(`"a_b`)
	f.Fuzz(func(t *testing.T, in string) {
		out := camelKeys([]byte(in))
		if json.Valid([]byte(in)) != json.Valid(out) {
			t.Fatalf("%q became %q", in, out)
		}
	})
}

// A reader of Vertex AI's streams is the reader of the form that comes.
func FuzzVertexStream(f *testing.F) {
	f.Add(recorded(vertexAI, "a", "b"))
	f.Add(recorded(anthropic{claudeOnVertex}, "a", "b"))
	f.Add("\r\n\nevent: x\ndata: {}\n\n")
	f.Add("")
	f.Fuzz(func(t *testing.T, in string) { sameEvents(t, vertexAI, in) })
}
