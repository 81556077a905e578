//go:build unix

package target_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// The test binary is the gateway under test, the command of an installation, or
// a brownout that is killed, where these variables say so.
const (
	envMode   = "TEST_GATEWAY"
	envAddr   = "TEST_ADDR"
	envCall   = "TEST_CALL"   // URL that is asked first, and waited for
	envExpect = "TEST_EXPECT" // what it answers where all is well
)

func TestMain(m *testing.M) {
	switch mode := os.Getenv(envMode); mode {
	case "":
		goleak.VerifyTestMain(m)
	case "owner":
		os.Exit(owner())
	default:
		os.Exit(gateway(mode))
	}
}
