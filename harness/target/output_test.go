package target_test

import (
	"strings"
	"testing"

	"brownout/harness/target"
)

// A key is found however its text comes, once, and is not told again.
func TestKeysAreFound(t *testing.T) {
	const key = "secret-of-nobody"
	dots := strings.Repeat(".", 70<<10)
	for name, c := range map[string]struct {
		pieces []string
		found  int
		first  string // line of the log
		tail   string
	}{
		"in a line":            {[]string{"a\nit is " + key + " here\nb\n"}, 1, "a", "a\n  it is [redacted] here\n  b"},
		"twice":                {[]string{key + "\n" + key + "\n"}, 1, "[redacted]", "[redacted]\n  [redacted]"},
		"in two pieces":        {[]string{"x " + key[:5], key[5:] + "\n"}, 1, "x [redacted]", "x [redacted]"},
		"where a line is cut":  {[]string{"begins " + dots + key[:5], key[5:] + dots, dots}, 1, "begins ....", "begins ...."},
		"beyond what is shown": {[]string{"begins " + strings.Repeat("-", 900) + key}, 1, "begins ---", "begins ---"},
		"drawn over":           {[]string{"10 %\r20 %\r" + key}, 1, "10 %", "10 %\n  20 %\n  [redacted]"},
		"without an end":       {[]string{key}, 1, "[redacted]", "[redacted]"},
		"not at all":           {[]string{"sec", "ret\n", "-of-nobody\n"}, 0, "secret", "secret\n  -of-nobody"},
		"a common word":        {[]string{"the model is short\n"}, 0, "the model is [redacted]", "the model is [redacted]"},
	} {
		var log strings.Builder
		found, tail := target.Hear(&log, []string{key, "short"}, c.pieces...)
		if len(found) != c.found || !strings.HasPrefix(log.String(), c.first) || !strings.HasPrefix(tail, "; its last lines:\n  "+c.tail) {
			t.Errorf("%s: found %q, log %.40q, tail %.60q", name, found, log.String(), tail)
		}
		if strings.Contains(strings.Join(found, "")+log.String()+tail, key) {
			t.Errorf("%s: the key is told", name)
		}
		for line := range strings.Lines(log.String()) {
			if len(line) > 301 {
				t.Errorf("%s: a line of %d bytes is kept", name, len(line))
			}
		}
	}
	if _, tail := target.Hear(new(strings.Builder), nil, strings.Repeat("line\n", 20)); strings.Count(tail, "line\n") != 11 {
		t.Errorf("the last lines are %q", tail)
	}
	if _, tail := target.Hear(new(strings.Builder), nil, "\n\n"); tail != "; it printed nothing" {
		t.Errorf("nothing is told as %q", tail)
	}
}
