package router

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"brownout/mocks/wire"
)

func perDay(kind, name string, usd float64) charge {
	return charge{accountID: accountID{kind: kind, name: name}, limitUSD: usd, window: 24 * time.Hour}
}

func TestBudgetIsEnforcedBeforeTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLedger()
		key, flow := perDay("key", "team-a", 1), charge{accountID: accountID{kind: "workflow", name: "w1"}, limitUSD: 0.5}
		first, over := l.reserve(0.4, key, flow)
		if over != nil {
			t.Fatal(over)
		}
		_, over = l.reserve(0.2, key, flow)
		if over == nil || over.kind != "workflow" {
			t.Fatalf("0.6 of 0.5 was granted: %v", over)
		}
		for _, say := range []string{`workflow "w1"`, "is $0.50;", "$0.00 is spent", "$0.40 reserved", "up to $0.20", "does not renew"} {
			if !strings.Contains(over.Error(), say) {
				t.Errorf("%q does not say %q", over, say)
			}
		}
		first.settle(0.1)
		first.settle(0.4) // only once
		second, over := l.reserve(0.4, key, flow)
		if over != nil {
			t.Fatal(over)
		}
		second.settle(0)
		if b := l.balances("key"); len(b) != 1 || b[0].spentUSD != 0.1 || b[0].reservedUSD != 0 {
			t.Errorf("%+v", b)
		}
		if _, over = l.reserve(0.95, key); over == nil || over.kind != "key" {
			t.Fatalf("1.05 of 1 was granted: %v", over)
		}
		if !strings.Contains(over.Error(), "per 24h;") || !strings.Contains(over.Error(), "full again at 2000-01-02T00:00:00Z") {
			t.Errorf("%q", over)
		}
		fail := over.failure()
		if fail.Kind != wire.FailQuota || fail.RetryAfter != 24*time.Hour {
			t.Errorf("%+v", fail)
		}
	})
}

func TestBudgetRenewsWithItsWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLedger()
		key := perDay("key", "k", 1)
		late, _ := l.reserve(1, key)
		if _, over := l.reserve(0.1, key); over == nil {
			t.Fatal("overdrawn")
		}
		<-time.After(24 * time.Hour)
		today, over := l.reserve(1, key)
		if over != nil {
			t.Fatal(over)
		}
		late.settle(1) // yesterday's
		if b := l.balances("key")[0]; b.spentUSD != 0 || b.reservedUSD != 1 {
			t.Errorf("%+v", b)
		}
		today.settle(1)
		if _, over := l.reserve(0.000001, key); over == nil {
			t.Error("overdrawn")
		}
	})
}

func TestACallThatCostsMoreIsBookedInFull(t *testing.T) {
	l := newLedger()
	key := perDay("key", "k", 1)
	r, _ := l.reserve(0.9, key)
	r.settle(1.2)
	if b := l.balances("key")[0]; b.spentUSD != 1.2 {
		t.Errorf("%+v", b)
	}
	if _, over := l.reserve(0, key); over == nil {
		t.Error("the next call was let through")
	}
}

func TestLedgerForgetsIdleAccounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLedger()
		kept, _ := l.reserve(1, charge{accountID: accountID{kind: "workflow", name: "busy"}})
		for i := range 5000 {
			if i == 1500 {
				<-time.After(idleAccount + 1)
			}
			r, _ := l.reserve(1, charge{accountID: accountID{kind: "workflow", name: fmt.Sprint(i)}})
			r.settle(1)
		}
		if n := len(l.accounts); n > 5000-1000 {
			t.Errorf("%d accounts are kept", n)
		}
		if l.accounts[accountID{kind: "workflow", name: "busy"}] == nil {
			t.Error("one with money reserved was forgotten")
		}
		kept.settle(0)
	})
}

func TestMoneyRoundsUp(t *testing.T) {
	for usd, want := range map[float64]nanoUSD{0: 0, -1: 0, 1e-9: 1, 1.1e-9: 2, 0.1: 1e8, 0.3: 3e8, 1e30: 1<<63/4 - 1} {
		if got := nanosOf(usd); got != want {
			t.Errorf("%v: %d, want %d", usd, got, want)
		}
	}
	for n, want := range map[nanoUSD]string{0: "$0.00", 5e8: "$0.50", 1: "$0.000000001", 12e9: "$12.00", 123e6: "$0.123"} {
		if n.String() != want {
			t.Errorf("%d: %s, want %s", int64(n), n, want)
		}
	}
}

// Whatever runs at once, and in whatever order it is settled: what is spent
// and reserved never exceeds a limit, and at the end everything adds up.
func TestBudgetsAreNeverOverdrawn(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		limits := map[string]float64{"a": rapid.Float64Range(0.01, 3).Draw(rt, "a"), "b": rapid.Float64Range(0.01, 3).Draw(rt, "b")}
		l := newLedger()
		type call struct {
			most, share float64
			on          []string
		}
		calls := make([]call, rapid.IntRange(1, 60).Draw(rt, "calls"))
		for i := range calls {
			calls[i] = call{
				most:  rapid.Float64Range(0, 1).Draw(rt, "most"),
				share: rapid.SampledFrom([]float64{0, 0.3, 1}).Draw(rt, "billed"),
				on:    rapid.SampledFrom([][]string{{"a"}, {"b"}, {"a", "b"}, {"b", "a"}}).Draw(rt, "on"),
			}
		}
		check := func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			for id, a := range l.accounts {
				if a.spent < 0 || a.reserved < 0 || a.spent+a.reserved > nanosOf(limits[id.name]) {
					rt.Errorf("%s: %v spent and %v reserved of %v", id.name, a.spent, a.reserved, limits[id.name])
				}
			}
		}
		var mu sync.Mutex
		spent := map[string]nanoUSD{}
		var all sync.WaitGroup
		for _, c := range calls {
			all.Go(func() {
				var on []charge
				for _, name := range c.on {
					on = append(on, charge{accountID: accountID{kind: "key", name: name}, limitUSD: limits[name]})
				}
				r, over := l.reserve(c.most, on...)
				check()
				if over != nil {
					return
				}
				r.settle(c.most * c.share)
				check()
				mu.Lock()
				defer mu.Unlock()
				for _, name := range c.on {
					spent[name] += nanosOf(c.most * c.share)
				}
			})
		}
		all.Wait()
		for _, b := range l.balances("key") {
			if b.reservedUSD != 0 || b.spentUSD != spent[b.name].usd() {
				rt.Errorf("%+v, want %v spent", b, spent[b.name])
			}
		}
	})
}

// balance is the state of one account.
type balance struct {
	accountID
	spentUSD, reservedUSD float64
	resets                time.Time // zero: no window
}

// balances lists the accounts of a kind by name.
func (l *ledger) balances(kind string) []balance {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []balance
	for id, a := range l.accounts {
		if id.kind == kind {
			list = append(list, balance{id, a.spent.usd(), a.reserved.usd(), a.to})
		}
	}
	slices.SortFunc(list, func(a, b balance) int { return strings.Compare(a.name, b.name) })
	return list
}

// Settling one call leaves what others have reserved.
func TestReservationsAreSettledApart(t *testing.T) {
	l := newLedger()
	key := perDay("key", "team-a", 1)
	first, over := l.reserve(0.4, key)
	if over != nil {
		t.Fatal(over)
	}
	if _, over = l.reserve(0.4, key); over != nil {
		t.Fatal(over)
	}
	first.settle(0.1)
	if _, over = l.reserve(0.6, key); over == nil {
		t.Error("0.6 of 1 was granted, where 0.1 is spent and 0.4 reserved")
	}
	if _, over = l.reserve(0.5, key); over != nil {
		t.Error(over)
	}
}
