package admin_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"brownout/harness/admin"
	"brownout/harness/rig"
	"brownout/mocks/presets"
	"brownout/plan"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start brings up OpenAI and Anthropic, which answer at once.
func start(t *testing.T, edit func(*admin.Options)) *admin.Desk {
	t.Helper()
	o := admin.Options{Seed: 1}
	for _, name := range []string{"openai", "anthropic"} {
		p, ok := presets.Get(name)
		if !ok {
			t.Fatalf("no preset %q", name)
		}
		p.Service = plan.Service{Model: plan.ServiceCloud}
		o.Providers = append(o.Providers, p)
	}
	if edit != nil {
		edit(&o)
	}
	d, err := admin.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return d
}

// send does one request of its own connection.
func send(t *testing.T, method, url, body string, headers ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	transport := &http.Transport{DisableKeepAlives: true}
	answer, err := (&http.Client{Transport: transport}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(b)
}

func chat(t *testing.T, d *admin.Desk) int {
	t.Helper()
	status, _ := send(t, http.MethodPost, d.Rig.URL("openai")+"/v1/chat/completions",
		`{"model":"gpt-5.4","messages":[{"role":"user","content":"Hello in 3 words."}]}`, "Authorization", "Bearer x")
	return status
}

// A fault in effect from the start, one switched later, and both cleared:
// counts and status say so.
func TestFaultsAndCounts(t *testing.T) {
	var mu sync.Mutex
	var log []string
	d := start(t, func(o *admin.Options) {
		o.Faults = []admin.Order{{Provider: "openai", Kind: "outage", Params: map[string]any{"mode": "errors"}}}
		o.Verbose = true
		o.Log = func(line string) {
			mu.Lock()
			defer mu.Unlock()
			log = append(log, line)
		}
	})
	c := admin.Client{Addr: d.URL}
	if got := chat(t, d); got != http.StatusInternalServerError {
		t.Errorf("status %d under an outage", got)
	}
	if gone, err := c.Clear(t.Context(), "openai:outage"); err != nil || !reflect.DeepEqual(gone, []string{"openai:outage"}) {
		t.Errorf("cleared %v: %v", gone, err)
	}
	if got := chat(t, d); got != http.StatusOK {
		t.Errorf("status %d without a fault", got)
	}
	made, err := c.Inject(t.Context(), admin.Order{Provider: admin.All, Kind: "rate_limit", Params: map[string]any{"concurrency": 1}})
	if err != nil || len(made) != 2 || made[0].Params["requests_per_minute"] != 0.0 {
		t.Errorf("made %+v: %v", made, err)
	}
	s, err := c.Status(t.Context())
	if err != nil || len(s.Providers) != 2 || len(s.Faults) != 2 {
		t.Fatalf("status %+v: %v", s, err)
	}
	calls := s.Providers[0].Calls
	if calls.Total != 2 || calls.OK != 1 || calls.Failed["server_error"] != 1 || calls.Touched != 1 || calls.CompletionTokens == 0 || calls.CostUSD == 0 {
		t.Errorf("calls %+v", calls)
	}
	if gone, err := c.Clear(t.Context(), admin.All); err != nil || len(gone) != 2 {
		t.Errorf("cleared %v: %v", gone, err)
	}
	if gone, err := c.Clear(t.Context(), admin.All); err != nil || len(gone) != 0 {
		t.Errorf("cleared %v again: %v", gone, err)
	}
	if err := d.Close(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if all := strings.Join(log, "\n"); !strings.Contains(all, "call openai chat 500") || !strings.Contains(all, "fault openai:outage is cleared") {
		t.Errorf("log:\n%s", all)
	}
}

// Every refusal has its status and says what is wrong.
func TestAPIRefuses(t *testing.T) {
	d := start(t, nil)
	if _, err := d.Inject(t.Context(), admin.Order{Provider: "anthropic", Kind: "outage"}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		method, path, body string
		status             int
		says               string
	}{
		{"POST", "/v1/faults", `{"provider":"anthropic","kind":"outage"}`, 409, "already claims the reachability of anthropic"},
		{"POST", "/v1/faults", `{"provider":"all","kind":"outage"}`, 409, "anthropic:outage"},
		{"POST", "/v1/faults", `{"provider":"opnai","kind":"outage"}`, 400, `did you mean \"openai\"?`},
		{"POST", "/v1/faults", `{"provider":"openai","kind":"outtage"}`, 400, `did you mean \"outage\"?`},
		{"POST", "/v1/faults", `{"provider":"openai","kind":"outage","params":{"mode":7}}`, 400, "mode must be text"},
		{"POST", "/v1/faults", `{"provider":"openai","kind":"outage","share":-1}`, 400, "share must be"},
		{"POST", "/v1/faults", `{"provider":"openai","kynd":"outage"}`, 400, "kynd"},
		{"POST", "/v1/faults", `{"provider":`, 400, "not an order"},
		{"POST", "/v1/faults", `{"provider":"` + strings.Repeat("x", 1<<17) + `"}`, 400, "too large"},
		{"DELETE", "/v1/faults/openai:outage", "", 404, "no such fault"},
		{"PUT", "/v1/faults", "", 405, ""},
		{"GET", "/v2/status", "", 404, ""},
	} {
		status, body := send(t, tt.method, d.URL+tt.path, tt.body)
		if status != tt.status || !strings.Contains(body, tt.says) {
			t.Errorf("%s %s %.60s: %d %s", tt.method, tt.path, tt.body, status, body)
		}
	}
	if status, _ := send(t, "POST", d.URL+"/v1/faults", `{"provider":"openai","kind":"outage"}`, "Sec-Fetch-Site", "cross-site"); status != http.StatusForbidden {
		t.Errorf("a page of some other site gets %d", status)
	}
	if on := d.Faults(); len(on) != 1 || on[0].Name != "anthropic:outage" {
		t.Errorf("in effect: %+v", on)
	}
}

// Many hands on one desk leave it whole.
func TestManyHands(t *testing.T) {
	d := start(t, nil)
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			o := admin.Order{Provider: "openai", Kind: "latency_spike", Params: map[string]any{"first_token": "1ms"}}
			var conflict *admin.ConflictError
			if _, err := d.Inject(t.Context(), o); err != nil && !errors.As(err, &conflict) {
				t.Error(err)
			}
			if i%2 == 0 {
				if _, err := d.Clear(t.Context(), "openai"); err != nil && !errors.Is(err, admin.ErrNoFault) {
					t.Error(err)
				}
			}
			_ = d.Status()
		})
	}
	wg.Wait()
	if n := len(d.Faults()); n > 1 {
		t.Errorf("%d faults claim one latency", n)
	}
}

// The machine is blamed for what it does.
func TestStartBlamesTheRightOne(t *testing.T) {
	d := start(t, nil)
	var environment *rig.EnvironmentError
	o := admin.Options{Listen: strings.TrimPrefix(d.URL, "http://")}
	if _, err := admin.Start(t.Context(), o); !errors.As(err, &environment) || !strings.Contains(err.Error(), "--admin") {
		t.Errorf("a taken port: %v", err)
	}
	o = admin.Options{Faults: []admin.Order{{Provider: "openai", Kind: "outage"}}}
	if _, err := admin.Start(t.Context(), o); err == nil || errors.As(err, &environment) {
		t.Errorf("a fault of no provider: %v", err)
	}
}

func TestParseOrder(t *testing.T) {
	for text, want := range map[string]string{
		"openai:outage":                         `{openai outage 0 map[]}`,
		"all:outage,mode=errors,share=0.25":     `{all outage 0.25 map[mode:errors]}`,
		"a:rate_limit,requests_per_minute=3":    `{a rate_limit 0 map[requests_per_minute:3]}`,
		"a:latency_spike,first_token=2s,x=y=z":  `{a latency_spike 0 map[first_token:2s x:y=z]}`,
		"a:latency_spike,factor=many":           `{a latency_spike 0 map[factor:many]}`,
		"class:gpu:outage":                      `{class:gpu outage 0 map[]}`,
		"region:us-east-1:outage,share=0.5":     `{region:us-east-1 outage 0.5 map[]}`,
		"class:gpu":                             "want PROVIDER:KIND",
		"class::outage":                         "want PROVIDER:KIND",
		"openai":                                "want PROVIDER:KIND",
		":outage":                               "want PROVIDER:KIND",
		"openai:":                               "want PROVIDER:KIND",
		"openai:outage,":                        "no param=value",
		"openai:outage,mode":                    "no param=value",
		"openai:outage,mode=errors,mode=errors": "given twice",
		"openai:outage,share=1,share=1":         "given twice",
		"openai:outage,share=0":                 "share must be",
		"openai:outage,share=half":              "share must be",
	} {
		o, err := admin.ParseOrder(text)
		got := fmt.Sprint(o)
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func FuzzParseOrder(f *testing.F) {
	f.Add("openai:outage,mode=errors,share=0.5")
	f.Add("a:rate_limit,concurrency=1e9,,=")
	f.Fuzz(func(t *testing.T, text string) {
		o, err := admin.ParseOrder(text)
		if err == nil && (o.Provider == "" || o.Kind == "" || o.Share < 0 || o.Share > 1) {
			t.Errorf("%q made %+v", text, o)
		}
	})
}
