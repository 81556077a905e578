package answer

import (
	"bytes"
	"strconv"
)

// judge decides what the token in buf means, and clears it. last tells that
// the text ends with it, so that it may be cut short.
func (v *Verifier) judge(last bool) {
	token := v.buf[:v.n]
	v.n, v.held = 0, false

	if canary, ok := readCanary(token); ok {
		v.canary(canary)
	} else if id, ok := readHead(token); ok {
		v.head(id)
	} else if id, words, ok := readCheck(token); ok {
		v.check(id, words)
	} else if bytes.HasPrefix(token, []byte(toOpen)) && (!last || token[len(token)-1] == closing[0] || !v.begins(token)) {
		v.to(token)
	} else if entry, ok := entryOf(token); ok {
		v.word(entry)
	} else if !last || !v.begins(token) {
		v.wrongWord()
	}
}

// blame notes that something is wrong, by the rank of reasons.
func (v *Verifier) blame(r Reason, at int) {
	if v.verdict.Reason == "" || rank(r) > rank(v.verdict.Reason) {
		v.verdict.Reason, v.verdict.At = r, max(0, at)
	}
}

func rank(r Reason) int {
	switch r {
	case Poisoned:
		return 4
	case Foreign:
		return 3
	case Altered, Misaddressed:
		return 2
	default:
		return 1
	}
}

// foreign notes that a head or check names another ID.
func (v *Verifier) foreign(id []byte) {
	if v.verdict.Reason != Foreign && v.verdict.Reason != Poisoned {
		v.verdict.Foreign = string(id)
	}
	v.blame(Foreign, v.place)
}

// canary notes that a canary stands in the text.
func (v *Verifier) canary(says []byte) {
	v.wrongWord()
	if v.verdict.Reason != Poisoned {
		v.verdict.Canary, v.verdict.Foreign = string(says), ""
	}
	v.blame(Poisoned, v.place)
}

// wrongWord takes a token that is no part of any text of this ID.
func (v *Verifier) wrongWord() {
	v.verdict.Words++
	v.jumping = false
	v.blame(Altered, v.place)
}

// word takes a word of the vocabulary.
func (v *Verifier) word(entry int) {
	switch {
	case v.lost():
		v.verdict.Words++
	case v.jumping:
		v.verdict.Words++
		v.jumping = false
		if entry != v.seq.entry(v.target+1) {
			v.blame(Altered, v.place)
			return
		}
		v.land()
		v.goTo(v.target + 2)
	case v.onCourse() && entry == v.next:
		v.accept()
	default:
		v.verdict.Words++
		to := v.seq.place(entry)
		if v.place > 0 {
			to += v.place / vocabularySize * vocabularySize
		}
		if v.ended && to >= v.place-1 {
			v.blame(Altered, v.place) // words the text never had
			return
		}
		v.jumping, v.target = true, to
	}
}

// land notes a confirmed jump.
func (v *Verifier) land() {
	if v.target < v.place {
		v.blame(Duplicated, v.place)
	} else {
		v.blame(Missing, v.place)
	}
}

func (v *Verifier) goTo(place int) {
	v.place, v.ended = place, false
	v.next = v.seq.entry(place)
}

// head takes a head.
func (v *Verifier) head(id []byte) {
	switch {
	case string(id) != v.seq.id:
		v.foreign(id)
	case v.lost():
	case v.jumping:
		v.jumping = false
		v.blame(Altered, v.place)
	default:
		if v.place >= 0 {
			v.blame(Duplicated, v.place)
		}
		v.goTo(0)
	}
}

// to takes what says whom the text is to. It stands behind the head.
func (v *Verifier) to(token []byte) {
	switch {
	case v.lost():
	case v.place != 0 || v.ended || v.jumping:
		v.wrongWord()
	case string(token) != v.address():
		v.blame(Misaddressed, 0)
	case v.verdict.To:
		v.blame(Duplicated, 0)
	default:
		v.verdict.To = true
	}
}

// address says that a text is to the Person of the ID.
func (v *Verifier) address() string { return toOpen + PersonOf(v.seq.id).Email + closing }

// check takes a check that says how many words there should have been.
func (v *Verifier) check(id []byte, words int) {
	if string(id) != v.seq.id {
		v.foreign(id)
		return
	}
	if v.lost() {
		return
	}
	if v.jumping {
		v.jumping = false
		if (v.target+1-words)%vocabularySize != 0 {
			v.blame(Altered, v.place)
			return
		}
		v.land()
		v.place = v.target + 1
	}
	switch off := v.place - words; {
	case v.ended:
		v.blame(Duplicated, v.place)
	case v.verdict.Reason == "" && off < 0:
		v.blame(Missing, v.place)
	case v.verdict.Reason == "" && off > 0:
		v.blame(Duplicated, v.place)
	case off != 0 && off%vocabularySize == 0:
		// A jump over more words than the vocabulary has: only the count tells
		// whether it went back or ahead.
		if v.verdict.Reason = Missing; v.verdict.Words > words {
			v.verdict.Reason = Duplicated
		}
	}
	v.ended, v.place = true, words+1
}

// begins tells whether token is the beginning of what may come now: the head,
// the next word or the check.
func (v *Verifier) begins(token []byte) bool {
	if v.ended || v.lost() {
		return false
	}
	var buf [checkMax]byte
	if v.place < 0 {
		return bytes.HasPrefix(v.seq.appendHead(buf[:0]), token)
	}
	if v.place == 0 && !v.verdict.To && bytes.HasPrefix([]byte(v.address()), token) {
		return true
	}
	return bytes.HasPrefix([]byte(word(v.next)), token) ||
		bytes.HasPrefix(v.seq.appendCheck(buf[:0], v.place), token)
}

// readCanary returns what a canary says, and whether token holds one. One that
// was cut off counts too.
func readCanary(token []byte) (says []byte, ok bool) {
	_, rest, found := bytes.Cut(token, []byte(canaryOpen))
	if !found {
		return nil, false
	}
	says, _, _ = bytes.Cut(rest, []byte(markerClose))
	return says, true
}

// readHead returns the ID of a head, and whether token is one.
func readHead(token []byte) (id []byte, ok bool) {
	rest, opened := bytes.CutPrefix(token, []byte(headOpen))
	rest, closed := bytes.CutSuffix(rest, []byte(closing))
	return rest, opened && closed && ValidID(string(rest))
}

// readCheck returns what a check says, and whether token is one with the right
// sum.
func readCheck(token []byte) (id []byte, words int, ok bool) {
	rest, opened := bytes.CutPrefix(token, []byte(checkOpen))
	id, rest, named := bytes.Cut(rest, []byte(":"))
	count, _, counted := bytes.Cut(rest, []byte(":"))
	if !opened || !named || !counted || !ValidID(string(id)) {
		return nil, 0, false
	}
	words, err := strconv.Atoi(string(count))
	if err != nil || words < 0 {
		return nil, 0, false
	}
	// Written out again it must be the same, sum and all.
	var buf [checkMax]byte
	return id, words, bytes.Equal(sequence{id: string(id)}.appendCheck(buf[:0], words), token)
}
