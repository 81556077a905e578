package router_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"brownout/harness/router"
	"brownout/mocks/wire"
)

// got is what the client got.
type got struct {
	status  int
	header  http.Header
	trailer http.Header // of a stream
	body    string
	text    string
	model   string
	usage   wire.Usage
	finish  wire.Finish
	done    bool          // the stream had its end marker
	fail    *wire.Failure // the error answer, or the one in the stream
	took    time.Duration
	first   time.Duration // to the first token of a stream
	err     error
}

// ask is one client request.
type ask struct {
	model    string
	stream   bool
	usage    bool
	deadline time.Duration
	header   http.Header
	ctx      context.Context
	marker   string
	more     map[string]any // further fields of the body
}

func (w *world) send(a ask) got {
	if a.model == "" {
		a.model = "any"
	}
	if a.marker == "" {
		a.marker = "m1"
	}
	body := map[string]any{
		"model": a.model, "stream": a.stream,
		"messages": []map[string]string{{"role": "user", "content": "say it [[bo:" + a.marker + "]]"}},
	}
	if a.stream && a.usage {
		body["stream_options"] = map[string]bool{"include_usage": true}
	}
	maps.Copy(body, a.more)
	raw, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx := a.ctx
	if ctx == nil {
		ctx = context.Background()
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://router/v1/chat/completions", bytes.NewReader(raw))
	if err != nil {
		w.t.Fatal(err)
	}
	for k, v := range a.header {
		q.Header[k] = v
	}
	q.Header.Set("Content-Type", "application/json")
	if a.deadline > 0 {
		q.Header.Set(wire.HeaderDeadline, strconv.FormatInt(a.deadline.Milliseconds(), 10))
	}
	began := time.Now()
	res, err := w.client.Do(q)
	if err != nil {
		return got{err: err, took: time.Since(began)}
	}
	defer res.Body.Close()
	g := got{status: res.StatusCode, header: res.Header}
	openai, _ := wire.Lookup("openai")
	if a.stream && res.StatusCode == http.StatusOK {
		g.read(openai, res.Body, began)
		_, _ = io.Copy(io.Discard, res.Body) // trailers come behind the end
		g.trailer = res.Trailer
	} else {
		raw, err := io.ReadAll(res.Body)
		g.body, g.err = string(raw), err
		if res.StatusCode != http.StatusOK {
			g.fail = openai.DecodeFailure(res.StatusCode, res.Header, raw)
		} else if v, err := openai.DecodeAnswer(raw); err != nil {
			g.err = err
		} else {
			g.text, g.model, g.usage, g.finish = v.Text, v.Model, v.Usage, v.Finish
		}
	}
	g.took = time.Since(began)
	return g
}

// read takes in a stream.
func (g *got) read(d wire.Dialect, body io.Reader, began time.Time) {
	var raw bytes.Buffer
	s := d.NewStreamReader(io.TeeReader(body, &raw))
	defer func() { g.body = raw.String() }()
	for {
		e, err := s.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			g.err = err
			return
		}
		if e.Text != "" && g.first == 0 {
			g.first = time.Since(began)
		}
		g.text += e.Text
		if e.Model != "" {
			g.model = e.Model
		}
		if e.Usage != nil {
			g.usage = *e.Usage
		}
		if e.Finish != "" {
			g.finish = e.Finish
		}
		g.done = g.done || e.Done
		if e.Fail != nil {
			g.fail = e.Fail
			return
		}
	}
}

// post sends a body as it is, with headers, and returns the answer's body.
func (w *world) post(path, body string, header http.Header) (*http.Response, string) {
	w.t.Helper()
	q, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "http://router"+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	for k, v := range header {
		q.Header[k] = v
	}
	q.Header.Set("Content-Type", "application/json")
	res, err := w.client.Do(q)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return res, string(raw)
}

// last is who said the end of an answer.
func (g got) last() string {
	list := strings.Split(g.trailer.Get(router.HeaderContinued), ", ")
	who, _, _ := strings.Cut(list[len(list)-1], "/")
	return cmp.Or(who, g.by())
}

func (g got) by() string { return g.header.Get(wire.HeaderProvider) }

// want fails the test unless the answer is whole, from that provider, after so
// many attempts and so long.
func (w *world) want(g got, by string, attempts int, took time.Duration) {
	w.t.Helper()
	if g.err != nil || g.fail != nil || g.status != http.StatusOK {
		w.t.Fatalf("status %d, err %v, failure %v, body %q", g.status, g.err, g.fail, g.body)
	}
	if g.text != "from "+by || g.by() != by || g.finish != wire.FinishStop || g.model != by+"-model" {
		w.t.Errorf("text %q model %q finish %q by %q, want from %s", g.text, g.model, g.finish, g.by(), by)
	}
	if n := g.header.Get(wire.HeaderAttempts); n != fmt.Sprint(attempts) {
		w.t.Errorf("attempts %s, want %d", n, attempts)
	}
	if took >= 0 && g.took != took {
		w.t.Errorf("took %v, want %v", g.took, took)
	}
}
