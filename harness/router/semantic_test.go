package router_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"brownout/harness/router"
	"brownout/mocks/wire"
	"brownout/plan"
)

// says posts a conversation of these turns, the first by the user.
func (w *world) says(h http.Header, turns ...string) (how, age string) {
	var list []map[string]string
	for i, text := range turns {
		list = append(list, map[string]string{"role": []string{"user", "assistant"}[i%2], "content": text})
	}
	body, err := json.Marshal(map[string]any{"model": "any", "messages": list})
	if err != nil {
		return err.Error(), ""
	}
	q, err := http.NewRequest(http.MethodPost, "http://router/v1/chat/completions", strings.NewReader(string(body)))
	if err != nil {
		return err.Error(), ""
	}
	maps.Copy(q.Header, h)
	q.Header.Set("Content-Type", "application/json")
	res, err := w.client.Do(q)
	if err != nil {
		return err.Error(), ""
	}
	defer res.Body.Close()
	if text, err := io.ReadAll(res.Body); err != nil || res.StatusCode != http.StatusOK {
		return string(text), ""
	}
	return res.Header.Get(wire.HeaderCache), res.Header.Get("Age")
}

// A question in other manners is answered from memory; a question about
// something else, of somebody else, or after another conversation is not.
func TestSemanticCache(t *testing.T) {
	first := []string{"What is your refund policy for order 7?"}
	again := "Hello, please tell me: what is your refund policy for order 7, thanks"
	on := plan.Router{On: []string{"semantic_cache"}}
	for name, tt := range map[string]struct {
		set   plan.Router
		h     http.Header
		turns []string
		wait  time.Duration
		want  string
	}{
		"in other manners": {set: on, h: marked(), turns: []string{again}, want: "semantic"},
		"word for word":    {set: on, h: marked(), turns: first, want: "hit"},
		"another number":   {set: on, h: marked(), turns: []string{"What is your refund policy for order 8?"}},
		"its opposite":     {set: on, h: marked(), turns: []string{"What is not your refund policy for order 7?"}},
		"unmarked":         {set: on, turns: []string{again}},
		"anew":             {set: on, h: marked("Cache-Control", "no-cache"), turns: []string{again}},
		"another key":      {set: on, h: marked(router.HeaderAgent, "b"), turns: []string{again}},
		"other classes":    {set: on, h: marked(wire.HeaderAllow, "cloud"), turns: []string{again}},
		"after more":       {set: on, h: marked(), turns: []string{"Hi", "Yes?", again}},
		"too old":          {set: on, h: marked(), turns: []string{again}, wait: time.Minute},
		"off by default":   {h: marked(), turns: []string{again}},
		"stricter":         {set: plan.Router{On: on.On, SemanticCache: plan.SemanticCache{Threshold: 1}}, h: marked(), turns: []string{"What is your policy for refund of order 7?"}},
		"without cache":    {set: plan.Router{On: on.On, Off: []string{"cache"}}, h: marked(), turns: []string{again}, want: "semantic"},
	} {
		t.Run(name, func(t *testing.T) {
			a := backend("a", always(answers("from a", 0)))
			run(t, tt.set, []*fake{a}, func(w *world) {
				if how, _ := w.says(marked(), first...); how != "" {
					t.Fatalf("the first is from %q", how)
				}
				w.pass(2*time.Second + tt.wait)
				how, age := w.says(tt.h, tt.turns...)
				if how != tt.want || how != "" && age != "2" || a.count() != map[bool]int{true: 2, false: 1}[tt.want == ""] {
					t.Errorf("from %q of age %q after %d calls, want %q", how, age, a.count(), tt.want)
				}
			})
		})
	}
}

// Questions in other manners share a call while it is under way, too.
func TestSemanticCacheJoins(t *testing.T) {
	a := backend("a", always(answers("from a", time.Second)))
	run(t, plan.Router{On: []string{"semantic_cache"}, Cache: plan.Cache{TTL: 2 * time.Second}}, []*fake{a}, func(w *world) {
		for round := range 3 { // the second and third find an answer that is too old
			done := make(chan string)
			for _, text := range []string{"What is your policy?", "please, what is your policy", "Hello! What is your policy? Thanks"} {
				go func() { how, _ := w.says(marked(), text); done <- how }()
			}
			joined := 0
			for range 3 {
				if <-done == "joined" {
					joined++
				}
			}
			if joined != 2 || a.count() != round+1 {
				t.Errorf("round %d: %d joined, %d calls", round, joined, a.count())
			}
			w.pass(3 * time.Second)
		}
	})
}
