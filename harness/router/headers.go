package router

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"brownout/mocks/wire"
)

// budget is the time a request may take: what the client says, else the
// setting; 0 where the deadline is switched off.
func (s *settings) budget(q *http.Request) time.Duration {
	if s.Deadline < 0 {
		return 0
	}
	ms, err := strconv.ParseInt(q.Header.Get(wire.HeaderDeadline), 10, 64)
	if err != nil || ms <= 0 || ms > int64(24*time.Hour/time.Millisecond) {
		return s.Deadline
	}
	return time.Duration(ms) * time.Millisecond
}

// margin is how long before the client's deadline the router ends a request,
// so that a clean error still arrives in time.
func margin(budget time.Duration) time.Duration {
	return min(budget/20, 100*time.Millisecond)
}

// choose finds the backends that the request may reach, best first. It fails
// closed: a header that is there but allows nobody leaves nobody, and a
// backend whose class or region is not known matches none.
func (c *call) choose(q *http.Request) *wire.Failure {
	r := c.r
	allowed := r.order
	if q.Header[wire.HeaderAllow] != nil || q.Header[wire.HeaderRegions] != nil {
		classes, anyClass := words(q.Header, wire.HeaderAllow)
		regions, anyRegion := words(q.Header, wire.HeaderRegions)
		allowed = nil
		for _, b := range r.order {
			if (anyClass || slices.Contains(classes, b.Class)) && (anyRegion || slices.Contains(regions, b.Region)) {
				allowed = append(allowed, b)
			}
		}
		if len(allowed) == 0 {
			why := fmt.Sprintf("no configured provider may serve this request: it allows classes [%s] and regions [%s]",
				said(classes, anyClass), said(regions, anyRegion))
			r.tell(Decision{What: Refused, Marker: c.marker, Detail: why})
			return &wire.Failure{Kind: wire.FailPermission, Status: http.StatusForbidden, Message: why}
		}
	}
	order := r.policy(c, allowed)
	if !r.set.failover {
		order = order[:1]
	}
	c.cands = make([]candidate, len(order))
	for i, b := range order {
		c.cands[i] = candidate{backend: b, model: b.model(c.req.Model)}
	}
	return nil
}

// words are the comma-separated words of a header; all is true where the
// header is not there at all.
func words(h http.Header, name string) (list []string, all bool) {
	values, ok := h[name]
	if !ok {
		return nil, true
	}
	for _, v := range values {
		for w := range strings.SplitSeq(v, ",") {
			if w = strings.TrimSpace(w); w != "" {
				list = append(list, w)
			}
		}
	}
	return list, false
}

func said(list []string, all bool) string {
	if all {
		return "any"
	}
	return strings.Join(list, ", ")
}

// mark sets the headers that say what the router did. b is who answered, nil
// where nobody did.
func (c *call) mark(h http.Header, b *backend) {
	if b != nil {
		h.Set(wire.HeaderProvider, b.Name)
		h.Set(wire.HeaderClass, b.Class)
	}
	h.Set(wire.HeaderAttempts, strconv.Itoa(c.attempts))
}
