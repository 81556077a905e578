//go:build unix

package target_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// theKey is the one that the gateway is given.
const theKey = "sk-brownout-test-key"

// gateway serves until it is told to end, misbehaving as it is told.
func gateway(mode string) int {
	if mode == "child" { // of one that leaves it running; it prints nothing, since its output may be gone
		signal.Ignore(syscall.SIGTERM)
		time.Sleep(time.Minute)
		return 0
	}
	fmt.Println("\x1b[32mstarting\x1b[0m as", mode)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	if at := os.Getenv(envCall); at != "" && !called(at+"?"+os.Getenv(envAddr)) {
		fmt.Fprintln(os.Stderr, "[Errno 98] Address already in use")
		return 1
	}
	switch mode {
	case "refuses":
		fmt.Fprintln(os.Stderr, "no such option; the key "+theKey+" is wrong")
		return 7
	case "refuses and leaves":
		if leave(false) != nil {
			return 1
		}
		return 7
	case "silent":
		<-stop
		return 0
	case "leaves":
		if leave(true) != nil {
			return 1
		}
	case "prints":
		fmt.Println("calling with Authorization: " + theKey)
		fmt.Println("calling again with Authorization: " + theKey)
	case "prints in two":
		fmt.Print("calling with " + theKey[:9])
		fmt.Println(theKey[9:])
	case "prints without end": // and the key where a bound of what is kept would cut it
		fmt.Print(strings.Repeat(".", 64<<10-10) + theKey + strings.Repeat(".", 64<<10))
	case "prints far behind":
		fmt.Print(strings.Repeat(".", 600<<10) + theKey)
	case "closes":
		_, _ = os.Stdout.Close(), os.Stderr.Close()
	}
	crash, stalled, sick := make(chan struct{}), make(chan struct{}), make(chan struct{})
	var asked atomic.Int64
	srv := &http.Server{Addr: os.Getenv(envAddr), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/crash":
			close(crash)
		case "/stall":
			close(stalled)
		case "/sicken":
			close(sick)
		case "/say":
			fmt.Println("asked for", r.URL.RawQuery)
		case "/asked":
			fmt.Fprint(w, asked.Load())
			return
		case "/":
			select {
			case <-stalled:
				<-r.Context().Done()
			case <-sick:
				w.WriteHeader(http.StatusInternalServerError)
			default:
			}
			n := asked.Add(1)
			if mode == "falters" && n%3 != 0 || mode == "warms up" && n < 3 {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		}
		fmt.Fprint(w, os.Getenv("GREETING"))
	})}
	go srv.ListenAndServe() // the test sees where nobody answers
	select {
	case <-crash:
		fmt.Println("panic: out of memory")
		return 3
	case <-stop:
	}
	switch mode {
	case "hangs":
		time.Sleep(time.Minute)
	case "prints at its end":
		fmt.Println("bye " + theKey)
	}
	return 0
}

// leave starts a process that outlives this one, in its group or out of it.
func leave(out bool) error {
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), envMode+"=child")
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: out}
	return c.Start()
}

// called asks at a URL and tells whether all is well.
func called(at string) bool {
	r, err := http.Get(at)
	if err != nil {
		return false
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	return err == nil && string(text) == os.Getenv(envExpect)
}
