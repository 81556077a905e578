package answer

// Reason says in one word what became of a text.
type Reason string

// The reasons, by rank: where several apply the verdict is the one furthest
// down, and of two of the same reason or rank the first in the text.
const (
	Complete   Reason = "complete"   // head, every word in its place, check
	Empty      Reason = "empty"      // nothing but white space
	Truncated  Reason = "truncated"  // right as far as it goes, also where it ends within a word, but without the check
	Duplicated Reason = "duplicated" // at one place the text jumps back and goes on from there
	Missing    Reason = "missing"    // at one place the text jumps ahead and goes on from there (of Duplicated's rank)
	Altered    Reason = "altered"    // a word is wrong, or something follows the check
	// Misaddressed (of Altered's rank): it is to somebody else than the ID's
	// Person, or to what stands in that one's place.
	Misaddressed Reason = "misaddressed"
	Foreign      Reason = "foreign"  // head or check name another ID
	Poisoned     Reason = "poisoned" // a canary stands in it: something that was told to somebody else
)

// Verdict is what is known of a text once it has ended.
type Verdict struct {
	Reason  Reason
	At      int    // index of the word that should have come where the trouble shows; one more than the last for what follows the check
	Words   int    // words that came, wrong ones included; not the head, the check, nor a beginning of the right word at the end
	Foreign string // the ID that stands in the text instead; "" unless Reason is Foreign
	Canary  string // what the first canary says; "" unless Reason is Poisoned
	To      bool   // it says that it is to the ID's Person
}

// OK tells whether the text was complete.
func (v Verdict) OK() bool { return v.Reason == Complete }

// Verify judges a whole text.
func Verify(text, id string) Verdict {
	v := NewVerifier(id)
	feed(v, text)
	return v.Close()
}

// Verifier judges a text that arrives in pieces of any size. It keeps one token
// and a few numbers, whatever the length of the text. Tokens are told apart by
// white space; how much of it there is, and of which sort, is not judged,
// because gateways trim and normalise it.
//
// A jump is a word that belongs to another place. It makes the text Duplicated
// or Missing if the next word, or the check, belongs right behind it, and
// Altered if not. Head and check need no such confirmation. Jumps are exact
// within 5,623 words. Beyond, where words come again, one jump is exact if the
// check came, whose number of words settles its direction.
type Verifier struct {
	seq   sequence
	place int  // of the word expected next; before the head it is -1
	next  int  // entry in the vocabulary of that word, where place >= 0
	ended bool // the check has come, and place is one more than its words

	jumping bool // the last word stood at place, but belongs to place target
	target  int

	verdict Verdict // so far; Reason is "" while nothing is wrong

	seen bool               // something but white space has come
	held bool               // the token in buf has ended; what follows decides what it is
	n    int                // bytes of the token in buf
	buf  [checkMax + 1]byte // a token that fills it is longer than any that is right
}

// NewVerifier returns a verifier of texts for that ID, which must be valid.
func NewVerifier(id string) *Verifier {
	v := new(Verifier)
	v.Reset(id)
	return v
}

// Reset makes v ready for another text.
func (v *Verifier) Reset(id string) {
	*v = Verifier{seq: newSequence(id), place: -1}
}

// Write takes the next piece of the text. It never fails, and keeps nothing
// of p.
func (v *Verifier) Write(p []byte) (int, error) {
	feed(v, p)
	return len(p), nil
}

// WriteString is Write for a string.
func (v *Verifier) WriteString(s string) (int, error) {
	feed(v, s)
	return len(s), nil
}

// Close judges what came. The verifier must be Reset before it is used again.
func (v *Verifier) Close() Verdict {
	if v.n > 0 {
		v.judge(true)
	}
	if v.jumping {
		v.blame(Altered, v.place)
	}
	r := v.verdict
	switch {
	case r.Reason != "":
	case !v.seen:
		r.Reason = Empty
	case !v.ended:
		r.Reason, r.At = Truncated, max(0, v.place)
	default:
		r.Reason = Complete
	}
	return r
}

// feed cuts s into tokens. Words that come as they should, which is nearly all
// of them, are compared where they lie.
func feed[T string | []byte](v *Verifier, s T) {
	for i := 0; i < len(s); {
		if isSpace(s[i]) {
			v.endToken()
			i++
			continue
		}
		if v.held {
			v.judge(false)
		}
		v.seen = true
		if v.n == 0 && v.onCourse() {
			if j := i + wordLen; j < len(s) && isSpace(s[j]) && string(s[i:j]) == word(v.next) {
				v.accept()
				i = j + 1
				continue
			}
		}
		j := i + 1
		for j < len(s) && !isSpace(s[j]) {
			j++
		}
		v.n += copy(v.buf[v.n:], s[i:j])
		i = j
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

const whiteSpace = " \n\r\t" // what isSpace takes for it

// onCourse tells whether the word at place next is all that may come, a check
// aside.
func (v *Verifier) onCourse() bool {
	return v.place >= 0 && !v.ended && !v.jumping && !v.lost()
}

// lost tells whether the text went wrong in a way that leaves no place to
// expect the next word at.
func (v *Verifier) lost() bool {
	return rank(v.verdict.Reason) >= rank(Altered)
}

// accept takes the expected word.
func (v *Verifier) accept() {
	v.verdict.Words++
	v.place++
	if v.next += v.seq.step; v.next >= vocabularySize {
		v.next -= vocabularySize
	}
}

// endToken is told of white space behind the token in buf.
func (v *Verifier) endToken() {
	switch {
	case v.n == 0:
	case v.n == wordLen && v.onCourse() && string(v.buf[:v.n]) == word(v.next):
		v.accept()
		v.n = 0
	default:
		v.held = true
	}
}
