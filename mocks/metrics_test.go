package mocks_test

import (
	"context"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"brownout/plan"
)

// The histograms of a vLLM server's page hold what its calls took: whole ones
// and streamed ones alike, unfinished ones as far as they went.
func TestVLLMHistograms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := spec(t, "vllm", func(p *plan.Provider) {
			p.Service = plan.Service{Model: plan.ServiceSlots, Slots: 1, Queue: 9, FirstToken: 200 * time.Millisecond, PerToken: 30 * time.Millisecond}
		})
		p := provider(t, s, nil)
		done := make(chan struct{})
		for _, stream := range []bool{false, true} { // 11 tokens each, the second waits for the first
			go func() {
				play(t, t.Context(), p, request(s, "m", "Answer in 9 words.", stream))
				done <- struct{}{}
			}()
			synctest.Wait()
		}
		<-done
		<-done
		ctx, leave := context.WithTimeout(t.Context(), 250*time.Millisecond)
		defer leave()
		play(t, ctx, p, request(s, "m", "Answer in 9 words.", true)) // two tokens of it
		page := httptest.NewRecorder()
		p.ServeHTTP(page, httptest.NewRequest("GET", "/metrics", nil))
		parser := expfmt.NewTextParser(model.UTF8Validation)
		families, err := parser.TextToMetricFamilies(page.Body)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []struct {
			name  string
			count uint64
			sum   float64
		}{
			{"time_to_first_token_seconds", 3, .2 + .7 + .2},
			{"inter_token_latency_seconds", 21, 21 * .03},
			{"request_time_per_output_token_seconds", 2, .06},
			{"e2e_request_latency_seconds", 2, .5 + 1},
			{"request_queue_time_seconds", 2, .5},
			{"request_prefill_time_seconds", 2, .4},
			{"request_decode_time_seconds", 2, .6},
			{"request_inference_time_seconds", 2, 1},
			{"request_generation_tokens", 2, 22},
			{"request_params_max_tokens", 2, 2000},
		} {
			f := families["vllm:"+want.name]
			if f == nil {
				t.Errorf("no %s", want.name)
				continue
			}
			h := f.Metric[0].Histogram
			if h.GetSampleCount() != want.count || h.GetSampleSum() < want.sum-1e-6 || h.GetSampleSum() > want.sum+1e-6 {
				t.Errorf("%s: %d observed, %g in all; want %d, %g", want.name, h.GetSampleCount(), h.GetSampleSum(), want.count, want.sum)
			}
		}
		if n := len(families["vllm:time_to_first_token_seconds"].Metric[0].Histogram.Bucket); n != 23 {
			t.Errorf("%d buckets of the time to first token, want vLLM's 22 and the last", n)
		}
	})
}

// llama.cpp's page has the sums.
func TestLlamaTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := spec(t, "llamacpp", func(p *plan.Provider) {
			p.Service = plan.Service{Model: plan.ServiceCloud, FirstToken: 200 * time.Millisecond, PerToken: 30 * time.Millisecond}
		})
		p := provider(t, s, nil)
		play(t, t.Context(), p, request(s, "m", "Answer in 9 words.", false))
		page := httptest.NewRecorder()
		p.ServeHTTP(page, httptest.NewRequest("GET", "/metrics", nil))
		parser := expfmt.NewTextParser(model.UTF8Validation)
		families, err := parser.TextToMetricFamilies(page.Body)
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]float64{"prompt_seconds_total": .2, "tokens_predicted_seconds_total": .3, "predicted_tokens_seconds": 11 / .3} {
			m := families["llamacpp:"+name].GetMetric()[0]
			if got := m.GetCounter().GetValue() + m.GetGauge().GetValue(); got < want-1e-6 || got > want+1e-6 {
				t.Errorf("%s is %g, want %g", name, got, want)
			}
		}
	})
}
