package router

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"brownout/plan"
)

// key is one setting as a configuration file names it.
type key struct {
	name    string // dotted
	meaning string
	field   func(*plan.Router) any // a pointer to the field
}

// keys is the one table of settings: what a file may say, what PrintConfig
// shows.
var keys = []key{
	{"policy", "whom to ask first; \"priority\": the first usable backend of order", func(s *plan.Router) any { return &s.Policy }},
	{"order", "backend names, best first; empty: as they are listed", func(s *plan.Router) any { return &s.Order }},
	{"failover", "move to the next backend when one fails; false: only the first allowed one", func(s *plan.Router) any { return &s.Failover }},
	{"deadline", "budget of a request whose client names none; \"off\": no budget, whatever the client names", func(s *plan.Router) any { return &s.Deadline }},
	{"first_token_timeout", "silence allowed before a stream's first token while another backend could take over; a unary answer has half of what is left of its deadline, but no less than this; or \"off\"", func(s *plan.Router) any { return &s.FirstTokenTimeout }},
	{"stream_gap_timeout", "silence allowed between two tokens; or \"off\"", func(s *plan.Router) any { return &s.StreamGapTimeout }},
	{"connect_timeout", "time allowed for connecting; or \"off\"", func(s *plan.Router) any { return &s.ConnectTimeout }},
	{"retries", "further attempts on the same backend where that is the right conduct; or \"off\"", func(s *plan.Router) any { return &s.Retries }},
	{"max_attempts", "attempts of one request over all backends; or \"off\": no bound", func(s *plan.Router) any { return &s.MaxAttempts }},
	{"backoff_base", "a retry waits between zero and min(backoff_cap, backoff_base * 2^n)", func(s *plan.Router) any { return &s.BackoffBase }},
	{"backoff_cap", "see backoff_base", func(s *plan.Router) any { return &s.BackoffCap }},
	{"max_retry_after_wait", "longest stated retry-after that is waited for when there is nobody else; \"off\": no stated retry-after is heeded at all", func(s *plan.Router) any { return &s.MaxRetryAfterWait }},
	{"breaker.disabled", "no circuit breaker, and no staying away after lasting failures", func(s *plan.Router) any { return &s.Breaker.Disabled }},
	{"breaker.failure_ratio", "opens at this share of failures, above 0 and up to 1 …", func(s *plan.Router) any { return &s.Breaker.FailureRatio }},
	{"breaker.min_calls", "… among at least this many calls (or at twice as many failures in a row) …", func(s *plan.Router) any { return &s.Breaker.MinCalls }},
	{"breaker.window", "… within this time", func(s *plan.Router) any { return &s.Breaker.Window }},
	{"breaker.open_for", "then stays open for so long before it probes; lasting failures (retired model, quota, key) count five times", func(s *plan.Router) any { return &s.Breaker.OpenFor }},
	{"breaker.probes", "probes at once when half-open, and successes that close it again", func(s *plan.Router) any { return &s.Breaker.Probes }},
}

// kind is what sort of value k takes, in words.
func (k key) kind() string {
	switch k.field(new(plan.Router)).(type) {
	case *time.Duration:
		return `a duration such as "1.5s"`
	case *int:
		return "a whole number"
	case *float64:
		return "a number"
	case *bool, **bool:
		return "true or false"
	case *[]string:
		return `a list such as ["a", "b"]`
	}
	return "a text in quotes"
}

// word is how a file says that a setting is switched off.
const word = "off"

// set puts a decoded TOML value into s; false where it is of the wrong sort.
func (k key) set(s *plan.Router, v any) bool {
	ok := false
	switch f := k.field(s).(type) {
	case *string:
		*f, ok = v.(string)
	case *bool:
		*f, ok = v.(bool)
	case **bool:
		var b bool
		b, ok = v.(bool)
		*f = &b
	case *float64:
		*f, ok = number(v)
		ok = ok && *f > 0
	case *int:
		n, isInt := v.(int64)
		if ok = isInt && n > 0 && n <= 1<<30; ok {
			*f = int(n)
		} else if ok = v == word || isInt && n == 0; ok {
			*f = off
		}
	case *time.Duration:
		text, _ := v.(string)
		if text == word {
			*f, ok = off, true
			break
		}
		d, err := time.ParseDuration(text)
		*f, ok = d, err == nil && d > 0
	case *[]string:
		*f, ok = texts(v)
	}
	return ok
}

func number(v any) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, true
	case int64:
		return float64(n), true
	}
	return 0, false
}

func texts(v any) ([]string, bool) {
	list, ok := v.([]any)
	if !ok {
		return nil, false
	}
	out := make([]string, 0, len(list))
	for _, e := range list {
		s, ok := e.(string)
		if !ok {
			return nil, false
		}
		out = append(out, s)
	}
	return out, true
}

// show is the value of k in s as TOML.
func (k key) show(s *plan.Router) string {
	switch f := k.field(s).(type) {
	case *string:
		return strconv.Quote(*f)
	case *time.Duration:
		if *f < 0 {
			return strconv.Quote(word)
		}
		return strconv.Quote(f.String())
	case *int:
		if *f < 0 {
			return strconv.Quote(word)
		}
		return strconv.Itoa(*f)
	case *[]string:
		quoted := make([]string, len(*f))
		for i, v := range *f {
			quoted[i] = strconv.Quote(v)
		}
		return "[" + strings.Join(quoted, ", ") + "]"
	case **bool:
		return strconv.FormatBool(**f)
	case *bool:
		return strconv.FormatBool(*f)
	case *float64:
		return strconv.FormatFloat(*f, 'g', -1, 64)
	default:
		return fmt.Sprint(f)
	}
}
