package wire

// StreamWriter writes the rest of a streamed answer. Each call flushes.
type StreamWriter interface {
	// Text appends words.
	Text(s string) error
	// End closes the answer properly: finish reason, usage, end marker.
	End(f Finish, u Usage) error
	// Fail writes the provider's own in-stream error.
	Fail(f *Failure) error
}

// TimedStreamWriter is a StreamWriter of a dialect that tells where the time
// went. Spent is called at most once, before End.
type TimedStreamWriter interface {
	StreamWriter
	Spent(s Spent)
}

// Pinger is a StreamWriter of a dialect that shows signs of life between two
// pieces of an answer.
type Pinger interface {
	StreamWriter
	// Ping writes one.
	Ping() error
}

// Renamer is a StreamWriter of a dialect that names the model beside what it
// says, so that another may go on with an answer.
type Renamer interface {
	StreamWriter
	// Rename names who says what follows.
	Rename(model string)
}

// ToolStreamWriter is a StreamWriter of a dialect with tools.
type ToolStreamWriter interface {
	StreamWriter
	// ToolCall writes a piece of a call of a function.
	ToolCall(d ToolCallDelta) error
}

// WholeCallStreamWriter is a ToolStreamWriter of a dialect whose calls of
// functions are whole, so that the last one waits for what follows it.
type WholeCallStreamWriter interface {
	ToolStreamWriter
	// EndCall writes the call that waits, if there is one.
	EndCall() error
}
