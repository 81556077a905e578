package router_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"brownout/harness/router"
	"brownout/mocks/wire"
	"brownout/plan"
)

// priced is a backend whose answers cost: a dollar for each token of an
// answer, of which the longest has 10, and nothing for a prompt.
func priced(name string, script func(int) act) *fake {
	f := backend(name, script)
	f.Catalogue = []router.Model{{ID: name + "-model", MaxOutput: 10, PriceOut: 1e6}}
	return f
}

func spends(workflow, key, budget string) http.Header {
	h := http.Header{}
	for name, v := range map[string]string{wire.HeaderWorkflow: workflow, router.HeaderAgent: key, wire.HeaderBudget: budget} {
		if v != "" {
			h.Set(name, v)
		}
	}
	return h
}

// wantRefused fails the test unless the request was refused for want of money,
// in words that say this.
func (w *world) wantRefused(g got, says ...string) {
	w.t.Helper()
	if g.fail == nil || g.fail.Kind != wire.FailQuota || g.header.Get("X-Should-Retry") != "false" {
		w.t.Fatalf("status %d, failure %v, text %q, headers %v", g.status, g.fail, g.text, g.header)
	}
	for _, s := range says {
		if !strings.Contains(g.fail.Message, s) {
			w.t.Errorf("%q does not say %q", g.fail.Message, s)
		}
	}
}

// What an answer may cost is reserved before the call: $10; what it did cost is
// settled: $3.
func TestBudgets(t *testing.T) {
	for name, tt := range map[string]struct {
		set     plan.Budgets
		header  http.Header
		other   http.Header // whose account is another
		granted int         // requests before the first that is refused
		says    []string
	}{
		"of a workflow by its client": {header: spends("w", "k", "20"), other: spends("v", "k", "20"), granted: 4, says: []string{`workflow "w" is $20.00`, "$12.00 is spent", "up to $10.00", "does not renew"}},
		"of a workflow by the router": {set: plan.Budgets{PerWorkflow: 15}, header: spends("w", "k", ""), other: spends("w", "l", ""), granted: 2, says: []string{"is $15.00", "$6.00 is spent"}},
		"the lower of both":           {set: plan.Budgets{PerWorkflow: 15}, header: spends("w", "k", "100"), granted: 2},
		"of a key":                    {set: plan.Budgets{PerKey: 13}, header: spends("", "k", ""), other: spends("", "l", ""), granted: 2, says: []string{"budget of key", "per 24h", "full again at 2000-01-02T00:00:00Z"}},
		"of nobody in particular":     {set: plan.Budgets{PerKey: 13}, other: spends("", "l", ""), granted: 2, says: []string{`"anonymous"`}},
		"of one request":              {header: spends("", "k", "9.99"), other: spends("", "k", "10"), granted: 0, says: []string{`budget of request`, "is $9.99"}},
	} {
		t.Run(name, func(t *testing.T) {
			a := priced("a", always(answers("from a", 0)))
			run(t, plan.Router{Budgets: tt.set}, []*fake{a}, func(w *world) {
				for range tt.granted {
					w.want(w.send(ask{header: tt.header}), "a", 1, 0)
				}
				for range 2 {
					w.wantRefused(w.send(ask{header: tt.header}), tt.says...)
				}
				w.wantRefused(w.send(ask{header: tt.header, stream: true}), tt.says...)
				if a.count() != tt.granted {
					t.Errorf("%d calls, want %d: the refused must not be made", a.count(), tt.granted)
				}
				if tt.other != nil {
					w.want(w.send(ask{header: tt.other}), "a", 1, 0)
				}
				if d := w.did(); len(d) != 3 || d[0] != router.OverBudget {
					t.Errorf("decided %q", d)
				}
			})
		})
	}
}

// One key switches budgets off, whoever names one.
func TestBudgetsOff(t *testing.T) {
	a := priced("a", always(answers("from a", 0)))
	run(t, plan.Router{Off: []string{"budgets"}, Budgets: plan.Budgets{PerKey: 1}}, []*fake{a}, func(w *world) {
		w.want(w.send(ask{header: spends("w", "k", "0.5")}), "a", 1, 0)
	})
}

// Requests at once cannot spend the same money: one reservation fits, not two.
func TestBudgetsHoldWhileCallsAreUnderWay(t *testing.T) {
	a := priced("a", always(answers("from a", time.Second)))
	run(t, plan.Router{}, []*fake{a}, func(w *world) {
		ok := 0
		for _, g := range w.atOnce(make([]time.Duration, 8), func(int) ask { return ask{header: spends("w", "k", "29")} }) {
			if g.status == http.StatusOK {
				ok++
			} else {
				w.wantRefused(g, "$20.00 reserved")
			}
		}
		if ok != 2 || a.count() != 2 {
			t.Errorf("%d answered with %d calls, want 2", ok, a.count())
		}
		// 6 are spent, and 23 left: room for two at once again.
		w.want(w.send(ask{header: spends("w", "k", "29")}), "a", 1, time.Second)
	})
}

// A key's account is empty again with its next window, to the moment.
func TestBudgetsRenew(t *testing.T) {
	a := priced("a", always(answers("from a", 0)))
	run(t, plan.Router{Budgets: plan.Budgets{PerKey: 10, Window: time.Hour}}, []*fake{a}, func(w *world) {
		w.want(w.send(ask{}), "a", 1, 0)
		w.pass(30*time.Minute + 500*time.Millisecond)
		w.wantRefused(w.send(ask{}), "per 1h", "full again at 2000-01-01T01:00:00Z")
		w.pass(30*time.Minute - 500*time.Millisecond - 1)
		w.wantRefused(w.send(ask{}))
		w.pass(1)
		w.want(w.send(ask{}), "a", 1, 0)
	})
}

// A provider that is too dear for what is left is passed over for one that is
// not.
func TestBudgetsPreferWhatCanBePaidFor(t *testing.T) {
	dear, free := priced("a", always(answers("from a", 0))), backend("b", always(answers("from b", 0)))
	run(t, plan.Router{}, []*fake{dear, free}, func(w *world) {
		for _, by := range []string{"a", "a", "b", "b"} {
			w.want(w.send(ask{header: spends("w", "k", "15")}), by, 1, 0)
		}
	})
}

// What an attempt that failed has cost: an error nothing, a connection that
// was refused nothing, and what was given up the most that it may be billed.
func TestBudgetsSettleWhatIsKnown(t *testing.T) {
	for name, tt := range map[string]struct {
		then   act
		down   func(int) bool
		stream bool
		cost   float64
	}{
		"answered":        {then: answers("from a", 0), cost: 3},
		"streamed":        {then: answers("from a", 0), stream: true, cost: 3},
		"an error":        {then: fails(wire.FailServer, 0)},
		"refused":         {down: func(n int) bool { return n == 0 }},
		"dropped":         {then: drops, cost: 10},
		"silent":          {then: hangs, cost: 10},
		"a torn stream":   {then: begins(0, []string{"from ", "a"}, resets), stream: true, cost: 10},
		"an empty answer": {then: answers("", 0), cost: 3},
		"no JSON":         {then: writes(http.StatusOK, "text/html", "<html></html>"), cost: 10},
	} {
		t.Run(name, func(t *testing.T) {
			a := priced("a", inTurn(tt.then, answers("from a", 0)))
			if a.down = tt.down; tt.down != nil {
				a.script = always(answers("from a", 0))
			}
			run(t, plan.Router{Off: []string{"retries", "breaker", "continuation"}}, []*fake{a}, func(w *world) {
				w.send(ask{header: spends("w", "k", "1000"), stream: tt.stream, usage: true})
				// What is left is found by asking whether the next is granted.
				limit := func(usd float64) http.Header { return spends("w", "k", fmt.Sprint(usd)) }
				w.wantRefused(w.send(ask{header: limit(tt.cost + 9.999)}))
				w.want(w.send(ask{header: limit(tt.cost + 10)}), "a", 1, 0)
			})
		})
	}
}

// Answers from memory, and those of another's call, cost nothing.
func TestBudgetsOfMemory(t *testing.T) {
	a := priced("a", always(answers("from a", time.Second)))
	run(t, plan.Router{}, []*fake{a}, func(w *world) {
		h := spends("w", "k", "11")
		h.Set(wire.HeaderCache, "on")
		for i, g := range w.atOnce(make([]time.Duration, 4), func(int) ask { return ask{header: h} }) {
			if g.text != "from a" {
				t.Errorf("%d: %v", i, g.fail)
			}
		}
		w.wantKept(w.send(ask{header: h}), "hit", "from a", "0")
	})
}

// What is spent outlives a change of the bounds.
func TestBudgetsOutliveReload(t *testing.T) {
	a := priced("a", always(answers("from a", 0)))
	run(t, plan.Router{Budgets: plan.Budgets{PerKey: 10}}, []*fake{a}, func(w *world) {
		w.want(w.send(ask{}), "a", 1, 0)
		w.config.Settings.Budgets.PerKey = 13
		if err := w.router.Reload(w.config); err != nil {
			t.Fatal(err)
		}
		w.want(w.send(ask{}), "a", 1, 0)
		w.wantRefused(w.send(ask{}), "$13.00", "$6.00 is spent")
	})
}

// The official client asks once, and is told why.
func TestBudgetsAreToldToTheOfficialClient(t *testing.T) {
	a := priced("a", always(answers("from a", 0)))
	run(t, plan.Router{}, []*fake{a}, func(w *world) {
		began := w.since()
		client := w.sdk()
		_, err := client.Chat.Completions.New(context.Background(), openai.ChatCompletionNewParams{
			Model: "any", Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("q")},
		}, option.WithHeader(wire.HeaderBudget, "1"))
		var told *openai.Error
		if !errors.As(err, &told) || !strings.Contains(told.Message, "this call may cost up to $10.00") || w.since() != began {
			t.Errorf("after %v: %v, %+v", w.since()-began, err, told)
		}
	})
}

// A workflow that goes round and round is stopped, by its calls and by its
// repetitions; others are not.
func TestLoopLimit(t *testing.T) {
	for name, tt := range map[string]struct {
		on      []string
		header  http.Header
		same    bool
		granted int
		says    string
	}{
		"calls":         {on: []string{"loop_limit"}, header: spends("w", "k", ""), granted: 4, says: `workflow "w" has made 4 requests within 1m, as many as are allowed`},
		"repetitions":   {on: []string{"loop_limit"}, header: spends("w", "k", ""), same: true, granted: 3, says: "the same request 3 times"},
		"no workflow":   {on: []string{"loop_limit"}, header: spends("", "k", ""), granted: 9},
		"switched off":  {header: spends("w", "k", ""), granted: 9},
		"not by others": {on: []string{"loop_limit"}, header: nil, same: true, granted: 9},
	} {
		t.Run(name, func(t *testing.T) {
			a := backend("a", always(answers("from a", time.Second)))
			set := plan.Router{On: tt.on, LoopLimit: plan.LoopLimit{Calls: 4, Repeats: 2, Window: time.Minute}}
			run(t, set, []*fake{a}, func(w *world) {
				for i := range 9 {
					v := ask{header: tt.header}
					if !tt.same {
						v.marker = fmt.Sprint("m", i)
					}
					g := w.send(v)
					if i < tt.granted {
						w.want(g, "a", 1, time.Second)
						continue
					}
					if g.fail == nil || g.fail.Kind != wire.FailPermission || !strings.Contains(g.fail.Message, tt.says) {
						t.Fatalf("%d: %v, text %q", i, g.fail, g.text)
					}
				}
				if a.count() != tt.granted {
					t.Errorf("%d calls, want %d", a.count(), tt.granted)
				}
				w.pass(time.Minute)
				w.want(w.send(ask{header: tt.header}), "a", 1, time.Second)
			})
		})
	}
}
