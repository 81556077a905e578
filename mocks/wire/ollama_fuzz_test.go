package wire

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Whatever is sent to a native path is understood or refused, and what is
// refused is refused with a status of the client's fault.
func FuzzOllamaBodies(f *testing.F) {
	for _, s := range []string{
		`{"model":"m","prompt":"hi","system":"s","format":"json"}`, `{"model":"m","messages":[]}`,
		`{"model":"m","messages":[{"role":"Assistant","tool_calls":[{"function":{"name":"f","arguments":{"a":1}}}]},{"role":"tool","tool_name":"f"}]}`,
		`{"model":"m","input":["a",2]}`, `{"model":"m","input":"a"}`, `{"name":"m"}`, `{`, ``, `[]`, `null`,
	} {
		f.Add(s)
	}
	ms := []ModelInfo{{ID: "m", Context: 10}, {ID: "e:2b-q4_K_M", Context: 10, Embedding: 4}}
	f.Fuzz(func(t *testing.T, body string) {
		for _, path := range []string{"/api/chat", "/api/generate", "/v1/chat/completions"} {
			req, fail := ollamaLocal.DecodeRequest(httptest.NewRequest(http.MethodPost, path, nil), []byte(body))
			if (req == nil) == (fail == nil) {
				t.Fatalf("%s: %+v, %v", path, req, fail)
			}
			if fail == nil {
				again, err := ollamaLocal.NewRequest(t.Context(), "http://x", "", req)
				if err != nil || again == nil {
					t.Fatal(err)
				}
			}
		}
		for _, path := range []string{"/api/embed", "/api/embeddings", "/v1/embeddings"} {
			req, fail := ollamaLocal.DecodeEmbed(httptest.NewRequest(http.MethodPost, path, nil), []byte(body))
			if (req == nil) == (fail == nil) {
				t.Fatalf("%s: %+v, %v", path, req, fail)
			}
		}
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPost, "/api/show", strings.NewReader(body))
		ollamaLocal.ServeOther(w, r, ollamaShow, ms, Gauges{})
		if w.Code != 200 && w.Code != 400 && w.Code != 404 {
			t.Fatalf("show: %d %s", w.Code, w.Body)
		}
	})
}
