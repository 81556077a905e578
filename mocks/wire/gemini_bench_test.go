package wire

import (
	"net/http"
	"strings"
	"testing"
)

type nowhere struct{ h http.Header }

func (n nowhere) Header() http.Header         { return n.h }
func (n nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (n nowhere) WriteHeader(int)             {}

// BenchmarkWriteAnswer shows what Google's indentation costs a whole answer.
func BenchmarkWriteAnswer(b *testing.B) {
	a := &Answer{ID: "id", Model: "m", Text: strings.Repeat("word ", 200), Finish: FinishStop}
	for _, name := range []string{"anthropic", "gemini", "vertex"} {
		d, _ := Lookup(name)
		b.Run(name, func(b *testing.B) {
			w := nowhere{http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				if err := d.WriteAnswer(w, &Request{}, a); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
