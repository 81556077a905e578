package wire

import (
	"net/http"
	"strconv"
	"time"
)

// appendTimings appends llama.cpp's timings, in milliseconds.
func appendTimings(dst []byte, u Usage, s Spent) []byte {
	dst = appendField(dst, `,"timings":{"cache_n":0,"prompt_n":`, u.Prompt)
	dst = appendRates(dst, "prompt", u.Prompt, s.Prompt)
	dst = appendField(dst, `,"predicted_n":`, u.Completion)
	return append(appendRates(dst, "predicted", u.Completion, s.Decode), '}')
}

func appendRates(dst []byte, what string, n int, d time.Duration) []byte {
	ms := float64(d) / float64(time.Millisecond)
	each, rate := 0.0, 0.0
	if n > 0 && ms > 0 {
		each, rate = ms/float64(n), float64(n)/ms*1e3
	}
	for _, f := range []struct {
		name  string
		value float64
	}{{"_ms", ms}, {"_per_token_ms", each}, {"_per_second", rate}} {
		dst = append(append(append(append(dst, `,"`...), what...), f.name...), `":`...)
		dst = strconv.AppendFloat(dst, f.value, 'f', -1, 64)
	}
	return dst
}

// WriteAnswer writes a whole answer.
func (d llamaCpp) WriteAnswer(w http.ResponseWriter, req *Request, a *Answer) error {
	own := *d.flavour
	own.answerTail = string(appendTimings(nil, a.Usage, a.Spent))
	return openAI{&own}.WriteAnswer(w, req, a)
}

// llamaCppStream writes a streamed answer.
type llamaCppStream struct {
	*openAIStream
	spent Spent
}

// StartStream writes the head of a stream.
func (d llamaCpp) StartStream(w http.ResponseWriter, req *Request, head *Answer) (StreamWriter, error) {
	s, err := d.openAI.StartStream(w, req, head)
	plain, ok := s.(*openAIStream)
	if !ok {
		return s, err
	}
	return &llamaCppStream{openAIStream: plain}, err
}

// Spent implements TimedStreamWriter.
func (s *llamaCppStream) Spent(t Spent) { s.spent = t }

// End closes the answer. The timings stand in the last chunk, whether that is
// the one with the reason or the one with the usage.
func (s *llamaCppStream) End(f Finish, u Usage) error {
	b := append(s.buf[:0], s.head...)
	b = append(b, `{"index":0,"delta":{},"logprobs":null,"finish_reason":`...)
	b = append(appendNullable(b, string(f)), "}]"...)
	if s.usage {
		b = append(append(append(b, chunkEnd...), s.head...), ']')
		b = s.d.appendUsage(b, u, Spent{})
	}
	b = append(appendTimings(b, u, s.spent), chunkEnd...)
	return s.send(append(b, openAIDone...))
}
