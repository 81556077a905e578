package wire

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

// slow turns a reader's template off, so that the decoder sees every chunk.
func slow(s StreamReader) StreamReader {
	switch r := s.(type) {
	case *openAIReader:
		r.shape.taken = maxLessons
	case *anthropicReader:
		r.shape.taken = maxLessons
	case *ollamaReader:
		r.shape.taken = maxLessons
	case *geminiReader:
		r.shape.taken = maxLessons
	case *vertexReader:
		slow(r.choose())
	case *bedrockReader:
		r.shape.taken = maxLessons
	case *unframed:
		slow(r.StreamReader)
	}
	return s
}

// step is what Next gave, comparable.
type step struct {
	event Event
	err   string
}

func steps(s StreamReader) (all []step) {
	for len(all) < 10_000 {
		e, err := s.Next()
		if err == nil {
			all = append(all, step{event: e})
			continue
		}
		all = append(all, step{err: err.Error()})
		var f *Failure
		if !errors.As(err, &f) || len(all) > 5000 {
			break
		}
	}
	return all
}

// sameEvents compares the reader with itself: with and without its fast path,
// and fed byte by byte.
func sameEvents(t interface{ Fatalf(string, ...any) }, d Dialect, in string) {
	want := steps(slow(d.NewStreamReader(strings.NewReader(in))))
	if got := steps(d.NewStreamReader(strings.NewReader(in))); !reflect.DeepEqual(got, want) {
		t.Fatalf("%s: the fast path differs on %q\n got %+v\nwant %+v", d.Name(), in, got, want)
	}
	if got := steps(d.NewStreamReader(iotest.OneByteReader(strings.NewReader(in)))); !reflect.DeepEqual(got, want) {
		t.Fatalf("%s: byte by byte it differs on %q\n got %+v\nwant %+v", d.Name(), in, got, want)
	}
}

// recorded is a stream as the dialect writes it.
func recorded(d Dialect, words ...string) string {
	w := httptest.NewRecorder()
	s, err := d.StartStream(w, &Request{Model: "m", IncludeUsage: true}, &Answer{ID: "i", Model: "m"})
	for _, word := range words {
		if err == nil {
			err = s.Text(word)
		}
	}
	if err == nil {
		err = s.End(FinishStop, Usage{Prompt: 1, Completion: 2})
	}
	if err != nil {
		panic(err) // a recorder does not fail
	}
	return w.Body.String()
}

func FuzzStreamReader(f *testing.F) {
	for _, d := range dialects {
		f.Add(recorded(d, "a", "b\"", "\\u0041", "é\n", "\u2028"))
	}
	for _, s := range []string{
		"data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"b\\ud83d\"}}]}\n\n",
		"data: {\"content\":\"z\",\"choices\":[{\"delta\":{\"content\":\"a\"}}],\"obfuscation\":\"q\"}\n\ndata: {\"content\":\"z\",\"choices\":[{\"delta\":{\"content\":\"c\"}}],\"obfuscation\":\"\\\"\"}\n\n",
		"data: {\"choices\":[{\"delta\":{\"content\":\"a\",\"content\":\"b\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"a\",\"content\":\"c\"}}]}\n\n",
		"data: {\"choices\":[{\"delta\":{\"CONTENT\":\"a\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"x\\\"content\":\"a\"}}]}\n\n",
		"data: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"a\"}}\n\ndata: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"\xff\"}}\n\n",
		"{\"message\":{\"content\":\"a\"},\"created_at\":\"1\"}\n{\"message\":{\"content\":\"b\"},\"created_at\":\"\\\"\"}\n{\"message\":{\"content\":\"b\\q\"},\"created_at\":\"\"}\n",
		"data: x\ndata: y\n\nevent: error\ndata: z\n\n: c\r\n\r\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		for _, d := range dialects {
			sameEvents(t, d, in)
		}
	})
}

// The same over chunks that mutation alone would seldom find: a shape, drawn
// whole, repeated with other strings and now and then another shape.
func TestFastPathIsTheSlowPath(t *testing.T) {
	shapes := []string{
		`data: {"id":"i","model":"m","choices":[{"index":0,"delta":{"content":%s},"finish_reason":null}],"usage":null}` + "\n\n",
		`data: {"id":"i","model":"m","choices":[{"index":0,"delta":{"content":%s}}],"obfuscation":%s}` + "\n\n",
		`data: {"obfuscation":%s,"choices":[{"delta":{"content":%s,"role":"assistant"}}]}` + "\n\n",
		`data: {"choices":[{"delta":{"content":%s,"content":%s}}]}` + "\n\n",
		`data: {"choices":[{"delta":{"content":%s}}],"content":%s}` + "\n\n",
		`data: {"choices":[{"delta":{"content":%s},"finish_reason":%s}]}` + "\n\n",
		`data: {"choices":[{"index":1,"delta":{"content":%s}}]}` + "\n\n",
		`data: {"choices":[{"delta":{"content":%s}}],"error":%s}` + "\n\n",
		`data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":%s}}` + "\n\n",
		`data: {"type":"content_block_delta","text":%s,"delta":{"type":"text_delta","text":%s}   }` + "\n\n",
		`{"model":"m","created_at":%s,"message":{"role":"assistant","content":%s},"done":false}` + "\n",
		`{"message":{"content":%s},"created_at":%s,"done":true}` + "\n",
	}
	literal := rapid.OneOf(
		rapid.Map(rapid.String(), func(s string) string { b, _ := json.Marshal(s); return string(b) }),
		rapid.SampledFrom([]string{`""`, `"a"`, `"\u00e9"`, `"\ud83d\ude00"`, `"\ud83d"`, `"\q"`, `"\\"`, `"\""`, "\"\xff\"", `"a`, "null", "5", "\"\t\"", `"\/"`, "{}"}),
	)
	rapid.Check(t, func(t *rapid.T) {
		var in strings.Builder
		for range rapid.IntRange(1, 3).Draw(t, "runs") {
			shape := rapid.SampledFrom(shapes).Draw(t, "shape")
			for range rapid.IntRange(1, 4).Draw(t, "length") {
				for i, part := range strings.Split(shape, "%s") {
					if i > 0 {
						in.WriteString(literal.Draw(t, "literal"))
					}
					in.WriteString(part)
				}
			}
		}
		for _, d := range dialects {
			sameEvents(t, d, in.String())
		}
	})
}

// The fast path must really be taken, or the tests above prove nothing.
func TestFastPathIsTaken(t *testing.T) {
	for _, d := range dialects {
		s := d.NewStreamReader(strings.NewReader(recorded(d, "a", "b", "c", "d")))
		steps(s)
		var shape template
		if r, ok := s.(*unframed); ok {
			s = r.StreamReader
		}
		switch r := s.(type) {
		case *openAIReader:
			shape = r.shape
		case *anthropicReader:
			shape = r.shape
		case *ollamaReader:
			shape = r.shape
		case *geminiReader:
			shape = r.shape
		case *vertexReader:
			shape = r.inner.(*geminiReader).shape
		case *bedrockReader:
			shape = r.shape
		}
		if shape.taken != 1 || len(shape.parts) == 0 {
			t.Errorf("%s: %d lessons, %d parts", d.Name(), shape.taken, len(shape.parts))
		}
	}
}

// Strings survive: appendString writes what encoding/json reads back.
func TestAppendString(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.String(), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) })).Draw(t, "s")
		lit := appendString(nil, s)
		if strings.ContainsAny(string(lit), "\n\r") {
			t.Fatalf("%q holds a line break", lit)
		}
		var got string
		if err := json.Unmarshal(lit, &got); err != nil || got != strings.ToValidUTF8(s, "\ufffd") && got != perByte(s) {
			t.Fatalf("%q: %q, %v", lit, got, err)
		}
		if n := literalEnd(append(lit, `"tail`...)); n != len(lit) {
			t.Fatalf("%q: the literal ends at %d", lit, n)
		}
		if again, ok := unquote(lit); !ok || again != got {
			t.Fatalf("%q: unquote gives %q", lit, again)
		}
	})
}

// perByte replaces each byte that is no UTF-8, as encoding/json does.
func perByte(s string) string { return string([]rune(s)) }

func FuzzDecodeRequest(f *testing.F) {
	for _, s := range []string{
		`{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"x"}]}],"stop":["a"],"max_tokens":1,"stream_options":{"include_usage":true}}`,
		`{"model":"m","max_tokens":1,"system":[{"type":"text","text":"x"}],"messages":[{"role":"user","content":"x"}]}`,
		`{"model":"m","messages":[],"options":{"num_predict":-1}}`, `{"messages":null,"stop":{}}`, `[`, ``, `null`, `{"model":5}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		for _, d := range dialects {
			r := httptest.NewRequest("POST", "/", nil)
			r.Header.Set("Anthropic-Version", "2023-06-01")
			req, fail := d.DecodeRequest(r, []byte(body))
			if (req == nil) == (fail == nil) {
				t.Fatalf("%s: request %v, failure %v", d.Name(), req, fail)
			}
			if fail != nil {
				w := httptest.NewRecorder()
				d.WriteFailure(w, fail)
				if !refusals[w.Code] || !json.Valid(w.Body.Bytes()) {
					t.Fatalf("%s: %d %s", d.Name(), w.Code, w.Body)
				}
				continue
			}
			for _, m := range req.Messages {
				if m.Role != "user" && m.Role != "assistant" && m.Role != "system" && m.Role != "tool" {
					t.Fatalf("%s: role %q", d.Name(), m.Role)
				}
			}
			if out, err := d.NewRequest(t.Context(), "http://localhost", "k", req); err != nil {
				t.Fatal(err)
			} else if b, _ := io.ReadAll(out.Body); !json.Valid(b) {
				t.Fatalf("%s: the client writes %s", d.Name(), b)
			}
		}
	})
}

// refusals are the statuses of a request that cannot be read: pydantic's and
// axum's 422, and the 424 of a front whose container refuses.
var refusals = map[int]bool{http.StatusBadRequest: true, http.StatusUnprocessableEntity: true, http.StatusFailedDependency: true}

func FuzzDecodeFailure(f *testing.F) {
	f.Add(429, "1.5", `{"error":{"message":"m","type":"t","param":null,"code":400}}`)
	f.Add(400, "soon", `{"code":"c","error":"Incorrect API key"}`)
	f.Add(529, "-1", `{"type":"error","error":{"type":"overloaded_error","message":"m","details":{"error_code":"c"}},"request_id":"r"}`)
	f.Add(502, "", "<html>")
	f.Add(200, "1e309", `{"error":{"message":{},"code":[],"type":7}}`)
	f.Add(0, "", `{"error":[1]}`)
	f.Fuzz(func(t *testing.T, status int, after, body string) {
		for _, d := range dialects {
			fail := d.DecodeFailure(status, http.Header{"Retry-After": {after}}, []byte(body))
			if fail == nil || fail.Kind == "" || fail.Status != status || fail.RetryAfter < 0 || fail.Error() == "" {
				t.Fatalf("%s: %+v", d.Name(), fail)
			}
		}
	})
}

func FuzzDecodeAnswer(f *testing.F) {
	for _, d := range dialects {
		w := httptest.NewRecorder()
		if err := d.WriteAnswer(w, &Request{}, &Answer{ID: "i", Model: "m", Text: "x", Finish: FinishStop}); err != nil {
			f.Fatal(err)
		}
		f.Add(w.Body.String())
	}
	f.Add(`{"choices":[{"message":{"content":null}}]}`)
	f.Fuzz(func(t *testing.T, body string) {
		for _, d := range dialects {
			a, err := d.DecodeAnswer([]byte(body))
			var fail *Failure
			if (a == nil) == (err == nil) || err != nil && (!errors.As(err, &fail) || fail.Kind != FailMalformed) {
				t.Fatalf("%s: %v, %v", d.Name(), a, err)
			}
		}
	})
}
