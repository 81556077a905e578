package wire_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"brownout/mocks/wire"
)

// discard is a response writer that costs nothing.
type discard struct{ h http.Header }

func (d discard) Header() http.Header         { return d.h }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}
func (d discard) Flush()                      {}

func BenchmarkStreamText(b *testing.B) {
	for _, name := range wire.Names() {
		b.Run(name, func(b *testing.B) {
			s, err := dialect(b, name).StartStream(discard{http.Header{}}, &wire.Request{IncludeUsage: true}, &wire.Answer{ID: "chatcmpl-1", Model: "m"})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if err := s.Text(" \"token\""); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// The hot path of a streaming server allocates nothing.
func TestStreamTextDoesNotAllocate(t *testing.T) {
	for _, name := range wire.Names() {
		s, err := dialect(t, name).StartStream(discard{http.Header{}}, &wire.Request{IncludeUsage: true}, &wire.Answer{ID: "chatcmpl-1", Model: "m"})
		if err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(100, func() { _ = s.Text(" \"token\"") }); n != 0 {
			t.Errorf("%s: %v allocations per text", name, n)
		}
	}
}

// loop gives a head once and then a body for ever.
type loop struct {
	head, body string
	at         int
}

func (l *loop) Read(b []byte) (int, error) {
	if l.at == len(l.head) && l.head != "" {
		l.head, l.at = "", 0
	}
	src := l.head
	if src == "" {
		src, l.at = l.body, l.at%len(l.body)
	}
	n := copy(b, src[l.at:])
	l.at += n
	return n, nil
}

// endlessStream is a stream of texts without end.
func endlessStream(t testing.TB, d wire.Dialect) wire.StreamReader {
	one, two := streamOf(t, d, true, " token"), streamOf(t, d, true, " token", " token")
	chunk := len(two) - len(one)
	from := strings.Index(two, " token")
	from = strings.LastIndex(two[:from], "\n") + 1 // Ollama's first line begins at 0
	if d.Name() == "anthropic" {
		from -= len("event: content_block_delta\n")
	}
	if framed(d.Name()) {
		var to int
		from, to = textFrame(t, two, " token")
		chunk = to - from
	}
	return d.NewStreamReader(&loop{head: two[:from], body: strings.Repeat(two[from:from+chunk], 64)})
}

func BenchmarkStreamNext(b *testing.B) {
	for _, name := range wire.Names() {
		b.Run(name, func(b *testing.B) {
			s := endlessStream(b, dialect(b, name))
			b.ReportAllocs()
			for b.Loop() {
				if e, err := s.Next(); err != nil || e.Done {
					b.Fatal(e, err)
				}
			}
		})
	}
}

// Reading a token allocates its text and no more.
func TestStreamNextAllocatesOnlyTheText(t *testing.T) {
	for _, name := range wire.Names() {
		s := endlessStream(t, dialect(t, name))
		for range 8 {
			if _, err := s.Next(); err != nil {
				t.Fatal(err)
			}
		}
		if n := testing.AllocsPerRun(100, func() {
			if e, err := s.Next(); err != nil || e.Text != " token" {
				t.Fatal(e, err)
			}
		}); n > 1 {
			t.Errorf("%s: %v allocations per text", name, n)
		}
	}
}

func BenchmarkDecodeRequest(b *testing.B) {
	d := dialect(b, "openai")
	r, err := d.NewRequest(b.Context(), "http://localhost", goodKey, &wire.Request{Model: "m", Stream: true, Messages: []wire.Message{{Role: "system", Text: "Be brief."}, {Role: "user", Text: strings.Repeat("word ", 200)}}})
	if err != nil {
		b.Fatal(err)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, fail := d.DecodeRequest(r, body); fail != nil {
			b.Fatal(fail)
		}
	}
}

// long is an answer of two hundred words.
var long = wire.Answer{ID: "chatcmpl-1", Model: "m", Text: strings.Repeat("word ", 200), Finish: wire.FinishStop, Usage: wire.Usage{Prompt: 20, Completion: 200}}

func BenchmarkDecodeAnswer(b *testing.B) {
	for _, name := range wire.Names() {
		b.Run(name, func(b *testing.B) {
			d := dialect(b, name)
			w := httptest.NewRecorder()
			if err := d.WriteAnswer(w, &wire.Request{}, &long); err != nil {
				b.Fatal(err)
			}
			body := w.Body.Bytes()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := d.DecodeAnswer(body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkNewRequest(b *testing.B) {
	req := &wire.Request{Model: "m", Messages: []wire.Message{{Role: "user", Text: strings.Repeat("word ", 200)}}}
	for _, name := range wire.Names() {
		b.Run(name, func(b *testing.B) {
			d := dialect(b, name)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := d.NewRequest(b.Context(), "http://localhost", goodKey, req); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
