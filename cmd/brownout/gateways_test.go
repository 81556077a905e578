package main

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"brownout/harness/examiner"
	"brownout/harness/scorecard"
	"brownout/harness/target"
	"brownout/plan"
)

// envGateways has the tests run that install and start other people's gateways;
// make gateways sets it.
const envGateways = "BROWNOUT_GATEWAYS"

// installed is a target that is installed beside the program's own runs, so
// that it is fetched once.
func installed(t *testing.T, name string) (plan.Target, string) {
	t.Helper()
	if os.Getenv(envGateways) == "" {
		t.Skip("starts other people's gateways; run make gateways")
	}
	spec, err := openTarget(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, program := range spec.Install.Needs {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s needs %s, which this machine lacks", name, program)
		}
	}
	cache, err := filepath.Abs(filepath.Join("..", "..", target.DefaultCache))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := target.Install(t.Context(), spec, cache, func(s string) { t.Log(s) }); err != nil {
		t.Skipf("%s cannot be installed here: %v", name, err)
	}
	return spec, cache
}

// known is what a row of the scorecard must say.
type known struct {
	grade  scorecard.Grade
	answer string // begins with it
	asked  string // providers, in their order
}

// knownAnswers examines a gateway, and tells what is not as it is known.
func knownAnswers(t *testing.T, name string, rows map[string]known) {
	t.Helper()
	spec, cache := installed(t, name)
	sheet, err := examiner.Examine(t.Context(), examiner.Options{
		Targets: []plan.Target{spec}, Cache: cache, Seed: plan.DefaultSeed,
		Faults: slices.Sorted(maps.Keys(rows)),
	})
	if err != nil {
		t.Fatal(err)
	}
	card := sheet.Cards[0]
	if card.Error != "" || len(card.Findings) > 0 {
		t.Fatalf("%s, %v", card.Error, card.Findings)
	}
	for _, c := range card.Cells {
		var asked []string
		for _, v := range c.Calls {
			asked = append(asked, v.Provider)
		}
		want := rows[c.Fault]
		if c.Grade != want.grade || !strings.HasPrefix(c.Answer, want.answer) || strings.Join(asked, " ") != want.asked {
			t.Errorf("%s: %s, %s, asked %v (%s); want %+v", c.Fault, c.Grade, c.Answer, asked, c.Why, want)
		}
	}
}

// What is publicly known of a gateway must be found. Portkey's 1.15.2 ends a
// stream that its upstream cut as if it were whole (Portkey-AI/gateway issue
// 1797), and rescues what fails before the first byte by its fallback. It leaves
// one that stalls to Node.js, which gives a silent body up after 300 s and then
// ends it as if it were whole, too: by then every deadline has passed, so the
// client's word for it is hung. A scorecard that says otherwise is wrong.
func TestKnownAnswersOfPortkey(t *testing.T) {
	knownAnswers(t, "portkey", map[string]known{
		"stream_truncate": {scorecard.Fail, "HTTP 200, corrupt: truncated", "openai"},
		"stream_stall":    {scorecard.Fail, "HTTP 200, hung: stalled", "openai"},
		"overload":        {scorecard.Pass, "HTTP 200, ok", "openai anthropic"},
		"outage reset":    {scorecard.Pass, "HTTP 200, ok", "anthropic"}, // the reset call never came through
	})
}

// LiteLLM gives a stream that ended without a finish reason one of its own
// (BerriAI/litellm issue 40260), and takes an answer without words for a good one
// (issue 14655); neither was mended when this was written. What fails before the
// first chunk is rescued by its fallbacks. Rows that newer versions than 1.81.9
// have mended are not among these.
func TestKnownAnswersOfLiteLLM(t *testing.T) {
	knownAnswers(t, "litellm", map[string]known{
		"stream_truncate": {scorecard.Fail, "HTTP 200, corrupt: truncated", "openai"},
		"empty answer":    {scorecard.Fail, "HTTP 200, corrupt: empty", "openai"},
		"overload":        {scorecard.Pass, "HTTP 200, ok", "openai anthropic"},
		"outage reset":    {scorecard.Pass, "HTTP 200, ok", "anthropic"},
	})
}

// Bifrost, as of 1.4.19, ends a stream whose upstream died with [DONE], as if it
// were whole (maximhq/bifrost issue 5546), does not heed a stated retry-after
// (issue 6971), and falls back only for what fails before the first chunk (issue
// 5395). One time-out bounds a whole stream there, which pull request 2968 ended:
// that a silent upstream is waited for without end (issue 7034) is younger. The
// first of these was mended after 1.6.5 (pull request 5566), so a newer one must
// tell of the cut.
func TestKnownAnswersOfBifrost(t *testing.T) {
	knownAnswers(t, "bifrost", map[string]known{
		"stream_truncate": {scorecard.Fail, "HTTP 200, corrupt: truncated", "openai"},
		"stream_error":    {scorecard.Safe, "HTTP 200, failed: overload", "openai"},
		"stream_stall":    {scorecard.Safe, "HTTP 200, failed", "openai"},
		"latency_spike":   {scorecard.Partial, "HTTP 200, ok", "openai anthropic"}, // with nobody's name on it
		"rate_limit":      {scorecard.Partial, "HTTP 200, ok", "openai anthropic"},
		"overload":        {scorecard.Pass, "HTTP 200, ok", "openai anthropic"},
		"outage reset":    {scorecard.Pass, "HTTP 200, ok", "anthropic"},
	})
}
