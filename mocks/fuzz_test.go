package mocks_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"brownout/mocks"
	"brownout/mocks/presets"
	"brownout/mocks/wire"
	"brownout/plan"
)

// Whatever arrives, a provider answers with a status of its own, never panics,
// and tells of a chat call exactly once.
func FuzzServeHTTP(f *testing.F) {
	told := 0
	var (
		fleet []*mocks.Provider
		asked []*http.Request // a right one for each
	)
	for i, name := range presets.Names() {
		s := spec(f, name, func(p *plan.Provider) { p.Limits = plan.Limits{TokensPerMinute: 1 << 30, RequestsPerMinute: 1 << 30} })
		fleet = append(fleet, provider(f, s, func(mocks.Observation) { told++ }))
		d, _ := wire.Lookup(s.Dialect)
		r, err := d.NewRequest(context.Background(), "http://mock", "key", request(s, "x", "in 9 words", true))
		if err != nil {
			f.Fatal(err)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			f.Fatal(err)
		}
		asked = append(asked, r)
		f.Add(uint8(i), "POST", r.URL.Path, string(body))
		f.Add(uint8(i), "POST", r.URL.Path, `{"model":"m","max_tokens":-1,"messages":[]}`)
		f.Add(uint8(i), "GET", "/v1/models/x", "")
		f.Add(uint8(i), "PUT", r.URL.Path, "[[bo:")
		f.Add(uint8(i), "POST", "/v1/embeddings", `{"model":"m","input":["[[bo:x]]"]}`)
		f.Add(uint8(i), "POST", "/v1/responses", `{"model":"`+s.Models[0].ID+`","input":"[[bo:x]]","tools":[{"type":"function","name":"f"}],"tool_choice":"required"}`)
		f.Add(uint8(i), "GET", "/metrics", "")
	}
	f.Fuzz(func(t *testing.T, which uint8, method, path, body string) {
		p, right := fleet[int(which)%len(fleet)], asked[int(which)%len(fleet)]
		r, err := http.NewRequestWithContext(context.Background(), method, right.URL.String(), strings.NewReader(body))
		if err != nil {
			return // not a method
		}
		r.Header = right.Header.Clone()
		r.URL.Path, r.RequestURI = path, path
		before := told
		w := httptest.NewRecorder()
		p.ServeHTTP(w, r)
		if w.Code < 200 || w.Code > 599 {
			t.Errorf("status %d", w.Code)
		}
		if n := told - before; n > 1 || n == 0 && method == "POST" && path == right.URL.Path {
			t.Errorf("told of %d calls", n)
		}
		if g := p.Gauge(); g.Busy != 0 {
			t.Errorf("left %+v", g)
		}
	})
}
