package router_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"brownout/harness/router"
	"brownout/mocks/wire"
	"brownout/plan"
)

// attributes are a span's, as text.
func attributes(s sdktrace.ReadOnlySpan) map[string]string {
	m := map[string]string{}
	for _, a := range s.Attributes() {
		m[string(a.Key)] = a.Value.Emit()
	}
	return m
}

// A request is one span under the client's own, with one for each call below
// it, in the words of the conventions for generative AI; and the provider is
// told which.
func TestTraces(t *testing.T) {
	spans := tracetest.NewInMemoryExporter()
	a, b := backend("a", always(fails(wire.FailOverload, 0))), backend("b", always(answers("from b", 0)))
	b.Dialect = "bedrock"
	b.Catalogue = []router.Model{{ID: "b-model", PriceIn: 1, PriceOut: 2}}
	var got tracetest.SpanStubs
	const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	runWith(t, plan.Router{}, []*fake{a, b}, func(c *router.Config) { c.Traces = keeper{spans, &got} }, func(w *world) {
		h := http.Header{"Traceparent": {parent}, wire.HeaderWorkflow: {"w1"}}
		w.send(ask{header: h})
		w.send(ask{header: h, stream: true})
		synctest.Wait()
		w.pass(time.Second)
	})
	if len(got) != 6 {
		t.Fatalf("%d spans, want a request and two calls, twice", len(got))
	}
	for _, s := range got {
		span := s.Snapshot()
		v := attributes(span)
		if span.SpanContext().TraceID().String() != parent[3:35] {
			t.Errorf("%s is of another trace", s.Name)
		}
		switch {
		case s.Parent.SpanID().String() == parent[36:52]:
			for key, want := range map[string]string{
				"gen_ai.operation.name": "chat", "gen_ai.request.model": "any", "gen_ai.provider.name": "aws.bedrock",
				"gen_ai.response.model": "b-model", "gen_ai.usage.input_tokens": "11", "gen_ai.usage.output_tokens": "3",
				"gen_ai.response.finish_reasons": `["stop"]`, "brownout.workflow": "w1", "brownout.attempts": "2",
				"brownout.cost_usd": "1.7e-05",
			} {
				if v[key] != want {
					t.Errorf("the request's %s is %q, want %q", key, v[key], want)
				}
			}
		case v["brownout.provider"] == "a":
			if v["error.type"] != "overload" || v["server.address"] != "a" {
				t.Errorf("the failed call says %v", v)
			}
		case v["brownout.provider"] == "b":
			if v["gen_ai.usage.output_tokens"] != "3" || v["error.type"] != "" {
				t.Errorf("the good call says %v", v)
			}
		}
		if v["gen_ai.input.messages"] != "" {
			t.Error("the prompt is in the span")
		}
	}
	told := a.calls[0].hdr.Get("Traceparent")
	if !slices.ContainsFunc(got, func(s tracetest.SpanStub) bool {
		return told == fmt.Sprintf("00-%s-%s-01", s.SpanContext.TraceID(), s.SpanContext.SpanID())
	}) {
		t.Errorf("the provider was told %q", told)
	}
}

// keeper hands on what an in-memory exporter forgets when it is shut down.
type keeper struct {
	*tracetest.InMemoryExporter
	got *tracetest.SpanStubs
}

func (k keeper) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	*k.got = append(*k.got, tracetest.SpanStubsFromReadOnlySpans(spans)...)
	return nil
}

// What is billed is counted by provider and by who pays, and no key is shown.
func TestCostMetrics(t *testing.T) {
	a := backend("a", always(answers("from a", 0)))
	a.Catalogue = []router.Model{{ID: "a-model", PriceIn: 1, PriceOut: 2}}
	run(t, plan.Router{}, []*fake{a}, func(w *world) {
		h := http.Header{"Authorization": {"Bearer sk-client"}, wire.HeaderWorkflow: {"w1"}}
		w.send(ask{header: h})
		w.send(ask{header: h, stream: true})
		w.pass(time.Second)
		res, err := w.client.Get("http://router/metrics")
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		page := readPage(t, res)
		for _, want := range []string{
			`brownout_router_cost_usd_total{model="a-model",provider="a"} 3.4e-05`,
			`brownout_router_tokens_total{direction="output",model="a-model",provider="a"} 6`,
			`workflow="w1"} 3.4e-05`,
		} {
			if !strings.Contains(page, want) {
				t.Errorf("no %s in\n%s", want, page)
			}
		}
		if strings.Contains(page, "sk-client") {
			t.Error("the client's key is shown")
		}
	})
}

func readPage(t *testing.T, res *http.Response) string {
	t.Helper()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
