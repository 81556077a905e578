//go:build !race

package chaos_test

import (
	"errors"
	"strconv"
	"strings"

	"github.com/anthropics/anthropic-sdk-go/v2"
	"github.com/openai/openai-go/v3"
	"google.golang.org/genai"

	"brownout/mocks/answer"
)

// What a user of an SDK has in the end.
const (
	isWhole   = "the whole answer"
	isError   = "an error"
	isCut     = "part of the answer as if it were all" // no error and no finish: success, to who does not look
	noFinish  = "the whole answer without an end"      // nor an error
	isNothing = "nothing as if it were an answer"      // neither text nor finish nor error
	isEmpty   = "an answer without a word"
	isOther   = "other words"
	endsWith  = "an end by " // and the finish
)

func (s official) outcome(got said, marker string) string {
	complete := answer.Verify(got.text, marker).OK()
	switch {
	case got.err != nil:
		return isError
	case complete && got.finish == s.stop:
		return isWhole
	case complete && got.finish == "":
		return noFinish
	case got.text == "" && got.finish == "":
		return isNothing
	case got.finish == "":
		return isCut
	case got.finish != s.stop:
		return endsWith + got.finish
	case got.text == "":
		return isEmpty
	}
	return isOther
}

// outcomes are those of the SDKs, by name; "" is that of all others.
type outcomes map[string]string

func (o outcomes) of(name string) string {
	if want, ok := o[name]; ok {
		return want
	}
	return o[""]
}

func all(outcome string) outcomes { return outcomes{"": outcome} }

// statusOf is the HTTP status that an SDK's error tells.
func statusOf(err error) (int, bool) {
	var (
		fromOpenAI    *openai.Error
		fromAnthropic *anthropic.Error
		fromGoogle    genai.APIError
		fromAmazon    interface{ HTTPStatusCode() int }
	)
	switch {
	case errors.As(err, &fromOpenAI):
		return fromOpenAI.StatusCode, true
	case errors.As(err, &fromAnthropic):
		return fromAnthropic.StatusCode, true
	case errors.As(err, &fromGoogle):
		return fromGoogle.Code, true
	case errors.As(err, &fromAmazon):
		return fromAmazon.HTTPStatusCode(), true
	}
	// Ollama's has its status in its words.
	word, _, _ := strings.Cut(inShort(err), " ")
	status, e := strconv.Atoi(word)
	return status, e == nil
}
