package router

import (
	"encoding/json"
	"strings"

	"brownout/mocks/wire"
)

// validStream judges an answer as it streams: who it is from at its first
// event, whether it begins like the JSON that was asked for at its first word,
// and the rest at its end. What is found before anything was delivered becomes
// another provider's answer; after that another one goes on, or the client is
// told in the stream.
type validStream struct {
	v      *validator
	req    *wire.Request
	by     *candidate
	mapped *modelMap
	some   bool
	json   bool            // JSON was asked for
	begun  bool            // it has begun as it should
	keep   strings.Builder // the text, where it has to parse in the end
	calls  toolCalls
	usage  wire.Usage
}

// stream begins to judge an answer to req.
func (v *validator) stream(req *wire.Request) *validStream {
	return &validStream{v: v, req: req, json: v.schema && (req.JSON || len(req.Schema) > 0)}
}

// goOn tells what another provider has said of the answer already.
func (s *validStream) goOn(delivered []byte) {
	s.some, s.begun = true, true
	if s.json {
		s.keep.Write(delivered)
	}
}

// model is what the stream says of who answers.
func (s *validStream) model(name string) *wire.Failure { return s.v.named(s.by, name, s.mapped) }

// jsonBlank is white space between JSON's tokens.
const jsonBlank = " \t\r\n"

// text takes in words, and lets them pass.
func (s *validStream) text(piece string) (string, *wire.Failure) {
	s.some = s.some || piece != ""
	if !s.json {
		return piece, nil
	}
	s.keep.WriteString(piece)
	if s.begun {
		return piece, nil
	}
	begin := strings.TrimLeft(s.keep.String(), jsonBlank)
	if begin == "" {
		return "", nil // held back until there is something to judge
	}
	s.begun = true
	if !strings.Contains(firstOf(s.req.Schema), begin[:1]) {
		return "", bad("it does not begin as the JSON that was asked for, but with %q", excerpt(begin))
	}
	return s.keep.String(), nil
}

// firstOf are the bytes of which an answer's first is one: any value's where a
// schema leaves it open, else an object's.
func firstOf(schema []byte) string {
	var root struct{ Type any }
	if len(schema) == 0 || json.Unmarshal(schema, &root) == nil && root.Type == "object" {
		return "{"
	}
	return `{["-0123456789tfn`
}

// toolCall takes in a piece of a call of a function.
func (s *validStream) toolCall(d wire.ToolCallDelta) { s.calls.add(d) }

// counted takes in the usage that the provider reports.
func (s *validStream) counted(u wire.Usage) { s.usage = u }

// end judges the whole.
func (s *validStream) end(f wire.Finish) (string, *wire.Failure) {
	rest := ""
	if s.json && !s.begun { // white space and no more
		rest = s.keep.String()
	}
	if fail := s.v.ended(s.req, s.some, len(s.calls), f, s.usage); fail != nil {
		return "", fail
	}
	if !s.v.schema {
		return rest, nil
	}
	if fail := s.v.calls(s.req, s.calls); fail != nil {
		return "", fail
	}
	if fail := s.v.text(s.req, s.keep.String(), len(s.calls) > 0, f); fail != nil {
		return "", fail
	}
	return rest, nil
}

// excerpt is the beginning of a text, for messages.
func excerpt(s string) string {
	const longest = 24
	if len(s) > longest {
		return strings.ToValidUTF8(s[:longest], "") + "…"
	}
	return s
}
