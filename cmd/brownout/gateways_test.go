package main

import (
	"os"
	"os/exec"
	"path/filepath"
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

// What is publicly known of a gateway must be found. Portkey's 1.15.2 ends a
// stream that its upstream cut as if it were whole (Portkey-AI/gateway issue
// 1797), and rescues what fails before the first byte by its fallback. It leaves
// one that stalls to Node.js, which gives a silent body up after 300 s and then
// ends it as if it were whole, too: by then every deadline has passed, so the
// client's word for it is hung. A scorecard that says otherwise is wrong.
func TestKnownAnswersOfPortkey(t *testing.T) {
	spec, cache := installed(t, "portkey")
	sheet, err := examiner.Examine(t.Context(), examiner.Options{
		Targets: []plan.Target{spec}, Cache: cache, Seed: plan.DefaultSeed,
		Faults: []string{"stream_truncate", "stream_stall", "overload", "outage reset"},
	})
	if err != nil {
		t.Fatal(err)
	}
	card := sheet.Cards[0]
	if card.Error != "" || len(card.Findings) > 0 {
		t.Fatalf("%s, %v", card.Error, card.Findings)
	}
	cells := map[string]scorecard.Cell{}
	for _, c := range card.Cells {
		cells[c.Fault] = c
	}
	for fault, want := range map[string]struct {
		grade  scorecard.Grade
		answer string
		asked  string // providers, in their order
	}{
		"stream_truncate": {scorecard.Fail, "HTTP 200, corrupt: truncated", "openai"},
		"stream_stall":    {scorecard.Fail, "HTTP 200, hung: stalled", "openai"},
		"overload":        {scorecard.Pass, "HTTP 200, ok", "openai anthropic"},
		"outage reset":    {scorecard.Pass, "HTTP 200, ok", "anthropic"}, // the reset call never came through
	} {
		c := cells[fault]
		var asked []string
		for _, v := range c.Calls {
			asked = append(asked, v.Provider)
		}
		if c.Grade != want.grade || c.Answer != want.answer || strings.Join(asked, " ") != want.asked {
			t.Errorf("%s: %s, %s, asked %v (%s); want %+v", fault, c.Grade, c.Answer, asked, c.Why, want)
		}
	}
}
