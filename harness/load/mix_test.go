package load_test

import (
	"encoding/json"
	"io"
	"maps"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"brownout/harness/load"
	"brownout/mocks/wire"
	"brownout/plan"
)

// everything is a mix of all kinds, with shares of .4, .3, .2 and .1.
func everything() []plan.Mix {
	mix := []plan.Mix{of(plan.KindChat), of(plan.KindStream), of(plan.KindFAQ), of(plan.KindSensitive)}
	for i, w := range []float64{4, 3, 2, 1} {
		mix[i].Weight = w
	}
	mix[3].Regions = []string{"eu-west-1"}
	return mix
}

// sent runs a plan and returns the body and the headers of each request by its
// number.
func sent(t *testing.T, p *plan.Plan) (bodies map[string]string, headers map[string]http.Header) {
	t.Helper()
	bodies, headers = map[string]string{}, map[string]http.Header{}
	var mu sync.Mutex
	synctest.Test(t, func(t *testing.T) {
		run(t, p, memory{func(w http.ResponseWriter, r *http.Request) {
			var b strings.Builder
			r.Body = io.NopCloser(io.TeeReader(r.Body, &b))
			good(w, r)
			mu.Lock()
			defer mu.Unlock()
			n := r.Header.Get("X-Brownout-Request")
			bodies[n], headers[n] = b.String(), r.Header
		}})
	})
	return bodies, headers
}

func TestSameSeedSameRequests(t *testing.T) {
	p := steady(500, 2*time.Second, everything()...)
	first, _ := sent(t, p)
	second, _ := sent(t, p)
	if len(first) != 1000 {
		t.Fatalf("%d requests, want 1000", len(first))
	}
	if !maps.Equal(first, second) {
		t.Error("two runs with one seed sent different requests")
	}
	p.Seed++
	if third, _ := sent(t, p); maps.Equal(first, third) {
		t.Error("two seeds sent the same requests")
	}
}

func TestMixSharesAndMarkers(t *testing.T) {
	all, markers := map[string]int{}, map[string]int{}
	synctest.Test(t, func(t *testing.T) {
		p := steady(1000, 4*time.Second, everything()...)
		for _, s := range run(t, p, memory{good}) {
			all[s.Request]++
			markers[s.Marker]++
			if kind, _, _ := strings.Cut(s.Marker, "-"); kind != s.Request {
				t.Errorf("a %s request has the marker %s", s.Request, s.Marker)
			}
			if s.Outcome != "ok" {
				t.Fatalf("%s is %s: %s %s", s.Marker, s.Outcome, s.Reason, s.Detail)
			}
		}
	})
	for kind, share := range map[string]float64{plan.KindChat: .4, plan.KindStream: .3, plan.KindFAQ: .2, plan.KindSensitive: .1} {
		// Five standard deviations of a binomial of 4000.
		if got := float64(all[kind]) / 4000; math.Abs(got-share) > 5*math.Sqrt(share*(1-share)/4000) {
			t.Errorf("%s has a share of %.3f, want %.3f", kind, got, share)
		}
	}
	questions := 0
	for m, times := range markers {
		if strings.HasPrefix(m, plan.KindFAQ) {
			questions++
		} else if times > 1 {
			t.Errorf("%s was used %d times", m, times)
		}
	}
	if want := of(plan.KindFAQ).FAQs; questions != want {
		t.Errorf("%d different questions, want %d", questions, want)
	}
}

func TestRequestSaysWhatItMay(t *testing.T) {
	p := steady(200, time.Second, everything()...)
	bodies, headers := sent(t, p)
	kinds := map[string]bool{}
	for n, body := range bodies {
		var q struct {
			Model       string
			Stream      bool
			Temperature *float64
			MaxTokens   int `json:"max_tokens"`
			MaxNew      int `json:"max_completion_tokens"`
			Messages    []struct{ Role, Content string }
			Options     *struct {
				IncludeUsage bool `json:"include_usage"`
			} `json:"stream_options"`
		}
		if err := json.Unmarshal([]byte(body), &q); err != nil {
			t.Fatal(err)
		}
		prompt := q.Messages[len(q.Messages)-1].Content
		kind, _, _ := strings.Cut(markerIn.FindStringSubmatch(prompt)[1], "-")
		kinds[kind] = true
		m, h := of(kind), headers[n]

		stream := kind == plan.KindStream
		if q.Model != "gpt-test" || q.Stream != stream || (q.Options != nil && q.Options.IncludeUsage) != stream {
			t.Errorf("%s: model %q, stream %v, options %+v", kind, q.Model, q.Stream, q.Options)
		}
		if q.Temperature == nil || *q.Temperature != 0 || q.MaxTokens+q.MaxNew < m.Tokens+16 {
			t.Errorf("%s: temperature %v, at most %d tokens for %d words", kind, q.Temperature, q.MaxTokens+q.MaxNew, m.Tokens)
		}
		if got := len(strings.Fields(prompt)); got != m.Prompt {
			t.Errorf("%s: a prompt of %d words, want %d: %s", kind, got, m.Prompt, prompt)
		}
		if got := h.Get("Authorization"); got != "Bearer "+testKey {
			t.Errorf("%s: authorization %q", kind, got)
		}
		if got, want := h.Get(wire.HeaderAllow), strings.Join(m.Allow, ","); got != want {
			t.Errorf("%s: allowed classes %q, want %q", kind, got, want)
		}
		if got := h.Get(wire.HeaderRegions); (got == "eu-west-1") != (kind == plan.KindSensitive) {
			t.Errorf("%s: allowed regions %q", kind, got)
		}
		// In a bubble nothing takes time: the whole deadline is left.
		if got, want := h.Get(wire.HeaderDeadline), m.Deadline.Milliseconds(); got != strconv.FormatInt(want, 10) {
			t.Errorf("%s: budget of %s ms, want %d", kind, got, want)
		}
	}
	if len(kinds) != 4 {
		t.Errorf("only %d kinds of request were sent", len(kinds))
	}
}

func TestNewRefuses(t *testing.T) {
	chat := of(plan.KindChat)
	still := steady(0, time.Second, chat)
	weightless := chat
	weightless.Weight = 0
	timeless := chat
	timeless.Deadline = 0
	for name, c := range map[string]load.Config{
		"no plan":           {Emit: new(samples).emit},
		"nobody to tell":    {Plan: one(chat)},
		"no mix":            {Plan: steady(1, time.Second), Emit: new(samples).emit},
		"no request":        {Plan: still, Emit: new(samples).emit},
		"a weight of zero":  {Plan: one(weightless), Emit: new(samples).emit},
		"no deadline":       {Plan: one(timeless), Emit: new(samples).emit},
		"an address of ink": {Plan: one(chat), Emit: new(samples).emit, BaseURL: "http://bad host\x00"},
	} {
		if _, err := load.New(c); err == nil || !strings.HasPrefix(err.Error(), "load: ") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
