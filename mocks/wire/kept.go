package wire

import (
	"net/http"
	"slices"
)

// Kept is an answer that can be asked for again, and be gone on from.
type Kept struct {
	ID     string
	Body   []byte    // the answer, as a whole
	Input  []Message // what it answered: the conversation up to it
	Output Message
}

// Shelf holds the answers that a provider keeps.
type Shelf interface {
	// Find returns the one of that id, or nil.
	Find(id string) *Kept
	// Remove takes it off the shelf, and tells whether it was there.
	Remove(id string) bool
}

// Librarian is a Server whose answers can be kept: those to requests with
// Keepable, which may name one that they go on from.
type Librarian interface {
	// ServeKept answers OpKept from the shelf, or says why not.
	ServeKept(w http.ResponseWriter, r *http.Request, arg string, s Shelf) *Failure
	// Lost words the refusal of a request that goes on from an answer which is
	// not on the shelf.
	Lost(id string) *Failure
}

// GoOn puts the conversation that the answer belongs to before the request's
// own messages. Its instructions are not part of that.
func (r *Request) GoOn(from *Kept) {
	own := r.Messages
	r.Messages = nil
	if r.Instructed {
		r.Messages, own = own[:1:1], own[1:]
	}
	r.Messages = append(slices.Concat(r.Messages, from.Input, []Message{from.Output}), own...)
}

// Conversation are the messages of which an answer to the request is the next.
func (r *Request) Conversation() []Message {
	if r.Instructed {
		return r.Messages[1:]
	}
	return r.Messages
}
