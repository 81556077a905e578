package wire_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"brownout/mocks/wire"
)

// streamOf is a stream as a dialect's server writes it.
func streamOf(t testing.TB, d wire.Dialect, usage bool, words ...string) string {
	t.Helper()
	w := httptest.NewRecorder()
	s, err := d.StartStream(w, &wire.Request{Model: "m-1", Stream: true, IncludeUsage: usage}, &wire.Answer{ID: "id-1", Model: "m-1", Created: created, Usage: wire.Usage{Prompt: 11}})
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range words {
		if err := s.Text(word); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.End(wire.FinishLength, wire.Usage{Prompt: 11, Completion: 2}); err != nil {
		t.Fatal(err)
	}
	return w.Body.String()
}

// The bytes of a whole stream, with and without usage.
func TestStreamGolden(t *testing.T) {
	for _, name := range wire.Names() {
		d := dialect(t, name)
		out := "== with usage\n" + legible(t, name, streamOf(t, d, true, "Hi", " \"you\"")) + "== without\n" + legible(t, name, streamOf(t, d, false, "Hi", " \"you\""))
		for _, kind := range []wire.FailureKind{wire.FailOverload, wire.FailServer} {
			w := httptest.NewRecorder()
			s, err := d.StartStream(w, &wire.Request{Model: "m-1"}, &wire.Answer{ID: "id-1", Model: "m-1", Created: created})
			if err != nil {
				t.Fatal(err)
			}
			w.Body.Reset()
			if err := s.Fail(&wire.Failure{Kind: kind}); err != nil {
				t.Fatal(err)
			}
			out += "== " + string(kind) + "\n" + legible(t, name, w.Body.String())
		}
		if strings.Contains(out, `"error":null`) {
			t.Errorf("%s: a chunk says \"error\":null, which openai-go takes for an error", name)
		}
		golden(t, "stream_"+name+".txt", out)
	}
}

// A stream cut at any byte but the last is never taken for a whole one, and
// what it gives is a beginning of the whole.
func TestStreamCutAnywhere(t *testing.T) {
	for _, name := range wire.Names() {
		d := dialect(t, name)
		whole := streamOf(t, d, true, "Hi", " \"you\"", " there")
		last := wholeAt(t, name, whole)
		for n := range last {
			events, bad, end := readAll(d.NewStreamReader(strings.NewReader(whole[:n])))
			got := sumOf(events)
			if !errors.Is(end, wire.ErrCut) || got.done || bad != 0 || !strings.HasPrefix("Hi \"you\" there", got.text) {
				t.Fatalf("%s cut at %d of %d: %+v, %d bad, end %v", name, n, len(whole), got, bad, end)
			}
		}
		for n := last; n <= len(whole); n++ {
			if events, _, end := readAll(d.NewStreamReader(strings.NewReader(whole[:n]))); end != io.EOF || !sumOf(events).done {
				t.Errorf("%s whole at %d: end %v", name, n, end)
			}
		}
	}
}

// However the bytes arrive, the events are the same.
func TestStreamInPieces(t *testing.T) {
	for _, name := range wire.Names() {
		d := dialect(t, name)
		for _, r := range []io.Reader{
			iotest.OneByteReader(strings.NewReader(streamOf(t, d, true, words...))),
			iotest.HalfReader(strings.NewReader(streamOf(t, d, true, words...))),
			iotest.DataErrReader(strings.NewReader(streamOf(t, d, true, words...))),
		} {
			events, bad, end := readAll(d.NewStreamReader(r))
			if got := sumOf(events); got.text != joined() || got.finish != wire.FinishLength || bad != 0 || end != io.EOF {
				t.Errorf("%s: %+v, %d bad, end %v", name, got, bad, end)
			}
		}
	}
}

func TestStreamTolerance(t *testing.T) {
	delta := func(s string) string {
		return `{"id":"a","model":"m","choices":[{"index":0,"delta":{"content":"` + s + `"}}]}`
	}
	finish := `{"id":"a","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`
	text := func(s string) string {
		return "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"" + s + "\"}}"
	}
	stop := "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"
	for _, c := range []struct {
		name, dialect, in string
		text              string
		bad               int
		end               error
		kind              wire.FailureKind
	}{
		{name: "comments", dialect: "openai", in: ": hello\n\ndata: " + delta("x") + "\n:\n\n: bye\ndata: [DONE]\n\n", text: "x", end: io.EOF},
		{name: "CRLF", dialect: "openai", in: "data: " + delta("x") + "\r\n\r\ndata: [DONE]\r\n\r\n", text: "x", end: io.EOF},
		{name: "no space", dialect: "openai", in: "data:" + delta("x") + "\n\ndata:[DONE]\n\n", text: "x", end: io.EOF},
		{name: "data over several lines", dialect: "openai", in: "data: {\"choices\":\ndata:  [{\"delta\":\ndata: {\"content\":\"x\"}}]}\n\ndata: [DONE]\n\n", text: "x", end: io.EOF},
		{name: "blank lines and empty data", dialect: "openai", in: "\n\n\ndata:\n\ndata: " + delta("x") + "\n\n\n\ndata: [DONE]\n\n", text: "x", end: io.EOF},
		{name: "fields nobody knows", dialect: "openai", in: "id: 1\nretry: 5\nodd\ndata: " + delta("x") + "\n\ndata: [DONE]\n\n", text: "x", end: io.EOF},
		{name: "obfuscation", dialect: "openai", in: "data: " + strings.Replace(delta("x"), "}]}", `}],"obfuscation":"ab"}`, 1) + "\n\ndata: " + strings.Replace(delta("y"), "}]}", `}],"obfuscation":"a"}`, 1) + "\n\ndata: [DONE]\n\n", text: "xy", end: io.EOF},
		{name: "a null error", dialect: "openai", in: "data: {\"error\":null,\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\ndata: [DONE]\n\n", text: "x", end: io.EOF},
		{name: "other choices", dialect: "openai", in: "data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"no\"}},{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\ndata: [DONE]\n\n", text: "x", end: io.EOF},
		{name: "null content", dialect: "openai", in: "data: {\"choices\":[{\"delta\":{\"content\":null}}]}\n\ndata: [DONE]\n\n", end: io.EOF},
		{name: "a broken chunk", dialect: "openai", in: "data: " + delta("x") + "\n\ndata: {\"cho\n\ndata: " + delta("y") + "\n\ndata: [DONE]\n\n", text: "xy", bad: 1, end: io.EOF},
		{name: "content of the wrong type", dialect: "openai", in: "data: {\"choices\":[{\"delta\":{\"content\":5}}]}\n\ndata: [DONE]\n\n", bad: 1, end: io.EOF},
		{name: "no end marker", dialect: "openai", in: "data: " + delta("x") + "\n\ndata: " + finish + "\n\n", text: "x", end: wire.ErrCut},
		{name: "last event without its blank line", dialect: "openai", in: "data: " + delta("x") + "\n\ndata: " + delta("y") + "\n", text: "x", end: wire.ErrCut},
		{name: "JSON instead of a stream", dialect: "openai", in: `{"id":"a","choices":[]}`, end: wire.ErrCut},
		{name: "nothing", dialect: "openai", in: "", end: wire.ErrCut},
		{name: "events behind the end", dialect: "openai", in: "data: [DONE]\n\ndata: " + delta("x") + "\n\n", end: io.EOF},
		{name: "error of OpenAI", dialect: "openai", in: "data: " + delta("x") + "\n\ndata: {\"error\":{\"message\":\"m\",\"type\":\"server_error\",\"param\":null,\"code\":null}}\n\n", text: "x", end: io.EOF, kind: wire.FailServer},
		{name: "error of xAI", dialect: "openai", in: "data: {\"code\":\"c\",\"error\":\"boom\"}\n\n", end: io.EOF, kind: wire.FailServer},
		{name: "flat error", dialect: "vllm", in: "data: {\"object\":\"error\",\"message\":\"m\",\"type\":\"BadRequestError\",\"code\":400}\n\ndata: [DONE]\n\n", end: io.EOF, kind: wire.FailBadRequest},
		{name: "error of vLLM", dialect: "vllm", in: "data: {\"error\":{\"message\":\"m\",\"type\":\"InternalServerError\",\"param\":null,\"code\":500}}\n\ndata: [DONE]\n\n", end: io.EOF, kind: wire.FailServer},
		{name: "padding", dialect: "anthropic", in: text("x") + "   \n\n" + text("y") + " \n\n" + stop, text: "xy", end: io.EOF},
		{name: "ping and unknown events", dialect: "anthropic", in: "event: ping\ndata: {\"type\": \"ping\"}\n\nevent: new\ndata: {\"type\":\"new\",\"delta\":{\"text\":\"no\"}}\n\n" + text("x") + "\n\n" + stop, text: "x", end: io.EOF},
		{name: "other deltas", dialect: "anthropic", in: "data: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"hm\"}}\n\n" + stop, end: io.EOF},
		{name: "no message_stop", dialect: "anthropic", in: text("x") + "\n\n", text: "x", end: wire.ErrCut},
		{name: "error of Anthropic", dialect: "anthropic", in: text("x") + "\n\nevent: error\ndata: {\"type\": \"error\", \"error\": {\"type\": \"overloaded_error\", \"message\": \"Overloaded\"}}\n\n", text: "x", end: io.EOF, kind: wire.FailOverload},
		{name: "error that is no JSON", dialect: "anthropic", in: "event: error\ndata: boom\n\n", end: io.EOF, kind: wire.FailServer},
		{name: "no last newline", dialect: "ollama", in: "{\"message\":{\"content\":\"x\"},\"done\":false}\n{\"message\":{\"content\":\"\"},\"done\":true}", text: "x", end: io.EOF},
		{name: "no done", dialect: "ollama", in: "{\"message\":{\"content\":\"x\"},\"done\":false}\n", text: "x", end: wire.ErrCut},
		{name: "cut in a line", dialect: "ollama", in: "{\"message\":{\"content\":\"x\"},\"done\":false}\n{\"mess", text: "x", end: wire.ErrCut},
		{name: "times that differ", dialect: "ollama", in: "{\"model\":\"m\",\"created_at\":\"1\",\"message\":{\"content\":\"x\"},\"done\":false}\r\n\n{\"model\":\"m\",\"created_at\":\"22\",\"message\":{\"content\":\"y\"},\"done\":false}\n{\"done\":true}\n", text: "xy", end: io.EOF},
		{name: "error of Ollama", dialect: "ollama", in: "{\"error\":\"an error was encountered while running the model\"}\n", end: io.EOF, kind: wire.FailServer},
	} {
		t.Run(c.dialect+"/"+c.name, func(t *testing.T) {
			events, bad, end := readAll(dialect(t, c.dialect).NewStreamReader(strings.NewReader(c.in)))
			got := sumOf(events)
			var kind wire.FailureKind
			if got.fail != nil {
				kind = got.fail.Kind
			}
			if got.text != c.text || bad != c.bad || !errors.Is(end, c.end) || kind != c.kind || got.done != (c.end == io.EOF && c.kind == "") {
				t.Errorf("got %+v (failure %v), %d bad, end %v", got, got.fail, bad, end)
			}
		})
	}
}

// Usage and finish come even where the end marker does not.
func TestStreamWithoutEndMarkerKeepsItsUsage(t *testing.T) {
	d := dialect(t, "openai")
	in := strings.TrimSuffix(streamOf(t, d, true, "Hi"), "data: [DONE]\n\n")
	events, _, end := readAll(d.NewStreamReader(strings.NewReader(in)))
	got := sumOf(events)
	if got.finish != wire.FinishLength || got.usage != (wire.Usage{Prompt: 11, Completion: 2}) || end != wire.ErrCut {
		t.Errorf("%+v, end %v", got, end)
	}
}

// Anthropic's input is the sum of three parts; message_delta states it anew,
// or, in older streams, only the output.
func TestAnthropicUsage(t *testing.T) {
	const start = `data: {"type":"message_start","message":{"id":"i","model":"m","usage":{"input_tokens":1,"cache_creation_input_tokens":20,"cache_read_input_tokens":300,"output_tokens":1}}}` + "\n\n"
	for delta, want := range map[string]wire.Usage{
		`{"output_tokens":65}`:                    {Prompt: 321, Completion: 65},
		`{"input_tokens":472,"output_tokens":65}`: {Prompt: 472, Completion: 65},
	} {
		in := start + `data: {"type":"message_delta","delta":{"stop_reason":"max_tokens"},"usage":` + delta + "}\n\n"
		events, _, _ := readAll(dialect(t, "anthropic").NewStreamReader(strings.NewReader(in)))
		got := sumOf(events)
		if got.usage != want || got.finish != wire.FinishLength || got.id != "i" {
			t.Errorf("%s: %+v", delta, got)
		}
	}
}

// A connection that breaks is not an end: its error is kept.
func TestStreamReadError(t *testing.T) {
	broken := errors.New("connection reset")
	for _, name := range wire.Names() {
		d := dialect(t, name)
		in := streamOf(t, d, true, "Hi")
		r := io.MultiReader(strings.NewReader(in[:wholeAt(t, name, in)-4]), iotest.ErrReader(broken))
		events, _, end := readAll(d.NewStreamReader(r))
		if !errors.Is(end, broken) || sumOf(events).text != "Hi" {
			t.Errorf("%s: %+v, end %v", name, sumOf(events), end)
		}
	}
	if _, _, end := readAll(dialect(t, "openai").NewStreamReader(stuck{})); !errors.Is(end, io.ErrNoProgress) {
		t.Errorf("a reader that gives nothing: %v", end)
	}
}

// stuck reads nothing and says nothing.
type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

// endless is a line without end.
type endless struct{ read int }

func (e *endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'x'
	}
	e.read += len(b)
	return len(b), nil
}

func TestStreamLineIsBounded(t *testing.T) {
	for _, name := range wire.Names() {
		e := &endless{}
		_, err := dialect(t, name).NewStreamReader(e).Next()
		var f *wire.Failure
		if !errors.As(err, &f) || f.Kind != wire.FailMalformed || e.read > 2<<20 {
			t.Errorf("%s: %v after %d bytes", name, err, e.read)
		}
		// Just below the bound all is well.
		d := dialect(t, name)
		long := strings.Repeat("x", 1<<19)
		events, bad, end := readAll(d.NewStreamReader(strings.NewReader(streamOf(t, d, true, "a", long, "b"))))
		if sumOf(events).text != "a"+long+"b" || bad != 0 || end != io.EOF {
			t.Errorf("%s: a long chunk: %d bad, end %v", name, bad, end)
		}
	}
}

// flushCounter wraps a writer as middleware does.
type flushCounter struct {
	http.ResponseWriter
	writes, flushes int
}

func (f *flushCounter) Write(b []byte) (int, error) { f.writes++; return f.ResponseWriter.Write(b) }
func (f *flushCounter) Flush()                      { f.flushes++ }

type wrapper struct{ inner http.ResponseWriter }

func (w wrapper) Header() http.Header         { return w.inner.Header() }
func (w wrapper) Write(b []byte) (int, error) { return w.inner.Write(b) }
func (w wrapper) WriteHeader(status int)      { w.inner.WriteHeader(status) }
func (w wrapper) Unwrap() http.ResponseWriter { return w.inner }

// Each text is one write and one flush, through a wrapper too.
func TestStreamFlushesEachText(t *testing.T) {
	for _, name := range wire.Names() {
		f := &flushCounter{ResponseWriter: httptest.NewRecorder()}
		s, err := dialect(t, name).StartStream(wrapper{f}, &wire.Request{}, &wire.Answer{})
		if err != nil {
			t.Fatal(err)
		}
		f.writes, f.flushes = 0, 0
		for range 5 {
			if err := s.Text("x"); err != nil {
				t.Fatal(err)
			}
		}
		if f.writes != 5 || f.flushes != 5 {
			t.Errorf("%s: 5 texts gave %d writes and %d flushes", name, f.writes, f.flushes)
		}
	}
}

// failingWriter is a client that has gone.
type failingWriter struct{ http.ResponseWriter }

func (failingWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestStreamWriterTellsOfAGoneClient(t *testing.T) {
	for _, name := range wire.Names() {
		s, err := dialect(t, name).StartStream(failingWriter{httptest.NewRecorder()}, &wire.Request{}, &wire.Answer{})
		if s == nil {
			t.Fatalf("%s: no writer", name)
		}
		for _, err := range []error{s.Text("x"), s.End(wire.FinishStop, wire.Usage{}), s.Fail(&wire.Failure{Kind: wire.FailServer})} {
			if !errors.Is(err, io.ErrClosedPipe) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if name != "ollama" && name != "gemini" && name != "vertex" && !errors.Is(err, io.ErrClosedPipe) { // whose start has no bytes
			t.Errorf("%s: start: %v", name, err)
		}
	}
}

// A stream names another model from where it is renamed on, and nothing else
// changes.
func TestRename(t *testing.T) {
	for _, surface := range []string{"", "responses"} {
		w := httptest.NewRecorder()
		d := dialect(t, "openai")
		req := &wire.Request{Surface: surface, IncludeUsage: true, Messages: []wire.Message{{Role: "user", Text: `say ,"model":"x" twice`}}}
		s, err := d.StartStream(w, req, &wire.Answer{ID: `q","model":"no`, Model: `first "one"`})
		if err != nil {
			t.Fatal(err)
		}
		must := func(err error) {
			if err != nil {
				t.Fatal(err)
			}
		}
		must(s.Text("half "))
		before := w.Body.Len()
		s.(wire.Renamer).Rename(`second "one"`)
		must(s.Text("whole"))
		must(s.End(wire.FinishStop, wire.Usage{Prompt: 1, Completion: 2}))
		first, rest := w.Body.String()[:before], w.Body.String()[before:]
		if strings.Contains(first, "second") || strings.Contains(rest, `first \"one`) || !strings.Contains(rest, `"model":"second \"one\""`) {
			t.Errorf("%s: %s", surface, w.Body)
		}
		if surface != "" {
			continue // clients of the chat API do not read these events
		}
		read := d.NewStreamReader(strings.NewReader(w.Body.String()))
		for {
			e, err := read.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			must(err)
			if e.ID != "" && e.ID != `q","model":"no` {
				t.Errorf("id %q", e.ID)
			}
		}
	}
}
