package chaos_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"brownout/harness/chaos"
)

// ask sends one request with a marker of its own and returns the status, the
// body and the error.
func (p *path) ask(ctx context.Context, n int) (int, string, error) {
	body := fmt.Sprintf(`{"model":"m","messages":[{"role":"user","content":"Answer in 5 words. [[bo:chat-0000-%x]]"}]}`, n)
	return p.post(ctx, body)
}

// post sends one request for a chat.
func (p *path) post(ctx context.Context, body string) (int, string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+p.Link.Addr+"/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	r.Header.Set("Authorization", "Bearer sk-test")
	resp, err := p.client.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b), err
}

func (p *path) mustAnswer(t *testing.T, n int) {
	t.Helper()
	status, body, err := p.ask(t.Context(), n)
	if err != nil || status != http.StatusOK {
		t.Fatalf("got %d %s %v, want an answer", status, body, err)
	}
}

func (p *path) inject(t *testing.T, kind string, params map[string]any) (end func()) {
	t.Helper()
	f, _, err := chaos.Bind(kind, params)
	if err != nil {
		t.Fatal(err)
	}
	clear, err := f.Inject(t.Context(), p.Victim, chaos.Env{
		Name: kind, Share: 1, Seed: 1, Note: func(s string) { p.notes <- s },
	})
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if err := clear(context.WithoutCancel(t.Context())); err != nil {
			t.Fatal(err)
		}
	}
}

// Each fault must be felt by a client whose connection is already open, and
// must leave that client's pool healthy once it is cleared.
func TestFaultsBiteAndHeal(t *testing.T) {
	timedOut := func(_ int, _ string, err error) bool { return errors.Is(err, context.DeadlineExceeded) }
	tests := []struct {
		name, kind string
		params     map[string]any
		patience   time.Duration
		bites      func(status int, body string, err error) bool
		reaches    bool // calls reach the mock all the same
	}{
		{
			"refused", "outage",
			map[string]any{"mode": "refused"},
			time.Second,
			func(_ int, _ string, err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }, false,
		},
		{"blackhole", "outage", map[string]any{"mode": "blackhole"}, 100 * time.Millisecond, timedOut, false},
		{
			"reset", "outage",
			map[string]any{"mode": "reset"},
			time.Second,
			func(_ int, _ string, err error) bool { return errors.Is(err, syscall.ECONNRESET) }, false,
		},
		{
			"errors", "outage",
			map[string]any{"mode": "errors"},
			time.Second,
			func(status int, body string, _ error) bool {
				return status == http.StatusInternalServerError && strings.Contains(body, "server_error")
			}, true,
		},
		{
			"flapping starts down", "outage",
			map[string]any{"mode": "flapping", "period": "1m"},
			time.Second,
			func(_ int, _ string, err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }, false,
		},
		{"slow first token", "latency_spike", map[string]any{"first_token": "30s"}, 100 * time.Millisecond, timedOut, true},
		{
			"slow link", "latency_spike",
			map[string]any{"layer": "link", "latency": "30s", "jitter": "1s"},
			100 * time.Millisecond, timedOut, true,
		},
		{
			"retired without notice", "deprecation",
			map[string]any{"announced_for": "0s"},
			time.Second,
			func(status int, body string, _ error) bool {
				return status == http.StatusNotFound && strings.Contains(body, "model_not_found")
			}, true,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPath(t)
			p.mustAnswer(t, 1)
			end := p.inject(t, tt.kind, tt.params)
			before := p.seen.Load()
			ctx, cancel := context.WithTimeout(t.Context(), tt.patience)
			defer cancel()
			status, body, err := p.ask(ctx, 2)
			if !tt.bites(status, body, err) {
				t.Errorf("the fault did not bite: %d %s %v", status, body, err)
			}
			end()
			if reached := p.seen.Load() > before; !tt.reaches && reached {
				t.Errorf("the call reached the provider behind a cut link")
			}
			p.mustAnswer(t, 3)
		})
	}
}

// A limit of calls in progress has no room for a second one.
func TestRateLimitRefusesInTheProvidersWords(t *testing.T) {
	p := newPath(t)
	p.mustAnswer(t, 1)
	end := p.inject(t, "rate_limit", map[string]any{"requests_per_minute": int64(6)})
	var refused string
	for n := range 20 {
		status, body, err := p.ask(t.Context(), 10+n)
		if err != nil {
			t.Fatal(err)
		}
		if status == http.StatusTooManyRequests {
			refused = body
			break
		}
	}
	if !strings.Contains(refused, "rate_limit_exceeded") || !strings.Contains(refused, "Limit 6") {
		t.Errorf("no refusal of OpenAI's own in 20 calls; the last was %q", refused)
	}
	end()
	p.mustAnswer(t, 100)
}

// The announcement shows in the model list, then the model goes away.
func TestDeprecationAnnouncesThenRetires(t *testing.T) {
	p := newPath(t)
	end := p.inject(t, "deprecation", map[string]any{"announced_for": "50ms", "notice_days": int64(14)})
	want := time.Now().AddDate(0, 0, 14).UTC().Format(time.DateOnly)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+p.Link.Addr+"/v1/models", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer sk-test")
	resp, err := p.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	list, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || !strings.Contains(string(list), want) {
		t.Errorf("the list says %s (%v), want a shutdown date of %s", list, err, want)
	}
	for note := range p.notes {
		if strings.Contains(note, "retired") {
			break
		}
	}
	status, body, err := p.ask(t.Context(), 1)
	if err != nil || status != http.StatusNotFound {
		t.Errorf("a retired model answers %d %s %v", status, body, err)
	}
	end()
	p.mustAnswer(t, 2)
}

// flapping goes down and up by itself, and stops doing so once it is ended.
func TestFlappingFlaps(t *testing.T) {
	p := newPath(t)
	end := p.inject(t, "outage", map[string]any{"mode": "flapping", "period": "100ms", "duty": 0.5})
	var ups, downs int
	for deadline := time.Now().Add(10 * time.Second); ups < 2 || downs < 2; {
		if time.Now().After(deadline) {
			t.Fatalf("seen up %d times and down %d times", ups, downs)
		}
		_, _, err := p.ask(t.Context(), ups+downs)
		switch {
		case err == nil && ups <= downs:
			ups++
		case err != nil && downs <= ups:
			downs++
		}
	}
	end()
	for n := range 5 {
		p.mustAnswer(t, 1000+n)
	}
}

// A share below one touches the same calls whatever order they come in.
func TestShareIsKeyedByMarker(t *testing.T) {
	p := newPath(t)
	f, _, err := chaos.Bind("outage", map[string]any{"mode": "errors"})
	if err != nil {
		t.Fatal(err)
	}
	end, err := f.Inject(t.Context(), p.Victim, chaos.Env{Name: "half", Share: 0.5, Note: func(string) {}})
	if err != nil {
		t.Fatal(err)
	}
	const calls = 60
	failed := 0
	for n := range calls {
		status, _, err := p.ask(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		if status != http.StatusOK {
			failed++
		}
	}
	if failed < calls/4 || failed > 3*calls/4 {
		t.Errorf("%d of %d calls failed, want about half", failed, calls)
	}
	if err := end(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// A port that the user named and that is taken is an error that says so;
// without a name the next free one is found.
func TestPortsTaken(t *testing.T) {
	first, err := chaos.StartLinks(chaos.LinkOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	_, port, err := net.SplitHostPort(first.API)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := chaos.StartLinks(chaos.LinkOptions{PortFrom: n}); err == nil || !strings.Contains(err.Error(), "port "+port+" is taken") {
		t.Errorf("error is %v, want it to say that port %s is taken", err, port)
	}
	second, err := chaos.StartLinks(chaos.LinkOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if second.API == first.API {
		t.Errorf("both listen on %s", first.API)
	}
	// A link that a fault has closed keeps its port from other rigs.
	closed, err := first.Add("a", "127.0.0.1:9")
	if err != nil {
		t.Fatal(err)
	}
	if err := closed.Disable(); err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		other, err := second.Add(fmt.Sprint("b", n), "127.0.0.1:9")
		if err != nil {
			t.Fatal(err)
		}
		if other.Addr == closed.Addr {
			t.Fatalf("another rig took %s, which a closed link needs again", closed.Addr)
		}
	}
	if err := closed.Enable(t.Context()); err != nil {
		t.Error(err)
	}
}

// Clients that gave up while their answers were held back do not keep a fault
// from being cleared: toxiproxy alone waits 5 s for each chunk of each.
func TestClearingDoesNotWaitForThoseWhoLeft(t *testing.T) {
	for _, tt := range []struct {
		kind   string
		params map[string]any
	}{
		{"latency_spike", map[string]any{"layer": "link", "latency": "30s", "jitter": "1s"}},
		{"degraded_link", map[string]any{"bandwidth": 1}},
		{"degraded_link", map[string]any{"slice_size": 10, "slice_delay": "1s"}},
	} {
		p := newPath(t)
		p.mustAnswer(t, 1)
		end := p.inject(t, tt.kind, tt.params)
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		var wg sync.WaitGroup
		for n := range 8 {
			wg.Go(func() {
				body := fmt.Sprintf(`{"model":"m","stream":true,"messages":[{"role":"user","content":"Answer in 50 words. [[bo:chat-0000-%x]]"}]}`, 50+n)
				if _, _, err := p.post(ctx, body); err == nil {
					t.Error("a stream came through at once")
				}
			})
		}
		wg.Wait()
		cancel()
		start := time.Now()
		end()
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("%s %v: clearing took %v", tt.kind, tt.params, took)
		}
		p.mustAnswer(t, 99)
	}
}
