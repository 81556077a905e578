package router_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"brownout/harness/router"
	"brownout/mocks/wire"
	"brownout/plan"
)

// fanned is what a client got for a fan-out.
type fanned struct {
	status int
	took   time.Duration
	err    error
	ID     string `json:"id"`
	Counts struct {
		Total, Completed, Failed int
	} `json:"request_counts"`
	Data []struct {
		ID       string `json:"id"`
		CustomID string `json:"custom_id"`
		Response *struct {
			Status    int               `json:"status_code"`
			RequestID string            `json:"request_id"`
			Headers   map[string]string `json:"headers"`
			Body      json.RawMessage   `json:"body"`
		} `json:"response"`
		Error *struct{ Code, Message string } `json:"error"`
	} `json:"data"`
	Failure struct{ Message string } `json:"error"`
}

// lines are the answers in short: whose text, or which status or error.
func (f *fanned) lines() string {
	openai, _ := wire.Lookup("openai")
	var s []string
	for _, l := range f.Data {
		var what string
		switch {
		case l.Response == nil:
			what = l.Error.Code
		case l.Response.Status != http.StatusOK:
			what = fmt.Sprint(l.Response.Status)
		default:
			a, err := openai.DecodeAnswer(l.Response.Body)
			if err != nil {
				what = err.Error()
				break
			}
			what = a.Text
		}
		s = append(s, l.CustomID+": "+what)
	}
	return strings.Join(s, ", ")
}

// prompts are the entries of a fan-out of n prompts.
func prompts(n int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprintf(`{"custom_id":"p%d","method":"POST","url":"/v1/chat/completions","body":{"model":"any","max_tokens":10,"messages":[{"role":"user","content":"say it [[bo:m%d]]"}]}}`, i, i))
	}
	return list
}

// fan sends a fan-out.
func (w *world) fan(ctx context.Context, h http.Header, requests ...string) fanned {
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://router"+wire.PathFanOut, strings.NewReader(`{"requests":[`+strings.Join(requests, ",")+`]}`))
	if err != nil {
		return fanned{err: err}
	}
	for k, v := range h {
		q.Header[k] = v
	}
	began := time.Now()
	res, err := w.client.Do(q)
	if err != nil {
		return fanned{err: err, took: time.Since(began)}
	}
	defer res.Body.Close()
	f := fanned{status: res.StatusCode}
	f.err = json.NewDecoder(res.Body).Decode(&f)
	f.took = time.Since(began)
	return f
}

// echoes answers with the marker of the prompt, after so long.
func echoes(after time.Duration) act {
	return func(f *fake, w http.ResponseWriter, r *http.Request, req *wire.Request) {
		_, m, _ := strings.Cut(req.LastUser(), "[[bo:")
		answers(strings.TrimSuffix(m, "]]"), after)(f, w, r, req)
	}
}

// where does so with the prompts that carry a word, and something else with the
// others.
func where(word string, a, others act) act {
	return func(f *fake, w http.ResponseWriter, r *http.Request, req *wire.Request) {
		if strings.Contains(req.LastUser(), word) {
			a(f, w, r, req)
			return
		}
		others(f, w, r, req)
	}
}

// Prompts are asked side by side, as many at once as the settings say, and
// answered in their order; without the mitigation one comes after the other.
func TestFanOut(t *testing.T) {
	const ms = time.Millisecond
	for name, tt := range map[string]struct {
		set   plan.Router
		h     http.Header
		n     int
		lines string
		took  time.Duration
		calls []time.Duration
	}{
		"side by side": {n: 4, lines: "p0: m0, p1: m1, p2: m2, p3: m3", took: 100 * ms, calls: []time.Duration{0, 0, 0, 0}},
		"two at once": {
			set: plan.Router{FanOut: plan.FanOut{Concurrency: 2}}, n: 4,
			lines: "p0: m0, p1: m1, p2: m2, p3: m3", took: 200 * ms, calls: []time.Duration{0, 0, 100 * ms, 100 * ms},
		},
		"switched off": {
			set: plan.Router{Off: []string{"fan_out"}}, n: 4,
			lines: "p0: m0, p1: m1, p2: m2, p3: m3", took: 400 * ms, calls: []time.Duration{0, 100 * ms, 200 * ms, 300 * ms},
		},
		"switched off, and late": {
			// 220 ms less a margin of 5% is 209; the third has 9 ms, less its own margin of 0.45.
			set: plan.Router{Off: []string{"fan_out"}}, n: 4, h: http.Header{wire.HeaderDeadline: {"220"}},
			lines: "p0: m0, p1: m1, p2: 504, p3: batch_expired", took: 208550 * time.Microsecond, calls: []time.Duration{0, 100 * ms, 200 * ms},
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := backend("a", always(echoes(100*ms)))
			run(t, tt.set, []*fake{a}, func(w *world) {
				f := w.fan(context.Background(), tt.h, prompts(tt.n)...)
				failed := strings.Count(tt.lines, ": 5") + strings.Count(tt.lines, "expired")
				status := http.StatusOK
				if failed > 0 {
					status = http.StatusMultiStatus
				}
				if f.err != nil || f.status != status || f.Counts.Total != tt.n || f.Counts.Failed != failed || f.Counts.Completed != tt.n-failed {
					t.Errorf("status %d, %+v, %v %s", f.status, f.Counts, f.err, f.Failure.Message)
				}
				if f.lines() != tt.lines || f.took != tt.took {
					t.Errorf("after %v: %s\nwant after %v: %s", f.took, f.lines(), tt.took, tt.lines)
				}
				if got := a.times(); !slices.Equal(got, tt.calls) {
					t.Errorf("calls at %v, want %v", got, tt.calls)
				}
			})
		})
	}
}

// Each prompt has a failover of its own, and one that nobody answers is told
// in its line and takes no other with it.
func TestFanOutFailsInParts(t *testing.T) {
	refuses := fails(wire.FailContentFilter, 0)
	a := backend("a", always(where("m1", fails(wire.FailOverload, 0), where("m2", refuses, echoes(100*time.Millisecond)))))
	b := backend("b", always(echoes(50*time.Millisecond)))
	run(t, plan.Router{Off: []string{"retries"}}, []*fake{a, b}, func(w *world) {
		f := w.fan(context.Background(), nil, prompts(4)...)
		if f.status != http.StatusMultiStatus || f.lines() != "p0: m0, p1: m1, p2: 400, p3: m3" || f.took != 100*time.Millisecond {
			t.Fatalf("%d after %v: %s %v", f.status, f.took, f.lines(), f.err)
		}
		for i, by := range []string{"a", "b", "a", "a"} {
			r := f.Data[i].Response
			if r.Headers[wire.HeaderProvider] != by && i != 2 || r.RequestID != f.Data[i].ID || f.Data[i].ID != fmt.Sprintf("%s-%d", f.ID, i+1) {
				t.Errorf("line %d: %s of %s, %v", i, r.RequestID, f.Data[i].ID, r.Headers)
			}
		}
		if f.Data[1].Response.Headers[wire.HeaderAttempts] != "2" || b.count() != 1 {
			t.Errorf("%v, and %d calls of b", f.Data[1].Response.Headers, b.count())
		}
		if !strings.Contains(string(f.Data[2].Response.Body), `"error"`) {
			t.Errorf("the refusal is told as %s", f.Data[2].Response.Body)
		}
	})
}

// A client that leaves takes all that is under way along, and nothing new is
// begun.
func TestFanOutEndsWithItsClient(t *testing.T) {
	a := backend("a", always(hangs))
	run(t, plan.Router{FanOut: plan.FanOut{Concurrency: 3}}, []*fake{a}, func(w *world) {
		ctx, leave := context.WithTimeout(context.Background(), 200*time.Millisecond)
		defer leave()
		if f := w.fan(ctx, nil, prompts(5)...); f.err == nil {
			t.Errorf("answered with %s", f.lines())
		}
		w.pass(10 * time.Millisecond)
		synctest.Wait()
		a.mu.Lock()
		defer a.mu.Unlock()
		if len(a.calls) != 3 || a.gone != 3 {
			t.Errorf("%d calls, of which %d ended with the client", len(a.calls), a.gone)
		}
	})
}

// All prompts of a fan-out draw on one budget, whether or not the client has a
// name for the workflow.
func TestFanOutHasOneBudget(t *testing.T) {
	for name, workflow := range map[string][]string{"named": {"w"}, "unnamed": nil} {
		t.Run(name, func(t *testing.T) {
			a := backend("a", always(echoes(100*time.Millisecond)))
			// A prompt reserves some hundred bytes at 1 USD a million, and 10 tokens at as much.
			a.Catalogue = []router.Model{{ID: "a-model", PriceIn: 1, PriceOut: 1}}
			run(t, plan.Router{Off: []string{"fan_out"}}, []*fake{a}, func(w *world) {
				h := http.Header{http.CanonicalHeaderKey(wire.HeaderBudget): {"0.00013"}}
				if workflow != nil {
					h[wire.HeaderWorkflow] = workflow
				}
				// Each is settled at 14 tokens, so that a hundred of the 130 bear two.
				f := w.fan(context.Background(), h, prompts(8)...)
				if f.Counts.Completed == 0 || f.Counts.Failed == 0 || a.count() != f.Counts.Completed {
					t.Errorf("%s, and %d calls", f.lines(), a.count())
				}
				for _, l := range f.Data {
					if l.Response.Status != http.StatusOK && !bytes.Contains(l.Response.Body, []byte("budget")) {
						t.Errorf("%s", l.Response.Body)
					}
				}
			})
		})
	}
}

// What is wrong with one of the requests is told before any is sent.
func TestFanOutIsCheckedFirst(t *testing.T) {
	a := backend("a", always(echoes(0)))
	many := prompts(3)
	for name, tt := range map[string]struct {
		requests []string
		says     string
	}{
		"none":             {nil, "requests is empty"},
		"too many":         {prompts(5), "at most 4 are taken"},
		"named twice":      {[]string{many[0], many[1], many[0]}, `requests[0] and requests[2] have the same custom_id "p0"`},
		"a stream":         {[]string{many[0], `{"body":{"model":"any","stream":true,"messages":[]}}`}, "requests[1] asks for a stream"},
		"no body":          {[]string{`{"custom_id":"x"}`}, "requests[0] has no body"},
		"another method":   {[]string{`{"method":"GET","body":{}}`}, `requests[0] has the method "GET"`},
		"another url":      {[]string{`{"url":"/v1/models","body":{}}`}, `requests[0] has the url "/v1/models"`},
		"a url elsewhere":  {[]string{`{"url":"http://elsewhere/v1/chat/completions","body":{}}`}, "give a path"},
		"a fan-out itself": {[]string{`{"url":"/v1/fanout","body":{}}`}, `requests[0] has the url "/v1/fanout"`},
		"no list":          {[]string{"7"}, "the body is no list of requests"},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, plan.Router{FanOut: plan.FanOut{Requests: 4}}, []*fake{a}, func(w *world) {
				f := w.fan(context.Background(), nil, tt.requests...)
				if f.status != http.StatusBadRequest || !strings.Contains(f.Failure.Message, tt.says) {
					t.Errorf("status %d: %s", f.status, f.Failure.Message)
				}
			})
			if a.count() != 0 {
				t.Errorf("%d calls", a.count())
			}
		})
	}
}

// Requests of one fan-out may be of several sorts and dialects.
func TestFanOutOfManySorts(t *testing.T) {
	a := indexer("a", 10*time.Millisecond)
	a.script = always(echoes(100 * time.Millisecond))
	run(t, plan.Router{}, []*fake{a}, func(w *world) {
		f := w.fan(context.Background(), http.Header{"Anthropic-Version": {"2023-06-01"}},
			`{"url":"/v1/embeddings","body":{"model":"vectors","input":"text"}}`,
			`{"url":"/v1/messages","body":{"model":"any","max_tokens":10,"messages":[{"role":"user","content":"[[bo:m1]]"}]}}`,
			`{"body":{"model":"any","messages":[{"role":"user","content":"[[bo:m2]]"}]}}`)
		if f.status != http.StatusOK || len(f.Data) != 3 {
			t.Errorf("%d: %v", f.status, f.err)
		}
		for i, has := range []string{`"embedding"`, `"text":"m1"`, `"content":"m2"`} {
			if body := string(f.Data[i].Response.Body); !strings.Contains(body, has) || f.Data[i].CustomID != fmt.Sprint(i+1) {
				t.Errorf("line %s: %s", f.Data[i].CustomID, body)
			}
		}
	})
}
