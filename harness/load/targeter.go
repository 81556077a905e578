package load

import (
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"brownout/mocks/wire"
)

// headerRequest carries a request's number from the targeter to the probe,
// and on to the target, in whose logs it names the request. It is the only way
// through vegeta: its own X-Vegeta-Seq counts hits before the targeter is
// asked, so that two workers may swap places between the two.
const headerRequest = "X-Brownout-Request"

// targeter gives vegeta the next request. Numbers are given out in the order
// of dispatch, so request n is sent at about the time the schedule has for it;
// how far from it is measured by the probe.
func (r *Runner) targeter() vegeta.Targeter {
	var next atomic.Uint64
	return func(t *vegeta.Target) error {
		n := next.Add(1) - 1
		s := r.mix.shot(n)
		left := s.Deadline - time.Since(r.start.Add(r.due.Load().At(n)))

		t.Method = http.MethodPost
		t.URL = s.url
		t.Body = s.json()
		t.Header = s.head(left)
		return nil
	}
}

// head are the headers of a request that has so much time left.
func (s shot) head(left time.Duration) http.Header {
	h := maps.Clone(s.header)
	h[wire.HeaderDeadline] = []string{strconv.FormatInt(max(1, left.Milliseconds()), 10)}
	h[headerRequest] = []string{strconv.FormatUint(s.n, 10)}
	if s.workflow != "" {
		h[wire.HeaderWorkflow] = []string{s.workflow}
	}
	return h
}

// numberOf reads what the targeter wrote.
func numberOf(req *http.Request) (uint64, error) {
	n, err := strconv.ParseUint(req.Header.Get(headerRequest), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("load: a request without its number: %w", err)
	}
	return n, nil
}
