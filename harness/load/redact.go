package load

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxDetail bounds what a sample keeps of an error's text, in bytes.
const maxDetail = 200

// secrets matches what looks like a credential: a bearer token, a key in one
// of the vendors' styles, a value given to a name that says it is secret, or
// the user part of a URL.
var secrets = regexp.MustCompile(`(?i)\b(?:bearer|basic)\s+[^\s"',]+` +
	`|\b(?:sk|pk|rk|gsk|xai|hf|ghp|gho|key)[-_][a-z0-9_\-*.]{4,}` +
	`|\bAIza[a-z0-9_\-]{8,}|\bA[KS]IA[a-z0-9]{8,}` +
	`|\b(?:api[-_ ]?key|authorization|token|secret|password)["']?\s*[:=]\s*["']?(?:(?:bearer|basic)\s+)?[^\s"',;&]+` +
	`|//[^/\s@]+@`)

// Redact makes the text of an error fit to be written: one line of at most
// maxDetail bytes, without anything that looks like a credential, without the
// run's own key ("": it has none), and without what it quotes of prompts.
func Redact(text, key string, prompts ...string) string {
	if key != "" {
		text = strings.ReplaceAll(text, key, "[redacted]")
	}
	// What lies far beyond the bound is cut before it is searched, so that a
	// huge error text costs little more than a small one.
	text = hideQuotes(cut(text, 4*maxDetail), prompts)
	text = secrets.ReplaceAllString(text, "[redacted]")
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || r == utf8.RuneError
	}), " ")
	return cut(text, maxDetail)
}

// cut shortens s to at most n bytes without splitting a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
