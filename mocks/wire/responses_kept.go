package wire

import (
	"fmt"
	"hash/fnv"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// What stands behind the id of a response that is kept.
const (
	keptItems  = "/input_items"
	keptCancel = "/cancel"
)

// Bounds of a list of input items, documented.
const keptPage, keptPageMost = 20, 100

// keptRoute is the method of a path below /v1/responses/.
func keptRoute(rest, method string) string {
	switch {
	case strings.HasSuffix(rest, keptCancel):
		return http.MethodPost
	case strings.HasSuffix(rest, keptItems):
		return http.MethodGet
	case method == http.MethodDelete:
		return http.MethodDelete
	}
	return http.MethodGet
}

// Lost refuses a request that goes on from a response that is not there.
func (d openAI) Lost(id string) *Failure {
	return &Failure{
		Kind: FailBadRequest, Param: "previous_response_id", Code: "previous_response_not_found",
		Message: "Previous response with id '" + id + "' not found.",
	}
}

// ServeKept answers what is asked of a response that is kept, or of its input.
func (d openAI) ServeKept(w http.ResponseWriter, r *http.Request, arg string, s Shelf) *Failure {
	id := strings.TrimSuffix(strings.TrimSuffix(arg, keptItems), keptCancel)
	k := s.Find(id)
	if k == nil || r.Method == http.MethodDelete && !s.Remove(id) {
		return &Failure{Kind: FailBadRequest, Status: http.StatusNotFound, Message: "Response with id '" + id + "' not found."}
	}
	switch {
	case strings.HasSuffix(arg, keptCancel): // none is made in the background
		return &Failure{Kind: FailBadRequest, Message: "Cannot cancel a synchronous response."}
	case strings.HasSuffix(arg, keptItems):
		b, fail := appendInputItems(nil, r, k, &d.invalid)
		if fail != nil {
			return fail
		}
		_ = writeJSON(w, http.StatusOK, b)
	case r.Method == http.MethodDelete:
		_ = writeJSON(w, http.StatusOK, append(appendString([]byte(`{"id":`), id), `,"object":"response","deleted":true}`...))
	case r.URL.Query().Get("stream") == "true": // words unverified
		return &Failure{Kind: FailBadRequest, Param: "stream", Message: "Only responses that were created with background=true and stream=true can be streamed."}
	default:
		_ = writeJSON(w, http.StatusOK, k.Body)
	}
	return nil
}

// inputItem is one item of a response's input.
type inputItem struct {
	id   string
	body []byte
}

// inputItems are the items that the conversation was made of.
func inputItems(k *Kept) []inputItem {
	h := fnv.New64a()
	h.Write([]byte(k.ID))
	bits := h.Sum64()
	var out []inputItem
	add := func(prefix string, write func(id string) []byte) {
		id := spell(prefix, bits+uint64(len(out)), hex32, 48)
		out = append(out, inputItem{id, write(id)})
	}
	for _, m := range k.Input {
		switch {
		case m.Role == "tool":
			add("fco_", func(id string) []byte {
				b := appendString([]byte(`{"type":"function_call_output","id":`), id)
				b = appendString(append(b, `,"status":"completed","call_id":`...), m.ToolCallID)
				return append(appendString(append(b, `,"output":`...), m.Text), '}')
			})
		case m.Role == "assistant":
			if m.Text != "" {
				add("msg_", func(id string) []byte { return appendMessageItem(nil, id, "completed", &m.Text) })
			}
			for _, c := range m.ToolCalls {
				add("fc_", func(id string) []byte { return appendCallItem(nil, id, "completed", c) })
			}
		default:
			add("msg_", func(id string) []byte {
				b := appendString([]byte(`{"type":"message","id":`), id)
				b = appendString(append(b, `,"status":"completed","role":`...), m.Role)
				return append(appendString(append(b, `,"content":[{"type":"input_text","text":`...), m.Text), "}]}"...)
			})
		}
	}
	return out
}

// appendInputItems appends the page of a response's input that r asks for: the
// last item first, unless the order is asc.
func appendInputItems(dst []byte, r *http.Request, k *Kept, say *complaints) ([]byte, *Failure) {
	items, q := inputItems(k), r.URL.Query()
	switch order := q.Get("order"); order {
	case "", "desc":
		slices.Reverse(items)
	case "asc":
	default:
		return nil, &Failure{Kind: FailBadRequest, Param: "order", Code: "invalid_value", Message: fmt.Sprintf("Invalid value: '%s'. Supported values are: 'asc' and 'desc'.", order)}
	}
	if after := q.Get("after"); after != "" {
		i := slices.IndexFunc(items, func(it inputItem) bool { return it.id == after })
		if i < 0 { // words unverified
			return nil, &Failure{Kind: FailBadRequest, Param: "after", Message: "Item with id '" + after + "' not found."}
		}
		items = items[i+1:]
	}
	n := keptPage
	if text := q.Get("limit"); text != "" {
		var err error
		switch n, err = strconv.Atoi(text); {
		case err != nil:
			return nil, say.wrongType("limit", "an integer", "string")
		case n < 1:
			return nil, say.low("limit", 1, n)
		case n > keptPageMost:
			return nil, &Failure{Kind: FailBadRequest, Param: "limit", Code: "integer_above_max_value", Message: fmt.Sprintf("Invalid 'limit': integer above maximum value. Expected a value <= %d, but got %d instead.", keptPageMost, n)}
		}
	}
	more := len(items) > n
	items = items[:min(n, len(items))]
	dst = append(dst, `{"object":"list","data":[`...)
	first, last := "", ""
	for i, it := range items {
		if i > 0 {
			dst = append(dst, ',')
		} else {
			first = it.id
		}
		last = it.id
		dst = append(dst, it.body...)
	}
	dst = appendNullable(append(dst, `],"first_id":`...), first)
	dst = appendNullable(append(dst, `,"last_id":`...), last)
	return append(strconv.AppendBool(append(dst, `,"has_more":`...), more), '}'), nil
}
