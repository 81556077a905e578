package wire

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// googleError is the error envelope's inside.
type googleError struct {
	Code    int            `json:"code"`
	Message string         `json:"message"`
	Status  string         `json:"status"`
	Details []googleDetail `json:"details"`
}

// googleDetail is any of the entries of an error's details.
type googleDetail struct {
	Type       string `json:"@type"`
	Reason     string `json:"reason"`     // ErrorInfo
	RetryDelay string `json:"retryDelay"` // RetryInfo
	Violations []struct {
		ID         string            `json:"quotaId"`
		Dimensions map[string]string `json:"quotaDimensions"`
	} `json:"violations"` // QuotaFailure
}

// DecodeFailure reads an error answer, bare or in an array.
func (d gemini) DecodeFailure(status int, h http.Header, body []byte) *Failure {
	f := &Failure{Status: status, RetryAfter: retryAfterOf(h)}
	type envelope struct {
		Error    json.RawMessage `json:"error"`
		Feedback struct {
			Block string `json:"blockReason"`
		} `json:"promptFeedback"`
	}
	in := make([]envelope, 1)
	var err error
	if bytes.HasPrefix(bytes.TrimSpace(body), []byte("[")) {
		err = json.Unmarshal(body, &in)
	} else {
		err = json.Unmarshal(body, &in[0])
	}
	if len(in) == 0 || err != nil && len(in[0].Error) == 0 {
		f.Message, f.Kind = plainMessage(body), kindOfStatus(status)
		return f
	}
	if in[0].Feedback.Block != "" {
		f.Kind, f.Code = FailContentFilter, in[0].Feedback.Block
		return f
	}
	var e googleError
	if jsonType(in[0].Error) == "string" {
		e.Message, _ = unquote(in[0].Error)
	} else if len(in[0].Error) > 0 {
		// A field of an unexpected type leaves the others readable.
		_ = json.Unmarshal(in[0].Error, &e)
	}
	f.Message, f.Type = e.Message, e.Status
	if status == http.StatusOK && e.Code != 0 { // inside a stream
		f.Kind = e.kind(f, e.Code)
		return f
	}
	f.Kind = e.kind(f, status)
	return f
}

// kind judges by the details, then the word, then message and status.
func (e *googleError) kind(f *Failure, status int) FailureKind {
	today := true
	for _, d := range e.Details {
		setIfEmpty(&f.Code, d.Reason)
		if wait, err := time.ParseDuration(d.RetryDelay); err == nil && f.RetryAfter == 0 {
			f.RetryAfter = boundedWait(float64(wait))
		}
		for _, v := range d.Violations {
			setIfEmpty(&f.Model, v.Dimensions["model"])
			switch {
			case strings.Contains(v.ID, "PerDay"): // whatever the delay says
				today = false
			case strings.Contains(v.ID, "Token"):
				setIfEmpty(&f.Limit, "tokens")
			case strings.Contains(v.ID, "Request"):
				setIfEmpty(&f.Limit, "requests")
			}
		}
	}
	word := e.Status
	if word == "" {
		word = googleCodes[status]
	}
	says := func(phrases ...string) bool { return containsAny(e.Message, phrases...) }
	switch word {
	case "RESOURCE_EXHAUSTED":
		switch {
		case !today, status == http.StatusPaymentRequired, says("prepayment credits", "limit: 0,"):
			return FailQuota
		case says("error-code-429"): // Vertex AI: all share one capacity, and it is used up
			return FailOverload
		}
		return FailRateLimit
	case "UNAVAILABLE":
		if says("deadline expired") {
			return FailTimeout
		}
		return FailOverload
	case "DEADLINE_EXCEEDED":
		return FailTimeout
	case "INTERNAL", "UNKNOWN", "ABORTED", "DATA_LOSS":
		return FailServer
	case "UNAUTHENTICATED":
		return FailAuth
	case "PERMISSION_DENIED":
		switch {
		case says("unregistered callers", "reported as leaked"):
			return FailAuth
		case f.Code == "BILLING_DISABLED" || says("billing to be enabled"):
			return FailQuota
		}
		return FailPermission
	case "FAILED_PRECONDITION": // a region or a project that is not served
		return FailPermission
	case "NOT_FOUND":
		if says("models/", "publisher model", "no longer available") {
			return FailModelNotFound
		}
		return FailNotFound
	case "INVALID_ARGUMENT", "OUT_OF_RANGE":
		switch {
		case f.Code == "API_KEY_INVALID" || says("api key not"):
			return FailAuth
		case says("input token count"):
			return FailContextLength
		case says("payload size exceeds"):
			return FailTooLarge
		}
		return FailBadRequest
	}
	return kindOfStatus(status)
}
