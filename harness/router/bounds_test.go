package router

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"brownout/mocks/wire"
	"brownout/plan"
)

// Clients may name any model, and make up workflows and questions: what is
// remembered of them has a bound.
func TestWhatClientsNameIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, err := New(Config{
			Settings: plan.Router{Off: []string{"all"}, On: []string{"breaker"}, Route: []plan.Route{{Model: "*", To: []string{"a/{model}"}}}},
			Backends: []Backend{{Name: "a", Dialect: "openai", BaseURL: "http://a"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		g := r.live.Load().byName["a"].gate
		gone := &wire.Failure{Kind: wire.FailModelNotFound}
		for i := range 4 * maxCircuits {
			model := fmt.Sprint("model-", i)
			p, no := g.admit(model)
			if no != nil {
				t.Fatal(no)
			}
			g.settle(p, condemned, model, gone)
		}
		if n := len(g.holds); n > maxCircuits {
			t.Errorf("%d models are left alone, want at most %d", n, maxCircuits)
		}
		<-time.After(time.Minute) // what is over gives way to what is new
		p, no := g.admit("model-new")
		if no != nil {
			t.Fatal(no)
		}
		g.settle(p, condemned, "model-new", gone)
		if g.refuses("model-new") == nil {
			t.Error("a model that is gone is not left alone, though all holds before it are over")
		}
	})
	t.Run("accounts", func(t *testing.T) {
		l := newLedger()
		busy, over := l.reserve(1, charge{accountID: accountID{kind: "workflow", name: "busy"}, limitUSD: 1})
		if over != nil {
			t.Fatal(over)
		}
		for i := range maxAccounts + 1000 {
			v, over := l.reserve(0.1, charge{accountID: accountID{kind: "workflow", name: fmt.Sprint(i)}, limitUSD: 1})
			if over != nil {
				t.Fatal(over)
			}
			v.settle(0.1)
		}
		if n := len(l.accounts); n > maxAccounts {
			t.Errorf("%d accounts are kept, want at most %d", n, maxAccounts)
		}
		if l.accounts[accountID{kind: "workflow", name: "busy"}] == nil {
			t.Error("an account was forgotten that money is reserved on")
		}
		busy.settle(0)
	})
	t.Run("questions", func(t *testing.T) {
		v := newSemantic(0.9)
		for i := range mostQuestions + 2*mostAlike {
			group := i / mostAlike
			v.claim(digest{byte(group), byte(group >> 8)}, likenessOf(fmt.Sprint("refund ", i)), digest{}, true)
		}
		if v.questions > mostQuestions {
			t.Errorf("%d questions are kept, want at most %d", v.questions, mostQuestions)
		}
		kept := 0
		for _, g := range v.by.Values() {
			kept += len(g.list)
		}
		if kept != v.questions {
			t.Errorf("%d questions are counted, and %d kept", v.questions, kept)
		}
	})
}
