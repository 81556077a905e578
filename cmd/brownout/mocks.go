package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"brownout/harness"
	"brownout/harness/admin"
	"brownout/harness/chaos"
	"brownout/mocks/presets"
	"brownout/plan"
	"brownout/reports"
)

// mocksFlags are the flags of mocks.
type mocksFlags struct {
	providers, keys, faults []string
	seed                    uint64
	portFrom                int
	envFile, admin          string
	toxiproxy               string
	json, verbose           bool
}

func (a *app) mocksCommand() *cobra.Command {
	var f mocksFlags
	c := &cobra.Command{
		Use:   "mocks",
		Short: "Serve the mock providers alone, for any application",
		Long: `Mocks serves providers on loopback, each in its own wire format and behind a
link of its own, until it is told to stop (Ctrl-C, SIGTERM). It prints the
environment variables by which the providers' own SDKs find them.

Any prompt is answered. While it runs, faults can be switched with
"brownout mocks fault", and "brownout mocks status" shows what was called.`,
		Example: `  brownout mocks --env-file mocks.env &     then: . ./mocks.env
  brownout mocks --provider openai,anthropic --key sk-test
  brownout mocks --fault openai:outage,mode=errors,share=0.3
  brownout mocks fault openai:latency_spike,first_token=3s
  brownout mocks fault --clear all`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.serveMocks(cmd.Context(), f) },
	}
	fl := c.Flags()
	fl.StringSliceVar(&f.providers, "provider", nil, "which to serve, repeatable or comma-separated (default all): "+strings.Join(presets.Names(), ", "))
	fl.IntVar(&f.portFrom, "port-from", 0, "first port of the links, exactly (default: free ones are found)")
	fl.StringVar(&f.toxiproxy, "toxiproxy", "", "URL of a toxiproxy server that you run on this machine (default: one is started)")
	fl.StringArrayVar(&f.keys, "key", nil, "accept only this key, or AWS access key id (repeatable; default: any that is not empty)")
	fl.StringArrayVar(&f.faults, "fault", nil, "in effect from the start: PROVIDER:KIND[,param=value…]; PROVIDER may be class:NAME, region:NAME or all, share=0.3 touches a share of the calls (repeatable)")
	fl.StringVar(&f.envFile, "env-file", "", "also write the variables to this file, at once and only when everything listens; it is removed at the end")
	fl.StringVar(&f.admin, "admin", "", "address of the admin API (default: a free port of loopback)")
	fl.Uint64Var(&f.seed, "seed", 1, "key of every random decision")
	fl.BoolVar(&f.json, "json", false, "print one line of JSON instead: admin, toxiproxy, env, providers")
	fl.BoolVar(&f.verbose, "verbose", false, "log a line for each call, on stderr")
	must(c.RegisterFlagCompletionFunc("provider", several(presets.Names)))
	c.AddCommand(a.mocksFaultCommand(), a.mocksStatusCommand())
	return c
}

// defaultKey is shown to clients where any key is accepted.
const defaultKey = "sk-brownout"

// serveMocks serves until ctx ends. Being told to stop is how a server ends, so
// that is no error.
func (a *app) serveMocks(ctx context.Context, f mocksFlags) error {
	o, err := f.options()
	if err != nil {
		return err
	}
	if err := checkEnvFile(f.envFile); err != nil {
		return err
	}
	o.Log = func(line string) { fmt.Fprintf(a.err, "%s %s\n", time.Now().Format("15:04:05.000"), line) }
	desk, err := admin.Start(ctx, o)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	err = a.announce(desk, f)
	if err == nil {
		<-ctx.Done()
	}
	if f.envFile != "" {
		_ = os.Remove(f.envFile) // what it names is gone; it may be, too
	}
	if e := desk.Close(context.WithoutCancel(ctx)); e != nil {
		err = errors.Join(err, &harness.EnvironmentError{Err: e})
	}
	return err
}

// options turns flags into what to serve.
func (f mocksFlags) options() (admin.Options, error) {
	o := admin.Options{Seed: f.seed, PortFrom: f.portFrom, Toxiproxy: f.toxiproxy, Keys: f.keys, Listen: f.admin, Verbose: f.verbose}
	if slices.Contains(f.keys, "") {
		return o, errors.New("--key is empty; give a key, or leave it out to accept any")
	}
	if err := chaos.CheckToxiproxy(f.toxiproxy); err != nil {
		return o, fmt.Errorf("--toxiproxy: %w", err)
	}
	names := f.providers
	if names == nil {
		names = presets.Names()
	}
	for _, name := range names {
		p, ok := presets.Get(name)
		if !ok {
			return o, fmt.Errorf("--provider %q: unknown provider; %s", name, chaos.Suggest(name, presets.Names()))
		}
		if !slices.ContainsFunc(o.Providers, func(q plan.Provider) bool { return q.Name == name }) {
			o.Providers = append(o.Providers, p)
		}
	}
	for _, text := range f.faults {
		order, err := admin.ParseOrder(text)
		if err != nil {
			return o, fmt.Errorf("--fault: %w", err)
		}
		o.Faults = append(o.Faults, order)
	}
	return o, nil
}

// checkEnvFile takes away what an earlier run may have left, so that the file
// is there when, and only when, everything listens.
func checkEnvFile(path string) error {
	if path == "" {
		return nil
	}
	fi, err := os.Lstat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return &harness.EnvironmentError{Err: fmt.Errorf("--env-file: %w", err)}
	case !fi.Mode().IsRegular():
		return fmt.Errorf("--env-file %s is not a regular file, and would be replaced; name another path", path)
	}
	if err := os.Remove(path); err != nil {
		return &harness.EnvironmentError{Err: fmt.Errorf("--env-file: %w", err)}
	}
	return nil
}

// announce tells where everything is, now that it listens.
func (a *app) announce(desk *admin.Desk, f mocksFlags) error {
	key := defaultKey
	if len(f.keys) > 0 {
		key = f.keys[0]
	}
	env := append(environment(desk.Status().Providers, key), envVar{envAdmin, desk.URL})
	if f.envFile != "" {
		if err := reports.Replace(f.envFile, func(w io.Writer) error { return writeExports(w, env) }); err != nil {
			return &harness.EnvironmentError{Err: fmt.Errorf("--env-file: %w", err)}
		}
	}
	if f.json {
		return a.announceJSON(desk, env)
	}
	return writeExports(a.out, env)
}

// announceJSON prints one line.
func (a *app) announceJSON(desk *admin.Desk, env []envVar) error {
	s := desk.Status()
	out := struct {
		Admin     string            `json:"admin"`
		Toxiproxy string            `json:"toxiproxy"`
		Seed      uint64            `json:"seed"`
		Env       map[string]string `json:"env"`
		Providers []admin.Provider  `json:"providers"`
		Faults    []admin.Fault     `json:"faults"`
	}{desk.URL, s.Toxiproxy, s.Seed, make(map[string]string, len(env)), s.Providers, s.Faults}
	for _, v := range env {
		out.Env[v.Name] = v.Value
	}
	return json.NewEncoder(a.out).Encode(out)
}
