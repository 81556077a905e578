package wire

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// NewRequest builds a request for content.
func (d gemini) NewRequest(ctx context.Context, base, key string, req *Request) (*http.Request, error) {
	method := "generateContent"
	if req.Stream {
		method = "streamGenerateContent?alt=sse"
	}
	r, err := newPost(ctx, base, d.path(req.Model)+":"+method, d.appendBody(make([]byte, 0, bodySize(req)), req))
	if err != nil {
		return nil, err
	}
	if key != "" {
		d.sign(r.Header, key)
	}
	return r, nil
}

// path is where a model is.
func (d gemini) path(model string) string {
	collection := geminiCollections[0]
	for _, c := range geminiCollections {
		if id, ok := strings.CutPrefix(model, c+"/"); ok {
			collection, model = c, id
			break
		}
	}
	return "/" + d.versions[0] + "/" + d.parent + collection + "/" + url.PathEscape(model)
}

// appendBody appends a request's body. System messages go into the field of
// their own, joined in order.
func (d gemini) appendBody(b []byte, req *Request) []byte {
	b = appendGeminiTurns(append(b, `{"contents":`...), req.Messages)
	if system := systemOf(req); system != "" {
		b = append(appendString(append(b, `,"systemInstruction":{"parts":[{"text":`...), system), "}]}"...)
	}
	b = appendGeneration(b, req)
	return append(appendGeminiTools(b, req), '}')
}

type geminiUsage struct {
	Prompt     int `json:"promptTokenCount"`
	Candidates int `json:"candidatesTokenCount"`
	Thoughts   int `json:"thoughtsTokenCount"`
	ToolUse    int `json:"toolUsePromptTokenCount"`
}

// usage is the neutral usage: thoughts are billed as part of the answer.
func (u *geminiUsage) usage() Usage {
	return Usage{Prompt: u.Prompt + u.ToolUse, Completion: u.Candidates + u.Thoughts}
}

// geminiAnswer is an answer, or a chunk of a streamed one.
type geminiAnswer struct {
	Candidates []struct {
		Index   int           `json:"index"`
		Content geminiContent `json:"content"`
		Finish  string        `json:"finishReason"`
	} `json:"candidates"`
	Feedback struct {
		Block string `json:"blockReason"`
	} `json:"promptFeedback"`
	Usage  *geminiUsage    `json:"usageMetadata"`
	Model  string          `json:"modelVersion"`
	ID     string          `json:"responseId"`
	Made   time.Time       `json:"createTime"`
	Status geminiStatus    `json:"modelStatus"`
	Error  json.RawMessage `json:"error"`
}

type geminiStatus struct {
	Message    string    `json:"message"`
	Retirement time.Time `json:"retirementTime"`
}

// read makes an answer of the first candidate, before which so many calls of
// functions were made. A prompt that was blocked is an answer that was filtered.
func (in *geminiAnswer) read(before int) Answer {
	a := Answer{ID: in.ID, Model: in.Model, Created: in.Made, Notice: in.Status.Message, Shutdown: in.Status.Retirement}
	if in.Usage != nil {
		a.Usage = in.Usage.usage()
	}
	if in.Feedback.Block != "" {
		a.Finish = FinishContentFilter
	}
	for i := range in.Candidates {
		c := &in.Candidates[i]
		if c.Index != 0 {
			continue
		}
		a.Text += c.Content.text()
		for j := range c.Content.Parts {
			if call := c.Content.Parts[j].Call; call != nil {
				id := call.ID
				if id == "" { // older models give none; results must name one
					id = spell("call_", answerBits(&Request{Model: in.ID, Surface: call.Name})+uint64(before+len(a.ToolCalls)), base62, 12)
				}
				a.ToolCalls = append(a.ToolCalls, ToolCall{ID: id, Name: call.Name, Arguments: argumentsOf(call.Args)})
			}
		}
		if c.Finish != "" {
			a.Finish = geminiFinish(c.Finish, len(a.ToolCalls) > 0)
		}
	}
	return a
}

// DecodeAnswer reads a whole answer. An error body with status 200 is none.
func (d gemini) DecodeAnswer(body []byte) (*Answer, error) {
	var in geminiAnswer
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, malformed(d.name, "the answer is not readable: "+err.Error())
	}
	if len(in.Candidates) == 0 && in.Feedback.Block == "" {
		return nil, lacks(d.name, "candidates")
	}
	a := in.read(0)
	return &a, nil
}
