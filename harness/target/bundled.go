package target

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"brownout/harness/router"
	"brownout/plan"
)

// serveRouter serves the bundled router with the given settings over real TCP:
// it is in this process only so that a run needs one binary.
func serveRouter(ctx context.Context, o Options, s plan.Router) (*Target, error) {
	traces, err := router.TraceExporter(ctx)
	if err != nil {
		return nil, fmt.Errorf("router: the traces' endpoint: %w", err)
	}
	r, err := router.New(router.Config{
		Settings: s, Backends: o.Backends, Seed: o.Seed, OnDecision: o.OnDecision, Traces: traces,
	})
	if err != nil {
		return nil, fmt.Errorf("router: %w", err)
	}
	addr := o.Addr
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("router: %w", err), r.Close())
	}
	srv := &http.Server{Handler: r, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	return New("http://"+l.Addr().String(), func(ctx context.Context) error {
		err := srv.Shutdown(ctx)
		if err != nil { // requests that do not end by themselves are cut off
			err = srv.Close()
		}
		if e := <-served; !errors.Is(e, http.ErrServerClosed) {
			err = errors.Join(err, e)
		}
		return errors.Join(err, r.Close())
	}), nil
}
