package router

import "brownout/mocks/wire"

// mostCalls bounds the calls of functions in one answer.
const mostCalls = 128

// toolCalls are the calls of functions in an answer, put together from the
// pieces in which they stream. Pieces of calls beyond mostCalls are left out.
type toolCalls []wire.ToolCall

// add takes in a piece. A call's id and name come with its first one, together
// or apart.
func (t *toolCalls) add(d wire.ToolCallDelta) {
	if d.Index < 0 || d.Index >= mostCalls {
		return
	}
	for len(*t) <= d.Index {
		*t = append(*t, wire.ToolCall{})
	}
	v := &(*t)[d.Index]
	if d.ID != "" {
		v.ID = d.ID
	}
	if d.Name != "" {
		v.Name = d.Name
	}
	v.Arguments += d.Arguments
}
