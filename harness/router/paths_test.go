package router_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"brownout/mocks/wire"
	"brownout/plan"
)

func TestOtherPaths(t *testing.T) {
	run(t, plan.Router{}, []*fake{backend("a", always(answers("from a", 0)))}, func(w *world) {
		ids := map[string]bool{}
		for _, v := range []struct {
			method, path string
			status       int
		}{
			{"GET", "/healthz", 200},
			{"POST", "/healthz", 405},
			{"GET", "/v1/models", 200},
			{"GET", "/v1/models/a-model", 200},
			{"GET", "/v1/models/none", 404},
			{"GET", "/v1/chat/completions", 405},
			{"POST", "/v1/nothing", 404},
			{"POST", "/v1/chat/completions", 400},
		} {
			q, err := http.NewRequest(v.method, "http://router"+v.path, strings.NewReader("{"))
			if err != nil {
				t.Fatal(err)
			}
			res, err := w.client.Do(q)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(res.Body)
			res.Body.Close()
			if res.StatusCode != v.status {
				t.Errorf("%s %s: status %d %s, want %d", v.method, v.path, res.StatusCode, body, v.status)
			}
			if v.status >= 400 && !strings.Contains(string(body), `{"error":{"message":"`) {
				t.Errorf("%s %s: %s is no OpenAI error", v.method, v.path, body)
			}
			if id := res.Header.Get("X-Request-Id"); v.path != "/healthz" && (id == "" || ids[id]) {
				t.Errorf("%s %s: request id %q is missing or not new", v.method, v.path, id)
			} else {
				ids[id] = true
			}
		}
	})
}

func TestWhatIsSentOn(t *testing.T) {
	a := backend("a", always(answers("from a", 0)))
	a.Models = []string{"gpt-x"}
	run(t, plan.Router{}, []*fake{a}, func(w *world) {
		h := http.Header{"X-Request-Id": {"req-7"}, wire.HeaderAllow: {"cloud"}, "Authorization": {"Bearer client-key"}}
		g := w.send(ask{header: h, deadline: time.Second, model: "gpt-x"})
		w.send(ask{model: "other"})
		if g.header.Get("X-Request-Id") != "req-7" || g.header.Get(wire.HeaderClass) != "cloud" {
			t.Errorf("answer's headers %v", g.header)
		}
		synctest.Wait()
		first := a.calls[0]
		for name := range first.hdr {
			if strings.HasPrefix(name, "X-Brownout") {
				t.Errorf("%s was sent on", name)
			}
		}
		if id, auth := first.hdr.Get("X-Request-Id"), first.hdr.Get("Authorization"); id != "req-7" || auth != "Bearer sk-a" {
			t.Errorf("request id %q, authorization %q", id, auth)
		}
		if first.req.Model != "gpt-x" || a.calls[1].req.Model != "a-model" {
			t.Errorf("asked for %q and %q, want gpt-x as named and a-model for what it has not", first.req.Model, a.calls[1].req.Model)
		}
		if g.usage != usage {
			t.Errorf("usage %v, want the provider's %v", g.usage, usage)
		}
	})
}
