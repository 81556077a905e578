package wire

// mistralStream writes a streamed answer. Mistral sends each call of a function
// whole: its SDK for TypeScript refuses a piece of one that lacks the name
// (mistralai 2.7.0, FunctionCall).
type mistralStream struct {
	*openAIStream
	call ToolCallDelta // begun and not yet sent; no Name: none
}

// ToolCall takes a piece of a call, and sends the one before it.
func (s *mistralStream) ToolCall(c ToolCallDelta) error {
	if c.Name == "" {
		s.call.Arguments += c.Arguments
		return nil
	}
	err := s.EndCall()
	s.call = c
	return err
}

// EndCall sends the call that waits, if there is one.
func (s *mistralStream) EndCall() error {
	c := s.call
	s.call = ToolCallDelta{}
	if c.Name == "" {
		return nil
	}
	return s.openAIStream.ToolCall(c)
}

// End sends the last call and closes the answer.
func (s *mistralStream) End(f Finish, u Usage) error {
	if err := s.EndCall(); err != nil {
		return err
	}
	return s.openAIStream.End(f, u)
}
