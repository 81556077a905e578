package scorecard

import (
	"fmt"
	"strings"
)

// Means says in a line what a grade means.
func (g Grade) Means() string {
	switch g {
	case Pass:
		return "a whole answer and right conduct"
	case Partial:
		return "rescued, though it neglected what is advised"
	case Safe:
		return "a clean, bounded error that names the cause"
	case Unknown:
		return "the fault met nothing"
	case Fail:
		return "it hung, gave a wrong answer as a good one, hammered a provider, or masked the cause"
	}
	return "no grade"
}

// Page explains a grade in plain words: what was seen where it is given, and
// what it says of the target.
func (g Grade) Page() string {
	switch g {
	case Pass:
		return `The client got a whole answer before its deadline, or the refusal that was the
right answer, passed on with its reason. Meanwhile the target waited as long as
it was told to, repeated nothing that no retry mends, and left no call running.`
	case Partial:
		return fmt.Sprintf(`The client was served whole, so the fault was survived, but one of these was seen:

  - one call before a retry-after that the provider had stated
  - one repetition, at the same provider, of what no retry mends
  - a call that ran more than %s beyond the answer
  - an answer that does not say what model gave it

None of them hurts this one client. Under load the first three make an outage
longer or a bill larger; and an answer that nobody signed cannot be accounted for. What no retry mends: %s.`, slack, strings.Join(useless, ", "))
	case Safe:
		return fmt.Sprintf(`The client got no answer, but before its deadline an error that names what the
provider said, so that a caller can do the right thing about it. It is the best
that a target without failover can attain. Errors that pass by themselves may
stand for each other: %s.`, strings.Join(passing, ", "))
	case Unknown:
		return `Nothing is proven: the fault was not in effect when the request was sent, or it
met none of its calls, three times in a row. On a machine that is busy, ask again.
A gateway that runs already was pointed at one set of providers, so that rows that
strike another than its first are unknown.`
	case Fail:
		return fmt.Sprintf(`One of these was seen:

  - no end before the deadline: the client waited for nothing
  - a wrong answer as a good one: truncated, empty, altered, unreadable or somebody
    else's under a 200
  - hammering, at one provider for one request: more than %d call before a stated
    retry-after, more than %d of what no retry mends, more than %d that failed
  - an error that names another cause than what the providers said: money that is
    gone told as a rate limit sends the caller the wrong way`, mostEarly, mostUseless, mostTries)
	}
	return ""
}
