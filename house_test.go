// Package house holds the test of the house's plan: which room may know which.
package house

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "brownout"

// arrows lists, for each package, the packages of this module that it may
// import. Imports run one way; a package that is not here is not allowed at
// all.
var arrows = map[string][]string{
	"plan":            {},
	"chance":          {},
	"mocks/answer":    {"chance"},
	"mocks/wire":      {},
	"mocks/service":   {"chance", "plan"},
	"mocks/presets":   {"plan"},
	"mocks":           {"chance", "plan", "mocks/answer", "mocks/service", "mocks/wire"},
	"harness/journal": {"plan"},
	"harness/score":   {"plan", "harness/journal"},
	"harness/dialing": {},
	"harness/router":  {"chance", "plan", "mocks/wire", "harness/dialing"},
	"harness/chaos":   {"chance", "plan", "mocks", "mocks/service", "mocks/wire"},
	"harness/child":   {},
	"harness/conduct": {"plan", "harness/journal", "harness/scorecard"},
	"harness/redact":  {},
	"harness/load":    {"chance", "plan", "mocks/answer", "mocks/wire", "harness/dialing", "harness/journal", "harness/redact"},
	"harness/target":  {"plan", "harness/child", "harness/redact", "harness/router"},
	"harness/rig":     {"plan", "mocks", "harness/chaos"},
	"harness/admin":   {"plan", "mocks", "harness/chaos", "harness/rig"},
	"harness": {
		"chance", "plan", "mocks", "mocks/answer", "harness/chaos", "harness/journal", "harness/load",
		"harness/rig", "harness/router", "harness/score", "harness/target",
	},
	"harness/scorecard": {"harness/journal"},
	"harness/examiner":  {"plan", "mocks/presets", "harness", "harness/chaos", "harness/journal", "harness/scorecard", "harness/target"},
	"scenarios":         {"plan", "mocks/presets", "harness/chaos"},
	"harness/batch":     {"plan"},
	"harness/replay":    {"harness/journal", "harness/score"},
	"reports":           {"plan", "harness/conduct", "harness/journal", "harness/score", "harness/scorecard"},
	"tui":               {"plan", "harness/journal", "harness/replay", "harness/score"},
	"bench": {
		"plan", "mocks", "mocks/presets", "mocks/wire", "harness", "harness/chaos", "harness/journal", "harness/replay",
		"harness/router", "harness/score", "harness/target", "reports", "scenarios", "tui",
	},
	"harness/internal/memnet": {}, // for tests
	"cmd/brownout": {
		"plan", "mocks/presets", "harness", "harness/admin", "harness/batch", "harness/chaos", "harness/child", "harness/conduct", "harness/rig",
		"harness/examiner", "harness/replay", "harness/router", "harness/score", "harness/scorecard", "harness/target", "reports", "scenarios", "tui",
	},
}

// TestArrows reads every Go file but the tests and holds its imports against
// the table.
func TestArrows(t *testing.T) {
	seen := make(map[string]bool)
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && file != "." || d.Name() == "testdata" || d.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		room := path.Dir(filepath.ToSlash(file))
		seen[room] = true
		allowed, ok := arrows[room]
		if !ok {
			t.Errorf("%s: package %s is not in the table of arrows", file, room)
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range f.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if ours, ok := strings.CutPrefix(name, module+"/"); ok && !slices.Contains(allowed, ours) {
				t.Errorf("%s imports %s, which %s must not know", file, ours, room)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for room := range arrows {
		if !seen[room] {
			t.Errorf("the table of arrows names %s, which has no Go files", room)
		}
	}
}
