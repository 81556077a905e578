package wire

import (
	"net/http/httptest"
	"strings"
	"testing"
)

// Where the edge answers a 413, it is a page and no envelope, and is still
// read as what it is.
func TestAnthropicTooLargePage(t *testing.T) {
	facts := *anthropicCom
	facts.tooLargePage = cloudflarePage
	w := httptest.NewRecorder()
	d := anthropic{&facts}
	d.WriteFailure(w, &Failure{Kind: FailTooLarge})
	if w.Code != 413 || w.Header().Get("Content-Type") != "text/html" || !strings.Contains(w.Body.String(), "413 Request Entity Too Large") {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	if f := d.DecodeFailure(w.Code, w.Header(), w.Body.Bytes()); f.Kind != FailTooLarge {
		t.Errorf("read as %s", f.Kind)
	}
}

// A call without an id gets one, the same at each reading and another for each
// call, because results must name it.
func TestGeminiCallsWithoutIDs(t *testing.T) {
	const body = `{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{}}},{"functionCall":{"name":"f"}}]},"finishReason":"STOP"}],"responseId":"r"}`
	d := gemini{geminiAPI}
	a, err := d.DecodeAnswer([]byte(body))
	if err != nil || len(a.ToolCalls) != 2 || a.ToolCalls[0].ID == "" || a.ToolCalls[0].ID == a.ToolCalls[1].ID || a.ToolCalls[1].Arguments != "{}" {
		t.Fatalf("%+v, %v", a, err)
	}
	one := `data: {"candidates":[{"content":{"parts":[{"functionCall":{"name":"f"}}]}}],"responseId":"r"}` + "\n\n"
	ids := map[string]bool{}
	for _, s := range steps(d.NewStreamReader(strings.NewReader(one + one + "data: " + body + "\n\n"))) {
		if c := s.event.ToolCall; c != nil {
			ids[c.ID] = true
		}
	}
	if len(ids) != 4 || !ids[a.ToolCalls[0].ID] || !ids[a.ToolCalls[1].ID] {
		t.Errorf("%v, want four with those of %+v", ids, a.ToolCalls)
	}
}
