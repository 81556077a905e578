package router

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"brownout/mocks/wire"
)

func userAsks(text string) *wire.Request {
	return &wire.Request{Model: "m", Messages: []wire.Message{{Role: "user", Text: text}}}
}

func modelSays(text string) *wire.Answer {
	return &wire.Answer{Model: "m", Text: text, Finish: wire.FinishStop, Usage: wire.Usage{Prompt: 1, Completion: 2}}
}

func TestDigestCountsWhatCanChangeTheAnswer(t *testing.T) {
	half, zero := 0.5, 0.0
	base := func() *wire.Request {
		r := userAsks("what is it?")
		r.Temperature = &zero
		return r
	}
	of := func(r *wire.Request) digest {
		return digestOf(r, "m", asker{key: "k", classes: []string{"gpu", "edge"}})
	}
	for name, change := range map[string]func(*wire.Request){
		"text":        func(r *wire.Request) { r.Messages[0].Text += "?" },
		"marker":      func(r *wire.Request) { r.Messages[0].Text += " [[bo:m-1]]" },
		"role":        func(r *wire.Request) { r.Messages[0].Role = "system" },
		"turns":       func(r *wire.Request) { r.Messages = append(r.Messages, wire.Message{Role: "user"}) },
		"tool call":   func(r *wire.Request) { r.Messages[0].ToolCalls = []wire.ToolCall{{Name: "f"}} },
		"result of":   func(r *wire.Request) { r.Messages[0].ToolCallID = "c1" },
		"length":      func(r *wire.Request) { r.MaxTokens = 7 },
		"temperature": func(r *wire.Request) { r.Temperature = &half },
		"none":        func(r *wire.Request) { r.Temperature = nil },
		"stop":        func(r *wire.Request) { r.Stop = []string{"."} },
		"tools":       func(r *wire.Request) { r.Tools = []wire.Tool{{Name: "f"}} },
		"choice":      func(r *wire.Request) { r.ToolChoice = wire.ToolNone },
		"single":      func(r *wire.Request) { r.SingleCall = true },
		"json":        func(r *wire.Request) { r.JSON = true },
		"schema":      func(r *wire.Request) { r.Schema = json.RawMessage(`{}`) },
		"nucleus":     func(r *wire.Request) { r.TopP = &half },
		"seed":        func(r *wire.Request) { r.Seed = new(int64) },
		"user":        func(r *wire.Request) { r.User = "u" },
		"previous":    func(r *wire.Request) { r.Previous = "a1" },
		"truncate":    func(r *wire.Request) { r.Truncate = true },
	} {
		r := base()
		change(r)
		if of(r) == of(base()) {
			t.Errorf("another %s has the same digest", name)
		}
	}
	for name, change := range map[string]func(*wire.Request){
		"stream":      func(r *wire.Request) { r.Stream, r.IncludeUsage = true, true },
		"surface":     func(r *wire.Request) { r.Surface = "responses" },
		"white space": func(r *wire.Request) { r.Messages[0].Text = "\n what is it?\r\n" },
	} {
		r := base()
		change(r)
		if of(r) != of(base()) {
			t.Errorf("another %s has another digest", name)
		}
	}
}

func TestDigestNeverCrossesAskers(t *testing.T) {
	who := []asker{
		{},
		{key: "a"},
		{key: "b"},
		{classes: []string{"a"}},
		{regions: []string{"a"}},
		{anyClass: true},
		{anyRegion: true},
		{key: "a", classes: []string{"gpu"}},
		{key: "a", classes: []string{"gpu", "edge"}},
		{key: "a", regions: []string{"eu", "us"}},
	}
	seen := map[digest]int{}
	for i, w := range who {
		for _, model := range []string{"m", "n"} {
			d := digestOf(userAsks("q"), model, w)
			if j, ok := seen[d]; ok {
				t.Errorf("%+v and %+v share an entry", w, who[j])
			}
			seen[d] = i
		}
	}
	if digestOf(userAsks("q"), "m", asker{classes: []string{"gpu", "edge"}}) != digestOf(userAsks("q"), "m", asker{classes: []string{"edge", "gpu", "edge"}}) {
		t.Error("the order of classes counts")
	}
}

func TestPartialAnswerCountsToTheByte(t *testing.T) {
	with := func(text string) digest {
		r := userAsks("q")
		r.Messages = append(r.Messages, wire.Message{Role: "assistant", Text: text})
		return digestOf(r, "m", asker{})
	}
	if with("one") == with("one ") {
		t.Error("white space at the end of a partial answer does not count")
	}
}

func TestCacheAges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newAnswerCache(time.Minute, time.Hour, 10, 1<<20)
		k := digestOf(userAsks("q"), "m", asker{})
		if !c.put(k, modelSays("yes"), origin{"cloud", "r1"}) {
			t.Fatal("a whole answer was not kept")
		}
		<-time.After(time.Minute - 1)
		e := c.fresh(k, 0)
		if e == nil || e.answer.Text != "yes" || e.from != (origin{"cloud", "r1"}) || e.age() != time.Minute-1 {
			t.Fatalf("got %+v", e)
		}
		if c.fresh(k, 59*time.Second) != nil {
			t.Error("the client's max-age was exceeded")
		}
		<-time.After(1)
		if c.fresh(k, 0) != nil {
			t.Error("fresh at its ttl")
		}
		if c.fresh(k, time.Hour) != nil {
			t.Error("a client's max-age outlives the ttl")
		}
		if e := c.expired(k, 0); e == nil || e.age() != time.Minute {
			t.Errorf("stale: %+v", e)
		}
		if c.expired(k, time.Minute) != nil {
			t.Error("the client's bound on stale answers was exceeded")
		}
		<-time.After(time.Hour)
		if c.expired(k, 0) != nil {
			t.Error("older than any stale answer may be")
		}
		if n, b := c.held(); n != 0 || b != 0 {
			t.Errorf("%d entries of %d bytes are held", n, b)
		}
	})
}

func TestCacheKeepsOnlyWholeAnswers(t *testing.T) {
	c := newAnswerCache(time.Minute, 0, 10, 4096)
	for name, a := range map[string]*wire.Answer{
		"none":      nil,
		"cut":       {Text: "half an", Finish: wire.FinishLength},
		"filtered":  {Text: "I will not", Finish: wire.FinishContentFilter},
		"unended":   {Text: "half an"},
		"empty":     {Finish: wire.FinishStop},
		"no calls":  {Text: "x", Finish: wire.FinishToolCalls},
		"too large": modelSays(strings.Repeat("x", 4096)),
	} {
		if a == nil {
			if storable(a) {
				t.Error("nothing is kept")
			}
			continue
		}
		if c.put(digest{1}, a, origin{class: "cloud"}) {
			t.Errorf("%s: it was kept", name)
		}
	}
	call := &wire.Answer{Finish: wire.FinishToolCalls, ToolCalls: []wire.ToolCall{{ID: "c", Name: "f", Arguments: "{}"}}}
	if !c.put(digest{2}, call, origin{class: "cloud"}) {
		t.Fatal("calls of functions were not kept")
	}
	c.fresh(digest{2}, 0).whole().ToolCalls[0].Name = "g"
	call.ToolCalls[0].Name = "h"
	if got := c.fresh(digest{2}, 0).answer.ToolCalls[0].Name; got != "f" {
		t.Errorf("the kept answer was changed to %q", got)
	}
}

// The bytes counted are those of what is held, and never above the bound.
func TestCacheStaysWithinItsBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		entries, bytes := rapid.IntRange(1, 8).Draw(t, "entries"), rapid.IntRange(600, 6000).Draw(t, "bytes")
		c := newAnswerCache(time.Hour, 0, entries, bytes)
		last := map[digest]string{}
		for i := range rapid.IntRange(1, 60).Draw(t, "puts") {
			k := digest{byte(rapid.IntRange(0, 12).Draw(t, "key"))}
			text := strings.Repeat("x", rapid.IntRange(1, 2000).Draw(t, "size")) + fmt.Sprint(i)
			if c.put(k, modelSays(text), origin{class: "cloud"}) {
				last[k] = text
			} else if sizeOf(modelSays(text)) <= bytes {
				t.Fatal("an answer that fits was not kept")
			}
			sum, n := 0, 0
			for key, want := range last {
				if e := c.fresh(key, 0); e != nil {
					n++
					sum += e.size
					if e.answer.Text != want {
						t.Fatal("an older answer came back")
					}
				}
			}
			if gotN, gotB := c.held(); gotN != n || gotB != sum || n > entries || sum > bytes {
				t.Fatalf("%d entries of %d bytes held, counted as %d of %d, bounds %d and %d", n, sum, gotN, gotB, entries, bytes)
			}
		}
	})
}

func TestWishOf(t *testing.T) {
	for _, c := range []struct {
		header string
		want   cacheWish
	}{
		{"", cacheWish{}},
		{"no-store", cacheWish{noRead: true, noWrite: true}},
		{"no-cache", cacheWish{noRead: true}},
		{"max-age=60", cacheWish{marked: true, maxAge: time.Minute}},
		{"max-age=0", cacheWish{marked: true, noRead: true}},
		{"Max-Age=60, stale-if-error=600", cacheWish{marked: true, maxAge: time.Minute, late: true, lateBy: 10 * time.Minute}},
		{"max-stale", cacheWish{marked: true, late: true}},
		{"max-stale=5", cacheWish{marked: true, late: true, lateBy: 5 * time.Second}},
		{"max-stale=soon", cacheWish{}},
		{"max-age=soon, private", cacheWish{}},
	} {
		if got := wishOf(http.Header{"Cache-Control": {c.header}}); got != c.want {
			t.Errorf("%q: %+v, want %+v", c.header, got, c.want)
		}
	}
}

func TestCacheScope(t *testing.T) {
	zero, one := 0.0, 1.0
	for _, c := range []struct {
		name  string
		scope cacheScope
		temp  *float64
		tools bool
		mark  bool
		want  bool
	}{
		{"marked only, unmarked", cacheScope{}, &zero, false, false, false},
		{"marked only, marked", cacheScope{}, &one, false, true, true},
		{"deterministic at 0", cacheScope{deterministic: true}, &zero, false, false, true},
		{"deterministic at 1", cacheScope{deterministic: true}, &one, false, false, false},
		{"deterministic unsaid", cacheScope{deterministic: true}, nil, false, false, false},
		{"all", cacheScope{all: true}, nil, false, false, true},
		{"all with tools", cacheScope{all: true}, nil, true, false, false},
		{"marked with tools", cacheScope{}, nil, true, true, true},
	} {
		r := userAsks("q")
		if r.Temperature = c.temp; c.tools {
			r.Tools = []wire.Tool{{Name: "f"}}
		}
		if got := c.scope.covers(r, cacheWish{marked: c.mark}); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
