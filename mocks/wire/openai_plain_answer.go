package wire

import (
	"bytes"
	"strings"
)

// openAIAnswer is a whole answer, as far as it is read.
type openAIAnswer struct {
	ID      string         `json:"id"`
	Model   string         `json:"model"`
	Created int64          `json:"created"`
	Choices []openAIChoice `json:"choices"`
	Usage   openAIUsage    `json:"usage"`
}

type openAIChoice struct {
	Message *openAIReply `json:"message"`
	Finish  string       `json:"finish_reason"`
}

type openAIReply struct {
	Content   *string      `json:"content"`
	ToolCalls []openAICall `json:"tool_calls"`
}

// readPlain reads an answer that is a text, in its most usual form, as readPlain
// of a request does: where it reports true, encoding/json would have read the
// same.
func (in *openAIAnswer) readPlain(body []byte) bool {
	p := plainReader{rest: body}
	var id, model *string
	var created *int
	var usage *openAIUsage
	p.object(func(key string) bool {
		switch key {
		case "id":
			return once(&id, p.text)
		case "model":
			return once(&model, p.text)
		case "created":
			return once(&created, p.integer)
		case "choices":
			return in.Choices == nil && in.readChoices(&p)
		case "usage":
			return once(&usage, p.usage)
		}
		return p.other(key, "id", "model", "created", "choices", "usage")
	})
	in.ID, in.Model, in.Created, in.Usage = value(id), value(model), int64(value(created)), value(usage)
	return p.end()
}

func (in *openAIAnswer) readChoices(p *plainReader) bool {
	in.Choices = make([]openAIChoice, 0, 1)
	return p.list(func() bool {
		var message **openAIReply
		var finish *string
		ok := p.object(func(key string) bool {
			switch key {
			case "message":
				return once(&message, p.reply)
			case "finish_reason":
				return once(&finish, p.text)
			}
			return p.other(key, "message", "finish_reason")
		})
		in.Choices = append(in.Choices, openAIChoice{Message: value(message), Finish: value(finish)})
		return ok
	})
}

func (p *plainReader) reply() (*openAIReply, bool) {
	m := new(openAIReply)
	var calls *[]openAICall
	ok := p.object(func(key string) bool {
		switch key {
		case "content":
			return once(&m.Content, p.text)
		case "tool_calls":
			return once(&calls, p.noCalls)
		}
		return p.other(key, "content", "tool_calls")
	})
	m.ToolCalls = value(calls)
	return m, ok
}

// noCalls reads that no function is to be called.
func (p *plainReader) noCalls() ([]openAICall, bool) {
	if p.next('[') {
		return []openAICall{}, p.next(']')
	}
	return nil, p.null()
}

func (p *plainReader) usage() (u openAIUsage, ok bool) {
	var prompt, completion, ticks *int
	ok = p.object(func(key string) bool {
		switch key {
		case "prompt_tokens":
			return once(&prompt, p.integer)
		case "completion_tokens":
			return once(&completion, p.integer)
		case "cost_in_usd_ticks":
			return once(&ticks, p.integer)
		}
		return p.other(key, "prompt_tokens", "completion_tokens", "cost_in_usd_ticks", "cost")
	})
	return openAIUsage{Prompt: value(prompt), Completion: value(completion), Ticks: int64(value(ticks))}, ok
}

// value is what is pointed at; zero where nothing is.
func value[T any](of *T) (v T) {
	if of != nil {
		v = *of
	}
	return v
}

// other passes over the value of a field that is none of those known, which
// encoding/json takes in whatever case.
func (p *plainReader) other(key string, known ...string) bool {
	for _, k := range known {
		if strings.EqualFold(key, k) {
			return false
		}
	}
	return p.skip(maxPlainDepth)
}

// maxPlainDepth is how deep what is passed over may be nested.
const maxPlainDepth = 6

// skip passes over a plain value.
func (p *plainReader) skip(depth int) bool {
	p.space()
	if len(p.rest) == 0 || depth == 0 {
		return false
	}
	switch p.rest[0] {
	case '{':
		return p.object(func(string) bool { return p.skip(depth - 1) })
	case '[':
		return p.list(func() bool { return p.skip(depth - 1) })
	case '"':
		n := literalEnd(p.rest)
		if n < 0 || !plainLiteral(p.rest[:n]) {
			return false
		}
		p.rest = p.rest[n:]
		return true
	case 'n':
		return p.null()
	case 't', 'f':
		_, ok := p.boolean()
		return ok
	}
	return p.digits(true) != ""
}

func (p *plainReader) null() bool {
	p.space()
	rest, ok := bytes.CutPrefix(p.rest, []byte("null"))
	p.rest = rest
	return ok
}
