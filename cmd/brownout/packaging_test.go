package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// What the action and the image call must be there to be called.
func TestPackagingCallsWhatThereIs(t *testing.T) {
	t.Parallel()
	var run *cobra.Command
	for _, c := range (&app{}).rootCommand().Commands() {
		if c.Name() == "run" {
			run = c
		}
	}
	action, err := os.ReadFile("../../action.yml")
	if err != nil {
		t.Fatal(err)
	}
	flags := regexp.MustCompile(`--([a-z-]+)`).FindAllStringSubmatch(string(action), -1)
	if len(flags) < 4 {
		t.Fatalf("only %d flags in action.yml", len(flags))
	}
	for _, f := range flags {
		if run.Flags().Lookup(f[1]) == nil {
			t.Errorf("action.yml gives run the flag --%s, which it does not have", f[1])
		}
	}
	// An input that is put into a script is run as a part of it.
	for _, script := range regexp.MustCompile(`(?s)run: \|?(.*?)\n    - `).FindAllString(string(action), -1) {
		if strings.Contains(script, "inputs.") {
			t.Errorf("an input stands in a script:\n%s", script)
		}
	}
	for file, wants := range map[string][]string{
		"../../Dockerfile":       {"make build notices VERSION=", "/src/bin/brownout", "/src/bin/NOTICES", "distroless/static-debian12:nonroot", "--chown=65532:65532 /empty /work\nWORKDIR /work"},
		"../../.goreleaser.yaml": {"-X main.version=", "./cmd/brownout", "make completions notices", "src: bin/NOTICES", "src: bin/completions/*", "wrap_in_directory: true"},
		"../../Makefile":         {"\nnotices: ", "\ncompletions: build", ">bin/completions/_brownout", ">bin/NOTICES", "\nrelease-check: "},
	} {
		b, err := os.ReadFile(file)
		for _, want := range wants {
			if err != nil || !strings.Contains(string(b), want) {
				t.Errorf("%s lacks %q (%v):\n%s", file, want, err, b)
			}
		}
	}
}
