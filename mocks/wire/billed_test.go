package wire_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"brownout/mocks/wire"
)

// Some providers say what they billed, each in its own way.
func TestBilledUSD(t *testing.T) {
	openai, _ := wire.Lookup("openai")
	for usage, want := range map[string]float64{
		`"cost_in_usd_ticks":37756000`:               0.0037756, // docs.x.ai/developers/cost-tracking
		`"cost":0.95,"cost_details":{"upstream":19}`: 0.95,      // openrouter.ai/docs/use-cases/usage-accounting
		// Recorded answers of Sonar: of one with a request fee, and of deep research.
		`"search_context_size":"low","cost":{"input_tokens_cost":0.000966,"output_tokens_cost":0.01221,"request_cost":0.006,"total_cost":0.019176}`:                                                                                                             0.019176,
		`"citation_tokens":25884,"cost":{"input_tokens_cost":0.00182,"output_tokens_cost":0.05823,"request_cost":null,"citation_tokens_cost":0.05177,"reasoning_tokens_cost":0.57013,"search_queries_cost":0.4,"total_cost":1.08195},"reasoning_tokens":190044`: 1.08195,
		`"cost":null`:       0,
		`"cost":"much"`:     0,
		`"cost":-1`:         0,
		`"total_tokens":14`: 0,
	} {
		body := `"model":"m","usage":{"prompt_tokens":11,"completion_tokens":3,` + usage + `}`
		a, err := openai.DecodeAnswer([]byte(`{"id":"1","choices":[{"message":{"content":"x"},"finish_reason":"stop"}],` + body + `}`))
		if err != nil || a.Usage != (wire.Usage{Prompt: 11, Completion: 3, BilledUSD: want}) {
			t.Errorf("%s: %+v, %v", usage, a, err)
		}
		e, err := openai.NewStreamReader(strings.NewReader(`data: {"id":"1","choices":[],` + body + "}\n\n")).Next()
		if err != nil || e.Usage == nil || e.Usage.BilledUSD != want {
			t.Errorf("%s, streamed: %+v, %v", usage, e.Usage, err)
		}
	}
	xai, _ := wire.Lookup("xai")
	rec := httptest.NewRecorder()
	if err := xai.WriteAnswer(rec, &wire.Request{}, &wire.Answer{Text: "x", Usage: wire.Usage{Prompt: 1, Completion: 1, BilledUSD: 0.0037756}}); err != nil {
		t.Fatal(err)
	}
	for _, says := range []string{`"cost_in_usd_ticks":37756000,`, `"prompt_tokens_details":{"text_tokens":1,`} {
		if !strings.Contains(rec.Body.String(), says) {
			t.Errorf("xAI says %s", rec.Body)
		}
	}
}
