package tui

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"brownout/harness/journal"
	"brownout/harness/score"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

// waterfall shows one request: every call behind it on one axis, the faults
// they met, what they cost, and what the client's check of the answer came to.
type waterfall struct {
	list  []score.Trace
	at    int
	first int // line of the text that is shown first
}

// update implements dialog.
func (w *waterfall) update(m live, msg tea.Msg) (live, tea.Cmd) {
	press, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return m, nil
	}
	m.dialog = nil
	if next := w.turned(press); next != nil {
		m.dialog = next
	}
	return m, nil
}

// turned is the waterfall after a key: of the request before or after, or
// scrolled; nil where the key closes it.
func (w *waterfall) turned(press tea.KeyPressMsg) *waterfall {
	k, v := newDialogKeys(), *w
	switch {
	case key.Matches(press, k.close):
		return nil
	case key.Matches(press, k.earlier):
		v.at, v.first = max(w.at-1, 0), 0
	case key.Matches(press, k.later):
		v.at, v.first = min(w.at+1, len(w.list)-1), 0
	case key.Matches(press, k.pageDown):
		v.first++
	case key.Matches(press, k.pageUp):
		v.first = max(w.first-1, 0)
	}
	return &v
}

// draw implements dialog.
func (w *waterfall) draw(a area, s *score.Snapshot) {
	t := w.list[w.at]
	rows := 8 + 2*len(t.Calls) + 4
	inner := popup(a, "Request "+t.Sample.Marker, min(110, a.w-4), min(max(rows, 12), a.h-2))
	inner.right(0, 0, inner.w, inkDim, strconv.Itoa(w.at+1)+"/"+strconv.Itoa(len(w.list)))
	y := w.head(inner, s)
	body := inner.sub(0, y, inner.w, max(inner.h-y-1, 0))
	lines := w.lines(s, body.w)
	first := min(w.first, max(len(lines)-body.h, 0))
	for y := 0; y < body.h && first+y < len(lines); y++ {
		lines[first+y](body.line(y))
	}
	k := newDialogKeys()
	hints := []key.Binding{k.close, k.later, k.earlier}
	if len(lines) > body.h {
		hints = append(hints, k.pageDown, k.pageUp)
	}
	keys := inner.line(inner.h - 1)
	drawHints(keys.sub(-1, 0, keys.w+1, 1), hints)
}

// head says what was asked, when, and what it came to.
func (w *waterfall) head(a area, s *score.Snapshot) int {
	t := w.list[w.at]
	i := max(slices.Index(journal.Outcomes, t.Outcome), 0)
	x := a.put(0, 0, outcomeInks[i], a.th.glyph.outcome[i]+" "+string(t.Outcome))
	if t.Sample.Reason != "" {
		x = a.put(x, 0, outcomeInks[i], ", "+t.Sample.Reason)
	}
	a.text(x+2, 0, a.w-x-10, inkDim, "worth "+strconv.FormatFloat(t.Value, 'f', -1, 64))
	facts := []string{
		t.Sample.Request, "due at " + moment(t.Sample.Scheduled),
	}
	if m, ok := s.Plan.MixOf(t.Sample.Request); ok && m.Deadline > 0 {
		facts = append(facts, "deadline "+short(m.Deadline))
	}
	if t.Sample.TTFT > 0 {
		facts = append(facts, "first token "+span(t.Sample.TTFT))
	}
	facts = append(facts, "ended after "+span(t.Sample.Total))
	a.text(0, 1, a.w, inkText, strings.Join(facts, "  "+a.th.glyph.dot+"  "))
	return 3
}

// moment is a time of the run with tenths of a second.
func moment(d time.Duration) string {
	return clock(d) + fmt.Sprintf(".%d", d%time.Second/(100*time.Millisecond))
}

// lines are the rows below the head: the client's own, two for each call, and
// the verification.
func (w *waterfall) lines(s *score.Snapshot, width int) []func(area) {
	t := w.list[w.at]
	from := t.Sample.Scheduled
	until := from + t.Sample.Total
	for _, c := range t.Calls {
		from, until = min(from, c.Arrived), max(until, c.Arrived+c.Total)
	}
	label := min(max(width/4, 12), 24)
	bars := scale{from: from, whole: max(until-from, time.Millisecond), at: label, cols: max(width-label-8, 4)}
	out := []func(area){
		func(a area) {
			a.text(0, 0, label-1, inkStrong, "client")
			bars.draw(a, t.Sample.Scheduled, t.Sample.TTFT, t.Sample.Total, inkAccent, a.th.glyph.elapsed)
		},
	}
	for _, c := range t.Calls {
		out = append(out, func(a area) {
			in, fill := callLook(a.th, c)
			name := c.Provider
			if c.Attempt > 1 {
				name += " #" + strconv.Itoa(c.Attempt)
			}
			a.text(0, 0, label-1, inkStrong, name)
			bars.draw(a, c.Arrived, c.TTFT, c.Total, in, fill)
		}, func(a area) {
			x := a.put(2, 0, inkText, callWords(a.th, c))
			for _, f := range c.Faults {
				x = a.put(x+2, 0, inkBad, a.th.glyph.faulty+" met "+f)
			}
			a.text(x+2, 0, a.w-x-2, inkDim, callCost(c))
		})
	}
	if len(t.Calls) == 0 {
		out = append(out, func(a area) { a.text(2, 0, a.w-2, inkDim, route(a.th, t)) })
	}
	out = append(out, func(area) {})
	for i, line := range wrap(verified(s, t), width-2) {
		out = append(out, func(a area) {
			if i == 0 {
				mark, in := a.th.glyph.good, inkGood
				if t.Outcome != journal.OK && t.Outcome != journal.Degraded {
					mark, in = a.th.glyph.bad, inkBad
				}
				a.put(0, 0, in, mark)
			}
			a.text(2, 0, a.w-2, inkText, line)
		})
	}
	return out
}

// scale lays the life of a request over some columns.
type scale struct {
	from, whole time.Duration
	at, cols    int
}

// draw draws a bar from a moment on: thin until its first token where it had
// one, and how long it took behind it.
func (b scale) draw(a area, start, ttft, total time.Duration, in ink, fill string) {
	col := func(t time.Duration) int {
		return b.at + min(max(int(float64(t-b.from)/float64(b.whole)*float64(b.cols)), 0), b.cols-1)
	}
	end := col(start + total)
	for x := col(start); x <= end; x++ {
		glyph := fill
		if ttft > 0 && x < col(start+ttft) {
			glyph = a.th.glyph.ahead
		}
		a.stamp(x, 0, in, glyph)
	}
	a.text(end+2, 0, a.w-end-2, inkDim, span(total))
}

// callLook is how a call's bar looks.
func callLook(th *theme, c *journal.Call) (ink, string) {
	switch {
	case c.Failure != "" || !c.Aborted && c.Status/100 != 2:
		return inkFailed, th.glyph.outcome[2]
	case c.Aborted:
		return inkDegraded, th.glyph.outcome[1]
	}
	return inkOK, th.glyph.outcome[0]
}

// callWords say what a provider answered.
func callWords(th *theme, c *journal.Call) string {
	word := th.glyph.good + " answered whole"
	switch {
	case c.Failure != "":
		word = th.glyph.bad + " " + c.Failure
	case c.Aborted:
		word = th.glyph.partial + " the caller left before the end"
	case c.Status/100 != 2:
		word = th.glyph.bad + " failed"
	}
	if c.Status > 0 {
		word += ", HTTP " + strconv.Itoa(c.Status)
	}
	if c.Early {
		word += ", before the stated retry-after"
	}
	return word
}

// callCost says who answered and what was billed.
func callCost(c *journal.Call) string {
	parts := []string{c.Model}
	if c.Region != "" {
		parts = append(parts, c.Class+" in "+c.Region)
	}
	if c.Prompt+c.Completion > 0 {
		parts = append(parts, fmt.Sprintf("%d + %d tokens", c.Prompt, c.Completion))
	}
	parts = append(parts, dollars(c.CostUSD))
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ", ")
}

// verified says what the client's check came to.
func verified(s *score.Snapshot, t score.Trace) string {
	p := t.Sample
	var text string
	switch {
	case p.Reason != "":
		text = checkWords[p.Reason]
		if text == "" {
			text = "an error came in the place of an answer, " + strings.ReplaceAll(p.Reason, "_", " ")
		}
	case t.Outcome == journal.Degraded && len(t.Calls) == 0:
		text = "the right answer, whole, but from a cache"
	case t.Outcome == journal.Degraded:
		text = "the right answer, whole, but of a lesser class or model than the first choice"
	case t.Outcome == journal.OK:
		text = "the right answer, whole: every word was checked"
	default:
		text = "there was no answer to check"
	}
	if p.Provider != "" {
		text += "; the target says that " + p.Provider + " answered"
		if p.Model != "" {
			text += " with " + p.Model
		}
		if p.Attempts > 0 {
			text += ", attempt " + strconv.Itoa(p.Attempts)
		}
	}
	if p.Status > 0 && p.Status/100 != 2 {
		text += "; HTTP " + strconv.Itoa(p.Status)
	}
	for _, v := range s.Violations {
		if v.Marker == p.Marker {
			text += "; VIOLATION (" + v.What + "): it reached " + v.Provider
		}
	}
	text = "Verified: " + text + "."
	if p.Detail != "" {
		text += " " + strings.ToUpper(p.Detail[:1]) + p.Detail[1:]
	}
	return text
}

// checkWords say in a sentence what the one-word reasons mean that the check
// of an answer gives.
var checkWords = map[string]string{
	"truncated":        "the answer ends early, though it claims to be whole",
	"foreign":          "it is the answer to somebody else's request",
	"altered":          "a word of the answer is wrong",
	"empty":            "the answer is empty, though it claims to be one",
	"misaddressed":     "the answer is to somebody else than the prompt names, or to a placeholder",
	"duplicated":       "words come twice where a stream was joined",
	"missing":          "words are missing where a stream was joined",
	"poisoned":         "the answer carries what was told to somebody else, or an injected instruction",
	"swapped":          "a model answered that none of the providers has",
	"disagrees":        "the same request was answered otherwise before",
	"malformed":        "success is claimed for what is no answer",
	"no_end_marker":    "all words came, but the stream never said that it was over",
	"usage":            "the token counts cannot be",
	"timeout":          "no answer came by the deadline",
	"stalled":          "words came, but the end did not by the deadline",
	"not_sent":         "every worker was busy until the deadline had passed",
	"connect":          "there was no connection to the target",
	"cut":              "the connection broke before the end, and the client could tell",
	"length":           "the answer says itself that it was cut short",
	"content_filter":   "a refusal, passed on with its reason: the right answer",
	"no_call":          "no function was called where one had to be",
	"wrong_function":   "another function was called, or more than one",
	"arguments":        "the function was called with other arguments than the prompt makes",
	"no_finish_reason": "the answer does not say why it ended",
	"no_model":         "the vectors do not say who made them",
}
