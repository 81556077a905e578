package router

import (
	"fmt"
	"strings"

	"brownout/mocks/wire"
)

// splice joins a stream that broke off with a second answer that begins anew.
// It swallows what the client has already, byte for byte, and lets through
// what follows. Where the second answer says something else it is no
// continuation: the first byte that differs is a failure of kind malformed,
// and nothing of that answer is ever let through.
//
// White space counts like any other byte: two answers that differ in it would
// not join to what either provider said.
type splice struct {
	have string // what the client has
	at   int    // bytes of it that were heard again
	fail *wire.Failure
}

// newSplice is a join at the end of delivered, which is all that the client
// has been given of the answer so far.
func newSplice(delivered string) *splice { return &splice{have: delivered} }

// text takes in the next piece of the second answer and returns what of it the
// client has not yet. After a failure it returns that failure for good.
func (s *splice) text(piece string) (string, *wire.Failure) {
	if s.fail != nil {
		return "", s.fail
	}
	missing := s.have[s.at:]
	if missing == "" {
		return piece, nil
	}
	n := 0
	for n < len(piece) && n < len(missing) && piece[n] == missing[n] {
		n++
	}
	s.at += n
	if n < len(piece) && n < len(missing) {
		s.fail = &wire.Failure{
			Kind: wire.FailMalformed,
			Message: fmt.Sprintf("it does not repeat what was delivered: at byte %d it says %q, where the client has %q",
				s.at, excerpt(piece[n:]), excerpt(missing[n:])),
		}
		return "", s.fail
	}
	return piece[n:], nil
}

// end tells whether the second answer came as far as the client had been
// served; one that is shorter cannot end the client's.
func (s *splice) end(wire.Finish) (string, *wire.Failure) {
	if s.fail == nil && s.at < len(s.have) {
		s.fail = &wire.Failure{
			Kind:    wire.FailMalformed,
			Message: fmt.Sprintf("it ended after %d of the %d bytes that the client has", s.at, len(s.have)),
		}
	}
	return "", s.fail
}

// excerpt is the beginning of a text, for messages.
func excerpt(s string) string {
	const longest = 24
	if len(s) > longest {
		return strings.ToValidUTF8(s[:longest], "") + "…"
	}
	return s
}
