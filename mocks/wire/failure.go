package wire

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// FailureKind is the meaning of a failure, whatever its status and shape.
type FailureKind string

// Kinds of failure.
const (
	FailRateLimit     FailureKind = "rate_limit"      // slow down; often with retry-after
	FailQuota         FailureKind = "quota_exhausted" // out of money; retrying is useless
	FailOverload      FailureKind = "overload"        // 503, 529: the provider is out of capacity
	FailServer        FailureKind = "server_error"    // 500 and its like
	FailTimeout       FailureKind = "timeout"         // the provider's own 504 or 408
	FailAuth          FailureKind = "auth"
	FailPermission    FailureKind = "permission"
	FailModelNotFound FailureKind = "model_not_found" // unknown or retired
	FailContextLength FailureKind = "context_length"
	FailContentFilter FailureKind = "content_filter"
	FailBadRequest    FailureKind = "bad_request"
	FailTooLarge      FailureKind = "too_large"  // 413
	FailNotFound      FailureKind = "not_found"  // unknown path
	FailMethod        FailureKind = "bad_method" // 405
	FailMalformed     FailureKind = "malformed"  // the bytes are not the dialect's
	FailTransport     FailureKind = "transport"  // connect, reset, cut off
)

// Failure is an error answer as meaning, with enough detail to be written in
// any dialect's own words.
type Failure struct {
	Kind       FailureKind
	Status     int           // HTTP status; 0: the dialect's usual one for the kind
	Message    string        // empty: the dialect's usual text for the kind
	Type       string        // the provider's own type word; empty: the usual one
	Code       string        // the provider's own code; empty: the usual one
	Param      string        // the field of the request it is about; empty: the usual one
	Model      string        // for messages that name it
	RetryAfter time.Duration // 0: not stated
	RequestID  string
	Limit      string // for rate limits: "requests", "tokens" or "concurrency"
	LimitValue int    // for rate limits: the limit; for context length: the context size
	Asked      int    // for rate limits and context length: what was asked for
	Retired    bool   // for FailModelNotFound: the model was there once
	Loading    bool   // for FailOverload: the model is being loaded, which takes time and not luck
	Successor  string // of a retired model; "": none is named
	Missing    string // for FailMalformed: what an answer that can be read has not got; "": it cannot be read
	Surface    string // Surface and Stream of the request that failed, where it was read:
	Stream     bool   // some dialects' errors have another shape by them
}

// Error makes a Failure an error that says kind, status and message.
func (f *Failure) Error() string {
	s := string(f.Kind)
	if f.Status != 0 { // some of the statuses in use have no text
		s += " (" + strings.TrimSpace(strconv.Itoa(f.Status)+" "+http.StatusText(f.Status)) + ")"
	}
	if f.Message != "" {
		s += ": " + f.Message
	}
	return s
}
