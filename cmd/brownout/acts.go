package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"brownout/harness/chaos"
	"brownout/harness/router"
	"brownout/harness/score"
	"brownout/plan"
	"brownout/scenarios"
	"brownout/tui"
)

// acts are what the live screen offers a person who has a hand in a run.
func acts() tui.Acts {
	a := tui.Acts{Save: saveScenario}
	for _, k := range chaos.Kinds() {
		kind := tui.FaultKind{Name: k.Name, Layer: string(k.Layer), Summary: k.Summary}
		for _, p := range chaos.Params(k.Name) {
			kind.Params = append(kind.Params, tui.Param{
				Name: p.Name, Type: p.Type, Default: p.Default, Enum: p.Enum, Range: p.Range(), Doc: p.Doc,
			})
		}
		a.Kinds = append(a.Kinds, kind)
	}
	for _, m := range router.Mitigations() {
		a.Mitigations = append(a.Mitigations, tui.Mitigation{Name: m.Name, On: m.On, Summary: m.Summary})
	}
	return a
}

// saveScenario keeps a run as a scenario file, which must not be there yet. What
// is written is read again before it is kept.
func saveScenario(path string, s *score.Snapshot) error {
	wrong := func(msg, hint string) error { return &plan.OrderError{Field: "path", Msg: msg, Hint: hint} }
	if !strings.HasSuffix(path, ".toml") {
		return wrong("the path must end in .toml", "")
	}
	text := scenarios.Write(s.Plan, savedComment(s))
	if _, err := scenarios.Decode(path, text); err != nil {
		return fmt.Errorf("what was done makes no scenario: %w", err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	switch {
	case errors.Is(err, fs.ErrExist):
		return wrong(filepath.Base(path)+" is there already", "give another name")
	case err != nil:
		return wrong(err.Error(), "")
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}

// savedComment says in a saved scenario where it came from and what in it was
// done by hand.
func savedComment(s *score.Snapshot) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Saved from a run of %s (%s).\n", s.Plan.Scenario, s.RunID)
	var made []string
	for _, w := range s.Windows {
		if w.ByHand {
			made = append(made, w.Fault)
		}
	}
	if len(made) > 0 {
		fmt.Fprintf(&b, "Made by hand: %s.\n", strings.Join(made, ", "))
	}
	if s.ByHand() > len(made) {
		b.WriteString("Faults were cleared early, or the load or the router changed, by hand, too.\n")
	}
	return b.String()
}
