package tui

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"charm.land/bubbles/v2/help"
)

// readmePaths are the pages that show frames or keys.
var readmePaths = []string{"../README.md", "../docs/terminal.md"}

// The frames and the keys that the README and its page about the terminal show
// are those that the screens have. With -update they are put there.
func TestReadme(t *testing.T) {
	frames, keys := 0, 0
	for _, path := range readmePaths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text := string(b)
		want := regexp.MustCompile("(?s)<!-- frame: ([a-z0-9-]+) -->\n```text\n.*?```").ReplaceAllStringFunc(text, func(old string) string {
			frames++
			name := regexp.MustCompile(`frame: ([a-z0-9-]+)`).FindStringSubmatch(old)[1]
			frame, err := os.ReadFile(filepath.Join("testdata", name+".txt"))
			if err != nil {
				t.Fatal(err)
			}
			return fmt.Sprintf("<!-- frame: %s -->\n```text\n%s```", name, frame)
		})
		want = regexp.MustCompile(`(?s)<!-- keys -->\n.*?\n\n`).ReplaceAllStringFunc(want, func(string) string {
			keys++
			return keysTable()
		})
		if want == text {
			continue
		}
		if !updating() {
			t.Errorf("%s shows other frames or keys than the screens have; run with -update if they are meant", path)
			continue
		}
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if frames < 4 || keys != 1 {
		t.Errorf("the pages show %d frames, and the keys %d times", frames, keys)
	}
}

// keysTable lists the keys of every screen, as their help has them.
func keysTable() string {
	var b strings.Builder
	b.WriteString("<!-- keys -->\n| screen | keys |\n|---|---|\n")
	d := fixtureDesk()
	for _, s := range []struct {
		name string
		keys help.KeyMap
	}{
		{"launcher", newLaunchKeys(d)},
		{"run", newRunning(stoppable(fixture()), d, Options{}).keymap()},
		{"report", newReport(reported(), d, Options{}).keys},
		{"comparison", newCompare(fixtureRace(), d, Options{}).keys},
		{"replay", playKeys{newDeckKeys(), newLiveKeys()}},
	} {
		var keys []string
		for _, group := range s.keys.FullHelp() {
			for _, k := range group {
				if h := k.Help(); h.Key != "" {
					keys = append(keys, "`"+strings.ReplaceAll(h.Key, "|", `\|`)+"` "+h.Desc)
				}
			}
		}
		fmt.Fprintf(&b, "| %s | %s |\n", s.name, strings.Join(keys, " · "))
	}
	return b.String() + "\n"
}
