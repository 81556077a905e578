package chaos

import (
	"brownout/mocks"
)

// streamed tells whether a call asks for a stream. Faults of streams leave all
// others alone.
func streamed(c *mocks.Call) bool { return chatted(c) && c.Request.Stream }

// chatted tells whether a call asks for an answer in words: not for vectors, a
// count of tokens or a list.
func chatted(c *mocks.Call) bool { return c.Operation == mocks.OperationChat }

// breaking is what a fault of streams does to a call.
func breaking(b mocks.Break) func(*mocks.Call) mocks.Effect {
	return func(c *mocks.Call) mocks.Effect {
		if !streamed(c) {
			return mocks.Effect{}
		}
		return mocks.Effect{Break: &b}
	}
}

// onlyOneOf wants a place in a stream to be given in one way.
func onlyOneOf(where float64, tokens int) *ParamError {
	if tokens > 0 && where != defaultWhere {
		return &ParamError{Param: "after_tokens", Msg: "where and after_tokens both say at which place", Hint: "give one of them"}
	}
	return nil
}

// defaultWhere is the default of where, as its tags say.
const defaultWhere = 0.5
