package scorecard

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"brownout/harness/journal"
)

// Log gathers the events of one cell.
type Log struct {
	Samples  []*journal.Sample
	Calls    []*journal.Call
	Injected time.Duration // when the fault was in effect, since run start; 0: it was not
	LinkOnly bool          // no call can carry the fault's name
}

// Bounds of right conduct.
const (
	mostTries   = 3                     // calls of one request at one provider that failed; more is hammering
	mostUseless = 2                     // likewise after an error that no retry mends
	mostEarly   = 1                     // calls before a stated retry-after; more is hammering
	slack       = time.Second           // that a call may outlive the answer before it counts as left running
	closeEnough = 20 * time.Millisecond // that clocks of client and provider may seem to differ
)

// Judge grades what came of a cell's requests: the worst decides.
func Judge(fault string, l Log) Cell {
	c := Cell{Fault: fault, Grade: Pass, Requests: len(l.Samples), CallsAll: len(l.Calls), Calls: []Call{}}
	if len(l.Samples) == 0 {
		c.Grade, c.Why = Unknown, "no request was answered or given up"
		return c
	}
	if why := l.proves(); why != "" {
		c.Grade, c.Why = Unknown, why
	}
	var decided *journal.Sample
	for _, s := range l.Samples {
		c.Outcomes.add(s.Outcome)
		c.TookS = max(c.TookS, seconds(s.Total))
		grade, why := one(s, l.of(s.Marker))
		if decided == nil || worse(grade, c.Grade) != c.Grade {
			decided = s
			if c.Grade != Unknown {
				c.Grade, c.Why = grade, why
			}
		}
	}
	c.Calls = evidence(decided, l.of(decided.Marker))
	c.Answer = answer(decided)
	return c
}

// proves tells why nothing is proven; "" where something is.
func (l Log) proves() string {
	if l.Injected == 0 {
		return "the fault was not in effect"
	}
	for _, s := range l.Samples {
		if s.Sent < l.Injected {
			return "a request was sent before the fault was in effect"
		}
	}
	if !l.LinkOnly && !slices.ContainsFunc(l.Calls, func(c *journal.Call) bool { return len(c.Faults) > 0 }) {
		return "the fault met no call"
	}
	return ""
}

// of are the calls of a marker, by arrival.
func (l Log) of(marker string) []*journal.Call {
	var out []*journal.Call
	for _, c := range l.Calls {
		if c.Marker == marker {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b *journal.Call) int { return int(a.Arrived - b.Arrived) })
	return out
}

// one grades one request.
func one(s *journal.Sample, calls []*journal.Call) (Grade, string) {
	switch s.Outcome {
	case journal.Hung:
		return Fail, fmt.Sprintf("no end by the deadline, %.1f s after it was sent (%s)", seconds(s.Total), s.Reason) + came(s)
	case journal.Corrupt:
		return Fail, "a wrong answer was given as a good one: " + s.Reason + detail(s)
	}
	if why := Hammered(calls); why != "" {
		return Fail, why
	}
	if s.Outcome == journal.Failed {
		if why := masked(s, calls); why != "" {
			return Fail, why
		}
		return Safe, "a clean error after " + fmt.Sprintf("%.2f s: %s", seconds(s.Total), s.Reason) + detail(s)
	}
	if why := neglected(s, calls); why != "" {
		return Partial, why
	}
	if s.Model == "" && s.Reason == "" {
		return Partial, fmt.Sprintf("a whole answer after %.2f s, which does not say what model gave it", seconds(s.Total))
	}
	if s.Reason != "" {
		return Pass, "the right refusal was passed on: " + s.Reason
	}
	return Pass, fmt.Sprintf("a whole answer after %.2f s", seconds(s.Total))
}

// came says what had come of an answer that had no end: half of one, which its
// reader may have taken for good, is not the same as silence.
func came(s *journal.Sample) string {
	if s.TTFT == 0 {
		return ""
	}
	pieces := "1 piece"
	if s.Gaps > 0 {
		pieces = fmt.Sprintf("%d pieces", s.Gaps+1)
	}
	return fmt.Sprintf(": under HTTP %d %s of an answer came, the first after %.2f s, and neither its end nor an error", s.Status, pieces, seconds(s.TTFT))
}

func detail(s *journal.Sample) string {
	if s.Detail == "" {
		return ""
	}
	return " (" + s.Detail + ")"
}

// useless are the failures after which the same call at the same provider fails
// again, whatever the wait: kinds of package wire.
var useless = []string{
	"quota_exhausted", "auth", "permission", "model_not_found", "context_length", "content_filter",
	"bad_request", "too_large", "not_found", "bad_method",
}

// tally counts one provider's calls for a request.
type tally struct{ failed, useless, early int }

// Early tells of each of one request's calls, by arrival, whether it came before
// a retry-after that its provider had stated: to all by a rate limit, or to this
// request by another failure.
func Early(calls []*journal.Call) []bool {
	out := make([]bool, len(calls))
	until := map[string]time.Duration{} // when each provider's word runs out
	for i, c := range calls {
		out[i] = c.Early || c.Arrived+closeEnough < until[c.Provider]
		if c.RetryAfter > 0 {
			until[c.Provider] = c.Arrived + c.Total + c.RetryAfter
		}
	}
	return out
}

func tallies(calls []*journal.Call) (names []string, by map[string]*tally) {
	by = map[string]*tally{}
	early := Early(calls)
	for i, c := range calls {
		t := by[c.Provider]
		if t == nil {
			t = new(tally)
			by[c.Provider] = t
			names = append(names, c.Provider)
		}
		if c.Failure != "" {
			t.failed++
		}
		if slices.Contains(useless, c.Failure) {
			t.useless++
		}
		if early[i] {
			t.early++
		}
	}
	return names, by
}

// Hammered tells of a provider that was asked far too often for one request; ""
// where none was.
func Hammered(calls []*journal.Call) string {
	names, by := tallies(calls)
	for _, name := range names {
		switch t := by[name]; {
		case t.early > mostEarly:
			return fmt.Sprintf("%s was asked %d times before the retry-after that it had stated", name, t.early)
		case t.useless > mostUseless:
			return fmt.Sprintf("%s was asked %d times for what no retry mends", name, t.useless)
		case t.failed > mostTries:
			return fmt.Sprintf("%s was asked %d times for one request, and failed each time", name, t.failed)
		}
	}
	return ""
}

// Useless counts the calls that repeat at the same provider what no retry mends.
func Useless(calls []*journal.Call) (n int) {
	_, by := tallies(calls)
	for _, t := range by {
		n += max(0, t.useless-1)
	}
	return n
}

// neglected tells what was not done as is advised; "" where all was.
func neglected(s *journal.Sample, calls []*journal.Call) string {
	if why := Neglected(calls); why != "" {
		return why
	}
	for _, c := range calls {
		if end := c.Arrived + c.Total; end > s.Scheduled+s.Total+slack {
			return fmt.Sprintf("the call to %s was left running %.1f s beyond the answer", c.Provider, seconds(end-s.Scheduled-s.Total))
		}
	}
	return ""
}

// Neglected tells of a provider that was asked for one request otherwise than is
// advised, though not far too often; "" where none was.
func Neglected(calls []*journal.Call) string {
	names, by := tallies(calls)
	for _, name := range names {
		switch t := by[name]; {
		case t.early > 0:
			return name + " was asked again before the retry-after that it had stated"
		case t.useless > 1:
			return name + " was asked again after an error that no retry mends"
		}
	}
	return ""
}

// passing are failures that pass by themselves, so that a gateway may tell one
// of them for another: the client's right conduct is the same.
var passing = []string{"overload", "server_error", "timeout", "transport", "cut", "rate_limit"}

// masked tells where a client was told something else than what happened; ""
// where it was told the truth.
func masked(s *journal.Sample, calls []*journal.Call) string {
	if s.Reason == "connect" {
		return "the gateway itself could not be reached" + detail(s)
	}
	var causes []string
	for _, c := range calls {
		switch {
		case c.Failure != "":
			causes = append(causes, c.Failure)
		case c.Aborted:
			causes = append(causes, "timeout")
		}
	}
	if len(causes) == 0 {
		causes = []string{"transport"} // nobody was reached
	}
	slices.Sort(causes)
	causes = slices.Compact(causes)
	if slices.Contains(causes, s.Reason) {
		return ""
	}
	if slices.Contains(passing, s.Reason) && slices.ContainsFunc(causes, func(c string) bool { return slices.Contains(passing, c) || c == "malformed" }) {
		return ""
	}
	return fmt.Sprintf("the cause is masked: providers said %s, the client was told %s%s", strings.Join(causes, ", "), s.Reason, detail(s))
}

// evidence are the calls of a request as they are shown.
func evidence(s *journal.Sample, calls []*journal.Call) []Call { return Calls(s.Sent, calls) }

// Calls are calls of one request, by arrival, as they are shown: since a moment
// of the run.
func Calls(since time.Duration, calls []*journal.Call) []Call {
	out := []Call{}
	early := Early(calls)
	for i, c := range calls {
		e := Call{
			Provider: c.Provider, AtS: seconds(max(0, c.Arrived-since)), TookS: seconds(c.Total), Status: c.Status,
			Failure: c.Failure, Left: c.Aborted, Early: early[i],
		}
		if i > 0 {
			if gap := c.Arrived - calls[i-1].Arrived - calls[i-1].Total; gap > closeEnough || gap < -closeEnough {
				e.GapS = seconds(gap)
			}
		}
		out = append(out, e)
	}
	return out
}

// answer is what the client saw of a request.
func answer(s *journal.Sample) string {
	text := string(s.Outcome)
	if s.Reason != "" {
		text += ": " + s.Reason
	}
	if s.Status != 0 {
		text = fmt.Sprintf("HTTP %d, %s", s.Status, text)
	}
	return text
}

// Waterfall is the calls of a cell in one line.
func (c Cell) Waterfall() string { return Waterfall(c.Calls) }

// Waterfall is calls in one line.
func Waterfall(calls []Call) string {
	var parts []string
	for _, v := range calls {
		s := fmt.Sprintf("%s at %.2f s: ", v.Provider, v.AtS)
		switch {
		case v.Failure != "" && v.Status != 200:
			s += fmt.Sprintf("%d %s", v.Status, v.Failure)
		case v.Failure != "":
			s += v.Failure
		case v.Left:
			s += "left"
		default:
			s += fmt.Sprint(v.Status)
		}
		s += fmt.Sprintf(" after %.2f s", v.TookS)
		if v.Early {
			s += ", early"
		}
		parts = append(parts, s)
	}
	if len(parts) == 0 {
		return "no call reached a provider"
	}
	return strings.Join(parts, "; ")
}
