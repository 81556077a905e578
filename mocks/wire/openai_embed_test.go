package wire_test

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"brownout/mocks/wire"
)

func embedder(t testing.TB, name string) wire.Embedder {
	t.Helper()
	return dialect(t, name).(wire.Embedder)
}

func TestDecodeEmbed(t *testing.T) {
	for _, c := range []struct {
		dialect, body string
		want          wire.EmbedRequest
	}{
		{"openai", `{"model":"e","input":"hi"}`, wire.EmbedRequest{Model: "e", Inputs: []string{"hi"}}},
		{"openai", `{"model":"e","input":["a","b"],"dimensions":8,"encoding_format":"base64","user":"u"}`, wire.EmbedRequest{Model: "e", Inputs: []string{"a", "b"}, Dimensions: 8, Base64: true}},
		{"openai", `{"model":"e","input":[1,22,333],"encoding_format":"float"}`, wire.EmbedRequest{Model: "e", Inputs: []string{"1 22 333"}}},
		{"vllm", `{"input":[[1,2],[3]]}`, wire.EmbedRequest{Inputs: []string{"1 2", "3"}}},
	} {
		got, fail := embedder(t, c.dialect).DecodeEmbed(post("/v1/embeddings", ""), []byte(c.body))
		if fail != nil || !reflect.DeepEqual(got, &c.want) {
			t.Errorf("%s %s: %+v, %v", c.dialect, c.body, got, fail)
		}
	}
	for body, want := range map[string]string{
		`{`:                          "JSON body",
		`{"input":"x"}`:              "model",
		`{"model":"e"}`:              "'input'",
		`{"model":"e","input":[]}`:   "empty array",
		`{"model":"e","input":{}}`:   "object",
		`{"model":"e","input":[{}]}`: "other things",
		`{"model":"e","input":"  "}`: "empty string",
		`{"model":"e","input":"x","dimensions":0}`:                        "'dimensions'",
		`{"model":"e","input":"x","encoding_format":"int8"}`:              "'float' and 'base64'",
		`{"model":"e","input":[` + strings.Repeat(`"x",`, 2048) + `"x"]}`: "length 2049",
	} {
		if _, fail := embedder(t, "openai").DecodeEmbed(post("/v1/embeddings", ""), []byte(body)); fail == nil || fail.Kind != wire.FailBadRequest || !strings.Contains(fail.Message, want) {
			t.Errorf("%.40s: %v, want %q", body, fail, want)
		}
	}
}

func TestWriteEmbeddings(t *testing.T) {
	vectors := [][]float32{{0.25, -1e-7, 1}, {0, 0.33333334, -0.5}}
	for _, name := range []string{"openai", "vllm"} {
		out := ""
		for _, asBase64 := range []bool{false, true} {
			w := httptest.NewRecorder()
			req := &wire.EmbedRequest{Model: "e", Inputs: []string{"a", "b"}, Base64: asBase64}
			if err := embedder(t, name).WriteEmbeddings(w, req, &wire.Embeddings{Model: "e-1", Vectors: vectors, Created: created, Usage: wire.Usage{Prompt: 2}}); err != nil {
				t.Fatal(err)
			}
			out += w.Body.String() + "\n"
			var got struct {
				Data []struct {
					Embedding json.RawMessage
					Index     int
				}
			}
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			for i, d := range got.Data {
				if v := readVector(t, d.Embedding); d.Index != i || !reflect.DeepEqual(v, vectors[i]) {
					t.Errorf("%s, base64 %v: vector %d is %v", name, asBase64, i, v)
				}
			}
		}
		golden(t, "embeddings_"+name+".txt", out)
	}
}

func readVector(t *testing.T, raw json.RawMessage) (v []float32) {
	t.Helper()
	if raw[0] == '[' {
		if err := json.Unmarshal(raw, &v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	b, err := base64.StdEncoding.DecodeString(strings.Trim(string(raw), `"`))
	if err != nil {
		t.Fatal(err)
	}
	for ; len(b) > 0; b = b[4:] {
		v = append(v, math.Float32frombits(binary.LittleEndian.Uint32(b)))
	}
	return v
}

func TestWrongModel(t *testing.T) {
	for _, c := range []struct {
		dialect string
		op      wire.Operation
		status  int
		says    string
	}{
		{"openai", wire.OpEmbed, http.StatusForbidden, `{"error":{"message":"You are not allowed to generate embeddings from this model","type":"invalid_request_error","param":null,"code":null}}`},
		{"openai", wire.OpChat, http.StatusForbidden, "You are not allowed to sample from this model"},
		{"vllm", wire.OpEmbed, http.StatusBadRequest, "The model does not support Embeddings API"},
		{"vllm", wire.OpChat, http.StatusBadRequest, `{"error":{"message":"The model does not support Chat Completions API","type":"BadRequestError","param":null,"code":400}}`},
	} {
		d := dialect(t, c.dialect)
		w := httptest.NewRecorder()
		d.WriteFailure(w, d.(wire.Chooser).WrongModel(c.op, "m"))
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%+v: %d %s", c, w.Code, w.Body)
		}
	}
}

func FuzzDecodeEmbed(f *testing.F) {
	for _, s := range []string{`{"model":"e","input":"x"}`, `{"input":[[1]],"dimensions":3}`, `{"input":[null]}`, `[`, `{"input":[1e99]}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		for _, name := range []string{"openai", "vllm"} {
			req, fail := embedder(t, name).DecodeEmbed(post("/v1/embeddings", ""), []byte(body))
			if (req == nil) == (fail == nil) || req != nil && len(req.Inputs) == 0 {
				t.Fatalf("%s: %+v, %v", name, req, fail)
			}
		}
	})
}
