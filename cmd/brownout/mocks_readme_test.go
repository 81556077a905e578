package main

import (
	"os"
	"strings"
	"testing"
)

// The commands about mocks that the README shows run, in their order, on one
// set of mocks.
func TestReadmeMocksCommands(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var s *served
	n := 0
	for line := range strings.Lines(string(b)) {
		args, ok := strings.CutPrefix(strings.TrimSpace(line), "bin/brownout mocks ")
		if !ok {
			continue
		}
		n++
		words := strings.Fields(args)
		if strings.HasPrefix(words[0], "-") {
			s = serve(t, words...)
			continue
		}
		if s == nil {
			t.Fatalf("no mocks are running for %q", line)
		}
		c := program(t, append([]string{"mocks"}, words...)...)
		c.Env = append(c.Env, envAdmin+"="+s.env[envAdmin])
		if r := finish(t, c); r.code != exitPassed || r.out == "" {
			t.Errorf("%sexit code %d:\n%s%s", line, r.code, r.out, r.err)
		}
	}
	if n < 3 {
		t.Errorf("the README shows %d commands about mocks", n)
	}
}
