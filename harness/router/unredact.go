package router

import (
	"strings"

	"brownout/mocks/wire"
)

// longestPlaceholder bounds how much of a stream is held back, in bytes.
const longestPlaceholder = 20

// placeholderIn tells how many bytes at a text's beginning may be a
// placeholder's, and whether they are a whole one: a bracket, capital letters,
// an underscore, digits, a bracket.
func placeholderIn(s string) (n int, whole bool) {
	const (
		open = iota
		letters
		line
		digits
	)
	state := open
	for n < len(s) && n < longestPlaceholder {
		c := s[n]
		switch {
		case state == open && c == '[':
			state = letters
		case state == letters && 'A' <= c && c <= 'Z':
		case state == letters && c == '_' && n > 1:
			state = line
		case (state == line || state == digits) && '0' <= c && c <= '9':
			state = digits
		case state == digits && c == ']':
			return n + 1, true
		default:
			return n, false
		}
		n++
	}
	return n, false
}

// unveiled puts values back in the place of their placeholders in a text that
// comes in pieces. It holds back what may become a placeholder, and no more.
// However the text is cut, what it gives is the same.
type unveiled struct {
	v    *veil
	json bool // the text is JSON: values stand within its quotes
	held string
}

// text takes in what came and returns what may go on.
func (u *unveiled) text(s string) string {
	if u.held == "" && strings.IndexByte(s, '[') < 0 {
		return s
	}
	s, u.held = u.held+s, ""
	var b strings.Builder
	for {
		i := strings.IndexByte(s, '[')
		if i < 0 {
			b.WriteString(s)
			return b.String()
		}
		b.WriteString(s[:i])
		s = s[i:]
		n, whole := placeholderIn(s)
		switch {
		case whole:
			b.WriteString(u.value(s[:n]))
		case n == len(s) && n < longestPlaceholder:
			u.held = s
			return b.String()
		default:
			n = max(n, 1)
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
}

// value is what a placeholder stands for: itself where it is nobody's.
func (u *unveiled) value(placeholder string) string {
	s, ok := u.v.value(placeholder)
	switch {
	case !ok:
		return placeholder
	case u.json:
		return inJSON(s)
	}
	return s
}

// rest is what was held back, when nothing more comes.
func (u *unveiled) rest() string {
	s := u.held
	u.held = ""
	return s
}

// whole is a whole text with its values.
func (v *veil) whole(s string, json bool) string {
	u := unveiled{v: v, json: json}
	s = u.text(s)
	return s + u.rest()
}

// answer puts the values back into a whole answer.
func (v *veil) answer(w *wire.Answer, json bool) {
	w.Text = v.whole(w.Text, json)
	w.StopSequence = v.whole(w.StopSequence, false)
	for i := range w.ToolCalls {
		w.ToolCalls[i].Arguments = v.whole(w.ToolCalls[i].Arguments, true)
	}
}

// unveiledStream puts the values back into a stream: its text, and the
// arguments of the functions that it calls.
type unveiledStream struct {
	words unveiled
	args  unveiled
	index int // of the call that args belongs to
}

// stream puts values back into a stream. JSON says that its text is.
func (v *veil) stream(json bool) *unveiledStream {
	return &unveiledStream{words: unveiled{v: v, json: json}, args: unveiled{v: v, json: true}}
}

func (u *unveiledStream) text(s string) string { return u.words.text(s) }

// toolCall takes in a piece of a call. Before a call begins all that was said
// before goes on.
func (u *unveiledStream) toolCall(d wire.ToolCallDelta) (text string, calls []wire.ToolCallDelta) {
	text = u.words.rest()
	if d.Index != u.index {
		calls = u.endCall(calls)
		u.index = d.Index
	}
	d.Arguments = u.args.text(d.Arguments)
	if d.Arguments != "" || d.ID != "" || d.Name != "" {
		calls = append(calls, d)
	}
	return text, calls
}

func (u *unveiledStream) endCall(calls []wire.ToolCallDelta) []wire.ToolCallDelta {
	if rest := u.args.rest(); rest != "" {
		calls = append(calls, wire.ToolCallDelta{Index: u.index, Arguments: rest})
	}
	return calls
}

// end is what was held back.
func (u *unveiledStream) end() (text string, calls []wire.ToolCallDelta) {
	return u.words.rest(), u.endCall(nil)
}
