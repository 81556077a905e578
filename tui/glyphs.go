package tui

import (
	"strings"
	"time"

	"brownout/harness/journal"
	"brownout/harness/score"
)

// glyphs are the shapes of one character set. Every state has a shape of its
// own, so that nothing is told by colour alone.
type glyphs struct {
	ellipsis string

	// outcomes, by the index of journal.Outcomes
	outcome [5]string
	offered string // the rate the profile asks for
	shade   string // an empty place in a fault window, where there is no colour

	fault, horizon, elapsed, ahead, cursor string // of the timeline
	hand, planned                          string // something was changed, by a person or by the plan
	barFull, barEmpty                      string
	columns                                []string // from one eighth to a whole cell

	closed, open, halfOpen, untold   string // breakers
	good, bad, partial, pending      string // marks
	info, warn, wrong                string // levels of the event log
	steady, faulty, recovery, drain  string // phases
	start, finished                  string
	pick, dot, dash, atLeast, atMost string
	caret, then                      string

	horizontal, vertical, topLeft, topRight, bottomLeft, bottomRight string
}

var unicodeGlyphs = glyphs{
	ellipsis: "…",
	outcome:  [5]string{"█", "▒", "╳", "?", "!"},
	offered:  "─", shade: "░",
	fault: "▓", horizon: "░", elapsed: "━", ahead: "─", cursor: "┃", hand: "◆", planned: "◇",
	barFull: "█", barEmpty: "░",
	columns: []string{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"},
	closed:  "●", open: "○", halfOpen: "◐", untold: "–",
	good: "✓", bad: "✗", partial: "~", pending: "…",
	info: "·", warn: "!", wrong: "✗",
	steady: "●", faulty: "▲", recovery: "◔", drain: "▽", start: "○", finished: "■",
	pick: "▸", dot: "·", dash: "–", atLeast: "≥", atMost: "≤", caret: "▏", then: " → ",
	horizontal: "─", vertical: "│", topLeft: "╭", topRight: "╮", bottomLeft: "╰", bottomRight: "╯",
}

var asciiGlyphs = glyphs{
	ellipsis: "..",
	outcome:  [5]string{"#", "=", "x", "?", "!"},
	offered:  "-", shade: ":",
	fault: "#", horizon: ":", elapsed: "=", ahead: "-", cursor: "|", hand: "@", planned: "&",
	barFull: "#", barEmpty: ".",
	columns: []string{"_", ".", ",", "-", "=", "+", "*", "#"},
	closed:  "*", open: "o", halfOpen: "%", untold: "-",
	good: "+", bad: "x", partial: "~", pending: ".",
	info: ".", warn: "!", wrong: "x",
	steady: "*", faulty: "^", recovery: "~", drain: "v", start: "o", finished: "=",
	pick: ">", dot: "|", dash: "-", atLeast: ">=", atMost: "<=", caret: "_", then: " -> ",
	horizontal: "-", vertical: "|", topLeft: "+", topRight: "+", bottomLeft: "+", bottomRight: "+",
}

// asciiWords writes the few signs of our own sentences in ASCII.
var asciiWords = strings.NewReplacer(
	"…", "...", "¢", "c", "–", "-", "—", "-", "·", "|", "≥", ">=", "≤", "<=", "×", "x", "→", "->", "µ", "u", "“", `"`, "”", `"`, "’", "'",
	"←", "<-", "\u00a0", " ",
)

// asciiKeys writes the names of keys in ASCII.
var asciiKeys = strings.NewReplacer("↑", "up", "↓", "down", "←", "left", "→", "right")

// keyName is how a key is called on this terminal.
func (th *theme) keyName(name string) string {
	if th.ascii {
		return asciiKeys.Replace(name)
	}
	return name
}

// toASCII writes text with nothing beyond ASCII in it.
func toASCII(text string) string {
	plain := true
	for i := range len(text) {
		plain = plain && text[i] < 0x80
	}
	if plain {
		return text
	}
	return strings.Map(func(r rune) rune {
		if r >= 0x80 {
			return '?'
		}
		return r
	}, asciiWords.Replace(text))
}

// outcomeInks are the inks of the outcomes, by the index of journal.Outcomes.
var outcomeInks = [5]ink{inkOK, inkDegraded, inkFailed, inkHung, inkCorrupt}

// badge is the shape, ink and word of a phase.
func (th *theme) badge(s *score.Snapshot) (string, ink, string) {
	g := th.glyph
	switch {
	case s.Finished && s.Interrupted:
		return g.finished, inkWarn, "STOPPED"
	case s.Finished:
		return g.finished, inkStrong, "FINISHED"
	}
	switch s.Phase {
	case journal.PhaseSteady:
		return g.steady, inkGood, "STEADY"
	case journal.PhaseFault:
		return g.faulty, inkBad, "FAULT"
	case journal.PhaseRecovery:
		return g.recovery, inkRecovery, "RECOVERY"
	case journal.PhaseDrain:
		return g.drain, inkAccent, "DRAIN"
	}
	return g.start, inkDim, "STARTING"
}

// verdict is the shape, ink and word of a verdict.
func (th *theme) verdict(v score.Verdict) (string, ink, string) {
	g := th.glyph
	switch v {
	case score.Pass:
		return g.good, inkGood, "PASS"
	case score.Fail:
		return g.bad, inkBad, "FAIL"
	case score.Inconclusive:
		return "?", inkWarn, "INCONCLUSIVE"
	}
	return g.pending, inkDim, "no verdict yet"
}

// stage is the shape, ink and word of how far a fault has come.
func (th *theme) stage(s *score.Snapshot, planned time.Duration, w score.Window) (string, ink, string) {
	g := th.glyph
	switch {
	case w.Active && !w.Confirmed:
		return g.faulty, inkWarn, "active, not confirmed"
	case w.Active:
		return g.faulty, inkBad, "active"
	case w.Cleared > 0 && s.T < w.End && !s.Finished:
		return g.recovery, inkRecovery, "recovering"
	case w.Cleared > 0:
		return g.finished, inkDim, "over"
	case s.Finished:
		return g.start, inkDim, "never came"
	}
	return g.start, inkDim, "in " + short((planned - s.T).Truncate(time.Second))
}

// breaker is the shape and ink of a circuit breaker's state.
func (th *theme) breaker(state string) (string, ink) {
	g := th.glyph
	switch state {
	case "closed":
		return g.closed, inkGood
	case "open":
		return g.open, inkBad
	case "half-open":
		return g.halfOpen, inkWarn
	}
	return g.untold, inkDim
}
