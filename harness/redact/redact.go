// Package redact makes text from elsewhere fit to be written: error texts of
// gateways, lines that a process printed.
//
// Text flows in, and text without anything that looks like a credential flows
// out. The package knows nothing of where it comes from.
package redact

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// secrets matches what looks like a credential: a bearer token, a key in one
// of the vendors' styles, a value given to a name that says it is secret, or
// the user part of a URL.
var secrets = regexp.MustCompile(`(?i)\b(?:bearer|basic)\s+[^\s"',]+` +
	`|\b(?:sk|pk|rk|gsk|xai|hf|ghp|gho|key)[-_][a-z0-9_\-*.]{4,}` +
	`|\bAIza[a-z0-9_\-]{8,}|\bA[KS]IA[a-z0-9]{8,}` +
	`|\b(?:api[-_ ]?key|authorization|token|secret|password)["']?\s*[:=]\s*["']?(?:(?:bearer|basic)\s+)?[^\s"',;&]+` +
	`|//[^/\s@]+@`)

// redacted stands in place of what is taken out.
const redacted = "[redacted]"

// Line is one line of at most most bytes, without anything that looks like a
// credential and without the keys that are named.
func Line(text string, most int, keys ...string) string {
	for _, key := range keys {
		if key != "" {
			text = strings.ReplaceAll(text, key, redacted)
		}
	}
	// What lies far beyond the bound is cut before it is searched, so that a
	// huge text costs little more than a small one.
	text = Cut(text, 4*most)
	text = secrets.ReplaceAllString(text, redacted)
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || r == utf8.RuneError
	}), " ")
	return Cut(text, most)
}

// Cut shortens s to at most n bytes without splitting a character.
func Cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
