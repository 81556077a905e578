package router

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"brownout/mocks/wire"
)

// cacheWish is what a client says of answers given before: in X-Brownout-Cache,
// or in Cache-Control, in the words that RFC 9111 (5.2.1) and RFC 5861 (4) have
// for requests.
type cacheWish struct {
	marked  bool          // on, max-age, max-stale or stale-if-error: an answer given before will do
	noRead  bool          // off, no-cache, no-store or max-age=0: ask anew
	noWrite bool          // off, no-store: and keep nothing
	maxAge  time.Duration // of a fresh answer; 0: as long as the cache keeps it
	late    bool          // stale-if-error or max-stale: where nobody answers, it may be older
	lateBy  time.Duration // by so much; 0: by the router's own bound
}

// wishOf reads it. Directives that cannot be read count as if they were not
// there, as the RFC asks.
func wishOf(h http.Header) cacheWish {
	var w cacheWish
	switch h.Get(wire.HeaderCache) {
	case "on":
		w.marked = true
	case "off":
		w.noRead, w.noWrite = true, true
	}
	for _, line := range h.Values("Cache-Control") {
		for part := range strings.SplitSeq(line, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
			n, err := strconv.Atoi(strings.Trim(value, `"`))
			age := time.Duration(min(n, 1<<30)) * time.Second
			counts := err == nil && n >= 0
			switch strings.ToLower(name) {
			case "no-store":
				w.noRead, w.noWrite = true, true
			case "no-cache":
				w.noRead = true
			case "max-age":
				w.marked = w.marked || counts
				if counts {
					w.maxAge, w.noRead = age, w.noRead || n == 0
				}
			case "stale-if-error", "max-stale":
				if counts || value == "" {
					w.marked, w.late, w.lateBy = true, true, max(age, 0)
				}
			}
		}
	}
	return w
}

// oldest is how old an answer may be where nobody gives a new one, in a cache
// where answers are fresh for ttl; 0: as old as the cache keeps it. A client
// that bounds the age and says no more means it.
func (w cacheWish) oldest(ttl time.Duration) time.Duration {
	switch {
	case w.late && w.lateBy > 0 && w.maxAge > 0:
		return w.maxAge + w.lateBy
	case w.late && w.lateBy > 0:
		return ttl + w.lateBy
	case w.late:
		return 0
	}
	return w.maxAge
}

// cacheScope is what may be cached beside what clients mark.
type cacheScope struct {
	deterministic bool // what is asked at temperature 0: the client wants the same answer each time
	all           bool // everything
}

// covers tells whether an answer to req may come from the cache and go into
// it. A client that forbids both is heeded in any scope. A conversation in which
// functions are called is cached only where it is marked, since what they
// return may change the world or change with it.
func (s cacheScope) covers(req *wire.Request, w cacheWish) bool {
	switch {
	case w.noRead && w.noWrite:
		return false
	case w.marked:
		return true
	}
	if len(req.Tools) > 0 {
		return false
	}
	return s.all || s.deterministic && req.Temperature != nil && *req.Temperature == 0
}
