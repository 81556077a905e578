package wire

import (
	"net/http"
	"strconv"
)

// WriteAnswer writes a whole answer. Converse's names no model.
func (d bedrock) WriteAnswer(w http.ResponseWriter, req *Request, a *Answer) error {
	if b := bodyOfSurface(req.Surface); b != nil {
		h := w.Header()
		// Seen in recordings of 2024; on Converse there are none (unverified).
		h.Set("X-Amzn-Bedrock-Input-Token-Count", strconv.Itoa(a.Usage.Prompt))
		h.Set("X-Amzn-Bedrock-Output-Token-Count", strconv.Itoa(a.Usage.Completion))
		h.Set("X-Amzn-Bedrock-Invocation-Latency", strconv.Itoa(latencyMs(a.Created)))
		return b.write(d, w, req, a)
	}
	b := make([]byte, 0, len(a.Text)+len(a.Text)/8+320)
	b = appendField(b, `{"metrics":{"latencyMs":`, latencyMs(a.Created))
	b = d.appendOutput(append(b, `},`...), a)
	return writeJSON(w, http.StatusOK, append(b, '}'))
}

// appendOutput appends the message, why it ended and what it cost.
func (d bedrock) appendOutput(dst []byte, a *Answer) []byte {
	dst = append(dst, `"output":{"message":{"content":[`...)
	if a.Text != "" {
		dst = append(appendString(append(dst, `{"text":`...), a.Text), '}')
		if len(a.ToolCalls) > 0 {
			dst = append(dst, ',')
		}
	}
	dst = appendConverseCalls(dst, a.ToolCalls)
	dst = append(dst, `],"role":"assistant"}},"stopReason":`...)
	dst = appendString(dst, d.stop(a.Finish))
	return appendConverseUsage(append(dst, ','), a.Usage)
}

func appendConverseUsage(dst []byte, u Usage) []byte {
	dst = appendField(dst, `"usage":{"cacheReadInputTokens":0,"cacheWriteInputTokens":0,"inputTokens":`, u.Prompt)
	dst = appendField(dst, `,"outputTokens":`, u.Completion)
	return append(appendField(dst, `,"totalTokens":`, u.Prompt+u.Completion), '}')
}

// appendConverseCalls appends calls of functions as blocks.
func appendConverseCalls(dst []byte, calls []ToolCall) []byte {
	for i, c := range calls {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendObject(append(dst, `{"toolUse":{"input":`...), c.Arguments)
		dst = appendString(append(dst, `,"name":`...), c.Name)
		dst = append(appendString(append(dst, `,"toolUseId":`...), c.ID), "}}"...)
	}
	return dst
}
