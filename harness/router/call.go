package router

import (
	"context"
	"errors"
	"sync"
	"time"

	"brownout/mocks/wire"
)

// call is one client request on its way.
type call struct {
	r        *engine
	front    wire.Dialect    // what the client speaks
	ctx      context.Context // ends with the client, or at the deadline with errDeadline
	id       string
	marker   string
	terms    terms
	body     []byte             // the client's own bytes, valid until the request ends
	req      *wire.Request      // as the client asked
	embed    *wire.EmbedRequest // likewise; nil: a chat request
	model    string             // what the client means by the model it asked for
	began    time.Time
	budget   time.Duration // 0: none
	deadline time.Time     // when the router answers at the latest; zero: never
	cands    []candidate   // whom it may ask, best first
	attempts int
	waits    int
	pause    time.Duration // the back-off before the next attempt
	last     *candidate    // whom it asked last
	causes   []cause
	moving   *migration // of the model that is meant; nil: none
	moved    bool       // it is of the share that moves
	denied   *refusal   // why it may make no more attempts
	join     *joint     // the broken stream that is to be continued; nil: none
	amends   int        // how often it was changed after a refusal
	plain    bool       // fields beyond the neutral form are left out: a provider refused them
	leaves   []func(*ending)
	costUSD  float64
	funds    *funds                                // the accounts that it is charged to; nil: none has a bound
	trace    *traced                               // nil: not traced
	fieldSet fieldSet                              // the fields of body, once they were looked for
	recalled bool                                  // memory was worked out
	memory   *recall                               // what it has to do with answers given before; nil: nothing
	seat     *seat                                 // it makes a call for others too; nil: it does not
	end      ending                                // how it ends, as far as that is known
	fell     *wire.Failure                         // why it was answered by a fallback, or tried to be
	whole    []func(a *wire.Answer, by *candidate) // told of a provider's whole answer, before the client has the end of it

	wordCount int // of the prompt, once they were counted

	shared sync.Mutex // held by the stages of an attempt, as a hedge passes them beside it

	place  *bulkhead // got in the queue, and not used yet; nil: none
	queued bool      // it was in the queue

	needs needs // of rate limits; zero: not counted yet

	kept    []wire.Message // the turns that are sent where some are left out; nil: all
	trimmed int            // how many are left out
	cuts    int            // how often it was trimmed

	veil *veil // of personal data; nil: nobody was asked who must not see it
}

// candidate is a model of a backend as one request sees it.
type candidate struct {
	*backend
	model string
	info  *Model // what is known of the model
	stats *stats
	tries int
	spent bool    // not to be asked again by this request
	whole bool    // it takes no partial answer to go on with
	sent  sending // what rate limits are left with by its attempt
}

// cause is one failed attempt.
type cause struct {
	by   *backend
	fail *wire.Failure
}

// leastBudget is the time below which another attempt cannot succeed.
const leastBudget = 2 * time.Millisecond

// left is the time until the deadline.
func (c *call) left() time.Duration {
	if c.deadline.IsZero() {
		return 1<<63 - 1
	}
	return time.Until(c.deadline)
}

// gone tells whether the client has left.
func (c *call) gone() bool {
	return c.ctx.Err() != nil && !errors.Is(context.Cause(c.ctx), errDeadline)
}

// sleep pauses the request; false where it ended meanwhile.
func (c *call) sleep(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-c.ctx.Done():
		return false
	}
}
