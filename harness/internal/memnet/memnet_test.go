package memnet_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"brownout/harness/internal/memnet"
)

func TestServe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			<-time.After(time.Hour) // the bubble's
			_, _ = io.WriteString(w, "to "+r.Host)
		})}
		l := memnet.Serve(s)
		transport := l.Transport()
		res, err := (&http.Client{Transport: transport}).Get("http://anybody/")
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if body, err := io.ReadAll(res.Body); err != nil || string(body) != "to anybody" {
			t.Errorf("%q, %v", body, err)
		}
		transport.CloseIdleConnections()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := l.Dial(t.Context()); !errors.Is(err, net.ErrClosed) {
			t.Errorf("a closed listener was reached: %v", err)
		}
	})
}

func TestDialEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := memnet.Listen().Dial(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("nobody accepts, and the error is %v", err)
	}
}
