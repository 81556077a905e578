package router

import (
	"fmt"
	"maps"
	"math"
	"strings"
	"sync"
	"time"

	"brownout/mocks/wire"
)

// ledger keeps what was spent on whose account, and bounds it before the money
// is spent: a call reserves the most that it can cost, and what it did cost is
// settled when it has ended. What is spent and reserved together never exceeds
// an account's limit, whatever runs at once, as long as no call costs more
// than it reserved; one that does is booked in full, and the next is refused.
//
// Money is kept in whole billionths of a dollar, so that sums do not drift.
type ledger struct {
	mu       sync.Mutex
	accounts map[accountID]*account
	sweepAt  int // accounts from which on forgotten ones are looked for
}

// nanoUSD is money in billionths of a US dollar.
type nanoUSD int64

// nanosOf rounds up, so that a reservation is never too small.
func nanosOf(usd float64) nanoUSD {
	switch n := math.Ceil(usd*1e9 - 1e-6); { // less what a float64 is off by
	case !(n > 0):
		return 0
	case n >= math.MaxInt64/4:
		return math.MaxInt64 / 4
	default:
		return nanoUSD(n)
	}
}

func (n nanoUSD) usd() float64 { return float64(n) / 1e9 }

// String writes dollars with as many places as matter.
func (n nanoUSD) String() string {
	s := strings.TrimRight(fmt.Sprintf("%.9f", n.usd()), "0")
	if i := strings.IndexByte(s, '.'); len(s)-i < 3 {
		s += "00"[:3-(len(s)-i)]
	}
	return "$" + s
}

// accountID says whose account it is.
type accountID struct {
	kind string // "key", "workflow" or "request": the word for it in messages
	name string // never the key itself, but what may be shown of it
	of   string // whose workflow or request it is, likewise: names of two clients may be the same
}

// charge is one account that a call is charged to, with its bound.
type charge struct {
	accountID
	limitUSD float64       // 0: none, the account is only kept
	window   time.Duration // whole windows are counted from the epoch, so that a day is a day in UTC; 0: the account is never emptied while it is used
}

// account is what was spent and reserved in one window.
type account struct {
	from            time.Time // the window's begin; zero: no window
	to              time.Time // and its end
	spent, reserved nanoUSD
	used            time.Time
}

// idleAccount is how long an account without a window is remembered after its
// last use.
const idleAccount = 24 * time.Hour

// maxAccounts bounds them, because clients make up their workflows: beyond it
// those that were not used for longest are forgotten sooner.
const maxAccounts = 100_000

func newLedger() *ledger { return &ledger{accounts: map[accountID]*account{}, sweepAt: 1024} }

// overdraft says why a call may not be made.
type overdraft struct {
	charge
	needs, spent, reserved nanoUSD
	resets                 time.Time // zero: never by itself
}

// Error names the budget, what is left of it and when it is full again.
func (o *overdraft) Error() string {
	s := fmt.Sprintf("the budget of %s %q is %v", o.kind, o.name, nanosOf(o.limitUSD))
	if o.window > 0 {
		s += fmt.Sprintf(" per %s", shortDuration(o.window))
	}
	s += fmt.Sprintf("; %v is spent and %v reserved, and this call may cost up to %v", o.spent, o.reserved, o.needs)
	if o.resets.IsZero() {
		return s + "; it does not renew itself"
	}
	return s + "; it is full again at " + o.resets.UTC().Format(time.RFC3339)
}

// failure is the overdraft as the client is told it: out of money, and until
// when.
func (o *overdraft) failure() *wire.Failure {
	f := &wire.Failure{Kind: wire.FailQuota, Message: o.Error()}
	if !o.resets.IsZero() {
		f.RetryAfter = max(time.Until(o.resets), time.Second)
	}
	return f
}

// shortDuration writes 24h rather than 24h0m0s.
func shortDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// reservation holds money for one call on all its accounts until it is settled.
type reservation struct {
	l    *ledger
	most nanoUSD
	on   []held
	done bool
}

// held is a reservation's share of one account, and the window it is of.
type held struct {
	id   accountID
	from time.Time
}

// reserve holds the most that a call can cost on all the accounts, or on none
// where one cannot bear it.
func (l *ledger) reserve(mostUSD float64, on ...charge) (*reservation, *overdraft) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	l.sweep(now)
	most := nanosOf(mostUSD)
	if over := l.short(most, on, now); over != nil {
		return nil, over
	}
	r := &reservation{l: l, most: most, on: make([]held, 0, len(on))}
	for _, c := range on {
		a := l.account(c, now)
		a.reserved += most
		r.on = append(r.on, held{c.accountID, a.from})
	}
	return r, nil
}

// lacks tells which account cannot bear a call that costs so much, if any. It
// reserves nothing.
func (l *ledger) lacks(mostUSD float64, on ...charge) *overdraft {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.short(nanosOf(mostUSD), on, time.Now())
}

func (l *ledger) short(most nanoUSD, on []charge, now time.Time) *overdraft {
	for _, c := range on {
		a := l.account(c, now)
		// A limit is rounded down: nobody has a billionth more than granted.
		if c.limitUSD > 0 && a.spent+a.reserved+most > nanoUSD(min(c.limitUSD*1e9+1e-6, math.MaxInt64/4)) {
			return &overdraft{charge: c, needs: most, spent: a.spent, reserved: a.reserved, resets: a.to}
		}
	}
	return nil
}

// close forgets an account that nobody will use again.
func (l *ledger) close(id accountID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.accounts, id)
}

// account finds or opens the account of a charge. In a new window it is empty
// again; what is still reserved of the old one is settled with that.
func (l *ledger) account(c charge, now time.Time) *account {
	a := l.accounts[c.accountID]
	if a == nil {
		a = &account{}
		l.accounts[c.accountID] = a
	}
	if c.window > 0 {
		if from := now.UTC().Truncate(c.window); !from.Equal(a.from) {
			*a = account{from: from, to: from.Add(c.window)}
		}
	}
	a.used = now
	return a
}

// settle books what the call did cost and gives back the rest. Only the first
// settlement counts.
func (r *reservation) settle(actualUSD float64) {
	r.l.mu.Lock()
	defer r.l.mu.Unlock()
	if r.done {
		return
	}
	r.done = true
	actual := nanosOf(actualUSD)
	for _, h := range r.on {
		if a := r.l.accounts[h.id]; a != nil && a.from.Equal(h.from) {
			a.reserved -= r.most
			a.spent += actual
		}
	}
}

// sweep forgets accounts that nobody has used for long, but none on which money
// is reserved. It looks only when their number has doubled, or has come to its
// bound; then a half of it is made room for.
func (l *ledger) sweep(now time.Time) {
	if len(l.accounts) < l.sweepAt {
		return
	}
	for idle := idleAccount; ; idle /= 2 {
		maps.DeleteFunc(l.accounts, func(_ accountID, a *account) bool {
			over := a.to.IsZero() && now.Sub(a.used) >= idle || !a.to.IsZero() && !now.Before(a.to)
			return over && a.reserved == 0
		})
		if len(l.accounts) <= maxAccounts/2 || idle == 0 {
			break
		}
	}
	l.sweepAt = min(max(1024, 2*len(l.accounts)), max(maxAccounts, len(l.accounts)+maxAccounts/2))
}
