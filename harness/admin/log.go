package admin

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"brownout/mocks"
)

// logLines is how many lines may wait to be read. Calls never wait for a slow
// reader: lines beyond are dropped and counted.
const logLines = 4096

// logger hands lines to a reader in one goroutine.
type logger struct {
	lines   chan string
	dropped atomic.Uint64
	reading sync.WaitGroup
	mu      sync.RWMutex // held for writing by close alone
	closed  bool
}

func newLogger(read func(string)) *logger {
	if read == nil {
		read = func(string) {}
	}
	l := &logger{lines: make(chan string, logLines)}
	l.reading.Go(func() {
		for line := range l.lines {
			read(line)
		}
		if n := l.dropped.Load(); n > 0 {
			read(fmt.Sprintf("%d lines were dropped because they came faster than they were read", n))
		}
	})
	return l
}

// print hands over a line. After close it does nothing.
func (l *logger) print(line string) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.closed {
		return
	}
	select {
	case l.lines <- line:
	default:
		l.dropped.Add(1)
	}
}

// close waits until all lines have been read.
func (l *logger) close() {
	l.mu.Lock()
	l.closed = true
	close(l.lines)
	l.mu.Unlock()
	l.reading.Wait()
}

// lineOf is what a person reads of one call.
func lineOf(o mocks.Observation) string {
	var b strings.Builder
	fmt.Fprintf(&b, "call %s %s %d", o.Provider, o.Operation, o.Status)
	for _, f := range []struct {
		name  string
		value any
		told  bool
	}{
		{"failure", o.Failure, o.Failure != ""},
		{"model", o.Model, o.Model != ""},
		{"marker", o.Marker, o.Marker != ""},
		{"attempt", o.Attempt, o.Attempt != 0},
		{"first_token", (o.FirstToken - o.Arrived).Round(time.Millisecond), o.FirstToken != 0},
		{"total", (o.Ended - o.Arrived).Round(time.Millisecond), true},
		{"tokens", fmt.Sprintf("%d+%d", o.Prompt, o.Completion), o.Prompt != 0},
		{"stream", o.Stream, o.Stream},
		{"aborted", o.Aborted, o.Aborted},
		{"early", o.Early, o.Early},
		{"faults", strings.Join(o.Faults, ","), len(o.Faults) > 0},
	} {
		if f.told {
			fmt.Fprintf(&b, " %s=%v", f.name, f.value)
		}
	}
	return b.String()
}
