package rig_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"brownout/harness/rig"
	"brownout/mocks"
	"brownout/mocks/presets"
	"brownout/plan"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func two(t *testing.T) []plan.Provider {
	t.Helper()
	var out []plan.Provider
	for _, name := range []string{"openai", "ollama"} {
		p, ok := presets.Get(name)
		if !ok {
			t.Fatalf("no preset %q", name)
		}
		out = append(out, p)
	}
	return out
}

// Calls reach a mock through its link, and once the rig is closed nobody
// listens any more.
func TestUpAndClose(t *testing.T) {
	var calls atomic.Int64
	r, err := rig.Up(t.Context(), rig.Options{
		Providers: two(t), Seed: 1, Keys: []string{"sk-one"}, Observe: func(mocks.Observation) { calls.Add(1) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Victims) != 2 || len(r.Fleet.Providers()) != 2 || r.URL("openai") == r.URL("ollama") {
		t.Errorf("victims %v", r.Victims)
	}
	transport := &http.Transport{}
	client := &http.Client{Transport: transport}
	ask := func(key string) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.URL("openai")+"/v1/models", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+key)
		answer, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return answer.StatusCode
	}
	if got := ask("sk-one"); got != http.StatusOK {
		t.Errorf("status %d with the right key", got)
	}
	if got := ask("sk-two"); got != http.StatusUnauthorized {
		t.Errorf("status %d with a wrong key", got)
	}
	transport.CloseIdleConnections()
	if err := r.Close(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}
	for _, addr := range []string{r.Victims["openai"].Link.Addr, r.Victims["ollama"].Link.Addr, r.Links.API} {
		if c, err := net.Dial("tcp", addr); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("%s: %v %v", addr, c, err)
		}
	}
	if calls.Load() != 0 {
		t.Errorf("%d calls were observed; a model list is none", calls.Load())
	}
}

// What the providers are to blame for is told from what the machine is.
func TestUpBlamesTheRightOne(t *testing.T) {
	var environment *rig.EnvironmentError
	bad := two(t)
	bad[1].Dialect = "klingon"
	if _, err := rig.Up(t.Context(), rig.Options{Providers: bad}); err == nil || errors.As(err, &environment) {
		t.Errorf("an unknown dialect: %v", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	from, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rig.Up(t.Context(), rig.Options{Providers: two(t), PortFrom: from}); !errors.As(err, &environment) {
		t.Errorf("a taken port: %v", err)
	}
}
