package tui

import (
	"slices"
	"strings"

	"brownout/harness/journal"
	"brownout/harness/score"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

// feed is how the requests are looked at. It never changes: a key puts another
// one in its place.
type feed struct {
	worst bool          // the worst of the whole run instead of the latest
	held  []score.Trace // as they were when a person began to move among them; nil: they follow the run
	at    int           // the chosen one of those held
}

// traces are the requests that the feed shows, oldest first, and which of them
// is chosen: the last one while it follows.
func (f *feed) traces(s *score.Snapshot, filter string) (list []score.Trace, at int) {
	if f.held != nil {
		return f.held, min(f.at, len(f.held)-1)
	}
	list = s.Recent
	if f.worst {
		list = slices.Clone(score.Worst(s.Failures))
		slices.Reverse(list) // the very worst where the eye is: at the end
	}
	if words := strings.Fields(strings.ToLower(filter)); len(words) > 0 {
		list = slices.DeleteFunc(slices.Clone(list), func(t score.Trace) bool { return !meant(words, traceText(t)) })
	}
	return list, len(list) - 1
}

// toFeed goes to the feed of the latest or the worst requests; on a screen too
// small for panels, to one of them at once.
func (m live) toFeed(worst bool) live {
	m.feed = &feed{worst: worst}
	m = m.focused(panelFeed)
	if m.snap == nil || m.snap.Plan == nil || m.focus == panelFeed && len(m.slots(false)) > 0 {
		return m
	}
	if list, at := m.feed.traces(m.snap, m.filters[panelFeed]); at >= 0 {
		m.dialog = &waterfall{list: list, at: at}
	}
	return m
}

// firstRow is the first request shown of so many: the chosen one is in view.
func (f *feed) firstRow(n, at, rows int) int {
	last := max(n-rows, 0)
	if f.held == nil {
		return last
	}
	return min(max(at-rows/2, 0), last)
}

// chosen is the screen with the request chosen that stands in a row of the
// feed; chosen again it is opened.
func (m live) chosen(row, rows int) live {
	list, at := m.feed.traces(m.snap, m.filters[panelFeed])
	i := m.feed.firstRow(len(list), at, rows) + row
	switch {
	case i < 0 || i >= len(list):
	case m.feed.held != nil && i == at:
		m.dialog = &waterfall{list: list, at: at}
	default:
		m.feed = &feed{worst: m.feed.worst, held: list, at: i}
	}
	return m
}

// meant tells whether all words occur in a text.
func meant(words []string, text string) bool {
	text = strings.ToLower(text)
	return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) })
}

// traceText is all of a request that a filter looks at.
func traceText(t score.Trace) string {
	parts := []string{t.Sample.Request, string(t.Outcome), t.Sample.Reason, t.Sample.Model, t.Sample.Marker}
	for _, c := range t.Calls {
		parts = append(parts, c.Provider, c.Failure, strings.Join(c.Faults, " "))
	}
	return strings.Join(parts, " ")
}

// fed handles the keys of the feed while it has the focus; mine is false for
// all others.
func (m live) fed(msg tea.KeyPressMsg) (next live, mine bool) {
	k := m.keys
	if m.focus != panelFeed || m.snap == nil || m.snap.Plan == nil {
		return m, false
	}
	list, at := m.feed.traces(m.snap, m.filters[panelFeed])
	_, h := m.room(panelFeed)
	f := *m.feed
	var step int
	switch {
	case key.Matches(msg, k.open):
		if len(list) > 0 {
			m.dialog = &waterfall{list: list, at: at}
		}
		return m, true
	case key.Matches(msg, k.worst):
		m.feed = &feed{worst: !f.worst}
		return m, true
	case key.Matches(msg, k.follow), key.Matches(msg, k.bottom):
		m.feed = &feed{worst: f.worst}
		return m, true
	case key.Matches(msg, k.up):
		step = -1
	case key.Matches(msg, k.down):
		step = 1
	case key.Matches(msg, k.pageUp):
		step = -max(h-1, 1)
	case key.Matches(msg, k.pageDown):
		step = max(h-1, 1)
	case key.Matches(msg, k.top):
		step = -len(list)
	default:
		return m, false
	}
	if len(list) > 0 {
		f.held, f.at = list, min(max(at+step, 0), len(list)-1)
		m.feed = &f
	}
	return m, true
}

// route is the way of a request: who was asked, and what came of it.
func route(th *theme, t score.Trace) string {
	if len(t.Calls) == 0 {
		switch t.Outcome {
		case journal.OK, journal.Degraded:
			return "from a cache"
		}
		return "no call was made"
	}
	parts := make([]string, len(t.Calls))
	for i, c := range t.Calls {
		parts[i] = c.Provider + " " + callMark(th, c)
	}
	return strings.Join(parts, th.glyph.then)
}

// callMark is what came of a call in a mark or a word.
func callMark(th *theme, c *journal.Call) string {
	switch {
	case c.Failure != "":
		return c.Failure
	case c.Aborted:
		return "left"
	case c.Status/100 != 2:
		return "status"
	}
	return th.glyph.good
}
