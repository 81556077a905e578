package router

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"brownout/mocks/wire"
)

// prefilled is req with what was delivered as a partial answer for the model to
// go on with, and the join by which its continuation becomes the client's. req
// itself is not changed. Where req has a partial answer of the client's own,
// delivered continues that one.
//
// White space at the end is left out of the request: Anthropic refuses a
// partial answer that ends with it, and a tokenizer makes a bad start of it.
// The continuation must begin with it instead, or is none.
func prefilled(req *wire.Request, delivered string) (*wire.Request, *splice) {
	kept := strings.TrimRight(delivered, " \t\r\n")
	out := *req
	if said := req.Prefill(); said != "" {
		out.Messages = slices.Clone(req.Messages)
		out.Messages[len(out.Messages)-1].Text = said + kept
	} else {
		out.Messages = append(req.Messages[:len(req.Messages):len(req.Messages)], wire.Message{Role: "assistant", Text: kept})
	}
	return &out, newSplice(delivered[len(kept):])
}

// prefills tells which dialects go on with a partial answer at the end of the
// conversation, and with which models. A dialect that is not in it begins
// anew, or answers with an error.
//
// Sources: Anthropic's "What's new in Claude 4.6" (prefill removed from 4.6
// on); vLLM's continue_final_message; llama.cpp's server
// (--no-prefill-assistant: on by default) and Ollama's templates, which leave
// the last assistant turn open; Groq's guide "Assistant message prefilling".
// Left out on purpose: Mistral, whose answer repeats the prefix, so that a
// regenerated answer is as good; DeepSeek, which does it only on its beta
// path; OpenAI, Azure, xAI and Gemini, which document no such thing.
var prefills = map[string]func(model string) bool{
	"anthropic": claudePrefills,
	"bedrock":   claudePrefills,
	"vertex":    claudePrefills,
	"vllm":      anyModel,
	"llamacpp":  anyModel,
	"ollama":    anyModel,
	"groq":      anyModel,
}

// takesPrefill tells whether a model asked in a dialect goes on with a partial
// answer. Requests that want JSON, or may call functions, are never continued
// so: constrained decoding and calls begin with their first token.
func takesPrefill(dialect, model string, req *wire.Request) bool {
	f := prefills[dialect]
	return f != nil && f(model) && !req.JSON && len(req.Schema) == 0 && len(req.Tools) == 0
}

func anyModel(string) bool { return true }

// claudeName finds the version in a Claude model's name, old style
// (claude-3-5-sonnet) or new (claude-sonnet-4-5). A version has at most two
// digits; a date has eight.
var claudeName = regexp.MustCompile(`claude-(?:[a-z]+-)?(\d{1,2})(?:[-.](\d{1,2}))?(?:\D|$)`)

// claudePrefills tells whether a model is a Claude before 4.6.
func claudePrefills(model string) bool {
	m := claudeName.FindStringSubmatch(model)
	if m == nil {
		return false
	}
	major, _ := strconv.Atoi(m[1])
	minor, _ := strconv.Atoi(m[2]) // "" is 0: claude-sonnet-4-20250514
	return major < 4 || major == 4 && minor < 6
}
