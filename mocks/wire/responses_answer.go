package wire

import (
	"hash/fnv"
	"net/http"
	"strconv"
)

// response is what the objects of one answer have in common: ids, and what of
// the request they echo.
type response struct {
	bits uint64 // of all ids
	head []byte // `"id":…,"object":"response","created_at":…`
	tail []byte // from "instructions" on, the usage excepted
}

func newResponse(req *Request, a *Answer) response {
	h := fnv.New64a()
	h.Write([]byte(a.ID))
	if a.ID == "" {
		h.Write([]byte(req.LastUser()))
	}
	r := response{bits: h.Sum64()}
	r.head = appendString(append(r.head, `"id":`...), r.id())
	r.head = strconv.AppendInt(append(r.head, `,"object":"response","created_at":`...), unix(a.Created), 10)
	r.tail = appendEcho(r.tail, req, a.Model)
	return r
}

// appendEcho appends the part of a response that repeats the request.
func appendEcho(dst []byte, req *Request, model string) []byte {
	dst = append(dst, `,"instructions":`...)
	if req.Instructed && len(req.Messages) > 0 {
		dst = appendString(dst, req.Messages[0].Text)
	} else {
		dst = append(dst, "null"...)
	}
	dst = append(dst, `,"max_output_tokens":`...)
	if req.MaxTokens > 0 {
		dst = strconv.AppendInt(dst, int64(req.MaxTokens), 10)
	} else {
		dst = append(dst, "null"...)
	}
	dst = appendString(append(dst, `,"model":`...), model)
	dst = strconv.AppendBool(append(dst, `,"parallel_tool_calls":`...), !req.SingleCall)
	dst = appendNullable(append(dst, `,"previous_response_id":`...), req.Previous)
	dst = append(dst, `,"reasoning":{"effort":null,"summary":null},"store":`...)
	dst = append(strconv.AppendBool(dst, !req.Unkept), `,"temperature":`...)
	if req.Temperature != nil {
		dst = strconv.AppendFloat(dst, *req.Temperature, 'g', -1, 64)
	} else {
		dst = append(dst, "1.0"...)
	}
	dst = append(dst, `,"text":{"format":`...)
	switch {
	case !req.JSON:
		dst = append(dst, `{"type":"text"}`...)
	case len(req.Schema) == 0:
		dst = append(dst, `{"type":"json_object"}`...)
	default: // the name that the request gives it is not kept
		dst = append(append(append(dst, `{"type":"json_schema","name":"answer","schema":`...), req.Schema...), '}')
	}
	dst = append(dst, `},"tool_choice":`...)
	switch req.ToolChoice {
	case "", ToolAuto, ToolNone, ToolRequired:
		if req.ToolChoice == "" {
			dst = append(dst, `"auto"`...)
			break
		}
		dst = appendString(dst, req.ToolChoice)
	default:
		dst = append(appendString(append(dst, `{"type":"function","name":`...), req.ToolChoice), '}')
	}
	dst = append(dst, `,"tools":[`...)
	for i, t := range req.Tools {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendFunction(append(dst, `{"type":"function",`...), t), `,"strict":true}`...)
	}
	return append(dst, `],"top_p":1.0,"truncation":"disabled","user":null,"metadata":{}`...)
}

// id is the response's own.
func (r *response) id() string { return spell("resp_", r.bits, hex32, 48) }

// itemID is the id of output item i.
func (r *response) itemID(prefix string, i int) string {
	return spell(prefix, r.bits+uint64(i)+1, hex32, 48)
}

// appendState appends a whole response: status, output items as an array's
// inside, usage where there is one.
func (r *response) appendState(dst []byte, status string, f Finish, failure []byte, output []byte, u *Usage) []byte {
	dst = append(append(dst, '{'), r.head...)
	dst = appendString(append(dst, `,"status":`...), status)
	dst = append(dst, `,"error":`...)
	if failure != nil {
		dst = append(dst, failure...)
	} else {
		dst = append(dst, "null"...)
	}
	dst = append(dst, `,"incomplete_details":`...)
	switch {
	case status != "incomplete":
		dst = append(dst, "null"...)
	case f == FinishContentFilter:
		dst = append(dst, `{"reason":"content_filter"}`...)
	default:
		dst = append(dst, `{"reason":"max_output_tokens"}`...)
	}
	dst = append(append(dst, `,"output":[`...), output...)
	dst = append(append(dst, ']'), r.tail...)
	dst = append(dst, `,"usage":`...)
	if u == nil {
		return append(dst, "null}"...)
	}
	dst = appendField(dst, `{"input_tokens":`, u.Prompt)
	dst = appendField(dst, `,"input_tokens_details":{"cached_tokens":0,"cache_write_tokens":0},"output_tokens":`, u.Completion)
	dst = appendField(dst, `,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":`, u.Prompt+u.Completion)
	return append(dst, "}}"...)
}

// statusOf is the status of a response that ended for that reason.
func statusOf(f Finish) string {
	if f == FinishLength || f == FinishContentFilter {
		return "incomplete"
	}
	return "completed"
}

// appendMessageItem appends a message as an output item; text nil: it has no
// part yet.
func appendMessageItem(dst []byte, id, status string, text *string) []byte {
	dst = appendString(append(dst, `{"type":"message","id":`...), id)
	dst = append(append(append(dst, `,"status":"`...), status...), `","role":"assistant","content":[`...)
	if text != nil {
		dst = appendTextPart(dst, *text)
	}
	return append(dst, "]}"...)
}

func appendTextPart(dst []byte, text string) []byte {
	return append(appendString(append(dst, `{"type":"output_text","annotations":[],"logprobs":[],"text":`...), text), '}')
}

// appendCallItem appends a call of a function as an output item.
func appendCallItem(dst []byte, id, status string, c ToolCall) []byte {
	dst = appendString(append(dst, `{"type":"function_call","id":`...), id)
	dst = append(append(append(dst, `,"status":"`...), status...), `","call_id":`...)
	dst = appendString(dst, c.ID)
	dst = appendString(append(dst, `,"name":`...), c.Name)
	return append(appendString(append(dst, `,"arguments":`...), c.Arguments), '}')
}

// writeResponse writes a whole answer of the responses API.
func (d openAI) writeResponse(w http.ResponseWriter, req *Request, a *Answer) error {
	r := newResponse(req, a)
	status := statusOf(a.Finish)
	var output []byte
	n := 0
	if a.Text != "" || len(a.ToolCalls) == 0 {
		output = appendMessageItem(output, r.itemID("msg_", n), status, &a.Text)
		n++
	}
	for _, c := range a.ToolCalls {
		if n > 0 {
			output = append(output, ',')
		}
		output = appendCallItem(output, r.itemID("fc_", n), status, c)
		n++
	}
	body := r.appendState(nil, status, a.Finish, nil, output, &a.Usage)
	if req.Keep != nil {
		req.Keep(&Kept{ID: r.id(), Body: body, Output: Message{Role: "assistant", Text: a.Text, ToolCalls: a.ToolCalls}})
	}
	return writeJSON(w, http.StatusOK, body)
}

// ofResponses words a context that is too short as the responses API does
// (openagent#2344).
func ofResponses(f *Failure) *Failure {
	own := *f
	if own.Param == "" {
		own.Param = "input"
	}
	if own.Message == "" {
		own.Message = "Your input exceeds the context window of this model. Please adjust your input and try again."
	}
	return &own
}
