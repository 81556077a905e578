package mocks_test

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"brownout/mocks/wire"
	"brownout/plan"
)

// eachRig runs a test against a provider of every dialect there is.
func eachRig(t *testing.T, edit func(*plan.Provider), test func(t *testing.T, r *rig, d wire.Dialect)) {
	for _, name := range wire.Names() {
		t.Run(name, func(t *testing.T) {
			d, _ := wire.Lookup(name)
			test(t, start(t, spec(t, name, edit)), d) // a preset has the name of its dialect
		})
	}
}

// bad sends a chat request that was spoilt, and reads the refusal.
func (r *rig) bad(t *testing.T, d wire.Dialect, spoil func(*http.Request)) (status int, body []byte, fail *wire.Failure) {
	t.Helper()
	hr, err := d.NewRequest(t.Context(), r.URL, "key", request(r.Spec(), "bad", "hi", false))
	if err != nil {
		t.Fatal(err)
	}
	if spoil != nil {
		spoil(hr)
	}
	resp, err := r.client.Do(hr)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err = io.ReadAll(resp.Body); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, body, d.DecodeFailure(resp.StatusCode, resp.Header, body)
}

func withBody(r *http.Request, body string) {
	r.Body, r.ContentLength, r.GetBody = io.NopCloser(strings.NewReader(body)), int64(len(body)), nil
}

// What no provider can make sense of is refused in its own words, which its own
// client understands, and does no harm to what comes next.
func TestBadInput(t *testing.T) {
	eachRig(t, nil, func(t *testing.T, r *rig, d wire.Dialect) {
		never, _ := io.Pipe()
		defer never.Close()
		for _, c := range []struct {
			name  string
			kind  wire.FailureKind
			spoil func(*http.Request)
		}{
			{"broken JSON", wire.FailBadRequest, func(r *http.Request) {
				whole, _ := io.ReadAll(r.Body)
				withBody(r, string(whole[:len(whole)/2]))
			}},
			{"no body", wire.FailBadRequest, func(r *http.Request) { withBody(r, "") }},
			{"no JSON", wire.FailBadRequest, func(r *http.Request) { withBody(r, "\x00\xff<html>") }},
			{"an array", wire.FailBadRequest, func(r *http.Request) { withBody(r, "[1]") }},
			{"deep nesting", wire.FailBadRequest, func(r *http.Request) { withBody(r, strings.Repeat(`{"a":[`, 20_000)) }},
			{"wrong method", wire.FailMethod, func(r *http.Request) { r.Method = http.MethodPut }},
			{"unknown path", wire.FailNotFound, func(r *http.Request) { r.URL.Path, r.URL.RawPath, r.URL.RawQuery = "/no/such/path", "", "" }},
			{"too large", wire.FailTooLarge, func(r *http.Request) {
				r.Body, r.ContentLength, r.GetBody = never, wire.MaxBody+1, nil
			}},
		} {
			status, body, fail := r.bad(t, d, c.spoil)
			kind := c.kind
			if kind == wire.FailMethod && d.Usual(kind) == http.StatusNotFound {
				kind = wire.FailNotFound // path and method are matched together there
			}
			if fail.Kind != kind || status < 400 || status > 499 || fail.Message == "" && !bytes.Contains(body, []byte("<html")) || kind != wire.FailBadRequest && status != d.Usual(kind) {
				t.Errorf("%s: %d %s: %.300s", c.name, status, fail.Kind, body)
			}
			for _, ours := range []string{"wire.", "goroutine"} {
				if bytes.Contains(body, []byte(ours)) {
					t.Errorf("%s: the answer names %q: %.300s", c.name, ours, body)
				}
			}
		}
		if res := r.ask(t, "key", request(r.Spec(), "good", "in 9 words", true)); res.fail != nil || res.err != nil || res.finish != wire.FinishStop {
			t.Errorf("a good request after them: %+v", res)
		}
		for i, o := range r.calls.take(t, 7) { // what is no call is not observed
			want := wire.FailBadRequest
			if i == 5 {
				want = wire.FailTooLarge
			} else if i == 6 {
				want = ""
			}
			if o.Failure != want || o.Aborted || o.CostUSD > 0 && want != "" {
				t.Errorf("call %d: %+v", i, o)
			}
		}
	})
}

// rawChat is a chat request of any dialect as it stands on the wire.
func (r *rig) rawChat(t *testing.T, d wire.Dialect, prompt string, stream bool) []byte {
	t.Helper()
	hr, err := d.NewRequest(t.Context(), r.URL, "key", request(r.Spec(), "gone", prompt, stream))
	if err != nil {
		t.Fatal(err)
	}
	var raw bytes.Buffer
	if err := hr.Write(&raw); err != nil {
		t.Fatal(err)
	}
	return raw.Bytes()
}

// Clients of every dialect vanish in the middle of a stream, and before a whole
// answer: the call ends, is seen once, and leaves no goroutine (TestMain looks).
func TestVanishingFromEveryDialect(t *testing.T) {
	slow := func(p *plan.Provider) { p.Service.PerToken = time.Hour }
	eachRig(t, slow, func(t *testing.T, r *rig, d wire.Dialect) {
		for how, vanish := range map[string]func(*net.TCPConn){
			"closes":      func(c *net.TCPConn) { c.Close() },
			"half closes": func(c *net.TCPConn) { _ = c.CloseWrite() }, // and never reads again
			"resets":      func(c *net.TCPConn) { _ = c.SetLinger(0); c.Close() },
		} {
			for _, stream := range []bool{true, false} {
				conn := r.open(t, string(r.rawChat(t, d, "hi", stream)))
				if stream {
					await(t, conn, "bo:")
				} else {
					poll(t, func() bool { return r.Gauge().Busy == 1 })
				}
				vanish(conn)
				seen := r.calls.take(t, 1)
				o := seen[len(seen)-1]
				// DeepSeek's whole answers may have begun with a sign of life.
				if !o.Aborted || o.Stream != stream || stream && (o.Status != 200 || o.Completion != 1) || o.Marker != "gone" {
					t.Errorf("a client that %s, stream %v: %+v", how, stream, o)
				}
				if busy := r.Gauge().Busy; busy != 0 {
					t.Errorf("a client that %s, stream %v: %d calls are left", how, stream, busy)
				}
				conn.Close()
			}
		}
	})
}

// Clients of every dialect that stop halfway, in their head or their body, or
// never take their answer, are let go when the server goes, and harm nobody
// before that.
func TestHalfOpenInEveryDialect(t *testing.T) {
	eachRig(t, nil, func(t *testing.T, r *rig, d wire.Dialect) {
		raw := r.rawChat(t, d, "in 90000 words", true)
		head := bytes.Index(raw, []byte("\r\n\r\n")) + 4
		for _, sent := range [][]byte{nil, raw[:9], raw[:head], raw[:head+20], raw} {
			conn := r.open(t, string(sent))
			t.Cleanup(func() { conn.Close() })
		}
		if res := r.ask(t, "key", request(r.Spec(), "m", "in 9 words", true)); res.fail != nil || res.err != nil || res.finish != wire.FinishStop {
			t.Errorf("another client: %+v", res)
		}
		r.calls.take(t, 1)
	})
}
