package router

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"brownout/mocks/wire"
)

var healthTestSettings = healthSettings{Interval: 10 * time.Second, Timeout: time.Second, UnhealthyAfter: 3, HealthyAfter: 2}

func TestHealthChecks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var mu sync.Mutex // of all that follows
		var told []string
		var asked []time.Duration
		state := errors.New("refused")
		be := func(v error) { mu.Lock(); state = v; mu.Unlock() }
		h := startHealthChecks(healthTestSettings, 1, []patient{{"a", func(ctx context.Context) error {
			mu.Lock()
			asked = append(asked, time.Since(began))
			answer := state
			mu.Unlock()
			if answer == context.DeadlineExceeded {
				<-ctx.Done()
				return ctx.Err()
			}
			return answer
		}}}, func(d diagnosis) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, fmt.Sprintf("%s %v %v", d.name, d.healthy, d.why))
		})
		wait := func(probes int) {
			count := func() int { mu.Lock(); defer mu.Unlock(); return len(asked) }
			for n := count() + probes; count() < n; {
				time.Sleep(time.Second)
				synctest.Wait()
			}
			time.Sleep(time.Second) // its time-out
			synctest.Wait()
		}
		want := func(sick string, says ...string) {
			t.Helper()
			mu.Lock()
			defer mu.Unlock()
			if !slices.Equal(told, says) {
				t.Errorf("told %q, want %q", told, says)
			}
			told = nil
			if got := fmt.Sprint(h.sickness("a")); got != sick {
				t.Errorf("sickness %s, want %s", got, sick)
			}
		}
		wait(2)
		want("<nil>")
		wait(1)
		want("refused", "a false refused")
		be(context.DeadlineExceeded)
		wait(1)
		want("no answer to a health probe in 1s")
		be(nil)
		wait(1)
		be(errors.New("reset"))
		wait(1)
		be(nil)
		wait(1)
		want("reset") // one good probe in a row is not enough
		wait(1)
		want("<nil>", "a true <nil>")
		wait(20)
		h.stop()
		n := len(asked)
		time.Sleep(time.Minute)
		if len(asked) != n {
			t.Error("it probes on after its end")
		}
		if asked[0] > 10*time.Second {
			t.Errorf("the first probe came after %v", asked[0])
		}
		apart := map[time.Duration]bool{}
		for i := 1; i < n; i++ {
			d := asked[i] - asked[i-1]
			if apart[d] = true; d < 9*time.Second || d > 11*time.Second {
				t.Errorf("probes %v apart, want 9s to 11s", d)
			}
		}
		if len(apart) < n/2 {
			t.Errorf("only %d different gaps between %d probes: no jitter", len(apart), n)
		}
	})
}

// Each provider is asked at moments of its own, and stopping cuts a probe
// short that hangs.
func TestHealthChecksAreApartAndStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var mu sync.Mutex
		var active atomic.Int64
		first := map[time.Duration]bool{}
		var list []patient
		for i := range 8 {
			list = append(list, patient{fmt.Sprint("p", i), func(ctx context.Context) error {
				mu.Lock()
				first[time.Since(began)] = true
				mu.Unlock()
				active.Add(1)
				defer active.Add(-1)
				<-ctx.Done()
				return ctx.Err()
			}})
		}
		set := healthTestSettings
		set.Timeout = time.Hour
		h := startHealthChecks(set, 1, list, func(d diagnosis) { t.Errorf("told %+v of probes cut short", d) })
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if len(first) != 8 {
			t.Errorf("%d moments for 8 providers", len(first))
		}
		at := time.Now()
		h.stop()
		if d, n := time.Since(at), active.Load(); d != 0 || n != 0 {
			t.Errorf("stopping took %v and left %d probes", d, n)
		}
	})
}

// roundTrip is a transport made of a function.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(q *http.Request) (*http.Response, error) { return f(q) }

// Every dialect has something to probe that it knows, and takes the key.
func TestProbesAreKnownToTheirDialects(t *testing.T) {
	for _, name := range wire.Names() {
		d, _ := wire.Lookup(name)
		if _, ok := probePaths[name]; !ok {
			t.Errorf("%s: no probe", name)
			continue
		}
		key := "secret"
		if name == "bedrock" || name == "sagemaker" {
			key = "AKIDEXAMPLE:secret"
		}
		b := Backend{Name: name, Dialect: name, BaseURL: "http://127.0.0.1:1/", Key: key, Model: "m"}
		asked := 0
		probe := newProbe(b, d, roundTrip(func(q *http.Request) (*http.Response, error) {
			asked++
			if op, _, fail := d.Route(q); name != "sagemaker" && (fail != nil || op != wire.OpModels && op != wire.OpHealth && op != wire.OpVersion) {
				t.Errorf("%s: %s is operation %d, %v", name, q.URL, op, fail)
			}
			if fail := d.Authorized(q, func(k string) bool { return k == key }); fail != nil && !probePaths[name].open {
				t.Errorf("%s: the key was not taken: %v", name, fail)
			}
			if q.Body != nil || q.Header.Get("Content-Type") != "" {
				t.Errorf("%s: a probe has no body", name)
			}
			return httptest.NewRecorder().Result(), nil
		}))
		if err := probe(t.Context()); err != nil || asked != 1 {
			t.Errorf("%s: %v after %d requests", name, err, asked)
		}
	}
}

func TestWhatAProbeTakesForLife(t *testing.T) {
	for _, c := range []struct {
		dialect string
		status  int
		alive   bool
	}{
		{"openai", 200, true},
		{"openai", 404, true},
		{"openai", 429, true},
		{"openai", 401, false},
		{"openai", 403, false},
		{"openai", 500, false},
		{"anthropic", 529, false},
		{"bedrock", 403, true}, // the signature was of another request
		{"vllm", 503, false},
	} {
		d, _ := wire.Lookup(c.dialect)
		b := Backend{Dialect: c.dialect, BaseURL: "http://127.0.0.1:1", Key: "k"}
		err := newProbe(b, d, roundTrip(func(*http.Request) (*http.Response, error) {
			w := httptest.NewRecorder()
			w.WriteHeader(c.status)
			return w.Result(), nil
		}))(t.Context())
		if (err == nil) != c.alive {
			t.Errorf("%s answers %d: %v", c.dialect, c.status, err)
		}
		if err != nil && !strings.Contains(err.Error(), fmt.Sprint(c.status)) {
			t.Errorf("%q does not say %d", err, c.status)
		}
	}
	dead := errors.New("connection refused")
	d, _ := wire.Lookup("openai")
	probe := newProbe(Backend{Dialect: "openai", BaseURL: "http://127.0.0.1:1"}, d, roundTrip(func(*http.Request) (*http.Response, error) { return nil, dead }))
	if err := probe(t.Context()); !errors.Is(err, dead) {
		t.Errorf("%v, want %v", err, dead)
	}
}
