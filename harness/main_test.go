package harness_test

import (
	"testing"

	"go.uber.org/goleak"
)

// Every run of this package, ended well or badly, must leave no goroutine.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
