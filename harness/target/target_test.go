package target_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"brownout/harness/router"
	"brownout/harness/target"
	"brownout/plan"
)

func options() target.Options {
	return target.Options{
		Backends: []router.Backend{{
			Name: "openai", Dialect: "openai", BaseURL: "http://127.0.0.1:1", Key: "sk-brownout-test-key",
			Models: []string{"m"}, Model: "m",
		}},
		Settings: plan.DefaultRouter,
	}
}

// Every target of this process answers at its URL once it is started, and
// nobody listens there once it is stopped.
func TestEveryRouterStartsAndStops(t *testing.T) {
	for _, name := range plan.TargetRouters {
		tt, err := target.Start(t.Context(), plan.InProcess(name), options())
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
		gone(t, tt.URL)
	}
}

// gone sees that nobody listens at a URL.
func gone(t *testing.T, url string) {
	t.Helper()
	if _, err := net.Dial("tcp", strings.TrimPrefix(url, "http://")); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("somebody still listens at %s: %v", url, err)
	}
}

func TestTargetThatCannotStartLeavesNothing(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	taken, lost := options(), options()
	taken.Addr = l.Addr().String()
	lost.Settings.Order = []string{"nobody"}
	for what, o := range map[string]target.Options{"address already in use": taken, "nobody": lost} {
		if _, err := target.Start(t.Context(), plan.InProcess("bundled"), o); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("error %v, want one about %q", err, what)
		}
	}
}

func TestUnknownRouter(t *testing.T) {
	_, err := target.Start(t.Context(), plan.InProcess("portal"), options())
	if err == nil || !strings.Contains(err.Error(), `unknown target "portal"; known are bundled, retries, direct`) {
		t.Errorf("error %v", err)
	}
}

// A gateway that runs already is found at its URL, whatever way it is written.
func TestRunningGateway(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	at := "http://" + l.Addr().String()
	t.Setenv("BROWNOUT_TEST_URL", at+"/v1/")
	for given, want := range map[string]string{
		at: at, at + "/": at, at + "/v1": at, at + "/openai/v1": at + "/openai",
		`{{env "BROWNOUT_TEST_URL"}}`: at,
	} {
		spec := plan.DefaultTarget
		spec.URL, spec.Key = given, "sk-{{(first .Providers).Name}}"
		up, err := target.Start(t.Context(), spec, options())
		if err != nil {
			t.Errorf("%s: %v", given, err)
			continue
		}
		if up.URL != want || up.Key != "sk-openai" {
			t.Errorf("%s: found at %s with the key %s, want %s", given, up.URL, up.Key, want)
		}
		if err := up.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestRunningGatewayThatIsNot(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := "http://" + l.Addr().String()
	l.Close()
	for given, want := range map[string]string{
		at:                             "nobody answers at " + at,
		`{{env "BROWNOUT_TEST_NONE"}}`: "BROWNOUT_TEST_NONE is not set",
		"gateway":                      "no scheme and host",
	} {
		spec := plan.DefaultTarget
		spec.URL = given
		if _, err := target.Start(t.Context(), spec, options()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one about %q", given, err, want)
		}
	}
}

// What a request carries depends on its kind: whom it may reach, and for which
// model each is asked.
func TestExtra(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	o := options()
	o.Backends = []router.Backend{
		{Name: "cloud", Dialect: "openai", Class: "cloud", BaseURL: "http://127.0.0.1:1", Models: []string{"big", "vec"}, Catalogue: []router.Model{{ID: "vec", Embedding: 3}, {ID: "big"}}},
		{Name: "own", Dialect: "vllm", Class: "gpu", BaseURL: "http://127.0.0.1:2", Models: []string{"small", "big"}, Model: "small"},
		{Name: "odd", Dialect: "bedrock", Class: "gpu", BaseURL: "http://127.0.0.1:3"},
	}
	o.Settings.Order = []string{"own", "cloud"}
	var found []target.Finding
	o.Find = func(f target.Finding) { found = append(found, f) }
	spec := plan.DefaultTarget
	spec.URL, spec.Speaks = "http://"+l.Addr().String(), []string{"openai", "vllm"}
	spec.Headers = map[string]string{"x-order": "{{range .Providers}}\n  {{.Name}}={{.Model}};\n{{end}}"}
	spec.Body = map[string]string{"timeout": "{{ms (half .Request.Deadline)}}"}
	up, err := target.Start(t.Context(), spec, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		edit func(*plan.Mix)
		want string
	}{
		{func(*plan.Mix) {}, "own=small;cloud=big;"},
		{func(m *plan.Mix) { m.Model = "big" }, "own=big;cloud=big;"},
		{func(m *plan.Mix) { m.Allow = []string{"cloud"} }, "cloud=big;"},
		{func(m *plan.Mix) { m.Kind = plan.KindEmbed }, "cloud=vec;"},
	} {
		m := plan.DefaultMix[plan.KindChat]
		c.edit(&m)
		e, err := up.Extra(m)
		if err != nil || e.Headers["x-order"] != c.want || string(e.Body["timeout"]) != "2000" {
			t.Errorf("%+v, %v, want %q", e, err, c.want)
		}
	}
	if len(found) != 1 || found[0].What != target.LeftOut || !strings.Contains(found[0].Detail, "odd, which speaks bedrock") {
		t.Errorf("found %v", found)
	}
	o.Backends = o.Backends[2:]
	if _, err := target.Start(t.Context(), spec, o); err == nil || !strings.Contains(err.Error(), "there is none") {
		t.Errorf("pointed at nobody: %v", err)
	}
}

func TestCheckNamesTheTemplate(t *testing.T) {
	spec := plan.DefaultTarget
	spec.Name, spec.URL = "mine", "http://127.0.0.1"
	spec.Headers = map[string]string{"x-a": "{{.Port"}
	spec.Process = &plan.TargetProcess{Command: []string{"x", "{{nothing}}"}}
	err := target.Check(spec)
	for _, want := range []string{"target mine: header x-a", "target mine: command 2", `"nothing" not defined`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one about %q", err, want)
		}
	}
}
