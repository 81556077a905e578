package chaos_test

import (
	"errors"
	"strings"
	"testing"

	"brownout/harness/chaos"
)

func TestFaultsOfAnswersRefuseWhatDoesNotFitTogether(t *testing.T) {
	for _, c := range []struct {
		kind   string
		params map[string]any
		says   string // "": it binds
	}{
		{"stream_stall", map[string]any{"where": 0.25}, ""},
		{"stream_stall", map[string]any{"after_tokens": int64(5)}, ""},
		{"stream_stall", map[string]any{"where": 0.5, "after_tokens": int64(5)}, ""}, // as its own canonical form has it
		{"stream_stall", map[string]any{"where": 0.25, "after_tokens": int64(5)}, "both say at which place"},
		{"stream_truncate", map[string]any{"where": 1.0, "after_tokens": int64(5)}, "both say at which place"},
		{"stream_error", map[string]any{"where": 0.0, "after_tokens": int64(5)}, "both say at which place"},
		{"stream_error", map[string]any{"failure": "overlaod"}, `did you mean "overload"?`},
		{"stream_truncate", map[string]any{"where": 1.5}, "between 0 and 1"},
		{"malformed", map[string]any{"mode": "html", "status": int64(502)}, ""},
		{"malformed", map[string]any{"mode": "empty", "status": int64(503)}, ""},
		{"malformed", map[string]any{"mode": "html", "status": int64(204)}, "without an answer"},
		{"malformed", map[string]any{"mode": "html", "status": int64(302)}, "without an answer"},
		{"malformed", map[string]any{"mode": "chunk", "status": int64(502)}, "keeps the provider's own status"},
		{"poisoned_answer", map[string]any{"text": "", "canary": "C"}, ""},
		{"poisoned_answer", map[string]any{"text": ""}, "says nothing"},
		{"context_limit", map[string]any{"tokens": int64(0)}, "between 1 and"},
	} {
		_, _, err := chaos.Bind(c.kind, c.params)
		var pe *chaos.ParamError
		if c.says == "" && err != nil || c.says != "" && (!errors.As(err, &pe) || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s %v: %v, want %q", c.kind, c.params, err, c.says)
		}
	}
}
