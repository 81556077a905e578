package target_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"brownout/harness/router"
	"brownout/harness/target"
	"brownout/plan"
)

func options() target.Options {
	return target.Options{
		Backends: []router.Backend{{
			Name: "openai", Dialect: "openai", BaseURL: "http://127.0.0.1:1", Key: "sk-test",
			Models: []string{"m"}, Model: "m",
		}},
		Settings: plan.DefaultRouter,
	}
}

// Every target answers at its URL once it is started, and nobody listens there
// once it is stopped.
func TestEveryTargetStartsAndStops(t *testing.T) {
	defer goleak.VerifyNone(t)
	for _, name := range target.Names() {
		tt, err := target.Start(t.Context(), name, options())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		resp, err := client.Get(tt.URL + "/healthz")
		if err != nil {
			t.Errorf("%s is not up: %v", name, err)
		} else {
			resp.Body.Close()
		}
		if err := tt.Stop(context.Background()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := net.Dial("tcp", strings.TrimPrefix(tt.URL, "http://")); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("%s still listens: %v", name, err)
		}
	}
}

func TestTargetThatCannotStartLeavesNothing(t *testing.T) {
	defer goleak.VerifyNone(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	taken, lost := options(), options()
	taken.Addr = l.Addr().String()
	lost.Settings.Order = []string{"nobody"}
	for what, o := range map[string]target.Options{"address already in use": taken, "nobody": lost} {
		if _, err := target.Start(t.Context(), target.Default, o); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("error %v, want one about %q", err, what)
		}
	}
}

func TestUnknownTarget(t *testing.T) {
	_, started := target.Start(t.Context(), "portal", options())
	for _, err := range []error{started, target.Check("portal")} {
		if err == nil || !strings.Contains(err.Error(), `unknown target "portal"; known are bundled, retries, direct`) {
			t.Errorf("error %v", err)
		}
	}
	if err := target.Check(target.Default); err != nil {
		t.Error(err)
	}
}
