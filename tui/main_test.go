package tui

import (
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestMain sees that no screen leaves a goroutine behind. The one of teatest
// waits for a signal that never comes.
func TestMain(m *testing.M) {
	time.Local = time.UTC // golden frames show times of day
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/charmbracelet/x/exp/teatest/v2.NewTestModel.func2"))
}
