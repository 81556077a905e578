package wire

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
)

// appendVLLMMetrics appends what of vLLM's page for Prometheus a mock knows, by
// the names of its v1 engine (loggers.py; the docs of 0.32). Its histograms of
// times are left out.
func appendVLLMMetrics(dst []byte, g Gauges) []byte {
	m := vLLMPage{dst: dst, labels: `{engine="0",model_name=`}
	m.labels += string(appendString(nil, g.Model))

	m.family("num_requests_running", "gauge", "Number of requests in model execution batches.")
	m.value("", "", float64(g.Running))
	m.family("num_requests_waiting", "gauge", "Number of requests waiting to be processed.")
	m.value("", "", float64(g.Waiting))
	m.family("kv_cache_usage_perc", "gauge", "KV-cache usage. 1 means 100 percent usage.")
	m.value("", "", g.KVCacheUsage)
	m.family("num_preemptions", "counter", "Cumulative number of preemption from the engine.")
	m.value("_total", "", float64(g.Preemptions))
	m.family("prompt_tokens", "counter", "Number of prefill tokens processed.")
	m.value("_total", "", float64(g.PromptTokens))
	m.family("generation_tokens", "counter", "Number of generation tokens processed.")
	m.value("_total", "", float64(g.GenerationTokens))
	m.family("request_success", "counter", "Count of successfully processed requests.")
	for _, reason := range slices.Sorted(maps.Keys(g.RequestsDone)) {
		m.value("_total", `,finished_reason="`+reason+`"`, float64(g.RequestsDone[reason]))
	}
	return m.dst
}

// vLLMPage is the page as far as it is written.
type vLLMPage struct {
	dst    []byte
	name   string
	labels string // that every value has, not closed
}

func (m *vLLMPage) family(name, typ, help string) {
	m.name = "vllm:" + name
	suffix := ""
	if typ == "counter" {
		suffix = "_total"
	}
	m.dst = append(m.dst, "# HELP "+m.name+suffix+" "+help+"\n# TYPE "+m.name+suffix+" "+typ+"\n"...)
}

func (m *vLLMPage) value(suffix, labels string, v float64) {
	m.dst = append(m.dst, m.name+suffix+m.labels+labels+"} "...)
	m.dst = append(strconv.AppendFloat(m.dst, v, 'f', -1, 64), '\n')
}

// vLLMLoad answers /load: the requests in the server.
func vLLMLoad(w http.ResponseWriter, _ *http.Request, _ string, _ []ModelInfo, g Gauges) {
	_ = writeJSON(w, http.StatusOK, append(appendField(nil, `{"server_load":`, g.Running+g.Waiting), '}'))
}
