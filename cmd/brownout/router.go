package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"brownout/harness"
	"brownout/harness/router"
)

func (a *app) routerCommand() *cobra.Command {
	var config, listen string
	var print bool
	c := &cobra.Command{
		Use:   "router",
		Short: "Serve the bundled failover router alone",
		Long: `Router serves an OpenAI-compatible endpoint that fails over between the
backends of its configuration file. --print-config shows every key with its
default and meaning.`,
		Example: `  brownout router --print-config > router.toml
  brownout router --config router.toml --listen 127.0.0.1:8080`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if print {
				return router.PrintConfig(a.out)
			}
			if config == "" {
				return errors.New("--config is missing; --print-config shows what such a file looks like")
			}
			return a.serveRouter(cmd.Context(), config, listen)
		},
	}
	c.Flags().StringVar(&config, "config", "", "configuration file (TOML)")
	c.Flags().StringVar(&listen, "listen", "127.0.0.1:8080", "address to listen on")
	c.Flags().BoolVar(&print, "print-config", false, "print a configuration file with every key, its default and its meaning")
	must(c.MarkFlagFilename("config", "toml"))
	return c
}

// drainTime bounds how long a router that was told to stop lets requests end.
const drainTime = 10 * time.Second

// serveRouter serves until ctx ends, then drains.
func (a *app) serveRouter(ctx context.Context, path, addr string) error {
	c, err := router.FromFile(path)
	if err != nil {
		return err
	}
	c.Logger = slog.New(slog.NewTextHandler(a.err, nil))
	r, err := router.New(c)
	if err != nil {
		return err
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return errors.Join(&harness.EnvironmentError{Err: fmt.Errorf("%w; name another address with --listen", err)}, r.Close())
	}
	srv := &http.Server{Handler: r, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	fmt.Fprintf(a.out, "listening on http://%s\n", l.Addr())
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	select {
	case err = <-served:
	case <-ctx.Done():
		// Being told to stop is how a server ends, so that is no error.
		drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
		defer cancel()
		if srv.Shutdown(drain) != nil {
			err = srv.Close()
		}
		if e := <-served; !errors.Is(e, http.ErrServerClosed) {
			err = errors.Join(err, e)
		}
	}
	return errors.Join(err, r.Close())
}
