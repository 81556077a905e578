package router

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The package comment says where everything lives: each file has its place in
// it.
func TestPackageCommentNamesTheFiles(t *testing.T) {
	src, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]bool{"doc": true}
	for _, w := range regexp.MustCompile(`[a-z_]+`).FindAllString(string(src), -1) {
		said[w] = true
	}
	for _, f := range files {
		if name := strings.TrimSuffix(f, ".go"); !strings.HasSuffix(name, "_test") && !said[name] {
			t.Errorf("%s is not in the package comment", f)
		}
	}
}
