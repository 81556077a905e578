package load

import (
	"strings"

	"brownout/harness/redact"
)

// maxDetail bounds what a sample keeps of an error's text, in bytes.
const maxDetail = 200

// Redact makes the text of an error fit to be written: one line of at most
// maxDetail bytes, without anything that looks like a credential, without the
// run's own key ("": it has none), and without what it quotes of prompts.
func Redact(text, key string, prompts ...string) string {
	if key != "" {
		text = strings.ReplaceAll(text, key, "[redacted]")
	}
	// What lies far beyond the bound is cut before it is searched, so that a
	// huge error text costs little more than a small one.
	return redact.Line(hideQuotes(redact.Cut(text, 4*maxDetail), prompts), maxDetail)
}
