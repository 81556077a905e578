package router

import "time"

// seenEnough is how many answers a latency is judged by at the least.
const seenEnough = 20

// patience is how long an attempt may stay silent.
//
// Where nobody else could take over, a slow answer is better than none, and
// the deadline alone ends the attempt. Otherwise a stream has
// FirstTokenTimeout to its first token. A unary answer shows no first token
// (asking for it as a stream would, at the price of an event per token in
// every hop), so it has its share of what is left of the deadline, as large as
// that of each who could be asked after it, but no less than FirstTokenTimeout:
// enough for a long answer where the client has time, and never so much that
// nobody else could answer where several are silent.
//
// Both shrink to a multiple of what that provider's model took lately, so that
// a silent provider costs no more than it must.
func (c *call) patience(cand *candidate) silence {
	s := silence{whole: !c.req.Stream}
	limit := c.r.set.FirstTokenTimeout
	if limit < 0 {
		return s
	}
	others := c.others(cand)
	if others == 0 {
		return s
	}
	switch {
	case c.req.Stream:
		s.limit = min(limit, c.usual(cand, limit/5))
	case !c.deadline.IsZero():
		s.limit = max(limit, c.left()/time.Duration(1+others))
		s.limit = min(s.limit, c.usual(cand, limit/2))
	}
	return s
}

// usual is the longest that an answer of a candidate normally takes, but no
// less than least; without end where not enough is known.
func (c *call) usual(cand *candidate, least time.Duration) time.Duration {
	p95, n := cand.stats.quantile(0.95, c.req.Stream)
	if n < seenEnough || c.r.set.FirstTokenFactor <= 0 {
		return 1<<63 - 1
	}
	return max(least, time.Duration(c.r.set.FirstTokenFactor*float64(p95)))
}

// gap is the silence allowed between two tokens; 0 for unary answers.
func (c *call) gap() time.Duration {
	if c.req.Stream {
		return c.r.set.StreamGapTimeout
	}
	return 0
}
