package plan

// Words are what a provider's errors of one kind say, where that is to differ
// from what its dialect says. Much of what is known of error bodies comes from
// single reports, or from none at all; this sets it right without a new build.
type Words struct {
	Kind    string `json:"kind" toml:"kind"`                 // one of ErrorKinds
	Status  int    `json:"status,omitempty" toml:"status"`   // HTTP status; 0: the dialect's
	Type    string `json:"type,omitempty" toml:"type"`       // the provider's own word for the type; "": the dialect's
	Code    string `json:"code,omitempty" toml:"code"`       // likewise its code
	Message string `json:"message,omitempty" toml:"message"` // likewise its text
}

// ErrorKinds lists the kinds of errors that a provider has words for.
var ErrorKinds = []string{
	"rate_limit", "quota_exhausted", "overload", "server_error", "timeout", "auth", "permission", "model_not_found",
	"context_length", "content_filter", "bad_request", "too_large", "not_found", "bad_method",
}
