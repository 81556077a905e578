// Package answer is what a mock says: a text that is a pure function of the
// request's marker and the asked length, so that whoever holds the text and the
// marker can tell whether it is whole.
//
// A marker's ID and a number of words flow in; text flows out, token by token
// or whole. In the other direction text flows in, in any pieces, and a Verdict
// flows out. The package knows nothing of providers, wire formats or time.
//
// A text is a head that echoes the ID, the words, and a check that carries the
// ID, the number of words and a checksum of both:
//
//	[bo:ID] rimo tavu sebi … lona [end:ID:40:9f86d081]
//
// Word i of an ID is the same in a text of any length. It is entry (a + i·b)
// mod P of a vocabulary of P words, with a and b from a hash of the ID and P
// prime. So no word comes twice within P words, and the place of a word under
// an ID can be computed from the word: a reader can say exactly whether a
// stream that was joined from pieces repeats words, lacks some, or swaps them.
//
// Each word counts as one token, and so do the head and the check.
//
// A text that was asked to say whom it is to says so behind its head, in tokens
// of a few letters, since what a name is made of is no word of a model's:
//
//	[bo:ID] [to:mira.solo.7f@example.org] rimo tavu …
//
// It says what the prompt said. The prompt of an ID names the Person of the ID,
// so a reader can tell whether that one, or what somebody on the way has put in
// its place, has come back.
package answer

import (
	"strconv"
	"unicode/utf8"

	"brownout/chance"
)

// Gen generates the text of one ID and length. It is a value, small and
// immutable; make it with NewGen.
type Gen struct {
	sequence
	words int
	to    string // " [to:…]"; "": it is to nobody
}

// NewGen returns the generator of a text of that many words (at least 0). The
// ID must be valid (see ValidID).
func NewGen(id string, words int) Gen {
	return Gen{sequence: newSequence(id), words: max(0, words)}
}

// Otherwise is the same text in other words, as another model would put it:
// head and check are right, and the words between them are not the ID's.
func (g Gen) Otherwise() Gen {
	g.step = 1 + g.step%(vocabularySize-1)
	return g
}

// To is the same text, to somebody; "": to nobody.
func (g Gen) To(whom string) Gen {
	if g.to = ""; whom != "" {
		g.to = " " + toOpen + whom + closing
	}
	return g
}

// pieceLen is how many bytes make a token of whom a text is to.
const pieceLen = 3

// pieces is how many tokens that are.
func (g Gen) pieces() int { return (len(g.to) + pieceLen - 1) / pieceLen }

// piece is the byte of g.to at which its token i begins. No token begins within
// a character.
func (g Gen) piece(i int) int {
	at := min(i*pieceLen, len(g.to))
	for at < len(g.to) && !utf8.RuneStart(g.to[at]) {
		at++
	}
	return at
}

// ID is the marker's ID.
func (g Gen) ID() string { return g.id }

// Words is the number of words between head and check.
func (g Gen) Words() int { return g.words }

// Tokens is the number of tokens: head, whom it is to, words and check.
func (g Gen) Tokens() int { return g.pieces() + Tokens(g.words) }

// Token returns token i, 0 <= i < Tokens(). Every token but the first, and
// those of whom the text is to, begins with a space, so that the tokens joined
// are the text. Words cost no allocation.
func (g Gen) Token(i int) string {
	pieces := g.pieces()
	switch {
	case i <= pieces || i > pieces+g.words:
		return string(g.Append(nil, i))
	default:
		return spacedWord(g.entry(i - 1 - pieces))
	}
}

// Append appends token i to dst.
func (g Gen) Append(dst []byte, i int) []byte {
	pieces := g.pieces()
	switch {
	case i == 0:
		return g.appendHead(dst)
	case i <= pieces:
		return append(dst, g.to[g.piece(i-1):g.piece(i)]...)
	case i > pieces+g.words:
		return g.appendCheck(append(dst, ' '), g.words)
	default:
		return append(dst, spacedWord(g.entry(i-1-pieces))...)
	}
}

// AppendTokens appends the tokens from and up to, but not with, to.
func (g Gen) AppendTokens(dst []byte, from, to int) []byte {
	for i := from; i < to; i++ {
		dst = g.Append(dst, i)
	}
	return dst
}

// Len is the length of the text in bytes.
func (g Gen) Len() int {
	var check [checkMax]byte
	return g.headLen() + len(g.to) + g.words*(1+wordLen) + 1 + len(g.appendCheck(check[:0], g.words))
}

// At returns the token in which byte off of the text lies, and the byte within
// that token. At and past the end of the text it returns Tokens(), 0.
func (g Gen) At(off int) (token, within int) {
	head := g.headLen()
	if off < head {
		return 0, max(0, off)
	}
	off -= head
	pieces := g.pieces()
	if off < len(g.to) {
		i := min(off/pieceLen, pieces-1)
		for g.piece(i) > off {
			i--
		}
		return i + 1, off - g.piece(i)
	}
	off -= len(g.to)
	if i := off / (1 + wordLen); i < g.words {
		return pieces + i + 1, off % (1 + wordLen)
	}
	if head+len(g.to)+off >= g.Len() {
		return g.Tokens(), 0
	}
	return pieces + g.words + 1, off - g.words*(1+wordLen)
}

// Text returns the whole text of an ID and length.
func Text(id string, words int) string {
	g := NewGen(id, words)
	return string(g.AppendTokens(make([]byte, 0, g.Len()), 0, g.Tokens()))
}

// Length is the length in bytes of Text(id, words).
func Length(id string, words int) int { return NewGen(id, words).Len() }

// Tokens is the number of tokens in a text of that many words, as usage
// figures count them: the words, the head and the check.
func Tokens(words int) int { return max(0, words) + 2 }

// sequence is the endless row of words that belongs to an ID.
type sequence struct {
	id          string
	start, step int // entry i is (start + i*step) mod vocabularySize
}

func newSequence(id string) sequence {
	return sequence{
		id:    id,
		start: chance.Key{Marker: id, Purpose: "answer start"}.IntN(vocabularySize),
		step:  1 + chance.Key{Marker: id, Purpose: "answer step"}.IntN(vocabularySize-1),
	}
}

// entry is the entry in the vocabulary of word i.
func (s sequence) entry(i int) int {
	return (s.start + i%vocabularySize*s.step) % vocabularySize
}

// place is the inverse of entry: the i below vocabularySize whose word is the
// given entry.
func (s sequence) place(entry int) int {
	d := (entry - s.start + vocabularySize) % vocabularySize
	return d * inverse(s.step) % vocabularySize
}

// Head, whom it is to, and check: [bo:ID], [to:WHOM] and [end:ID:N:xxxxxxxx].
const (
	headOpen  = "[bo:"
	checkOpen = "[end:"
	toOpen    = "[to:"
	closing   = "]"
	sumLen    = 8
	// checkMax is the most bytes a check takes: brackets, ID, an int, the sum.
	checkMax = len(checkOpen) + MaxID + 1 + 20 + 1 + sumLen + len(closing)
)

func (s sequence) headLen() int { return len(headOpen) + len(s.id) + len(closing) }

func (s sequence) appendHead(dst []byte) []byte {
	dst = append(dst, headOpen...)
	dst = append(dst, s.id...)
	return append(dst, closing...)
}

func (s sequence) appendCheck(dst []byte, words int) []byte {
	dst = append(dst, checkOpen...)
	dst = append(dst, s.id...)
	dst = append(dst, ':')
	dst = strconv.AppendInt(dst, int64(words), 10)
	dst = append(dst, ':')
	sum := checksum(s.id, words)
	for shift := 28; shift >= 0; shift -= 4 {
		dst = append(dst, "0123456789abcdef"[sum>>shift&15])
	}
	return append(dst, closing...)
}

// checksum proves that a check was made for this ID and length, and not put
// together from others.
func checksum(id string, words int) uint32 {
	return uint32(chance.Key{Marker: id, Attempt: words, Purpose: "answer check"}.Bits() >> 32)
}
