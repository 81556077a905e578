package router

import (
	"cmp"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"sync/atomic"

	"brownout/mocks/wire"
)

// Budgets. What an attempt may cost at most is reserved on every account that
// it is charged to before it is made, and what it did cost is settled when it
// has ended. A provider that is too dear for what is left is passed over; where
// all are, the request is refused before anybody was asked.

// kindOverBudget marks an attempt for which the money was gone between the
// look at the accounts and its reservation. It is no fault of its provider.
const kindOverBudget wire.FailureKind = "over_budget"

// funds are the accounts of one request.
type funds struct {
	in *ledger
	on []charge
}

// anonymous is the account of all clients that do not say who they are.
const anonymous = "anonymous"

// budgets is the mitigation.
func budgets(r *engine) *stage {
	in := keep(r, "budgets", nil, newLedger) // what is spent outlives a change of the bounds
	return &stage{
		admit: func(c *call) (func(*ending), *wire.Failure) {
			c.funds = c.accounts(in)
			if c.funds == nil {
				return nil, nil
			}
			over, affordable := c.tooDear()
			if over != nil && !affordable {
				fail := over.failure()
				c.r.tell(Decision{What: OverBudget, Marker: c.marker, Detail: fail.Message})
				return nil, fail
			}
			return c.funds.close, nil
		},
		bars: func(c *call, cand *candidate) *refusal {
			if c.funds == nil {
				return nil
			}
			if over := in.lacks(c.most(cand, c.req), c.funds.on...); over != nil {
				return &refusal{why: over.Error(), cause: over.failure()}
			}
			return nil
		},
		attempt: func(c *call, a *attempt) trial {
			if c.funds == nil {
				return trial{}
			}
			a.stake = &stake{}
			return trial{ended: func(a *attempt) { a.stake.settle(c, a) }}
		},
		prepare: func(c *call, a *attempt, req *wire.Request) (*wire.Request, *wire.Failure) {
			if c.funds == nil {
				return req, nil
			}
			held, over := in.reserve(c.most(a.cand, req), c.funds.on...)
			if over != nil {
				return nil, &wire.Failure{Kind: kindOverBudget, Message: over.Error()}
			}
			a.stake.held = held
			return req, nil
		},
		edit: func(a *attempt, q *http.Request) {
			if a.stake == nil {
				return
			}
			sent := &a.stake.sent
			*q = *q.WithContext(httptrace.WithClientTrace(q.Context(), &httptrace.ClientTrace{
				WroteHeaders: func() { sent.Store(true) },
			}))
		},
	}
}

// accounts are those that the request is charged to; nil: none has a bound.
func (c *call) accounts(in *ledger) *funds {
	set, t := &c.r.set.Budgets, &c.terms
	key := cmp.Or(t.account(), anonymous)
	var on []charge
	if set.PerKey > 0 {
		on = append(on, charge{accountID{kind: "key", name: key}, set.PerKey, set.Window})
	}
	switch limit := least(t.budgetUSD, set.PerWorkflow); {
	case t.workflow != "" && limit > 0:
		on = append(on, charge{accountID{kind: "workflow", name: t.workflow, of: key}, limit, 0})
	case t.workflow == "" && t.budgetUSD > 0:
		// Ids may be the client's own, so the number is what tells it apart.
		of := strconv.FormatUint(c.r.serial.Add(1), 10)
		on = append(on, charge{accountID{kind: "request", name: c.id, of: of}, t.budgetUSD, 0})
	}
	if on == nil {
		return nil
	}
	return &funds{in, on}
}

// least is the smaller of two bounds, of which 0 is none.
func least(a, b float64) float64 {
	if a <= 0 || b > 0 && b < a {
		return b
	}
	return a
}

// close forgets the account of the request alone.
func (f *funds) close(*ending) {
	for _, c := range f.on {
		if c.kind == "request" {
			f.in.close(c.accountID)
		}
	}
}

// tooDear tells why the best candidate cannot be paid for, and whether another
// one can.
func (c *call) tooDear() (over *overdraft, affordable bool) {
	for i := range c.cands {
		o := c.funds.in.lacks(c.most(&c.cands[i], c.req), c.funds.on...)
		if o == nil {
			return over, true
		}
		if over == nil {
			over = o
		}
	}
	return over, false
}

// unknownLength is how long an answer is taken to be at most, in tokens, where
// neither the request nor the catalogue says.
const unknownLength = 4096

// most is what a call can cost at most, in USD, by the prices known. A token of
// a prompt is at least one byte of it, in every tokenizer that works on bytes.
func (c *call) most(cand *candidate, req *wire.Request) float64 {
	u := wire.Usage{Prompt: promptBytes(req)}
	if c.embed == nil {
		u.Completion = req.MaxTokens
		if longest := cmp.Or(cand.info.MaxOutput, cand.info.Context, unknownLength); u.Completion == 0 || cand.info.MaxOutput > 0 && u.Completion > longest {
			u.Completion = longest
		}
	}
	return cand.most(u)
}

// promptBytes bounds the tokens of a prompt from above.
func promptBytes(req *wire.Request) int {
	// What chat templates put around a turn, and around all of them.
	const turn, head = 16, 64
	n := head + len(req.Schema)
	for _, m := range req.Messages {
		n += turn + len(m.Text)
		for _, t := range m.ToolCalls {
			n += turn + len(t.Name) + len(t.Arguments)
		}
	}
	for _, t := range req.Tools {
		n += turn + len(t.Name) + len(t.Description) + len(t.Schema)
	}
	return n
}

// stake is what is reserved for an attempt.
type stake struct {
	held *reservation // nil: nothing was
	sent atomic.Bool  // the provider may have seen it
}

// settle books what the attempt has cost. A provider's error is free. What is
// not known counts in full: the call was given up, or broke off, and its
// provider may bill what it had made by then.
func (s *stake) settle(c *call, a *attempt) {
	if s.held == nil {
		return
	}
	known := a.usage != (wire.Usage{}) && !a.guessed && (a.up.reader == nil || a.fail == nil && !a.lost)
	switch {
	case !s.sent.Load(), a.status >= http.StatusBadRequest:
		s.held.settle(0)
	case known:
		s.held.settle(c.cost(a))
	default:
		s.held.settle(s.held.most.usd())
	}
}
