package router_test

import (
	"io"
	"net/http"
	"strings"
	"time"

	"brownout/mocks/wire"
)

// act answers one call.
type act func(f *fake, w http.ResponseWriter, r *http.Request, req *wire.Request)

// always does the same with every call.
func always(a act) func(int) act { return func(int) act { return a } }

// inTurn does one thing after the other, and the last for ever.
func inTurn(as ...act) func(int) act {
	return func(n int) act { return as[min(n, len(as)-1)] }
}

// pause waits unless the caller leaves.
func pause(r *http.Request, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// answers gives a whole answer, after so long, as a stream with 10 ms between
// its words where one is asked for.
func answers(text string, after time.Duration) act {
	return func(f *fake, w http.ResponseWriter, r *http.Request, req *wire.Request) {
		a := &wire.Answer{ID: "id-" + f.Name, Model: req.Model, Text: text, Finish: wire.FinishStop, Usage: usage, Created: time.Now()}
		if !pause(r, after) {
			return
		}
		if !req.Stream {
			_ = f.dialect.WriteAnswer(w, req, a)
			return
		}
		says(0, strings.SplitAfter(text, " ")...)(f, w, r, req)
	}
}

var usage = wire.Usage{Prompt: 11, Completion: 3}

// says streams words with 10 ms between them and ends properly.
func says(after time.Duration, words ...string) act {
	return begins(after, words, func(_ *fake, s wire.StreamWriter, _ http.ResponseWriter, _ *http.Request) {
		_ = s.End(wire.FinishStop, usage)
	})
}

// begins streams words and leaves the end to then.
func begins(after time.Duration, words []string, then func(*fake, wire.StreamWriter, http.ResponseWriter, *http.Request)) act {
	return func(f *fake, w http.ResponseWriter, r *http.Request, req *wire.Request) {
		head := &wire.Answer{ID: "id-" + f.Name, Model: req.Model, Created: time.Now()}
		s, err := f.dialect.StartStream(w, req, head)
		if err != nil || !pause(r, after) {
			return
		}
		for i, word := range words {
			if i > 0 && !pause(r, 10*time.Millisecond) {
				return
			}
			if s.Text(word) != nil {
				return
			}
		}
		then(f, s, w, r)
	}
}

func cuts(_ *fake, _ wire.StreamWriter, _ http.ResponseWriter, _ *http.Request) {}

func resets(_ *fake, _ wire.StreamWriter, _ http.ResponseWriter, _ *http.Request) {
	panic(http.ErrAbortHandler)
}

type (
	httpWriter  = http.ResponseWriter
	httpRequest = http.Request
)

func stalls(f *fake, _ wire.StreamWriter, _ http.ResponseWriter, r *http.Request) {
	hangs(f, nil, r, nil)
}

func fails(k wire.FailureKind, retryAfter time.Duration) act {
	return func(f *fake, w http.ResponseWriter, _ *http.Request, req *wire.Request) {
		f.dialect.WriteFailure(w, &wire.Failure{Kind: k, RetryAfter: retryAfter, Model: req.Model})
	}
}

// hangs takes the call and stays silent.
func hangs(f *fake, _ http.ResponseWriter, r *http.Request, _ *wire.Request) {
	<-r.Context().Done()
	f.mu.Lock()
	f.gone++
	f.mu.Unlock()
}

// drops closes the connection without an answer.
func drops(*fake, http.ResponseWriter, *http.Request, *wire.Request) { panic(http.ErrAbortHandler) }

// writes answers with these bytes.
func writes(status int, contentType, body string) act {
	return func(_ *fake, w http.ResponseWriter, _ *http.Request, _ *wire.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}
