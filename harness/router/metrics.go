package router

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"brownout/mocks/wire"
)

// metrics are the router's own Prometheus series, in a registry of their own.
type metrics struct {
	registry  *prometheus.Registry
	requests  *prometheus.CounterVec
	attempts  *prometheus.CounterVec
	decisions *prometheus.CounterVec
	breaker   *prometheus.GaugeVec
	ttft      *prometheus.HistogramVec
	inFlight  prometheus.Gauge
	answered  prometheus.Counter // requests{outcome="ok"}
}

// backendMetrics are the series of one backend that the hot path touches,
// looked up once.
type backendMetrics struct {
	ok       prometheus.Counter
	failures *prometheus.CounterVec // by result
	breaker  prometheus.Gauge
	ttft     prometheus.Observer
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "brownout_router_requests_total", Help: "Chat requests, by outcome: ok, the kind of failure, or client_gone.",
		}, []string{"outcome"}),
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "brownout_router_attempts_total", Help: "Calls to providers, by result: ok, the kind of failure, or client_gone.",
		}, []string{"provider", "result"}),
		decisions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "brownout_router_decisions_total", Help: "What the router did on its own account.",
		}, []string{"what"}),
		breaker: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "brownout_router_breaker_state", Help: "Circuit breaker: 0 closed, 1 open, 2 half-open.",
		}, []string{"provider"}),
		ttft: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "brownout_router_first_token_seconds", Help: "From the call to the first token of a stream, or to the whole unary answer.",
			Buckets: prometheus.ExponentialBuckets(0.005, 2, 12),
		}, []string{"provider"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "brownout_router_in_flight", Help: "Chat requests in progress.",
		}),
	}
	m.registry.MustRegister(m.requests, m.attempts, m.decisions, m.breaker, m.ttft, m.inFlight)
	m.answered = m.requests.WithLabelValues("ok")
	return m
}

func (m *metrics) backend(name string) *backendMetrics {
	v := &backendMetrics{
		ok:       m.attempts.WithLabelValues(name, "ok"),
		failures: m.attempts.MustCurryWith(prometheus.Labels{"provider": name}),
		breaker:  m.breaker.WithLabelValues(name),
		ttft:     m.ttft.WithLabelValues(name),
	}
	v.breaker.Set(0)
	return v
}

func (b *backendMetrics) answered(after time.Duration) {
	b.ok.Inc()
	b.ttft.Observe(after.Seconds())
}

func (b *backendMetrics) failed(k wire.FailureKind) { b.failures.WithLabelValues(string(k)).Inc() }

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
