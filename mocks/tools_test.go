package mocks

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"brownout/mocks/wire"
)

// Pieces of arguments are cut between characters, and joined they are whole.
func TestToolCallPieces(t *testing.T) {
	calls := &toolCalls{list: []wire.ToolCall{{ID: "1", Name: "f", Arguments: `{"city":"Zürich 世界🎉"}`}, {ID: "2", Name: "g"}, {ID: "3", Name: "h", Arguments: `{}`}}}
	for step := 1; step <= calls.tokens(); step++ {
		got := new(heard)
		for from := 0; from < calls.tokens(); from += step {
			if err := calls.say(got, from, min(from+step, calls.tokens())); err != nil {
				t.Fatal(err)
			}
		}
		if len(got.calls) != 3 || got.calls[0] != calls.list[0] || got.calls[1] != calls.list[1] || got.calls[2] != calls.list[2] {
			t.Errorf("in steps of %d: %+v", step, got.calls)
		}
	}
	for n := range calls.tokens() {
		said := calls.first(n)
		got := new(heard)
		if err := calls.say(got, 0, n); err != nil {
			t.Fatal(err)
		}
		if len(said) != len(got.calls) {
			t.Fatalf("the first %d: %+v and %+v", n, said, got.calls)
		}
		for i := range said {
			if said[i] != got.calls[i] {
				t.Errorf("the first %d: %+v and %+v", n, said, got.calls)
			}
		}
	}
}

// heard is a stream's writer that puts the calls together.
type heard struct {
	wire.StreamWriter
	calls []wire.ToolCall
}

func (h *heard) ToolCall(d wire.ToolCallDelta) error {
	if d.Name != "" {
		h.calls = append(h.calls, wire.ToolCall{ID: d.ID, Name: d.Name})
		return nil
	}
	if !utf8.ValidString(d.Arguments) {
		panic("a piece ends within a character: " + d.Arguments)
	}
	h.calls[d.Index].Arguments += d.Arguments
	return nil
}

// Whatever the schema, what stands around the text in JSON mode makes JSON of
// it.
func FuzzJSONAround(f *testing.F) {
	for _, s := range []string{``, `{"type":"object","properties":{"a":{"type":"string"}}}`, `{"type":"array"}`, `{"$ref":"#"}`, `{"enum":[7]}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, schema string) {
		before, after := jsonAround(json.RawMessage(schema), "k")
		if text := before + "words" + after; after != "" && !json.Valid([]byte(text)) || after == "" && !json.Valid([]byte(before)) {
			t.Fatalf("%.200s", text)
		}
	})
}
