package answer

import "strings"

// Continue tells where in Text(id, words) a mock goes on that is handed the
// partial answer prefill: at byte offset, so that prefill and Text[offset:]
// together read as Text. A prefill may end within a word. White space before
// it is passed over, and any white space at its end stands for the one space
// between two tokens. ok is false where prefill is no beginning of the text;
// then there is nothing to continue and offset is 0.
func Continue(id, prefill string, words int) (offset int, ok bool) {
	return NewGen(id, words).Continue(prefill)
}

// Continue is the function of that name, for the text of g.
func (g Gen) Continue(prefill string) (offset int, ok bool) {
	body := strings.TrimLeft(prefill, whiteSpace)
	trimmed := strings.TrimRight(body, whiteSpace)
	if trimmed == "" {
		return 0, true
	}
	total := g.Len()
	if len(trimmed) > total {
		return 0, false
	}
	var buf [checkMax + 1]byte
	rest := trimmed
	for i := 0; rest != ""; i++ {
		token := g.Append(buf[:0], i)
		n := min(len(token), len(rest))
		if string(token[:n]) != rest[:n] {
			return 0, false
		}
		rest = rest[n:]
	}
	offset = len(trimmed)
	if len(body) > len(trimmed) && offset < total {
		// The white space is the separator only where a token has ended.
		if i, within := g.At(offset); i > 0 && within == 0 {
			return offset + 1, true
		}
		return 0, false
	}
	return offset, true
}

// AppendFrom appends the text from byte offset on, for a Gen that continues.
func (g Gen) AppendFrom(dst []byte, offset int) []byte {
	i, within := g.At(offset)
	if i >= g.Tokens() {
		return dst
	}
	start := len(dst)
	dst = g.Append(dst, i)
	dst = append(dst[:start], dst[start+within:]...)
	return g.AppendTokens(dst, i+1, g.Tokens())
}
