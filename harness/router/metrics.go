package router

import (
	"net/http"
	"slices"
	"sync"
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
	cost      *prometheus.CounterVec // by provider and model
	tokens    *prometheus.CounterVec
	spent     *prometheus.CounterVec // by key and workflow
	payers    payers
	retries   *gauges
	limits    *gauges
	waiting   *gauges
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
	m.cost = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "brownout_router_cost_usd_total", Help: "Billed by the prices of the catalogues, of all attempts, in USD.",
	}, []string{"provider", "model"})
	m.tokens = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "brownout_router_tokens_total", Help: "Tokens billed, by direction: input or output.",
	}, []string{"provider", "model", "direction"})
	m.spent = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "brownout_router_spent_usd_total", Help: "The same cost by who pays: a digest of the key, and the workflow.",
	}, []string{"key", "workflow"})
	m.retries = newGauges("brownout_router_retry_budget_attempts", "Attempts beyond a request's first that the retry budget allows now.")
	m.limits = newGauges("brownout_router_concurrency_limit", "Calls that may be in progress at a provider, by admission.", "provider")
	m.waiting = newGauges("brownout_router_waiting", "Requests that wait for a place at a provider.")
	m.registry.MustRegister(m.limits, m.waiting, m.retries, m.requests, m.attempts, m.decisions, m.breaker, m.ttft, m.inFlight, m.cost, m.tokens, m.spent)
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

// billed counts what an attempt is billed.
func (m *metrics) billed(a *attempt, costUSD float64) {
	if a.usage == (wire.Usage{}) {
		return
	}
	provider, model := a.cand.Name, a.cand.model
	if a.cand.info == unknownModel && !slices.Contains(a.cand.Models, model) {
		model = "other" // clients may ask for any name
	}
	m.tokens.WithLabelValues(provider, model, "input").Add(float64(a.usage.Prompt))
	m.tokens.WithLabelValues(provider, model, "output").Add(float64(a.usage.Completion))
	if costUSD > 0 {
		m.cost.WithLabelValues(provider, model).Add(costUSD)
	}
}

// maxPayers bounds the series by key and workflow: clients may name any.
// Further ones share one.
const maxPayers = 1000

// payers are the pairs of key and workflow that have a series.
type payers struct {
	mu   sync.Mutex
	seen map[[2]string]bool
}

// label is the pair's own, or that of all others.
func (p *payers) label(key, workflow string) (string, string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	pair := [2]string{key, workflow}
	if p.seen[pair] {
		return key, workflow
	}
	if len(p.seen) >= maxPayers {
		return "other", "other"
	}
	if p.seen == nil {
		p.seen = map[[2]string]bool{}
	}
	p.seen[pair] = true
	return key, workflow
}

// settle counts a request's cost by who pays.
func (m *metrics) settle(c *call, end *ending) {
	if end.costUSD > 0 {
		m.spent.WithLabelValues(m.payers.label(c.terms.account(), c.terms.workflow)).Add(end.costUSD)
	}
}
