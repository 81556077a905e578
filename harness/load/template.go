package load

import (
	"bytes"

	"brownout/mocks/answer"
)

// Stands are put where what is the single request's own will be, to find the
// places again.
const (
	stand      = "marker-stands-here"
	standEmail = "email-stands-here"
	standPhone = "phone-stands-here"
	standIBAN  = "iban-stands-here"
)

// stands are all of them, in the order of own.
var stands = [...]string{stand, standEmail, standPhone, standIBAN}

// own is what stands in their places.
type own [len(stands)]string

// own is what is this request's own.
func (s shot) own() own {
	if len(s.Personal) == 0 {
		return own{s.marker}
	}
	v := answer.PersonOf(s.marker).Values()
	return own{s.marker, v[0], v[1], v[2]}
}

// personalWords are what a prompt says of its person, and who the answer has to
// be to.
var personalWords = "I am at " + standPhone + ", my account is " + standIBAN + ". " + answer.Address(standEmail) + " "

// addressTokens is room for whom an answer is to, whatever a placeholder may look
// like.
const addressTokens = 48

// template is text around what is filled in.
type template struct {
	parts [][]byte // one more than holes
	holes []int    // indices in stands
	size  int      // of the parts
}

// newTemplate finds the stands in a text.
func newTemplate(text []byte) (t template) {
	for {
		at, which := -1, 0
		for i, s := range stands {
			if j := bytes.Index(text, []byte(s)); j >= 0 && (at < 0 || j < at) {
				at, which = j, i
			}
		}
		if at < 0 {
			t.parts = append(t.parts, text)
			t.size += len(text)
			return t
		}
		t.parts, t.holes = append(t.parts, text[:at]), append(t.holes, which)
		t.size += at
		text = text[at+len(stands[which]):]
	}
}

// filled is the length of the text once it is filled in.
func (t *template) filled(o own) int {
	n := t.size
	for _, h := range t.holes {
		n += len(o[h])
	}
	return n
}

// fill fills it in.
func (t *template) fill(o own) []byte {
	b := append(make([]byte, 0, t.filled(o)), t.parts[0]...)
	for i, h := range t.holes {
		b = append(append(b, o[h]...), t.parts[i+1]...)
	}
	return b
}

// holesIn is how many places texts have.
func holesIn(texts []string) (n int) {
	for _, s := range texts {
		n += len(newTemplate([]byte(s)).holes)
	}
	return n
}
