package load

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"brownout/harness/journal"
	"brownout/mocks/answer"
	"brownout/mocks/wire"
	"brownout/plan"
)

// functions are the functions that requests of kind tools offer. Their
// parameters use only what every dialect's schemas can say, so that a gateway
// that translates them loses nothing and the arguments can be foretold.
func functions() []wire.Tool {
	return []wire.Tool{
		{
			Name: "look_up_order", Description: "Look up an order of a customer.",
			Schema: json.RawMessage(`{"type":"object","properties":{"order":{"type":"string"},"line":{"type":"integer","minimum":1,"maximum":99},"currency":{"type":"string","enum":["EUR","GBP","USD"]}},"required":["order","line","currency"]}`),
		},
		{
			Name: "find_train", Description: "Find a train between two places.",
			Schema: json.RawMessage(`{"type":"object","properties":{"from":{"type":"string"},"to":{"type":"string"},"seats":{"type":"integer","minimum":1,"maximum":9}},"required":["from","to","seats"]}`),
		},
	}
}

// callTokens is room for a call of any of the functions, in tokens.
const callTokens = 96

// mustCall tells whether the answer should be the call of a function: the first
// of the two that kind tools asks for.
func (e *exchange) mustCall() bool { return e.shot.Kind == plan.KindTools && e.sample.Step == 1 }

// called judges an answer that should be the call of the one function that the
// prompt asked for.
func (e *exchange) called(calls []wire.ToolCall, text string, finish wire.Finish, usage wire.Usage) finding {
	e.sample.Prompt, e.sample.Completion = usage.Prompt, usage.Completion
	switch {
	case finish == wire.FinishContentFilter:
		return rightRefusal(reasonFilter)
	case finish == wire.FinishLength:
		return finding{outcome: journal.Failed, reason: reasonLength}
	}
	said := text
	for _, c := range calls {
		said += c.Arguments
	}
	if canary, ok := answer.FindCanary(said); ok {
		return corrupt(string(answer.Poisoned), "it carries the canary "+canary)
	}
	want := e.shot.ask.Tools[e.shot.body.tool]
	switch {
	case len(calls) == 0:
		return corrupt(reasonNoCall, "")
	case len(calls) > 1 || calls[0].Name != want.Name:
		return corrupt(reasonWrongTool, fmt.Sprintf("%d calls, the first of %q, not one of %q", len(calls), calls[0].Name, want.Name))
	case !sameJSON(calls[0].Arguments, answer.Arguments(e.shot.marker, want.Name, want.Schema)):
		return corrupt(reasonArguments, "of "+want.Name)
	case finish == wire.FinishNone:
		return corrupt(reasonNoFinish, "")
	}
	e.calls = calls
	return e.signed(usage)
}

// sameJSON tells whether two texts are the same JSON, however it is written.
func sameJSON(a, b string) bool {
	var x, y any
	return json.Unmarshal([]byte(a), &x) == nil && json.Unmarshal([]byte(b), &y) == nil && reflect.DeepEqual(x, y)
}

// gather puts the pieces of streamed calls together.
func gather(calls []wire.ToolCall, d *wire.ToolCallDelta) []wire.ToolCall {
	if d.Index < 0 || d.Index > len(calls) {
		return calls // a piece of what never began
	}
	if d.Index == len(calls) {
		calls = append(calls, wire.ToolCall{})
	}
	c := &calls[d.Index]
	if d.ID != "" {
		c.ID = strings.Clone(d.ID)
	}
	if d.Name != "" {
		c.Name = strings.Clone(d.Name)
	}
	c.Arguments += d.Arguments
	return calls
}
