package load

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
	"time"

	"brownout/harness/journal"
	"brownout/mocks/answer"
	"brownout/mocks/wire"
	"brownout/plan"
)

// part is one prompt of a fan-out as it is sent.
type part struct {
	ID     string          `json:"custom_id"` // its place, from 1
	Method string          `json:"method"`
	URL    string          `json:"url"`
	Body   json.RawMessage `json:"body"`
}

// fanRequest makes one request of several prompts.
func (m *mix) fanRequest(k *kind, prompts []string) (*http.Request, error) {
	var parts struct {
		Requests []part `json:"requests"`
	}
	var header http.Header
	for i, text := range prompts {
		r, err := m.request(context.Background(), k, wire.Message{Role: "user", Text: text})
		if err != nil {
			return nil, err
		}
		if r.Body == nil {
			return nil, errors.New("the dialect made a request without a body")
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		header = r.Header
		parts.Requests = append(parts.Requests, part{
			ID: strconv.Itoa(i + 1), Method: r.Method, URL: strings.TrimPrefix(r.URL.String(), m.base), Body: body,
		})
	}
	body, err := json.Marshal(parts)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequest(http.MethodPost, m.base+wire.PathFanOut, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header = header
	return r, nil
}

// partMarker is the identity of one prompt of a fan-out.
func partMarker(of string, i int) string { return of + "-" + strconv.Itoa(i) }

// fanned is the answer to a fan-out.
type fanned struct {
	Data []*fannedLine `json:"data"`
}

// fannedLine is what the target says of one prompt.
type fannedLine struct {
	ID       string `json:"custom_id"`
	Response *struct {
		Status  int               `json:"status_code"`
		Headers map[string]string `json:"headers"`
		Body    json.RawMessage   `json:"body"`
	} `json:"response"`
	Error *struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

// fan sends the independent prompts of a workflow in one request, and tells
// what became of each and of the whole. Every prompt is a sample that ends when
// its client has the answer: with the whole.
func (e *exchange) fan(req *http.Request) {
	if !e.cfg.FanOut {
		e.sideBySide()
		return
	}
	ctx, cancel := context.WithDeadline(e.probe.ctx, e.start.Add(e.until))
	defer cancel()
	e.ctx = ctx
	e.sample.Sent = e.since()
	lines, f := e.fanOut(req)
	now := e.since()
	if e.found = f; f.outcome == gaveUp && lines == nil {
		return
	}
	if e.resp != nil {
		e.settle(cancel)
	}
	e.tellParts(now, lines, f)
}

// tellParts tells a sample of each prompt, and the workflow. f is what became
// of them where there are no lines.
func (e *exchange) tellParts(now time.Duration, lines map[string]*fannedLine, f finding) {
	parts := e.parts()
	for i, x := range parts {
		found := f
		if lines != nil {
			found = x.line(lines[strconv.Itoa(i+1)])
		}
		x.found = x.tell(now, found)
	}
	e.tellWhole(parts)
}

// sideBySide sends each prompt as a request of its own, as a client does whose
// gateway takes no more than one.
func (e *exchange) sideBySide() {
	parts := e.parts()
	var sending sync.WaitGroup
	for i, x := range parts {
		sending.Go(func() { x.send(wire.Message{Role: "user", Text: e.shot.prompt(i)}) })
	}
	sending.Wait()
	e.resp, e.sample.Sent, e.sample.Status = parts[0].resp, parts[0].sample.Sent, parts[0].sample.Status
	e.tellWhole(parts)
}

// tellWhole tells the workflow, of whose prompts each was told. Nothing is told
// of one that was given up.
func (e *exchange) tellWhole(parts []*exchange) {
	w := &journal.Workflow{
		ID: e.shot.workflow, Request: e.shot.Kind, Scheduled: e.sample.Scheduled, Steps: len(parts), Outcome: journal.OK,
	}
	for _, x := range parts {
		if x.found.outcome == gaveUp {
			e.found = x.found
			return
		}
		w.Total = max(w.Total, x.sample.Total)
		if x.answered() {
			w.Done++
		}
		if w.Outcome == journal.OK && x.found.outcome != journal.OK {
			w.Outcome, w.Reason = x.found.outcome, x.found.reason
		}
	}
	e.found = finding{outcome: w.Outcome, reason: w.Reason}
	e.sample.Outcome, e.sample.Reason, e.sample.Total = w.Outcome, w.Reason, w.Total
	e.cfg.Emit(w)
}

// fanOut sends the request and reads its lines, by the names of their prompts;
// nil: there are none, and finding says why.
func (e *exchange) fanOut(req *http.Request) (lines map[string]*fannedLine, f finding) {
	resp, err := e.base.RoundTrip(req.WithContext(e.ctx))
	if err != nil {
		return nil, e.broken(err)
	}
	e.resp, e.body.src = resp, resp.Body
	e.sample.Status = resp.StatusCode
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusMultiStatus {
		return nil, e.refusal()
	}
	limit := maxAnswer * e.shot.Steps
	f = e.read(int64(limit), func(body []byte, more bool, err error) finding {
		var in fanned
		switch {
		case err != nil:
			return e.broken(err)
		case more:
			return tooLarge(limit)
		}
		if err := json.Unmarshal(body, &in); err != nil {
			return corrupt(reasonMalformed, "the answer to a fan-out is not readable: "+err.Error())
		}
		if len(in.Data) != e.shot.Steps {
			return corrupt(reasonCount, fmt.Sprintf("%d answers to %d prompts", len(in.Data), e.shot.Steps))
		}
		lines = map[string]*fannedLine{}
		for _, l := range in.Data {
			lines[l.ID] = l
		}
		return finding{outcome: journal.OK}
	})
	return lines, f
}

// parts are the prompts as exchanges of their own.
func (e *exchange) parts() []*exchange {
	parts := make([]*exchange, e.shot.Steps)
	for i := range parts {
		parts[i] = e.part(i + 1)
	}
	return parts
}

// part is prompt i, from 1.
func (e *exchange) part(i int) *exchange {
	x := &exchange{probe: e.probe, ctx: e.ctx, shot: e.shot, until: e.until}
	x.shot.marker = partMarker(e.shot.marker, i)
	x.sample = &journal.Sample{
		Marker: x.shot.marker, Request: e.shot.Kind, Scheduled: e.sample.Scheduled, Sent: e.sample.Sent,
		Workflow: e.shot.workflow, Step: i, Status: e.sample.Status,
	}
	return x
}

// line judges what the target says of the exchange's prompt.
func (e *exchange) line(l *fannedLine) finding {
	switch {
	case l == nil:
		return corrupt(reasonCount, "no answer to prompt "+strconv.Itoa(e.sample.Step))
	case l.Error != nil:
		return finding{outcome: journal.Failed, reason: l.Error.Code, detail: l.Error.Message}
	case l.Response == nil:
		return corrupt(reasonMalformed, "neither an answer nor an error")
	}
	r := l.Response
	h := http.Header{}
	for name, value := range r.Headers {
		h.Set(name, value)
	}
	e.sample.Status, e.sample.Bytes = r.Status, int64(len(r.Body))
	e.sample.Provider, e.sample.Age = h.Get(wire.HeaderProvider), ageOf(h)
	e.sample.Attempts, _ = strconv.Atoi(h.Get(wire.HeaderAttempts)) // odd: not known
	if r.Status != http.StatusOK {
		return e.refused(e.client.DecodeFailure(r.Status, h, r.Body))
	}
	a, err := e.client.DecodeAnswer(r.Body)
	if err != nil {
		return e.unreadable(err)
	}
	e.sample.Model = a.Model
	return e.ending(answer.Verify(a.Text, e.shot.marker), a.Finish, a.Usage)
}

// fanPrompts are the prompts of variant i of a kind.
func (m *mix) fanPrompts(k *kind, i int) []string {
	var prompts []string
	for j := range k.Steps {
		ask := "Answer in " + strconv.Itoa(k.Tokens) + " words. " + answer.Mark(partMarker(stand, j+1))
		prompts = append(prompts, promptText(m.filler(k, i, j), k.Prompt, ask))
	}
	return prompts
}

// fans tells whether the exchange is of several prompts at once.
func (e *exchange) fans() bool { return e.shot.Kind == plan.KindFanout }
