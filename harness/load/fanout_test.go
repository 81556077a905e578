package load_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"brownout/harness/journal"
	"brownout/harness/load"
	"brownout/mocks/answer"
	"brownout/plan"
)

// fansOut answers fan-outs as the bundled router does, each prompt by good but
// where odd has a line of its own.
func fansOut(t *testing.T, odd map[string]string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Requests []struct {
				ID   string          `json:"custom_id"`
				URL  string          `json:"url"`
				Body json.RawMessage `json:"body"`
			} `json:"requests"`
		}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || r.URL.Path != "/v1/fanout" {
			t.Errorf("asked %s: %v", r.URL.Path, err)
		}
		var lines []string
		for i := len(in.Requests) - 1; i >= 0; i-- { // the order says nothing, the names do
			q := in.Requests[i]
			line, ok := odd[q.ID]
			if !ok {
				one := httptest.NewRequest(http.MethodPost, q.URL, bytes.NewReader(q.Body))
				rec := httptest.NewRecorder()
				good(rec, one)
				line = fmt.Sprintf(`"response":{"status_code":200,"headers":{"X-Brownout-Provider":"p%s","X-Brownout-Attempts":"2"},"body":%s},"error":null`, q.ID, rec.Body)
			}
			if line != "" {
				lines = append(lines, fmt.Sprintf(`{"custom_id":%q,%s}`, q.ID, line))
			}
		}
		w.WriteHeader(http.StatusMultiStatus)
		fmt.Fprintf(w, `{"data":[%s]}`, strings.Join(lines, ","))
	}
}

// meetFan runs one fan-out of four prompts against a handler.
func meetFan(t *testing.T, h http.HandlerFunc, deadline time.Duration) *samples {
	t.Helper()
	m := of(plan.KindFanout)
	m.Steps, m.Budget, m.Deadline = 4, 0.05, deadline
	s := &samples{}
	r, err := load.New(load.Config{
		Plan: one(m), BaseURL: "http://target.test", Key: testKey, Model: "gpt-test", FanOut: true,
		Start: time.Now(), Emit: s.emit, Transport: memory{h},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	return s
}

// Each prompt of a fan-out is judged for itself, and the whole by all of them.
func TestFanOut(t *testing.T) {
	other := `"response":{"status_code":200,"headers":{},"body":` + wholeAnswer("somebody-else") + `},"error":null`
	for _, c := range []struct {
		name    string
		h       http.HandlerFunc
		want    string // outcome and reason of each prompt
		done    int
		outcome journal.Outcome
		reason  string
	}{
		{"all answered", fansOut(t, nil), "ok, ok, ok, ok", 4, journal.OK, ""},
		{
			"some failed", fansOut(t, map[string]string{
				"2": `"response":{"status_code":429,"headers":{"Retry-After":"7"},"body":{"error":{"message":"slow down","type":"rate_limit_error","code":"rate_limit_exceeded"}}},"error":null`,
				"3": `"response":null,"error":{"code":"batch_expired","message":"too late"}`,
			}),
			"ok, failed rate_limit, failed batch_expired, ok", 2, journal.Failed, "rate_limit",
		},
		{"somebody else's answer", fansOut(t, map[string]string{"4": other}), "ok, ok, ok, corrupt foreign", 3, journal.Corrupt, "foreign"},
		{"one line is missing", fansOut(t, map[string]string{"1": ""}), "corrupt count, corrupt count, corrupt count, corrupt count", 0, journal.Corrupt, "count"},
		{"neither answer nor error", fansOut(t, map[string]string{"1": `"response":null,"error":null`}), "corrupt malformed, ok, ok, ok", 3, journal.Corrupt, "malformed"},
		{"no list", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "well") }, "corrupt malformed, corrupt malformed, corrupt malformed, corrupt malformed", 0, journal.Corrupt, "malformed"},
		{"refused as a whole", failing404, "failed not_found, failed not_found, failed not_found, failed not_found", 0, journal.Failed, "not_found"},
		{"silent", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "hung timeout, hung timeout, hung timeout, hung timeout", 0, journal.Hung, "timeout"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			deadline := time.Minute
			if c.outcome == journal.Hung {
				deadline = 100 * time.Millisecond
			}
			got := meetFan(t, c.h, deadline)
			if len(got.all) != 4 || len(got.workflows) != 1 {
				t.Fatalf("%d samples, %d workflows", len(got.all), len(got.workflows))
			}
			w := got.workflows[0]
			var said []string
			for i, s := range got.all {
				said = append(said, strings.TrimSpace(string(s.Outcome)+" "+s.Reason))
				if s.Step != i+1 || s.Marker != fmt.Sprintf("%s-%d", w.ID, i+1) || s.Workflow != w.ID {
					t.Errorf("prompt %d is %s, step %d of %s", i+1, s.Marker, s.Step, s.Workflow)
				}
				if s.Outcome == journal.OK && (s.Provider != fmt.Sprintf("p%d", i+1) || s.Attempts != 2 || s.Model != "gpt-test-1" || s.Prompt == 0) {
					t.Errorf("prompt %d: %+v", i+1, s)
				}
			}
			if s := strings.Join(said, ", "); s != c.want {
				t.Errorf("prompts are %s\nwant %s", s, c.want)
			}
			if w.Done != c.done || w.Steps != 4 || w.Outcome != c.outcome || w.Reason != c.reason || w.Total <= 0 {
				t.Errorf("%+v", w)
			}
		})
	}
}

func failing404(w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusNotFound)
	fmt.Fprint(w, `{"error":{"message":"no such path","type":"invalid_request_error"}}`)
}

// wholeAnswer is a right answer to somebody's prompt.
func wholeAnswer(marker string) string {
	rec := httptest.NewRecorder()
	q := httptest.NewRequest(http.MethodPost, "/v1/chat/completions", strings.NewReader(
		`{"model":"gpt-test","messages":[{"role":"user","content":"Answer in 30 words. `+answer.Mark(marker)+`"}]}`))
	good(rec, q)
	return strings.TrimSpace(rec.Body.String())
}
