package wire

import (
	"net/http"
	"time"
)

// Gauges are what a self-hosted server tells of itself.
type Gauges struct {
	Model            string
	Running, Waiting int
	KVCacheUsage     float64 // 0..1
	Preemptions      uint64
	PromptTokens     uint64
	GenerationTokens uint64
	RequestsDone     map[string]uint64 // by finish reason
	Slots, SlotsBusy int
	PromptTime       time.Duration        // spent on prompts, all calls together
	GenerationTime   time.Duration        // likewise on answers
	Measures         Measures             // of a Measurer; nil: none
	Loading          bool                 // calls are refused until a model is in memory
	Loaded           map[string]time.Time // models in memory, by id, and when each leaves it unless asked again; zero: never; nil: not told
}

// Served is one call that a server has worked on.
type Served struct {
	Prompt, Completion int // tokens
	MaxTokens          int // as asked for; 0: not
	Finished           bool
	Whole              time.Duration // from arrival to end
	Spent              Spent
}

// Measures are a server's statistics of its calls. They are safe for use by
// many goroutines.
type Measures interface{ Observe(s Served) }

// Measurer is a MetricsWriter whose page has statistics of its calls.
type Measurer interface {
	// NewMeasures makes those of a server with that model and context; nil: this
	// one has none.
	NewMeasures(model string, context int) Measures
}

// MetricsWriter is a Server with a metrics page of its own.
type MetricsWriter interface {
	WriteMetrics(w http.ResponseWriter, g Gauges) error
}
