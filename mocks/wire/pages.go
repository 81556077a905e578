package wire

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strconv"
)

// Lengths of the pages that model lists come in, where a caller names none and
// at most. Documented by Anthropic and by Google.
const (
	anthropicPage, anthropicPageMost = 20, 1000
	geminiPage, geminiPageMost       = 50, 1000
)

// withoutRetired are the models that still work.
func withoutRetired(ms []ModelInfo) []ModelInfo {
	return slices.DeleteFunc(slices.Clone(ms), func(m ModelInfo) bool { return m.Retired })
}

// anthropicPageOf is the page of a list that the query asks for: limit entries
// behind after_id, or before before_id; more tells whether others follow in
// that direction. The words of its failures are unverified.
func anthropicPageOf(q url.Values, ms []ModelInfo) (page []ModelInfo, more bool, fail *Failure) {
	n := anthropicPage
	if s := q.Get("limit"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil || n < 1 || n > anthropicPageMost {
			return nil, false, &Failure{Kind: FailBadRequest, Message: fmt.Sprintf("limit: Input should be between 1 and %d", anthropicPageMost)}
		}
	}
	at := func(key string) (int, *Failure) {
		i := slices.IndexFunc(ms, func(m ModelInfo) bool { return m.ID == q.Get(key) })
		if i < 0 {
			return 0, &Failure{Kind: FailBadRequest, Message: fmt.Sprintf("%s: %q is not a valid cursor", key, q.Get(key))}
		}
		return i, nil
	}
	switch {
	case q.Has("after_id"):
		i, fail := at("after_id")
		if fail != nil {
			return nil, false, fail
		}
		ms = ms[i+1:]
	case q.Has("before_id"):
		i, fail := at("before_id")
		if fail != nil {
			return nil, false, fail
		}
		return ms[max(0, i-n):i], i > n, nil
	}
	return ms[:min(n, len(ms))], len(ms) > n, nil
}

// geminiPageOf is the page of a list that the query asks for, and the token of
// the next, or "". A token is opaque to its users; here it names the last model
// of the page before. Sizes above the most are cut to it, as documented.
func geminiPageOf(q url.Values, ms []ModelInfo) (page []ModelInfo, next string, fail *Failure) {
	n := geminiPage
	if s := q.Get("pageSize"); s != "" {
		size, err := strconv.Atoi(s)
		switch {
		case err != nil:
			return nil, "", &Failure{Kind: FailBadRequest, Message: fmt.Sprintf("Invalid value at 'page_size' (TYPE_INT32), %q", s)}
		case size < 0:
			return nil, "", &Failure{Kind: FailBadRequest} // words unverified
		case size > 0:
			n = min(size, geminiPageMost)
		}
	}
	if token := q.Get("pageToken"); token != "" {
		id, err := base64.RawURLEncoding.DecodeString(token)
		i := slices.IndexFunc(ms, func(m ModelInfo) bool { return m.ID == string(id) })
		if err != nil || i < 0 {
			return nil, "", &Failure{Kind: FailBadRequest} // words unverified
		}
		ms = ms[i+1:]
	}
	if len(ms) <= n {
		return ms, "", nil
	}
	return ms[:n], base64.RawURLEncoding.EncodeToString([]byte(ms[n-1].ID)), nil
}
