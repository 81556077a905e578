package wire

import (
	"net/http"
	"strings"
)

// usual is how a dialect answers a kind of failure unless told otherwise.
type usual struct {
	status int
	typ    string
	code   string
	param  string
	// text makes the message. h are the headers of the answer so far, which
	// hold the rate-limit state; it may be nil.
	text func(f *Failure, h http.Header) string
}

// says is the text of a failure whose message never varies.
func says(s string) func(*Failure, http.Header) string {
	return func(*Failure, http.Header) string { return s }
}

// fill returns f with everything it leaves open taken from the dialect's
// table. A kind that the table lacks is answered as a server error.
func fill(f *Failure, table map[FailureKind]usual, h http.Header) Failure {
	u, ok := table[f.Kind]
	if !ok {
		u = table[FailServer]
	}
	full := *f
	if full.Status == 0 {
		full.Status = u.status
	}
	if full.Type == "" {
		full.Type = u.typ
	}
	if full.Code == "" {
		full.Code = u.code
	}
	if full.Param == "" {
		full.Param = u.param
	}
	if full.Message == "" {
		full.Message = u.text(f, h)
	}
	return full
}

// kindOfStatus judges a failure whose body says nothing of use.
func kindOfStatus(status int) FailureKind {
	switch status {
	case http.StatusUnauthorized:
		return FailAuth
	case http.StatusPaymentRequired:
		return FailQuota
	case http.StatusForbidden:
		return FailPermission
	case http.StatusNotFound, http.StatusGone:
		return FailNotFound
	case http.StatusMethodNotAllowed:
		return FailMethod
	case http.StatusRequestTimeout, http.StatusGatewayTimeout, 524: // 524: Cloudflare, origin too slow
		return FailTimeout
	case http.StatusRequestEntityTooLarge:
		return FailTooLarge
	case http.StatusTooManyRequests:
		return FailRateLimit
	case http.StatusServiceUnavailable, 529, 498: // 529: Anthropic and others; 498: Groq's flex tier is full
		return FailOverload
	}
	if status >= 400 && status < 500 {
		return FailBadRequest
	}
	return FailServer
}

// plainMessage returns the body of an error that is not JSON as a message: a
// short line of text, or nothing where it is a page or binary.
func plainMessage(body []byte) string {
	const longest = 200
	if len(body) > 4*longest {
		body = body[:4*longest]
	}
	s := strings.Join(strings.Fields(strings.ToValidUTF8(string(body), "")), " ")
	if strings.HasPrefix(s, "<") || strings.ContainsRune(s, 0) {
		return ""
	}
	if len(s) > longest {
		s = strings.ToValidUTF8(s[:longest], "") + "…"
	}
	return s
}

// containsAny tells whether s holds one of the phrases, whatever its case.
func containsAny(s string, phrases ...string) bool {
	s = strings.ToLower(s)
	for _, p := range phrases {
		if strings.Contains(s, p) {
			return true
		}
	}
	return false
}

// malformed is the error for bytes that are not the dialect's.
func malformed(dialect, why string) error {
	return &Failure{Kind: FailMalformed, Message: dialect + ": " + why}
}

// lacks is the error for an answer that can be read and has not got what
// answers of the dialect have.
func lacks(dialect, what string) error {
	return &Failure{Kind: FailMalformed, Message: dialect + ": the answer has no " + what, Missing: what}
}
