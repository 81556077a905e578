package target_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// The test binary is the gateway under test where these variables say so.
const (
	envMode = "TEST_GATEWAY"
	envAddr = "TEST_ADDR"
)

func TestMain(m *testing.M) {
	if mode := os.Getenv(envMode); mode != "" {
		os.Exit(gateway(mode))
	}
	goleak.VerifyTestMain(m)
}

// gateway serves until it is told to end, misbehaving as it is told.
func gateway(mode string) int {
	fmt.Println("\x1b[32mstarting\x1b[0m as", mode)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	switch mode {
	case "refuses":
		fmt.Fprintln(os.Stderr, "no such option; the key sk-brownout-test-key is wrong")
		return 7
	case "silent":
		<-stop
		return 0
	case "child": // of one that leaves it running
		signal.Ignore(syscall.SIGTERM)
		time.Sleep(time.Minute)
		return 0
	case "leaves":
		c := exec.Command(os.Args[0])
		c.Env = append(os.Environ(), envMode+"=child")
		c.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // out of the group
		if err := c.Start(); err != nil {
			return 1
		}
	case "prints":
		fmt.Println("calling with Authorization: sk-brownout-test-key")
	}
	asked := make(chan struct{})
	srv := &http.Server{Addr: os.Getenv(envAddr), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, os.Getenv("GREETING"))
		if r.URL.Path == "/crash" {
			close(asked)
		}
	})}
	go srv.ListenAndServe() // the test sees where nobody answers
	select {
	case <-asked:
		fmt.Println("panic: out of memory")
		return 3
	case <-stop:
	}
	if mode == "hangs" {
		time.Sleep(time.Minute)
	}
	return 0
}
