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

const readmePath = "../README.md"

// The frames and the keys that the README shows are those that the screens
// have. With -update they are put there.
func TestReadme(t *testing.T) {
	b, err := os.ReadFile(readmePath)
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	want := regexp.MustCompile("(?s)<!-- frame: ([a-z0-9-]+) -->\n```text\n.*?```").ReplaceAllStringFunc(text, func(old string) string {
		name := regexp.MustCompile(`frame: ([a-z0-9-]+)`).FindStringSubmatch(old)[1]
		frame, err := os.ReadFile(filepath.Join("testdata", name+".txt"))
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("<!-- frame: %s -->\n```text\n%s```", name, frame)
	})
	if n := strings.Count(want, "<!-- frame: "); n < 4 {
		t.Errorf("the README shows %d frames", n)
	}
	want = regexp.MustCompile(`(?s)<!-- keys -->\n.*?\n\n`).ReplaceAllString(want, strings.ReplaceAll(keysTable(), "$", "$$"))
	if want == text {
		return
	}
	if !updating() {
		t.Fatal("the README shows other frames or keys than the screens have; run with -update if they are meant")
	}
	if err := os.WriteFile(readmePath, []byte(want), 0o644); err != nil {
		t.Fatal(err)
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
