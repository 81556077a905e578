package wire

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
)

// invokeBody is what a maker's models take and give in InvokeModel.
type invokeBody struct {
	maker, surface string
	decode         func(d bedrock, body []byte, model string, stream bool) (*Request, *Failure)
	write          func(d bedrock, w http.ResponseWriter, req *Request, a *Answer) error
	// start starts a stream whose lines become chunks.
	start func(d bedrock, c *chunkWriter, req *Request, head *Answer) (ToolStreamWriter, error)
}

// Surfaces of the dialect besides Converse: bodies of InvokeModel. A maker's is
// a line here and three functions.
var invokeBodies = []invokeBody{
	{"anthropic", "invoke-anthropic", decodeClaude, writeClaude, startClaude},
	{"amazon", "invoke-nova", decodeNova, writeNova, startNova},
	{"meta", "invoke-llama", decodeLlama, writeLlama, startLlama},
}

func bodyOfMaker(model string) *invokeBody {
	for i := range invokeBodies {
		if invokeBodies[i].maker == makerOf(model) {
			return &invokeBodies[i]
		}
	}
	return nil
}

func bodyOfSurface(surface string) *invokeBody {
	for i := range invokeBodies {
		if invokeBodies[i].surface == surface {
			return &invokeBodies[i]
		}
	}
	return nil
}

// startChunks starts a stream of an InvokeModel body.
func (b *invokeBody) startChunks(d bedrock, w http.ResponseWriter, req *Request, head *Answer) (StreamWriter, error) {
	c := newChunkWriter(w)
	inner, err := b.start(d, c, req, head)
	return &chunkStream{ToolStreamWriter: inner, chunks: c, d: d, head: head}, err
}

// decodeClaude reads a Messages request: the model is in the path, the version
// in the body. Texts are Anthropic's own, as the newer ones on Bedrock are.
func decodeClaude(_ bedrock, body []byte, model string, stream bool) (*Request, *Failure) {
	in, fail := readAnthropic(body)
	if fail != nil {
		return nil, bedrockInvalid("Malformed input request: %s, please reformat your input and try again.", fail.Message)
	}
	strict, known := claudeOnBedrock.versions[in.Version]
	switch {
	case in.Model != nil:
		return nil, bedrockInvalid("model: Extra inputs are not permitted")
	case in.Stream != nil:
		return nil, bedrockInvalid("stream: Extra inputs are not permitted")
	case in.Version == "":
		return nil, bedrockInvalid("anthropic_version: Field required")
	case !known: // words unverified
		return nil, bedrockInvalid("anthropic_version: Input should be 'bedrock-2023-05-31'")
	}
	in.Model, in.Stream = &model, &stream
	req, fail := in.request(strict, true)
	if fail == nil {
		req.Surface = "invoke-anthropic"
	}
	return req, fail
}

func writeClaude(_ bedrock, w http.ResponseWriter, req *Request, a *Answer) error {
	return anthropic{claudeOnBedrock}.WriteAnswer(w, req, claudeAnswer(req, a))
}

// claudeAnswer names answer and model as Claude's bodies on Bedrock do.
func claudeAnswer(req *Request, a *Answer) *Answer {
	own := *a
	own.ID = anthropic{claudeOnBedrock}.NewAnswerID(answerBits(req))
	own.Model = strings.TrimPrefix(bareModel(a.Model), "anthropic.")
	if i := strings.LastIndex(own.Model, "-v"); i > 0 {
		own.Model = own.Model[:i] // the maker's name has no version of Bedrock's
	}
	return &own
}

func startClaude(_ bedrock, c *chunkWriter, req *Request, head *Answer) (ToolStreamWriter, error) {
	s, err := anthropic{claudeOnBedrock}.StartStream(c, req, claudeAnswer(req, head))
	tools, ok := s.(ToolStreamWriter)
	if !ok {
		return nil, errors.New("the stream of Claude has no calls of functions")
	}
	return tools, err
}

// Nova's bodies are Converse's, says its user guide, read 2026-11.
func decodeNova(_ bedrock, body []byte, model string, stream bool) (*Request, *Failure) {
	var in converseRequest
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, bedrockInvalid("Malformed input request: %s, please reformat your input and try again.", plainly(err))
	}
	req, fail := in.request(model, stream)
	if fail == nil {
		req.Surface = "invoke-nova"
	}
	return req, fail
}

func writeNova(d bedrock, w http.ResponseWriter, _ *Request, a *Answer) error {
	b := d.appendOutput(append(make([]byte, 0, len(a.Text)+len(a.Text)/8+256), '{'), a)
	return writeJSON(w, http.StatusOK, append(b, '}'))
}

func startNova(d bedrock, c *chunkWriter, _ *Request, head *Answer) (ToolStreamWriter, error) {
	s := &converseStream{d: d, head: head, inChunks: true}
	s.w, s.flush = c, c
	c.WriteHeader(http.StatusOK)
	return s, s.begin()
}

// decodeLlama reads the body of Meta's models: a prompt, which holds the whole
// conversation in the model's own format. User guide, read 2026-11.
func decodeLlama(_ bedrock, body []byte, model string, stream bool) (*Request, *Failure) {
	var in struct {
		Prompt      string   `json:"prompt"`
		MaxTokens   *int     `json:"max_gen_len"`
		Temperature *float64 `json:"temperature"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, bedrockInvalid("Malformed input request: %s, please reformat your input and try again.", plainly(err))
	}
	if in.Prompt == "" {
		return nil, bedrockInvalid("Malformed input request: #: required key [prompt] not found, please reformat your input and try again.")
	}
	req := &Request{
		Model: model, Stream: stream, IncludeUsage: true, Surface: "invoke-llama", Temperature: in.Temperature,
		Messages: []Message{{Role: "user", Text: in.Prompt}},
	}
	if in.MaxTokens != nil {
		if *in.MaxTokens < 1 || *in.MaxTokens > 8192 {
			return nil, bedrockInvalid("Malformed input request: #/max_gen_len: %d is not in the range of 1 to 8192, please reformat your input and try again.", *in.MaxTokens)
		}
		req.MaxTokens = *in.MaxTokens
	}
	return req, nil
}

// appendLlama appends an answer, or a piece of one: then without counts and
// reason.
func appendLlama(dst []byte, text string, prompt, generated int, f Finish) []byte {
	dst = appendString(append(dst, `{"generation":`...), text)
	dst = append(dst, `,"prompt_token_count":`...)
	if prompt > 0 {
		dst = strconv.AppendInt(dst, int64(prompt), 10)
	} else {
		dst = append(dst, "null"...)
	}
	dst = appendField(dst, `,"generation_token_count":`, generated)
	return append(appendNullable(append(dst, `,"stop_reason":`...), string(f)), '}')
}

func writeLlama(_ bedrock, w http.ResponseWriter, _ *Request, a *Answer) error {
	return writeJSON(w, http.StatusOK, appendLlama(nil, a.Text, a.Usage.Prompt, a.Usage.Completion, a.Finish))
}

// llamaInvokeStream writes Llama's stream.
type llamaInvokeStream struct {
	pipe
	prompt, texts int
}

func startLlama(_ bedrock, c *chunkWriter, _ *Request, head *Answer) (ToolStreamWriter, error) {
	s := &llamaInvokeStream{prompt: head.Usage.Prompt}
	s.w, s.flush = c, c
	c.WriteHeader(http.StatusOK)
	return s, s.flush.FlushError()
}

// Text appends words. The first piece tells the length of the prompt.
func (s *llamaInvokeStream) Text(text string) error {
	s.texts++
	b := appendLlama(append(s.buf[:0], "data: "...), text, s.prompt, s.texts, FinishNone)
	s.prompt = 0
	return s.send(append(b, '\n'))
}

// ToolCall writes nothing: this body has no calls of functions, and its
// requests name none.
func (s *llamaInvokeStream) ToolCall(ToolCallDelta) error { return nil }

// End closes the answer.
func (s *llamaInvokeStream) End(f Finish, u Usage) error {
	b := appendLlama(append(s.buf[:0], "data: "...), "", s.prompt, u.Completion, f)
	return s.send(append(b, '\n'))
}

// Fail writes nothing: exceptions are frames, and chunkStream writes them.
func (s *llamaInvokeStream) Fail(*Failure) error { return nil }
