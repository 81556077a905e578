package chaos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// The probes below dial a link as any client would, so that a fault is called
// injected only when it bites and cleared only when it no longer does.

// probeTimeout bounds one probe, and confirmTimeout all probes of one
// confirmation. Everything is on loopback, where an answer that takes longer
// is no answer; on a starved machine one probe may be lost, not all of them.
const (
	probeTimeout   = 500 * time.Millisecond
	confirmTimeout = 4 * time.Second
)

// silence is how long a probe of a black hole waits for a byte before it
// believes that none will come.
const silence = 40 * time.Millisecond

const probeRequest = "HEAD /brownout-probe HTTP/1.1\r\nHost: probe\r\nConnection: close\r\n\r\n"

// probe sends a harmless request through the link and reports what came of it:
// nil where bytes came back, else the error of dialling or reading.
func probe(ctx context.Context, addr string, wait time.Duration) error {
	d := net.Dialer{Timeout: probeTimeout}
	c, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(wait)); err != nil {
		return err
	}
	if _, err := io.WriteString(c, probeRequest); err != nil {
		return err
	}
	_, err = c.Read(make([]byte, 1))
	return err
}

// confirm repeats a probe until it sees what is wanted or ctx or the time is up.
func confirm(ctx context.Context, addr, want string, wait time.Duration, seen func(error) bool) error {
	ctx, cancel := context.WithTimeout(ctx, confirmTimeout)
	defer cancel()
	for {
		err := probe(ctx, addr, wait)
		if seen(err) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("link %s is not %s: the last probe saw %v", addr, want, err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func confirmRefused(ctx context.Context, addr string) error {
	return confirm(ctx, addr, "refusing connections", probeTimeout, func(err error) bool {
		return errors.Is(err, syscall.ECONNREFUSED)
	})
}

func confirmSilent(ctx context.Context, addr string) error {
	return confirm(ctx, addr, "silent", silence, func(err error) bool {
		return errors.Is(err, os.ErrDeadlineExceeded)
	})
}

func confirmReset(ctx context.Context, addr string) error {
	return confirm(ctx, addr, "resetting connections", probeTimeout, func(err error) bool {
		return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
	})
}

func confirmOpen(ctx context.Context, addr string) error {
	return confirm(ctx, addr, "open", probeTimeout, func(err error) bool { return err == nil })
}
