package main

import (
	"strings"
	"sync"
)

// watched collects a program's output and tells when some text has shown.
type watched struct {
	want string
	seen chan struct{}

	mu  sync.Mutex
	buf strings.Builder
	hit bool
}

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.buf.Write(p)
	if !w.hit && strings.Contains(w.buf.String(), w.want) {
		w.hit = true
		close(w.seen)
	}
	return len(p), nil
}

func (w *watched) text() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.String()
}
