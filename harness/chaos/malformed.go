package chaos

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"brownout/mocks"
)

// Modes of malformed.
const (
	malformedJSON        = "broken_json"
	malformedHTML        = "html"
	malformedEmpty       = "empty"
	malformedEmptyAnswer = "empty_answer"
	malformedContentType = "content_type"
	malformedChunk       = "chunk"
)

// Malformed has a provider answer in bytes that are not its dialect's, or with
// nothing in them.
type Malformed struct {
	Mode   string  `toml:"mode" default:"broken_json" enum:"broken_json,html,empty,empty_answer,content_type,chunk" doc:"broken_json: half a body; of streams, one chunk. html: a page in place of an answer. empty: no body at all. empty_answer: a valid answer without a word. content_type: the right bytes, said to be HTML. chunk: streams only, one chunk that cannot be read among the others."`
	Status int     `toml:"status" default:"200" min:"200" max:"599" unit:"HTTP status" doc:"html, empty: the status that comes with it; 200 is the worst, 502 is what a proxy in front of a dead server says"`
	Where  float64 `toml:"where" default:"0.5" min:"0" max:"1" unit:"share of the answer's tokens" doc:"chunk, and broken_json of streams: after how much of the answer the bad chunk comes"`
}

var malformedKind = Kind{
	Name: "malformed", Layer: LayerService, Claims: "delivery",
	Summary: "answers that are no answers: broken JSON, an HTML page, nothing, a wrong content type, a bad chunk",
	Page: `Something between the model and its client answers in its place, or tears up
what it said.

broken_json   The body ends in the middle, behind a status of 200. Of a stream
              one chunk does, and the rest is whole.
html          A page of a proxy, a firewall or a login in place of an answer.
              With status = 502 it is at least an error.
empty         A status and no body.
empty_answer  A valid answer in the dialect's shape that says nothing: no text,
              no call of a function, finish reason stop, no tokens.
content_type  The bytes are right and the head says text/html. Some SDKs look,
              some do not.
chunk         One chunk of a stream that cannot be read, between others that
              can: half a line of an event stream, half a member of Gemini's
              array, a frame of Amazon's with a wrong checksum. Only streamed
              calls are touched.

What a page or an empty body replaces was never generated and is not billed. All
else is.

A good system tells that the bytes are wrong before a user sees them, treats
them as that provider's failure and asks another. A bad one throws an exception
about JSON, retries forever, or shows the page.`,
	New: func() Fault { return new(Malformed) },
}

// Check wants a status that may come with a body, and only where one is sent.
func (m *Malformed) Check() *ParamError {
	switch {
	case m.Status == http.StatusNoContent || m.Status == http.StatusResetContent || m.Status >= 300 && m.Status < 400:
		return &ParamError{Param: "status", Msg: fmt.Sprintf("status %d comes without an answer of any kind", m.Status), Hint: "200, or a failure such as 502"}
	case m.Status != http.StatusOK && m.Mode != malformedHTML && m.Mode != malformedEmpty:
		return &ParamError{Param: "status", Msg: fmt.Sprintf("mode %q keeps the provider's own status", m.Mode), Hint: "status is for html and empty"}
	}
	return nil
}

// OnLink is false: the mock sends the bytes.
func (*Malformed) OnLink() bool { return false }

// page is what a reverse proxy says of a server that is gone, or, with a status
// of success, in its place.
func (m *Malformed) page() []byte {
	title := "We'll be right back"
	if m.Status != http.StatusOK {
		title = strings.TrimSpace(fmt.Sprint(m.Status, " ", http.StatusText(m.Status)))
	}
	return fmt.Appendf(nil, "<html>\r\n<head><title>%s</title></head>\r\n<body>\r\n<center><h1>%s</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n", title, title)
}

// Inject garbles answers.
func (m *Malformed) Inject(_ context.Context, v Victim, env Env) (func(context.Context) error, error) {
	do, err := m.effect()
	if err != nil {
		return nil, err
	}
	return effect(v, env, "malformed", func(c *mocks.Call) mocks.Effect {
		if !chatted(c) && c.Operation != mocks.OperationEmbed {
			return mocks.Effect{} // a list or a count is no answer
		}
		return do(c)
	}), nil
}

func (m *Malformed) effect() (func(*mocks.Call) mocks.Effect, error) {
	chunk := breaking(mocks.Break{How: mocks.BreakChunk, At: m.Where})
	garble := func(g mocks.Garble) func(*mocks.Call) mocks.Effect {
		return func(*mocks.Call) mocks.Effect { return mocks.Effect{Garble: &g} }
	}
	switch m.Mode {
	case malformedJSON:
		half := garble(mocks.Garble{Rewrite: func(b []byte) []byte { return b[:len(b)/2] }})
		return func(c *mocks.Call) mocks.Effect {
			if streamed(c) {
				return chunk(c)
			}
			return half(c)
		}, nil
	case malformedHTML:
		return garble(mocks.Garble{Status: m.Status, ContentType: "text/html", Body: m.page()}), nil
	case malformedEmpty:
		return garble(mocks.Garble{Status: m.Status, ContentType: "application/json"}), nil
	case malformedEmptyAnswer:
		return func(c *mocks.Call) mocks.Effect {
			if !chatted(c) {
				return mocks.Effect{}
			}
			return mocks.Effect{Tamper: &mocks.Tamper{Empty: true}}
		}, nil
	case malformedContentType:
		return garble(mocks.Garble{ContentType: "text/html; charset=utf-8"}), nil
	case malformedChunk:
		return chunk, nil
	}
	return nil, fmt.Errorf("malformed: unknown mode %q", m.Mode)
}
