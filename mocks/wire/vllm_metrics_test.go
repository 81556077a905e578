package wire_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"brownout/mocks/wire"
)

func TestVLLMMetrics(t *testing.T) {
	d := dialect(t, "vllm")
	g := wire.Gauges{
		Model: "a/\"b\"", Running: 3, Waiting: 2, KVCacheUsage: 0.125, Preemptions: 4, PromptTokens: 1 << 40, GenerationTokens: 5,
		RequestsDone: map[string]uint64{"stop": 6, "length": 7, "abort": 0},
	}
	w := httptest.NewRecorder()
	if err := d.(wire.MetricsWriter).WriteMetrics(w, g); err != nil {
		t.Fatal(err)
	}
	if ct := w.Header().Get("Content-Type"); !strings.HasPrefix(ct, "text/plain; version=0.0.4") {
		t.Errorf("content type %q", ct)
	}
	golden(t, "metrics_vllm.txt", w.Body.String())

	w = httptest.NewRecorder()
	d.(wire.Oddity).ServeOther(w, httptest.NewRequest("GET", "/load", nil), "", nil, g)
	if w.Body.String() != `{"server_load":5}` {
		t.Errorf("load: %s", w.Body)
	}
	for path, want := range map[string]wire.Operation{"/metrics": wire.OpMetrics, "/load": wire.OpOther, "/ping": wire.OpHealth} {
		if op, _, fail := d.Route(httptest.NewRequest("GET", path, nil)); op != want || fail != nil {
			t.Errorf("%s: %v, %v", path, op, fail)
		}
		if _, _, fail := dialect(t, "openai").Route(httptest.NewRequest("GET", path, nil)); fail == nil || fail.Kind != wire.FailNotFound {
			t.Errorf("openai %s: %v", path, fail)
		}
	}
	// A hosted API has no such page.
	w = httptest.NewRecorder()
	if err := dialect(t, "openai").(wire.MetricsWriter).WriteMetrics(w, g); err != nil || w.Code != 404 {
		t.Errorf("openai: %d, %v", w.Code, err)
	}
}
