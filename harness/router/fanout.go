package router

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"brownout/mocks/wire"
)

// A fan-out is one request that carries several, which do not need each
// other's answers: in and out they look like the lines of OpenAI's Batch API,
// but for that the answers come at once. The client's headers hold for all of
// them: one deadline, one workflow with one budget, one set of classes and
// regions. Each goes the whole way of a request, so that it has failover,
// caches and a failure of its own, and none takes another with it.
type fanOut struct {
	r     *engine
	ctx   context.Context // the client's: whoever leaves takes all of it along
	id    string
	head  http.Header // what the client says of all
	until time.Time   // when the answer is written at the latest; zero: there is no deadline
	items []fanItem
}

// fanItem is one request of a fan-out, as the client wrote it.
type fanItem struct {
	CustomID string          `json:"custom_id"` // the client's name for it; "": its place, from 1
	Method   string          `json:"method"`    // POST, or left out
	URL      string          `json:"url"`       // the path it would be sent to by itself; "": chatPath
	Body     json.RawMessage `json:"body"`
}

// chatPath is where requests go that do not say.
const chatPath = "/v1/chat/completions"

// fanAnswer is what a client gets for a fan-out.
type fanAnswer struct {
	ID     string    `json:"id"`
	Object string    `json:"object"` // "list"
	Counts fanCounts `json:"request_counts"`
	Data   []fanLine `json:"data"` // in the order of the requests
}

type fanCounts struct {
	Total     int `json:"total"`
	Completed int `json:"completed"`
	Failed    int `json:"failed"`
}

// fanLine is what became of one request.
type fanLine struct {
	ID       string       `json:"id"`
	CustomID string       `json:"custom_id"`
	Response *fanResponse `json:"response"` // null: it was not begun
	Error    *fanError    `json:"error"`    // null: it was answered, be it by a refusal
}

type fanResponse struct {
	Status    int               `json:"status_code"`
	RequestID string            `json:"request_id"`
	Headers   map[string]string `json:"headers"` // what the router says of the answer: who gave it, after how many attempts …
	Body      json.RawMessage   `json:"body"`    // as if it had been asked by itself
}

type fanError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// fan answers a fan-out: 200 where every request was answered, 207 where the
// lines must be looked at.
func (r *engine) fan(w http.ResponseWriter, q *http.Request) {
	began := time.Now()
	front := r.fronts.of(q)
	f := &fanOut{r: r, ctx: q.Context(), id: r.requestID(front, q), head: q.Header}
	w.Header().Set(headerRequestID, f.id)
	if fail := f.read(q); fail != nil {
		fail.RequestID = f.id
		front.WriteFailure(w, fail)
		return
	}
	if budget := r.set.budget(q); budget > 0 {
		f.until = began.Add(budget - margin(budget))
	}
	lines := f.run()
	if f.ctx.Err() != nil {
		return
	}
	a := fanAnswer{ID: f.id, Object: "list", Counts: fanCounts{Total: len(lines)}, Data: lines}
	for _, l := range lines {
		if l.Response != nil && l.Response.Status < http.StatusBadRequest {
			a.Counts.Completed++
		}
	}
	a.Counts.Failed = a.Counts.Total - a.Counts.Completed
	w.Header().Set("Content-Type", "application/json")
	if a.Counts.Failed > 0 {
		w.WriteHeader(http.StatusMultiStatus)
	}
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	_ = out.Encode(&a) // a client that has left needs no answer
}

// read takes in the client's request. What is wrong with any of its parts is
// told before one of them is sent, so that nothing is billed for half of it.
func (f *fanOut) read(q *http.Request) *wire.Failure {
	if q.Method != http.MethodPost {
		return &wire.Failure{Kind: wire.FailMethod}
	}
	bad := func(format string, args ...any) *wire.Failure {
		return &wire.Failure{Kind: wire.FailBadRequest, Message: fmt.Sprintf(format, args...)}
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, q.Body, wire.MaxBody))
	if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
		return &wire.Failure{Kind: wire.FailTooLarge}
	} else if err != nil {
		return bad("the request body could not be read: %v", err)
	}
	var in struct {
		Requests []fanItem `json:"requests"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return bad("the body is no list of requests: %v", err)
	}
	switch most := f.r.set.FanOut.Requests; {
	case len(in.Requests) == 0:
		return bad(`requests is empty; give at least one, as in {"requests": [{"custom_id": "a", "url": %q, "body": {…}}]}`, chatPath)
	case len(in.Requests) > most:
		return bad("requests has %d entries; at most %d are taken at once (fan_out.requests)", len(in.Requests), most)
	}
	named := map[string]int{}
	for i := range in.Requests {
		v := &in.Requests[i]
		if v.CustomID == "" {
			v.CustomID = strconv.Itoa(i + 1)
		}
		if v.URL == "" {
			v.URL = chatPath
		}
		if before, twice := named[v.CustomID]; twice {
			return bad("requests[%d] and requests[%d] have the same custom_id %q; answers could not be told apart", before, i, v.CustomID)
		}
		named[v.CustomID] = i
		if why := f.refuses(v); why != "" {
			return bad("requests[%d] %s", i, why)
		}
	}
	f.items = in.Requests
	return nil
}

// refuses tells why a request cannot be one of several; "": it can.
func (f *fanOut) refuses(v *fanItem) string {
	var asks struct {
		Stream bool `json:"stream"`
	}
	q, err := f.request(0, v)
	switch {
	case v.Method != "" && v.Method != http.MethodPost:
		return fmt.Sprintf("has the method %q; only POST is taken", v.Method)
	case err != nil || !strings.HasPrefix(v.URL, "/"):
		return fmt.Sprintf("has the url %q; give a path, as in %q", v.URL, chatPath)
	case json.Unmarshal(v.Body, &asks) != nil:
		return "has no body that is a JSON object with stream true or false"
	case asks.Stream:
		return "asks for a stream; several answers cannot flow in one, so leave stream out"
	}
	switch op, _, fail := f.r.fronts.of(q).Route(q); {
	case fail != nil || op != wire.OpChat && op != wire.OpEmbed:
		return fmt.Sprintf("has the url %q, which is not for prompts or embeddings", v.URL)
	}
	return ""
}

// request makes request i as if the client had sent it by itself, with the time
// that is left.
func (f *fanOut) request(i int, v *fanItem) (*http.Request, error) {
	q, err := http.NewRequestWithContext(f.ctx, http.MethodPost, v.URL, bytes.NewReader(v.Body))
	if err != nil {
		return nil, err
	}
	q.Header = f.head.Clone()
	q.Header.Del("Content-Length")
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set(headerRequestID, f.id+"-"+strconv.Itoa(i+1))
	if !f.until.IsZero() {
		q.Header.Set(wire.HeaderDeadline, strconv.FormatInt(time.Until(f.until).Milliseconds(), 10))
	}
	if q.Header.Get(wire.HeaderWorkflow) == "" && (q.Header.Get(wire.HeaderBudget) != "" || f.r.set.Budgets.PerWorkflow > 0) {
		q.Header.Set(wire.HeaderWorkflow, f.id) // one account for all, as it is one budget
	}
	return q, nil
}

// run has the requests answered, so many at a time as the settings say; one
// after the other where the mitigation is switched off.
func (f *fanOut) run() []fanLine {
	lines := make([]fanLine, len(f.items))
	atOnce := 1
	if f.r.set.has("fan_out") {
		atOnce = f.r.set.FanOut.Concurrency
	}
	var next atomic.Int64
	var working sync.WaitGroup
	for range min(atOnce, len(lines)) {
		working.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(lines) && f.ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				lines[i] = f.one(i)
			}
		})
	}
	working.Wait()
	return lines
}

// one has request i answered.
func (f *fanOut) one(i int) fanLine {
	v := &f.items[i]
	l := fanLine{ID: f.id + "-" + strconv.Itoa(i+1), CustomID: v.CustomID}
	if !f.until.IsZero() && time.Until(f.until) <= leastBudget {
		l.Error = &fanError{Code: "batch_expired", Message: "the deadline was reached before this request could be sent"}
		return l
	}
	q, err := f.request(i, v)
	if err != nil { // it was made before
		l.Error = &fanError{Code: "invalid_request", Message: err.Error()}
		return l
	}
	var w fanWriter
	f.r.serve(&w, q)
	l.Response = w.response()
	return l
}

// fanWriter takes the answer of one request.
type fanWriter struct {
	head   http.Header
	status int
	body   bytes.Buffer
}

func (w *fanWriter) Header() http.Header {
	if w.head == nil {
		w.head = http.Header{}
	}
	return w.head
}

func (w *fanWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *fanWriter) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(b)
}

// response is the answer as a part of another.
func (w *fanWriter) response() *fanResponse {
	if w.body.Len() == 0 { // its client has left
		w.body.WriteString("null")
	}
	a := &fanResponse{
		Status: w.status, RequestID: w.head.Get(headerRequestID), Headers: map[string]string{}, Body: w.body.Bytes(),
	}
	for name, values := range w.head {
		if strings.HasPrefix(name, "X-Brownout-") || name == "Retry-After" || name == "X-Should-Retry" || name == wire.HeaderAge {
			a.Headers[name] = strings.Join(values, ", ")
		}
	}
	return a
}
