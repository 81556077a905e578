package mocks_test

import (
	"bytes"
	"context"
	"testing"
	"testing/synctest"
	"time"

	"brownout/plan"
)

// A stream of Anthropic's whose tokens keep its client waiting pings, and one
// that flows does not, but for the ping behind its first block's start.
func TestAnthropicPings(t *testing.T) {
	for _, c := range []struct {
		perToken time.Duration
		pings    int
	}{
		{time.Second, 1},
		{3 * time.Second, 1},
		{7 * time.Second, 1 + 10}, // 11 tokens
		{12 * time.Second, 1 + 2*10},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := spec(t, "anthropic", func(p *plan.Provider) { p.Service.PerToken = c.perToken })
			out := play(t, t.Context(), provider(t, s, nil), request(s, "m", "Answer in 9 words.", true))
			if n := bytes.Count(out.body.Bytes(), []byte("event: ping\n")); n != c.pings || !bytes.Contains(out.body.Bytes(), []byte("message_stop")) {
				t.Errorf("a token each %v: %d pings, want %d\n%s", c.perToken, n, c.pings, out.body.String())
			}
		})
	}
	synctest.Test(t, func(t *testing.T) { // a client that leaves between two pings is seen at once
		calls := newCalls()
		s := spec(t, "anthropic", func(p *plan.Provider) { p.Service.PerToken = time.Hour })
		ctx, leave := context.WithTimeout(t.Context(), 12*time.Second)
		defer leave()
		play(t, ctx, provider(t, s, calls.observe), request(s, "m", "hi", true))
		if o := calls.take(t, 1)[0]; !o.Aborted || o.Ended-o.Arrived != 12*time.Second {
			t.Errorf("%+v", o)
		}
	})
}
