package wire

import (
	"bytes"
	"strconv"
)

// readPlain reads a chat request that has only the most usual fields, each once
// and in its most usual form, at a fraction of what encoding/json costs. It
// reports false for any other, of which nothing is to be believed then; where
// it reports true, encoding/json would have read the same.
func (in *openAIRequest) readPlain(body []byte) bool {
	p := plainReader{rest: body}
	p.object(func(key string) bool {
		switch key {
		case "model":
			return once(&in.Model, p.text)
		case "messages":
			return in.Messages == nil && in.readMessages(&p)
		case "max_tokens":
			return once(&in.MaxTokens, p.integer)
		case "max_completion_tokens":
			return once(&in.MaxCompletionTokens, p.integer)
		case "temperature":
			return once(&in.Temperature, p.decimal)
		case "stream":
			return once(&in.Stream, p.boolean)
		case "stream_options":
			return once(&in.StreamOptions, p.streamOptions)
		}
		return false
	})
	return p.end()
}

func (in *openAIRequest) readMessages(p *plainReader) bool {
	in.Messages = make([]openAIMessage, 0, 2)
	return p.list(func() bool {
		var role, text *string
		ok := p.object(func(key string) bool {
			switch key {
			case "role":
				return once(&role, p.text)
			case "content":
				return once(&text, p.text)
			}
			return false
		})
		if !ok || role == nil || text == nil {
			return false
		}
		in.Messages = append(in.Messages, openAIMessage{Role: *role, Content: content{text: *text, set: true}})
		return true
	})
}

// once reads a value into what has none yet.
func once[T any](into **T, read func() (T, bool)) bool {
	v, ok := read()
	ok = ok && *into == nil
	*into = &v
	return ok
}

// plainReader reads plain JSON from the front of rest.
type plainReader struct {
	rest   []byte
	failed bool
}

// space passes over white space.
func (p *plainReader) space() {
	for len(p.rest) > 0 && (p.rest[0] == ' ' || p.rest[0] == '\n' || p.rest[0] == '\t' || p.rest[0] == '\r') {
		p.rest = p.rest[1:]
	}
}

// next passes over white space and then c, if c is what comes.
func (p *plainReader) next(c byte) bool {
	p.space()
	if len(p.rest) == 0 || p.rest[0] != c {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

func (p *plainReader) end() bool {
	p.space()
	return !p.failed && len(p.rest) == 0
}

// object reads an object, whose values field reads.
func (p *plainReader) object(field func(key string) bool) bool {
	return p.series('{', '}', func() bool {
		p.space()
		n := literalEnd(p.rest)
		if n < 0 || !plainLiteral(p.rest[:n]) {
			return false
		}
		key := p.rest[1 : n-1]
		p.rest = p.rest[n:]
		return p.next(':') && field(string(key))
	})
}

// list reads an array, whose values value reads.
func (p *plainReader) list(value func() bool) bool { return p.series('[', ']', value) }

func (p *plainReader) series(open, shut byte, one func() bool) bool {
	ok := p.next(open)
	if ok && !p.next(shut) {
		for ok = one(); ok && p.next(','); {
			ok = one()
		}
		ok = ok && p.next(shut)
	}
	p.failed = p.failed || !ok
	return ok
}

func (p *plainReader) text() (string, bool) {
	p.space()
	n := literalEnd(p.rest)
	if n < 0 {
		return "", false
	}
	s, ok := unquote(p.rest[:n])
	p.rest = p.rest[n:]
	return s, ok
}

func (p *plainReader) boolean() (value, ok bool) {
	p.space()
	for _, word := range []string{"false", "true"} {
		if rest, ok := bytes.CutPrefix(p.rest, []byte(word)); ok {
			p.rest = rest
			return word == "true", true
		}
	}
	return false, false
}

func (p *plainReader) streamOptions() (o streamOptions, ok bool) {
	var usage *bool
	ok = p.object(func(key string) bool { return key == "include_usage" && once(&usage, p.boolean) })
	o.IncludeUsage = usage != nil && *usage
	return o, ok
}

// digits takes off a number without sign or exponent, and without needless
// zeros at its front.
func (p *plainReader) digits(point bool) string {
	p.space()
	n, points := 0, 0
	for n < len(p.rest) && (p.rest[n] >= '0' && p.rest[n] <= '9' || point && p.rest[n] == '.') {
		if p.rest[n] == '.' {
			points++
		}
		n++
	}
	s := string(p.rest[:n])
	p.rest = p.rest[n:]
	if n == 0 || n > 15 || points > 1 || s[0] == '.' || s[n-1] == '.' || n > 1 && s[0] == '0' && s[1] != '.' {
		return ""
	}
	return s
}

func (p *plainReader) integer() (int, bool) {
	n, err := strconv.Atoi(p.digits(false))
	return n, err == nil
}

func (p *plainReader) decimal() (float64, bool) {
	x, err := strconv.ParseFloat(p.digits(true), 64)
	return x, err == nil
}
