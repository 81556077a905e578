package wire

import (
	"bytes"
	"maps"
	"net/http"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
)

// vLLMMeasures are the histograms of a vLLM server's calls: those of its v1
// engine (loggers.py) that a mock can fill, with its buckets. A call's tokens
// are taken to have come evenly.
type vLLMMeasures struct {
	registry *prometheus.Registry

	firstToken, gap, perToken                 prometheus.Histogram
	whole, queue, inference, prefill, decode  prometheus.Histogram
	prompt, generation, maxGeneration, maxAsk prometheus.Histogram
}

// Buckets of vLLM's histograms, in seconds.
var (
	vLLMFirstTokenBuckets = []float64{.001, .005, .01, .02, .04, .06, .08, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560}
	vLLMPerTokenBuckets   = []float64{.01, .025, .05, .075, .1, .15, .2, .3, .4, .5, .75, 1, 2.5, 5, 7.5, 10, 20, 40, 80}
	vLLMRequestBuckets    = []float64{.3, .5, .8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680}
)

// vLLMTokenBuckets are 1, 2, 5, 10 … up to the length of the context.
func vLLMTokenBuckets(context int) []float64 {
	var buckets []float64
	for unit := 1; ; unit *= 10 {
		for _, m := range []int{1, 2, 5} {
			if m*unit > context {
				return buckets
			}
			buckets = append(buckets, float64(m*unit))
		}
	}
}

// vLLMLabels are those of every series of a server with one engine.
func vLLMLabels(model string) prometheus.Labels {
	return prometheus.Labels{"engine": "0", "model_name": model}
}

// newVLLMMeasures makes the histograms of a server.
func newVLLMMeasures(model string, context int) Measures {
	m := &vLLMMeasures{registry: prometheus.NewRegistry()}
	tokens := vLLMTokenBuckets(context)
	for _, h := range []struct {
		to         *prometheus.Histogram
		name, help string
		buckets    []float64
	}{
		{&m.firstToken, "time_to_first_token_seconds", "Histogram of time to first token in seconds.", vLLMFirstTokenBuckets},
		{&m.gap, "inter_token_latency_seconds", "Histogram of inter-token latency in seconds.", vLLMPerTokenBuckets},
		{&m.perToken, "request_time_per_output_token_seconds", "Histogram of time_per_output_token_seconds per request.", vLLMPerTokenBuckets},
		{&m.whole, "e2e_request_latency_seconds", "Histogram of e2e request latency in seconds.", vLLMRequestBuckets},
		{&m.queue, "request_queue_time_seconds", "Histogram of time spent in WAITING phase for request.", vLLMRequestBuckets},
		{&m.inference, "request_inference_time_seconds", "Histogram of time spent in RUNNING phase for request.", vLLMRequestBuckets},
		{&m.prefill, "request_prefill_time_seconds", "Histogram of time spent in PREFILL phase for request.", vLLMRequestBuckets},
		{&m.decode, "request_decode_time_seconds", "Histogram of time spent in DECODE phase for request.", vLLMRequestBuckets},
		{&m.prompt, "request_prompt_tokens", "Number of prefill tokens processed.", tokens},
		{&m.generation, "request_generation_tokens", "Number of generation tokens processed.", tokens},
		{&m.maxGeneration, "request_max_num_generation_tokens", "Histogram of maximum number of requested generation tokens.", tokens},
		{&m.maxAsk, "request_params_max_tokens", "Histogram of the max_tokens request parameter.", tokens},
	} {
		*h.to = prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "vllm:" + h.name, Help: h.help, Buckets: h.buckets, ConstLabels: vLLMLabels(model),
		})
		m.registry.MustRegister(*h.to)
	}
	return m
}

// Observe implements Measures. What was never finished counts for its first
// token and the gaps behind it alone.
func (m *vLLMMeasures) Observe(s Served) {
	if s.Completion > 0 {
		m.firstToken.Observe((s.Spent.Queue + s.Spent.Prompt).Seconds())
	}
	each := 0.0
	if s.Completion > 1 {
		each = s.Spent.Decode.Seconds() / float64(s.Completion-1)
		for range s.Completion - 1 {
			m.gap.Observe(each)
		}
	}
	if !s.Finished {
		return
	}
	m.whole.Observe(s.Whole.Seconds())
	m.queue.Observe(s.Spent.Queue.Seconds())
	m.inference.Observe((s.Spent.Prompt + s.Spent.Decode).Seconds())
	m.prefill.Observe(s.Spent.Prompt.Seconds())
	m.decode.Observe(s.Spent.Decode.Seconds())
	m.perToken.Observe(each)
	m.prompt.Observe(float64(s.Prompt))
	m.generation.Observe(float64(s.Completion))
	m.maxGeneration.Observe(float64(s.Completion)) // one choice is all that a call asks for
	if s.MaxTokens > 0 {
		m.maxAsk.Observe(float64(s.MaxTokens))
	}
}

// appendVLLMMetrics appends what of vLLM's page for Prometheus a mock knows, by
// the names of its v1 engine (loggers.py; the docs of 0.32).
func appendVLLMMetrics(dst []byte, g Gauges) []byte {
	now := prometheus.NewRegistry()
	now.MustRegister(vLLMState{g})
	pages := prometheus.Gatherers{now}
	if m, ok := g.Measures.(*vLLMMeasures); ok {
		pages = append(pages, m.registry)
	}
	families, err := pages.Gather()
	if err != nil { // two series of one name, which the tests would have shown
		return append(dst, "# "+err.Error()+"\n"...)
	}
	page := bytes.NewBuffer(dst)
	for _, f := range families {
		_, _ = expfmt.MetricFamilyToText(page, f) // a buffer takes everything
	}
	return page.Bytes()
}

// vLLMState collects the gauges and the counters of a page.
type vLLMState struct{ Gauges }

// Describe implements prometheus.Collector: as an unchecked one, since it is
// asked once.
func (vLLMState) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (s vLLMState) Collect(to chan<- prometheus.Metric) {
	labels := vLLMLabels(s.Model)
	for _, m := range []struct {
		name, help string
		typ        prometheus.ValueType
		value      float64
	}{
		{"num_requests_running", "Number of requests in model execution batches.", prometheus.GaugeValue, float64(s.Running)},
		{"num_requests_waiting", "Number of requests waiting to be processed.", prometheus.GaugeValue, float64(s.Waiting)},
		{"kv_cache_usage_perc", "KV-cache usage. 1 means 100 percent usage.", prometheus.GaugeValue, s.KVCacheUsage},
		{"num_preemptions_total", "Cumulative number of preemption from the engine.", prometheus.CounterValue, float64(s.Preemptions)},
		{"prompt_tokens_total", "Number of prefill tokens processed.", prometheus.CounterValue, float64(s.PromptTokens)},
		{"generation_tokens_total", "Number of generation tokens processed.", prometheus.CounterValue, float64(s.GenerationTokens)},
	} {
		to <- prometheus.MustNewConstMetric(prometheus.NewDesc("vllm:"+m.name, m.help, nil, labels), m.typ, m.value)
	}
	done := prometheus.NewDesc("vllm:request_success_total", "Count of successfully processed requests.", []string{"finished_reason"}, labels)
	for _, reason := range slices.Sorted(maps.Keys(s.RequestsDone)) {
		to <- prometheus.MustNewConstMetric(done, prometheus.CounterValue, float64(s.RequestsDone[reason]), reason)
	}
}

// vLLMLoad answers /load: the requests in the server.
func vLLMLoad(w http.ResponseWriter, _ *http.Request, _ string, _ []ModelInfo, g Gauges) {
	_ = writeJSON(w, http.StatusOK, append(appendField(nil, `{"server_load":`, g.Running+g.Waiting), '}'))
}
