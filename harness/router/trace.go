package router

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"os"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"brownout/chance"
	"brownout/mocks/wire"
)

// TraceExporter is where the standard environment variables say that traces
// go, over OTLP and HTTP; nil where they name no endpoint.
func TraceExporter(ctx context.Context) (sdktrace.SpanExporter, error) {
	if os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") == "" && os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") == "" {
		return nil, nil
	}
	return otlptracehttp.New(ctx)
}

// tracing makes the spans of requests and attempts, with the attributes of
// OpenTelemetry's semantic conventions for generative AI (version 1.37; the
// names stand here because the SDK's own lag behind) and some of its own,
// named brownout.
type tracing struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
	pass     propagation.TraceContext
}

func newTracing(to sdktrace.SpanExporter) *tracing {
	if to == nil {
		return nil
	}
	p := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(to),
		sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", serviceName()))),
	)
	return &tracing{provider: p, tracer: p.Tracer("brownout/router")}
}

// serviceName is what the environment calls this service.
func serviceName() string {
	if name := os.Getenv("OTEL_SERVICE_NAME"); name != "" {
		return name
	}
	return "brownout-router"
}

// traced is one request's span.
type traced struct {
	*tracing
	ctx  context.Context // carries the span, and nothing else of the request
	span trace.Span
}

// follow begins a request's span, under the client's own where it sent one.
func (t *tracing) follow(c *call, q *http.Request) *traced {
	k := chance.Key{Seed: c.r.seed, Marker: c.marker, Purpose: "trace"}
	if k.Uniform() >= c.r.set.Tracing.Share {
		return nil
	}
	ctx := t.pass.Extract(context.Background(), propagation.HeaderCarrier(q.Header))
	attrs := append(c.asked(), attribute.String("brownout.request_id", c.id), attribute.String("brownout.marker", c.marker))
	if c.terms.workflow != "" {
		attrs = append(attrs, attribute.String("brownout.workflow", c.terms.workflow))
	}
	ctx, span := t.tracer.Start(ctx, c.operation()+" "+c.req.Model,
		trace.WithSpanKind(trace.SpanKindServer), trace.WithTimestamp(c.began), trace.WithAttributes(attrs...))
	return &traced{t, ctx, span}
}

// operation is the request's in the words of the conventions.
func (c *call) operation() string {
	if c.embed != nil {
		return "embeddings"
	}
	return "chat"
}

// asked are the attributes of what was asked.
func (c *call) asked() []attribute.KeyValue {
	list := []attribute.KeyValue{
		attribute.String("gen_ai.operation.name", c.operation()),
		attribute.String("gen_ai.request.model", c.req.Model),
	}
	if c.req.MaxTokens > 0 {
		list = append(list, attribute.Int("gen_ai.request.max_tokens", c.req.MaxTokens))
	}
	if t := c.req.Temperature; t != nil {
		list = append(list, attribute.Float64("gen_ai.request.temperature", *t))
	}
	if p := c.req.TopP; p != nil {
		list = append(list, attribute.Float64("gen_ai.request.top_p", *p))
	}
	if len(c.req.Stop) > 0 {
		list = append(list, attribute.StringSlice("gen_ai.request.stop_sequences", c.req.Stop))
	}
	if c.req.Seed != nil {
		list = append(list, attribute.Int64("gen_ai.request.seed", *c.req.Seed))
	}
	if c.r.set.Tracing.Content && c.embed == nil {
		list = append(list, attribute.String("gen_ai.input.messages", c.req.LastUser()))
	}
	return list
}

// end ends a request's span.
func (t *traced) end(c *call, e *ending) {
	attrs := []attribute.KeyValue{
		attribute.Int("brownout.attempts", c.attempts),
		attribute.Float64("brownout.cost_usd", e.costUSD),
	}
	if e.by != nil {
		attrs = append(attrs, attribute.String("gen_ai.provider.name", providerName(e.by.Dialect)), attribute.String("brownout.provider", e.by.Name))
	}
	if e.source != fromProvider {
		attrs = append(attrs, attribute.String("brownout.cache", string(e.source)))
	}
	if a := e.answer; a != nil {
		attrs = append(attrs,
			attribute.String("gen_ai.response.id", a.ID), attribute.String("gen_ai.response.model", a.Model),
			attribute.StringSlice("gen_ai.response.finish_reasons", []string{string(a.Finish)}),
			attribute.Int("gen_ai.usage.input_tokens", a.Usage.Prompt), attribute.Int("gen_ai.usage.output_tokens", a.Usage.Completion))
		if c.r.set.Tracing.Content {
			attrs = append(attrs, attribute.String("gen_ai.output.messages", a.Text))
		}
	}
	t.span.SetAttributes(attrs...)
	failSpan(t.span, e.fail)
	t.span.End()
}

// failSpan marks a span as failed, if it is.
func failSpan(s trace.Span, fail *wire.Failure) {
	if fail == nil {
		return
	}
	s.SetAttributes(attribute.String("error.type", string(fail.Kind)))
	s.SetStatus(codes.Error, fail.Message)
}

// attempt begins the span of a call to a provider and returns how it ends.
func (t *traced) attempt(c *call, a *attempt) trial {
	cand := a.cand
	attrs := append(c.asked()[:1:1],
		attribute.String("gen_ai.request.model", cand.model),
		attribute.String("gen_ai.provider.name", providerName(cand.Dialect)),
		attribute.String("brownout.provider", cand.Name), attribute.String("brownout.class", cand.Class),
		attribute.Int("brownout.attempt", a.number))
	if u, err := url.Parse(cand.BaseURL); err == nil {
		attrs = append(attrs, attribute.String("server.address", u.Hostname()))
		if _, port, err := net.SplitHostPort(u.Host); err == nil {
			attrs = append(attrs, attribute.String("server.port", port))
		}
	}
	var span trace.Span
	a.trace, span = t.tracer.Start(t.ctx, c.operation()+" "+cand.model,
		trace.WithSpanKind(trace.SpanKindClient), trace.WithTimestamp(a.started), trace.WithAttributes(attrs...))
	return trial{
		began: func(a *attempt) {
			if a.fail == nil {
				span.AddEvent("brownout.first_token")
			}
		},
		ended: func(a *attempt) {
			span.SetAttributes(attribute.Int("gen_ai.usage.input_tokens", a.usage.Prompt), attribute.Int("gen_ai.usage.output_tokens", a.usage.Completion))
			if a.lost {
				span.SetAttributes(attribute.Bool("brownout.outrun", true))
			} else {
				failSpan(span, a.fail)
			}
			span.End()
		},
	}
}

// providerNames are the conventions' names of providers, where they differ
// from the dialects'.
var providerNames = map[string]string{
	"azure": "azure.ai.openai", "azureml": "azure.ai.inference", "bedrock": "aws.bedrock", "sagemaker": "aws.sagemaker",
	"gemini": "gcp.gemini", "vertex": "gcp.vertex_ai", "mistral": "mistral_ai", "xai": "x_ai",
}

func providerName(dialect string) string {
	if name, ok := providerNames[dialect]; ok {
		return name
	}
	return dialect
}

// inject names the attempt's span to the provider.
func (t *traced) inject(a *attempt, h http.Header) {
	t.pass.Inject(a.trace, propagation.HeaderCarrier(h))
}
