package tui

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"brownout/harness/score"
	"brownout/plan"

	"github.com/charmbracelet/x/ansi"
)

// updating tells whether -update was given; the flag comes with teatest.
func updating() bool { return flag.Lookup("update").Value.String() == "true" }

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if updating() {
		if err := os.WriteFile(path, []byte(got+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got+"\n" != string(want) {
		t.Errorf("%s: the frame has changed; look at it, and run with -update if that is meant\n--- got\n%s\n--- want\n%s", name, got, want)
	}
}

// fits fails where a frame is wider or higher than its terminal.
func fits(t *testing.T, frame string, w, h int) {
	t.Helper()
	lines := strings.Split(frame, "\n")
	if len(lines) > max(h, 1) {
		t.Errorf("%d lines on a terminal of %dx%d", len(lines), w, h)
	}
	for i, l := range lines {
		if n := ansi.StringWidth(l); n > w {
			t.Errorf("line %d is %d columns wide on a terminal of %dx%d: %q", i, n, w, h, l)
		}
	}
}

func TestFrames(t *testing.T) {
	failed := finished(score.Fail, "availability 97.9 % is below the 98 % that the scenario expects", "a sensitive request reached openai, which is outside the classes gpu and edge")
	tests := []struct {
		name string
		snap *score.Snapshot
		w, h int
		o    Options
	}{
		{"80x24.txt", fixture(), 80, 24, Options{NoColor: true}},
		{"120x40.txt", fixture(), 120, 40, Options{NoColor: true}},
		{"200x60.txt", fixture(), 200, 60, Options{NoColor: true}},
		{"40x12.txt", fixture(), 40, 12, Options{NoColor: true}},
		{"60x30.txt", fixture(), 60, 30, Options{NoColor: true}},
		{"20x5.txt", fixture(), 20, 5, Options{NoColor: true}},
		{"80x24-colour.txt", fixture(), 80, 24, Options{}},
		{"120x40-colour.txt", fixture(), 120, 40, Options{}},
		{"120x40-light.txt", fixture(), 120, 40, Options{Light: true}},
		{"120x40-ascii.txt", fixture(), 120, 40, Options{NoColor: true, ASCII: true}},
		{"80x24-ascii.txt", fixture(), 80, 24, Options{NoColor: true, ASCII: true}},
		{"40x12-ascii.txt", fixture(), 40, 12, Options{NoColor: true, ASCII: true}},
		{"80x24-fail.txt", failed, 80, 24, Options{NoColor: true}},
		{"120x40-fail.txt", failed, 120, 40, Options{NoColor: true}},
		{"40x12-fail.txt", failed, 40, 12, Options{NoColor: true}},
		{"20x5-pass.txt", finished(score.Pass), 20, 5, Options{NoColor: true}},
		{"120x40-changed.txt", changed(), 120, 40, Options{NoColor: true}},
		{"80x24-changed-ascii.txt", changed(), 80, 24, Options{NoColor: true, ASCII: true}},
		{"40x12-changed.txt", changed(), 40, 12, Options{NoColor: true}},
		{"80x24-early.txt", &score.Snapshot{Plan: fixturePlan(), Verdict: score.Pending}, 80, 24, Options{NoColor: true}},
		{"80x24-waiting.txt", &score.Snapshot{}, 80, 24, Options{NoColor: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			frame := Frame(tt.snap, tt.w, tt.h, tt.o)
			fits(t, frame, tt.w, tt.h)
			if tt.o.NoColor && strings.Contains(frame, "\x1b") {
				t.Error("an escape sequence in a frame without colour")
			}
			if tt.o.ASCII {
				for i := range len(frame) {
					if frame[i] >= 0x80 {
						t.Fatalf("beyond ASCII: %q", frame[max(0, i-10):i+4])
					}
				}
			}
			if ansi.Strip(frame) != Frame(tt.snap, tt.w, tt.h, Options{NoColor: true, ASCII: tt.o.ASCII}) && tt.o.NoColor {
				t.Error("stripped of colour the frame says something else")
			}
			golden(t, tt.name, frame)
		})
	}
}

// TestOverlays draws what lies over the panels.
func TestOverlays(t *testing.T) {
	for _, tt := range []struct {
		name string
		w, h int
		keys []string
		o    Options
	}{
		{"120x40-help.txt", 120, 40, []string{"?"}, Options{NoColor: true}},
		{"80x24-help.txt", 80, 24, []string{"?"}, Options{NoColor: true}},
		{"40x12-help-ascii.txt", 40, 12, []string{"?"}, Options{NoColor: true, ASCII: true}},
		{"80x24-question.txt", 80, 24, []string{"q"}, Options{NoColor: true}},
		{"40x12-question.txt", 40, 12, []string{"q"}, Options{NoColor: true}},
		{"80x24-stopping.txt", 80, 24, []string{"q", "y"}, Options{NoColor: true}},
		{"80x24-zoom-score.txt", 80, 24, []string{"tab", "tab", "z"}, Options{NoColor: true}},
		{"120x40-zoom-requests.txt", 120, 40, []string{"tab", "tab", "tab", "tab", "z"}, Options{NoColor: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newLive(tt.o).watch(stoppable(fixture()))
			m.snap, m.w, m.h = fixture(), tt.w, tt.h
			m, _ = after(m, tt.keys...)
			fits(t, m.draw(), tt.w, tt.h)
			golden(t, tt.name, m.draw())
		})
	}
}

// fixtureEntries are a few scenarios to choose from.
func fixtureEntries() []Entry {
	outage := fixturePlan()
	storm := fixturePlan()
	storm.Scenario, storm.Title, storm.Tags = "rate-limit-storm", "Every key runs into its limit at once", []string{"rate limit"}
	storm.Challenges = []string{"Rate Limiting"}
	storm.Load.Profile = []plan.Point{{At: 0, Rate: 10}, {At: 20 * s, Rate: 120}, {At: 30 * s, Rate: 30}}
	storm.Faults = []plan.Fault{
		{Name: "rate_limit", Kind: "rate_limit", On: []string{"openai", "anthropic"}, At: 8 * s, For: 8 * s, Horizon: 4 * s},
		{Name: "rate_limit-2", Kind: "rate_limit", On: []string{"gpu-a"}, At: 24 * s, For: 8 * s, Horizon: 8 * s},
	}
	storm.Seed = 3
	spike := fixturePlan()
	spike.Scenario, spike.Title, spike.Tags, spike.Challenges = "latency-spike", "The first token comes ever later", []string{"latency"}, []string{"Peak Hours"}
	return []Entry{{"provider-outage", outage}, {"rate-limit-storm", storm}, {"latency-spike", spike}}
}
