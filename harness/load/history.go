package load

import "brownout/mocks/wire"

// history is the conversation of variant i: questions and answers that say
// nothing, with a share of the prompt's words each, and the prompt so far, which
// asks. It adds their texts to the body's.
func (m *mix) history(k *kind, i int, b *body) []wire.Message {
	turns := make([]wire.Message, 0, 1+2*k.History)
	for n := range 2 * k.History {
		role := "user"
		if n%2 == 1 {
			role = "assistant"
		}
		text := promptText(m.filler(k, i, 1+n), k.Prompt/(1+2*k.History), "Yes.")
		turns = append(turns, wire.Message{Role: role, Text: text})
		b.prompts = append(b.prompts, text)
	}
	return append(turns, wire.Message{Role: "user", Text: b.prompts[0]})
}
