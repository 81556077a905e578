package wire

import (
	"fmt"
	"net/http"
)

// The pieces of an answer, in the order of the wire.
const (
	geminiOpen    = `{"candidates":[{"content":{"parts":[`
	geminiRole    = `],"role":"model"}`
	geminiBlocked = `{"candidates":[{`
	// geminiRatings say why an answer without content has none. The category is
	// an example.
	geminiRatings = `,"safetyRatings":[{"category":"HARM_CATEGORY_DANGEROUS_CONTENT","probability":"HIGH","blocked":true}]`
)

// appendFinish appends why a candidate ended, and its end.
func appendFinish(dst []byte, f Finish, content bool) []byte {
	if reason := geminiStop(f); reason != "" {
		if content {
			dst = append(dst, ',')
		}
		dst = appendString(append(dst, `"finishReason":`...), reason)
		content = true
	}
	if content {
		dst = append(dst, ',')
	}
	dst = append(dst, `"index":0`...)
	if f == FinishContentFilter {
		dst = append(dst, geminiRatings...)
	}
	return append(dst, "}]"...)
}

// appendGeminiCall appends a call of a function as a part.
func appendGeminiCall(dst []byte, c ToolCall) []byte {
	dst = appendString(append(dst, `{"functionCall":{"name":`...), c.Name)
	dst = appendObject(append(dst, `,"args":`...), c.Arguments)
	if c.ID != "" {
		dst = appendString(append(dst, `,"id":`...), c.ID)
	}
	return append(dst, "}}"...)
}

// appendUsage appends the usage that an answer or the last of its chunks has.
func (d gemini) appendUsage(dst []byte, u Usage) []byte {
	dst = appendField(dst, `,"usageMetadata":{"promptTokenCount":`, u.Prompt)
	dst = appendField(dst, `,"candidatesTokenCount":`, u.Completion)
	dst = appendField(dst, `,"totalTokenCount":`, u.Prompt+u.Completion)
	dst = appendField(dst, `,"promptTokensDetails":[{"modality":"TEXT","tokenCount":`, u.Prompt)
	return append(append(append(dst, "}]"...), d.usageTail...), '}')
}

// appendTail appends what answers and chunks end with.
func (d gemini) appendTail(dst []byte, req *Request, a *Answer) []byte {
	id := a.ID
	if id == "" {
		id = d.NewAnswerID(answerBits(req))
	}
	if a.Model != "" {
		dst = appendString(append(dst, `,"modelVersion":`...), a.Model)
	}
	if d.createTime && !a.Created.IsZero() {
		dst = a.Created.UTC().AppendFormat(append(dst, `,"createTime":`...), `"2006-01-02T15:04:05.000000Z"`)
	}
	dst = appendString(append(dst, `,"responseId":`...), id)
	// In the SDK for the Gemini API alone, and never seen in the wild
	// (unverified).
	if d.stages && (a.Notice != "" || !a.Shutdown.IsZero()) {
		dst = append(dst, `,"modelStatus":{"modelStage":"DEPRECATED"`...)
		if !a.Shutdown.IsZero() {
			dst = appendDate(append(dst, `,"retirementTime":`...), a.Shutdown)
		}
		if a.Notice != "" {
			dst = appendString(append(dst, `,"message":`...), a.Notice)
		}
		dst = append(dst, '}')
	}
	return append(dst, '}')
}

// WriteAnswer writes a whole answer.
func (d gemini) WriteAnswer(w http.ResponseWriter, req *Request, a *Answer) error {
	b := make([]byte, 0, len(a.Text)+len(a.Text)/8+640)
	if content := a.Text != "" || len(a.ToolCalls) > 0 || a.Finish != FinishContentFilter; content {
		b = append(b, geminiOpen...)
		sep := ""
		if a.Text != "" || len(a.ToolCalls) == 0 {
			b = append(appendString(append(b, `{"text":`...), a.Text), '}')
			sep = ","
		}
		for _, c := range a.ToolCalls {
			b = appendGeminiCall(append(b, sep...), c)
			sep = ","
		}
		b = appendFinish(append(b, geminiRole...), a.Finish, true)
	} else {
		b = appendFinish(append(b, geminiBlocked...), a.Finish, false)
	}
	b = d.appendTail(d.appendUsage(b, a.Usage), req, a)
	out := make([]byte, 0, 2*len(b)+256)
	return writeBody(w, http.StatusOK, googleJSON, append(appendIndented(out, b), '\n'))
}

// writeBlocked answers a prompt that is refused: with status 200, and no
// candidates.
func (d gemini) writeBlocked(w http.ResponseWriter, f *Failure, c geminiCall) {
	b := appendString([]byte(`{"promptFeedback":{"blockReason":`), f.Code)
	if f.Message != "" {
		b = appendString(append(b, `,"blockReasonMessage":`...), f.Message)
	}
	b = append(b, '}')
	if f.Asked > 0 {
		b = appendField(b, `,"usageMetadata":{"promptTokenCount":`, f.Asked)
		b = append(appendField(b, `,"totalTokenCount":`, f.Asked), '}')
	}
	b = d.appendTail(b, &Request{}, &Answer{ID: f.RequestID, Model: f.Model})
	switch {
	case !f.Stream:
		_ = writeBody(w, f.Status, googleJSON, append(appendIndented(nil, b), '\n'))
	case c.array:
		_ = writeBody(w, f.Status, googleJSON, append(appendIndented([]byte{'['}, b), "\n]"...))
	default:
		_ = writeBody(w, f.Status, "text/event-stream", fmt.Appendf(nil, "data: %s%s%[2]s", b, d.eol))
	}
}
