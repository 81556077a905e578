package mocks

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"brownout/mocks/answer"
	"brownout/mocks/wire"
)

// toolsToCall decides which functions the answer calls. A mock does not read,
// so the rule is one that a test can play on:
//
//   - none, unless the last message is from the user: after the result of a
//     function comes the text;
//   - the one that the request insists on;
//   - else those whose names stand in the last user message, as whole words;
//   - else the first one, if the request insists on some call or the message
//     says "use the tool" or "call the tool".
func (c *call) toolsToCall() []wire.Tool {
	tools, n := c.req.Tools, len(c.req.Messages)
	if len(tools) == 0 || n == 0 || c.req.Messages[n-1].Role != "user" || c.req.ToolChoice == wire.ToolNone {
		return nil
	}
	if _, ok := c.p.dialect.(wire.ToolCaller); !ok {
		return nil
	}
	prompt := c.req.Messages[n-1].Text
	choice := c.req.ToolChoice
	if choice == "" {
		choice = wire.ToolAuto
	}
	var named []wire.Tool
	for _, t := range tools {
		switch {
		case t.Name == choice:
			return []wire.Tool{t}
		case names(prompt, t.Name):
			named = append(named, t)
		}
	}
	switch {
	case len(named) > 1 && c.req.SingleCall:
		return named[:1]
	case len(named) > 0:
		return named
	case choice == wire.ToolRequired, asksForTool(prompt):
		return tools[:1]
	}
	return nil
}

func asksForTool(prompt string) bool {
	prompt = strings.ToLower(prompt)
	return strings.Contains(prompt, "use the tool") || strings.Contains(prompt, "call the tool")
}

// names tells whether name stands in text as a whole word.
func names(text, name string) bool {
	for from := 0; name != ""; {
		i := strings.Index(text[from:], name)
		if i < 0 {
			return false
		}
		start, end := from+i, from+i+len(name)
		if (start == 0 || !inName(text[start-1])) && (end == len(text) || !inName(text[end])) {
			return true
		}
		from = start + 1
	}
	return false
}

// inName tells whether b may stand in a function's name.
func inName(b byte) bool {
	return isDigit(b) || 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || b == '_' || b == '-'
}

// toolCalls are calls of functions, said token by token: the name of each is
// one token, and so are every fragment bytes of its arguments.
type toolCalls struct{ list []wire.ToolCall }

// fragment is how many bytes of arguments make a token. It is the estimate of
// prompts, which have one for every 4 bytes of what is no prose.
const fragment = 4

func (c *call) newToolCalls(tools []wire.Tool) *toolCalls {
	ids := c.p.dialect.(wire.ToolCaller) // toolsToCall has seen that it is one
	k := c.key()
	t := &toolCalls{list: make([]wire.ToolCall, len(tools))}
	for i, tool := range tools {
		k.Purpose = "tool_call_id " + strconv.Itoa(i)
		t.list[i] = wire.ToolCall{
			ID: ids.NewToolCallID(k.Bits()), Name: tool.Name,
			Arguments: answer.Arguments(c.obs.Marker, tool.Name, tool.Schema),
		}
	}
	return t
}

func callTokens(c *wire.ToolCall) int { return 1 + (len(c.Arguments)+fragment-1)/fragment }

func (t *toolCalls) tokens() (n int) {
	for i := range t.list {
		n += callTokens(&t.list[i])
	}
	return n
}

// say writes the tokens from and up to, but not with, to: what of them belongs
// to one call goes out together, but a call's name always goes alone.
func (t *toolCalls) say(out wire.StreamWriter, from, to int) error {
	w, ok := out.(wire.ToolStreamWriter)
	if !ok {
		return nil
	}
	start := 0 // the call's first token
	for i := range t.list {
		c := &t.list[i]
		end := start + callTokens(c)
		if from <= start && start < to {
			if err := w.ToolCall(wire.ToolCallDelta{Index: i, ID: c.ID, Name: c.Name}); err != nil {
				return err
			}
		}
		piece := c.Arguments[byteOf(c, from-start):max(byteOf(c, from-start), byteOf(c, to-start))]
		if piece != "" {
			if err := w.ToolCall(wire.ToolCallDelta{Index: i, Arguments: piece}); err != nil {
				return err
			}
		}
		start = end
	}
	return nil
}

// byteOf is the byte of a call's arguments at which its token n begins. No
// token begins within a character.
func byteOf(c *wire.ToolCall, n int) int {
	at := min(max(0, n-1)*fragment, len(c.Arguments))
	for at < len(c.Arguments) && !utf8.RuneStart(c.Arguments[at]) {
		at++
	}
	return at
}

// first are the calls up to, but not with, token n.
func (t *toolCalls) first(n int) []wire.ToolCall {
	var said []wire.ToolCall
	for _, c := range t.list {
		if n <= 0 {
			break
		}
		all := callTokens(&c)
		c.Arguments = c.Arguments[:byteOf(&c, n)]
		said = append(said, c)
		n -= all
	}
	return said
}
