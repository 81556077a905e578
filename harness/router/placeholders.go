package router

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"brownout/mocks/wire"
)

// veil is what one request shows to providers in place of personal data: for
// each value a placeholder such as [EMAIL_1], the same one wherever the value
// comes up in the request. Numbers go by the order in which values come up, so
// that the same conversation reads the same each time. What the client itself
// has said that looks like a placeholder is never used as one.
//
// It is safe for concurrent use.
type veil struct {
	find *finder

	mu     sync.Mutex
	of     map[string]string   // value -> placeholder
	back   map[string]string   // placeholder -> value
	last   map[string]int      // label -> number given last
	taken  map[string]struct{} // said by the client itself
	turns  []wire.Message      // the client's own, as they are shown
	joined bool                // turns is made
}

func newVeil(f *finder) *veil {
	return &veil{find: f, of: map[string]string{}, back: map[string]string{}, last: map[string]int{}, taken: map[string]struct{}{}}
}

// avoid has no value shown as what looks like a placeholder in a text.
func (v *veil) avoid(text string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for {
		i := strings.IndexByte(text, '[')
		if i < 0 {
			return
		}
		text = text[i:]
		n, whole := placeholderIn(text)
		if whole {
			v.taken[text[:n]] = struct{}{}
		}
		text = text[max(n, 1):]
	}
}

// hide is a text as it is shown.
func (v *veil) hide(text string) string {
	pieces := v.find.in(text)
	if len(pieces) == 0 {
		return text
	}
	var b strings.Builder
	from := 0
	for _, p := range pieces {
		b.WriteString(text[from:p.from])
		b.WriteString(v.placeholder(text[p.from:p.to], p.label))
		from = p.to
	}
	b.WriteString(text[from:])
	return b.String()
}

// placeholder is that of a value.
func (v *veil) placeholder(value, label string) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	p, ok := v.of[value]
	for !ok {
		v.last[label]++
		p = "[" + label + "_" + strconv.Itoa(v.last[label]) + "]"
		if _, taken := v.taken[p]; !taken {
			v.of[value], v.back[p] = p, value
			ok = true
		}
	}
	return p
}

// value is what a placeholder stands for.
func (v *veil) value(placeholder string) (string, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	s, ok := v.back[placeholder]
	return s, ok
}

// hides tells what is hidden, by kind and number and never by value; "" where
// nothing is.
func (v *veil) hides() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	count := map[string]int{}
	for p := range v.back {
		label, _, _ := strings.Cut(p[1:], "_")
		count[label]++
	}
	var list []string
	for _, label := range slices.Sorted(maps.Keys(count)) {
		list = append(list, fmt.Sprintf("%d %s", count[label], strings.ToLower(label)))
	}
	return strings.Join(list, ", ")
}

// leastTorn is how many bytes of a value's beginning give it away.
const leastTorn = 4

// tears tells whether a text ends within a value, so that what is there of it
// would be shown: no search finds half a value. The nil veil tears nothing.
func (v *veil) tears(text string) bool { return v.torn(text) > 0 }

// torn is how many bytes at a text's end are the beginning of a value.
func (v *veil) torn(text string) (most int) {
	if v == nil {
		return 0
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for value := range v.of {
		for n := min(len(value)-1, len(text)); n >= leastTorn && n > most; n-- {
			if strings.HasSuffix(text, value[:n]) {
				most = n
			}
		}
	}
	return most
}

// conceal is a message of the router's own, which may quote an answer, without
// the values. The nil veil conceals nothing.
func (v *veil) conceal(message string) string {
	if v == nil || message == "" {
		return message
	}
	message = v.hide(message)
	// Quotations are cut, and a value with them.
	head, rest, cut := strings.Cut(message, "…")
	if n := v.torn(head); cut && n > 0 {
		message = head[:len(head)-n] + "…" + rest
	}
	return message
}

// concealed is a failure whose message is.
func (v *veil) concealed(f *wire.Failure) *wire.Failure {
	if v == nil || f == nil || f.Message == "" {
		return f
	}
	own := *f
	own.Message = v.conceal(f.Message)
	return &own
}

// messages are turns as they are shown: the same list where there is nothing
// to hide.
func (v *veil) messages(turns []wire.Message) []wire.Message {
	out := turns
	for i := range turns {
		m := turns[i]
		m.Text = v.hide(m.Text)
		changed := m.Text != turns[i].Text
		for j, t := range turns[i].ToolCalls {
			args := v.arguments(t.Arguments)
			if args == t.Arguments {
				continue
			}
			if &m.ToolCalls[0] == &turns[i].ToolCalls[0] {
				m.ToolCalls = slices.Clone(m.ToolCalls)
			}
			m.ToolCalls[j].Arguments, changed = args, true
		}
		if !changed {
			continue
		}
		if &out[0] == &turns[0] {
			out = slices.Clone(turns)
		}
		out[i] = m
	}
	return out
}

// arguments are a function's as they are shown: JSON stays JSON.
func (v *veil) arguments(args string) string {
	if !json.Valid([]byte(args)) {
		return v.hide(args)
	}
	return string(v.hideJSON([]byte(args), true))
}

// sameTurns tells whether two lists of turns are one.
func sameTurns(a, b []wire.Message) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

// own are the client's own turns as they are shown, which is worked out once.
func (v *veil) own(turns []wire.Message) []wire.Message {
	if !v.joined {
		v.turns, v.joined = v.messages(turns), true
	}
	return v.turns
}
