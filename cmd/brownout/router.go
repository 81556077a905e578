package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"brownout/harness"
	"brownout/harness/router"
)

func (a *app) routerCommand() *cobra.Command {
	var config, listen string
	var print, verbose bool
	c := &cobra.Command{
		Use:   "router",
		Short: "Serve the bundled failover router alone",
		Long: `Router serves an endpoint that speaks OpenAI's and Anthropic's dialects and
fails over between the backends of its configuration file, which may speak
any. --print-config shows every key with its default and meaning.

SIGHUP reads the file again: requests in flight end under the old
configuration, and what is wrong with the new one is told and changes nothing.
SIGTERM lets requests end before the router does. With
OTEL_EXPORTER_OTLP_ENDPOINT set it sends OpenTelemetry traces there.`,
		Example: `  brownout router --print-config > router.toml
  brownout router --config router.toml --listen 127.0.0.1:8080`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if print {
				return router.PrintConfig(a.out)
			}
			if config == "" {
				return errors.New("--config is missing; --print-config shows what such a file looks like")
			}
			level := slog.LevelInfo
			if verbose {
				level = slog.LevelDebug
			}
			return a.serveRouter(cmd.Context(), config, listen, level)
		},
	}
	c.Flags().StringVar(&config, "config", "", "configuration file (TOML)")
	c.Flags().StringVar(&listen, "listen", "127.0.0.1:8080", "address to listen on")
	c.Flags().BoolVar(&print, "print-config", false, "print a configuration file with every key, its default and its meaning")
	c.Flags().BoolVarP(&verbose, "verbose", "v", false, "log every request, not only what the router decides")
	must(c.MarkFlagFilename("config", "toml"))
	return c
}

// drainTime bounds how long a router that was told to stop lets requests end.
const drainTime = 10 * time.Second

// serveRouter serves until ctx ends, then drains.
func (a *app) serveRouter(ctx context.Context, path, addr string, level slog.Level) error {
	c, err := router.FromFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w; \"brownout router --print-config\" prints one to begin with", err)
	}
	if err != nil {
		return err
	}
	c.Logger = slog.New(slog.NewTextHandler(a.err, &slog.HandlerOptions{Level: level}))
	if c.Traces, err = router.TraceExporter(ctx); err != nil {
		return fmt.Errorf("the traces' endpoint: %w", err)
	}
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
	again := make(chan os.Signal, 1)
	signal.Notify(again, syscall.SIGHUP)
	defer signal.Stop(again)
	fmt.Fprintf(a.out, "listening on http://%s\n", l.Addr())
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	for waiting := true; waiting; {
		select {
		case <-again:
			a.reload(r, c.Logger, path)
		case err = <-served:
			waiting = false
		case <-ctx.Done():
			waiting = false
		}
	}
	if ctx.Err() != nil && err == nil {
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

// reload reads the configuration again. One that cannot work is told, and the
// router goes on as before.
func (a *app) reload(r *router.Router, log *slog.Logger, path string) {
	c, err := router.FromFile(path)
	if err == nil {
		c.Logger = log
		err = r.Reload(c)
	}
	if err != nil {
		log.Error("the configuration stays as it was", "error", err)
		return
	}
	fmt.Fprintln(a.out, "read the configuration again")
}
