package mocks_test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"brownout/mocks/wire"
	"brownout/plan"
)

// open sends raw bytes to the rig on a connection of its own.
func (r *rig) open(t testing.TB, raw string) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(r.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, raw); err != nil {
		t.Fatal(err)
	}
	return c.(*net.TCPConn)
}

// await reads until the text has come.
func await(t testing.TB, c net.Conn, text string) {
	t.Helper()
	var seen strings.Builder
	buf := make([]byte, 4096)
	for !strings.Contains(seen.String(), text) {
		n, err := c.Read(buf)
		seen.Write(buf[:n])
		if err != nil {
			t.Fatalf("%v after %q", err, seen.String())
		}
	}
}

// Clients vanish in every way there is, on every API that streams or waits: the
// call ends, is seen once, and leaves no goroutine (TestMain looks).
func TestVanishing(t *testing.T) {
	waiting := func(p *plan.Provider) {
		p.Service = plan.Service{Model: plan.ServiceCloud, PerToken: time.Hour}
	}
	for _, preset := range family {
		r := start(t, spec(t, preset, waiting))
		model := r.Spec().Models[0].ID
		message := `"messages":[{"role":"user","content":"call the tool"}]`
		const tools = `"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]}}}]`
		for _, c := range []struct {
			name, path, body, until string
		}{
			{"chat", "/v1/chat/completions", message + `,"stream":true`, "[bo:"},
			{"tools", "/v1/chat/completions", message + `,"stream":true,` + tools, `"name":"f"`},
			{"responses", "/v1/responses", `"input":"hi","stream":true`, "[bo:"},
			{"unary", "/v1/chat/completions", message, ""},
		} {
			raw := `{"model":"` + model + `",` + c.body + `}`
			raw = fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer k\r\nContent-Length: %d\r\n\r\n%s", c.path, len(raw), raw)
			for how, vanish := range map[string]func(*net.TCPConn){
				"closes":      func(c *net.TCPConn) { c.Close() },
				"half closes": func(c *net.TCPConn) { _ = c.CloseWrite() }, // and never reads again
				"resets":      func(c *net.TCPConn) { _ = c.SetLinger(0); c.Close() },
			} {
				conn := r.open(t, raw)
				if c.until != "" {
					await(t, conn, c.until)
				} else {
					poll(t, func() bool { return r.Gauge().Busy == 1 })
				}
				vanish(conn)
				seen := r.calls.take(t, 1)
				o := seen[len(seen)-1]
				if !o.Aborted || o.Stream != (c.until != "") || o.Status != map[bool]int{true: 200, false: 499}[o.Stream] {
					t.Errorf("%s, %s, a client that %s: %+v", preset, c.name, how, o)
				}
				if busy := r.Gauge().Busy; busy != 0 {
					t.Errorf("%s, %s, a client that %s: %d calls are left", preset, c.name, how, busy)
				}
				conn.Close()
			}
		}
	}
}

// A client that stops halfway, in its head or its body, or that never takes its
// answer, is let go when the server goes.
func TestHalfOpen(t *testing.T) {
	r := start(t, spec(t, "openai", nil))
	body := `{"model":"gpt-5.4","stream":true,"messages":[{"role":"user","content":"in 90000 words"}]}`
	head := fmt.Sprintf("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer k\r\nContent-Length: %d\r\n\r\n", len(body))
	for _, sent := range []string{"", "POST /v1/chat", head, head + body[:20], head + body} {
		conn := r.open(t, sent)
		t.Cleanup(func() { conn.Close() })
	}
	if res := r.ask(t, "k", request(r.Spec(), "m", "in 9 words", true)); res.fail != nil || res.err != nil || res.finish != wire.FinishStop {
		t.Errorf("another client: %+v", res)
	}
	r.calls.take(t, 1)
}
