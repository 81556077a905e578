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
		`"cost_in_usd_ticks":37756000`:                     0.0037756, // docs.x.ai/developers/cost-tracking
		`"cost":0.95,"cost_details":{"upstream":19}`:       0.95,      // openrouter.ai/docs/use-cases/usage-accounting
		`"cost":{"request_cost":0.005,"total_cost":0.006}`: 0.006,
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
	if !strings.Contains(rec.Body.String(), `"cost_in_usd_ticks":37756000,`) {
		t.Errorf("xAI says %s", rec.Body)
	}
}
