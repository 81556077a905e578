package plan

import "time"

// What may be cached.
const (
	CacheMarked        = "marked"        // what the client marks as cacheable
	CacheDeterministic = "deterministic" // and what is asked at temperature 0
	CacheAll           = "all"           // everything but what the client forbids
)

// CacheScopes are the words of Cache.Scope.
var CacheScopes = []string{CacheMarked, CacheDeterministic, CacheAll}

// Cache keeps whole answers to identical requests. It also bounds what
// single_flight joins and stale_if_error keeps. Entries never cross keys, privacy classes or regions.
type Cache struct {
	Scope   string        `json:"scope" toml:"scope"`     // CacheMarked, CacheDeterministic or CacheAll
	TTL     time.Duration `json:"ttl_ns" toml:"ttl"`      // age up to which an answer is given again
	Entries int           `json:"entries" toml:"entries"` // at most; the least recently used leave
	Bytes   int           `json:"bytes" toml:"bytes"`     // of all answers, at most
}

// SemanticCache answers a request from one that was asked in similar words.
type SemanticCache struct {
	Threshold float64 `json:"threshold" toml:"threshold"` // likeness, above 0 and up to 1
}

// StaleIfError answers from an expired entry of the cache where nobody can
// answer.
type StaleIfError struct {
	For time.Duration `json:"for_ns" toml:"for"` // age beyond the cache's ttl, at most
}

// Steps of the degradation ladder beside the classes.
const (
	StepCache  = "cache"
	StepStatic = "static"
)

// LadderSteps are the words of Ladder.Steps.
var LadderSteps = append([]string{StepCache, StepStatic}, Classes...)

// Ladder orders what a request falls back to.
type Ladder struct {
	Steps  []string `json:"steps,omitempty" toml:"steps"`   // classes, best first, then StepCache and StepStatic; none: the order of the providers, then both
	Static string   `json:"static,omitempty" toml:"static"` // the last step's answer; empty: there is none
}

// EmbedBatching joins requests for embeddings into calls.
type EmbedBatching struct {
	Inputs  int           `json:"inputs" toml:"inputs"`        // texts of one call, at most
	MaxWait time.Duration `json:"max_wait_ns" toml:"max_wait"` // that a request waits for company while a call is under way
	Calls   int           `json:"calls" toml:"calls"`          // under way at once, from which on it waits for one of them to end
}

// FanOut asks the independent prompts of one request side by side.
type FanOut struct {
	Concurrency int `json:"concurrency" toml:"concurrency"` // of one fan-out, under way at once
	Requests    int `json:"requests" toml:"requests"`       // that one fan-out may carry, at most
}
