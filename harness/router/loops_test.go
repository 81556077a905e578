package router

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"brownout/mocks/wire"
)

func TestLoopLimitCountsAWorkflowsCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLoops(loopLimits{calls: 3, window: time.Minute})
		for i := range 3 {
			if fail := l.step("k", "w", userAsks("q"), digest{byte(i)}); fail != nil {
				t.Fatal(fail)
			}
			<-time.After(time.Second)
		}
		fail := l.step("k", "w", userAsks("q"), digest{9})
		if fail == nil || fail.Kind != wire.FailPermission {
			t.Fatalf("the fourth call was let through: %v", fail)
		}
		for _, say := range []string{`"w"`, "3 requests", "1m", "57s", "calls_per_workflow"} {
			if !strings.Contains(fail.Message, say) {
				t.Errorf("%q does not say %q", fail.Message, say)
			}
		}
		if fail := l.step("k", "other", userAsks("q"), digest{9}); fail != nil {
			t.Errorf("another workflow was stopped: %v", fail)
		}
		if fail := l.step("other", "w", userAsks("q"), digest{9}); fail != nil {
			t.Errorf("another client's workflow of that name was stopped: %v", fail)
		}
		<-time.After(57 * time.Second) // the first is a minute old; refused ones do not count
		if fail := l.step("k", "w", userAsks("q"), digest{9}); fail != nil {
			t.Error(fail)
		}
	})
}

func TestLoopLimitSeesTheSameRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLoops(loopLimits{repeats: 2, window: time.Minute})
		for i := range 10 {
			fail := l.step("k", "w", userAsks("q"), digest{byte(i % 2)}) // in turn
			if (i >= 6) != (fail != nil) {
				t.Errorf("call %d: %v", i, fail)
			}
		}
	})
}

func TestLoopLimitForgetsTheIdle(t *testing.T) {
	l := newLoops(loopLimits{calls: 1, window: time.Hour})
	for i := range 2 * maxTrails {
		l.step("k", fmt.Sprint(i), userAsks("q"), digest{})
	}
	if n := l.lru.Len(); n != maxTrails {
		t.Errorf("%d workflows are remembered", n)
	}
}

func TestCircles(t *testing.T) {
	turn := func(word string) []wire.Message {
		if word == "user" {
			return []wire.Message{{Role: "user", Text: "go on"}}
		}
		name, args, _ := strings.Cut(word, ":")
		return []wire.Message{
			{Role: "assistant", ToolCalls: []wire.ToolCall{{ID: fmt.Sprint(len(word)), Name: name, Arguments: args}}},
			{Role: "tool", Text: "result"},
		}
	}
	for words, want := range map[string]int{
		"":                              0,
		"user":                          0,
		"f:1":                           1,
		"f:1 f:1 f:1":                   3,
		"f:1 f:2 f:3":                   1,
		"g:1 f:1 f:1":                   2,
		"f:1 g:1 f:1 g:1 f:1 g:1":       3,
		"x:1 f:1 g:1 h:1 f:1 g:1 h:1":   2,
		"f:1 f:1 f:1 user f:1":          1,
		"a:1 b:1 c:1 d:1 a:1 b:1 c:1 d": 1,
	} {
		var turns []wire.Message
		for w := range strings.FieldsSeq(words) {
			turns = append(turns, turn(w)...)
		}
		if got := circles(turns); got != want {
			t.Errorf("%q: %d, want %d", words, got, want)
		}
	}
	l := newLoops(loopLimits{repeats: 2, window: time.Minute})
	var turns []wire.Message
	for range 4 {
		turns = append(turns, turn("f:1")...)
	}
	if fail := l.step("k", "", &wire.Request{Messages: turns}, digest{}); fail == nil || !strings.Contains(fail.Message, "4 times in a row") {
		t.Errorf("%v", fail)
	}
}
