package wire

import "bytes"

// maxLessons bounds how often a template is made anew in one stream, so that a
// provider whose chunks never look alike does not cost more than decoding.
const maxLessons = 4

// template reads chunks that are, byte for byte, like one decoded before but
// for the text and some strings of no meaning (times, padding). For such a
// chunk encoding/json would give the same event with another text, so it need
// not be asked; everything else goes to the decoder. That the holes are where
// they seem to be is proven when the template is made, by decoding the chunk
// once more with other strings in them.
type template struct {
	text  string   // the key before the text, `"content":`
	skip  []string // keys before strings of no meaning
	parts [][]byte // what stands between the holes; one more than holes
	holes []bool   // true: this hole is the text
	event Event    // what the decoder gave, without the text
	taken int      // lessons taken
}

// probe stands in for the text when a template is proven.
const probe = "\u2318 probe"

// read returns the event of a chunk if the template fits it.
func (t *template) read(chunk []byte) (Event, bool) {
	if len(t.parts) == 0 || !bytes.HasPrefix(chunk, t.parts[0]) {
		return Event{}, false
	}
	chunk = chunk[len(t.parts[0]):]
	var text []byte
	for i, isText := range t.holes {
		n := literalEnd(chunk)
		if n < 0 || !bytes.HasPrefix(chunk[n:], t.parts[i+1]) {
			return Event{}, false
		}
		if isText {
			text = chunk[:n]
		} else if !plainLiteral(chunk[:n]) {
			return Event{}, false
		}
		chunk = chunk[n+len(t.parts[i+1]):]
	}
	if len(chunk) > 0 {
		return Event{}, false
	}
	s, ok := unquote(text)
	if !ok || s == "" { // an empty step may be one to pass over
		return Event{}, false
	}
	e := t.event
	e.Text = s
	return e, true
}

// learn makes the template from a chunk and the event that decode gave for it,
// if it is one that only carries text.
func (t *template) learn(chunk []byte, e Event, decode func([]byte) (Event, error)) {
	if t.taken >= maxLessons || e.Text == "" || e.Finish != "" || e.Usage != nil || e.Done || e.Fail != nil {
		return
	}
	t.taken++
	t.parts, t.holes = t.parts[:0], t.holes[:0]
	own := bytes.Clone(chunk)
	start, texts := 0, 0
	for at := 0; at < len(own); {
		key, isText := t.keyAt(own[at:])
		if key == 0 {
			at++
			continue
		}
		n := literalEnd(own[at+key:])
		if n < 0 {
			at += key
			continue
		}
		t.parts = append(t.parts, own[start:at+key])
		t.holes = append(t.holes, isText)
		if isText {
			texts++
		}
		at += key + n
		start = at
	}
	t.parts = append(t.parts, own[start:])
	t.event = e
	t.event.Text = ""

	var changed []byte
	for i := range t.holes {
		changed = appendString(append(changed, t.parts[i]...), probe)
	}
	changed = append(changed, t.parts[len(t.holes)]...)
	want := t.event
	want.Text = probe
	if got, err := decode(changed); texts != 1 || err != nil || got != want {
		t.parts = nil
	}
}

// keyAt returns the length of the key that b begins with, or 0.
func (t *template) keyAt(b []byte) (n int, isText bool) {
	if b[0] != '"' {
		return 0, false
	}
	if bytes.HasPrefix(b, []byte(t.text)) {
		return len(t.text), true
	}
	for _, k := range t.skip {
		if bytes.HasPrefix(b, []byte(k)) {
			return len(k), false
		}
	}
	return 0, false
}
