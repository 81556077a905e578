package router

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// gauges is a series whose values are asked for only when somebody reads the
// metrics, so that it costs a request nothing. A configuration that takes the
// place of another takes over its values by their label.
type gauges struct {
	desc *prometheus.Desc

	mu sync.Mutex
	by map[string]func() float64
}

// newGauges makes a series with one label, or without one.
func newGauges(name, help string, label ...string) *gauges {
	return &gauges{desc: prometheus.NewDesc(name, help, label, nil), by: map[string]func() float64{}}
}

// follow has the value under a label come from f.
func (g *gauges) follow(label string, f func() float64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.by[label] = f
}

// Describe implements prometheus.Collector.
func (g *gauges) Describe(ch chan<- *prometheus.Desc) { ch <- g.desc }

// Collect implements prometheus.Collector.
func (g *gauges) Collect(ch chan<- prometheus.Metric) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for label, f := range g.by {
		var labels []string
		if label != "" {
			labels = []string{label}
		}
		ch <- prometheus.MustNewConstMetric(g.desc, prometheus.GaugeValue, f(), labels...)
	}
}
