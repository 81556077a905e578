package router

import (
	"errors"
	"net/http"
	"strings"

	"brownout/mocks/wire"
)

// The dialects that clients may speak.
const (
	frontOpenAI    = "openai"
	frontAnthropic = "anthropic"
)

// fronts are those dialects.
type fronts struct{ openai, anthropic wire.Dialect }

func newFronts() (f fronts, err error) {
	var ok, too bool
	f.openai, ok = wire.Lookup(frontOpenAI)
	f.anthropic, too = wire.Lookup(frontAnthropic)
	if !ok || !too {
		return f, errors.New("the openai or the anthropic dialect is missing from this build, and clients speak them")
	}
	return f, nil
}

// of is the dialect that a client speaks, by what it asks for. Both have a
// model list at the same path; Anthropic's clients name their version there.
func (f *fronts) of(q *http.Request) wire.Dialect {
	path := q.URL.Path
	switch {
	case path == "/v1/messages", strings.HasPrefix(path, "/v1/messages/"),
		strings.HasPrefix(path, "/v1/models") && q.Header["Anthropic-Version"] != nil:
		return f.anthropic
	}
	return f.openai
}
