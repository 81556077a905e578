package router

import (
	"strings"
	"time"

	"brownout/mocks/wire"
)

// refusal says why a provider's model is not to be asked now.
type refusal struct {
	asked   reluctance    // whether it is all the same
	wait    time.Duration // until it may be asked; 0: not known
	limited bool          // by a stated retry-after
	open    bool          // by the breaker
	full    bool          // it has as many calls in progress as it may have
	why     string        // in words; "": as the others say
	cause   *wire.Failure // what shut it; may be nil
}

// reluctance is what must be the case before a candidate is asked to which
// there is an objection.
type reluctance uint8

const (
	never      reluctance = iota
	ifPoor                // the others are ill or at their limits, too
	ifInferior            // of the others none does better
	freely                // there is none
)

// reluctances are those with which a candidate is asked, least first.
var reluctances = [...]reluctance{freely, ifInferior, ifPoor}

// reluctance is that of a candidate with this refusal; there may be none.
func (r *refusal) reluctance() reluctance {
	if r == nil {
		return freely
	}
	return r.asked
}

func (r *refusal) String() string {
	s := "held after"
	switch {
	case r.why != "":
		s = r.why + " after"
	case r.limited:
		s = "asked to come back in " + r.wait.Round(time.Millisecond).String() + " after"
	case r.open:
		s = "breaker open after"
	}
	if r.cause == nil {
		return strings.TrimSuffix(s, " after")
	}
	return s + " " + r.cause.Error()
}
