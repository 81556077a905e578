package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"brownout/harness/admin"
	"brownout/harness/chaos"
)

func (a *app) mocksFaultCommand() *cobra.Command {
	var addr string
	var clear bool
	c := &cobra.Command{
		Use:   "fault PROVIDER:KIND[,param=value…]... | --clear [NAME|PROVIDER|all]...",
		Short: "Switch faults on running mocks",
		Long: `Fault puts faults in effect on mocks that are running, or clears them. It finds
the mocks by --admin, or by ` + envAdmin + ` of their env file.

"brownout explain KIND" tells what a kind of fault does and which parameters it
has. PROVIDER may be class:NAME, region:NAME or all.`,
		Example: `  brownout mocks fault openai:outage,mode=errors,share=0.5
  brownout mocks fault class:cloud:latency_spike,first_token=3s
  brownout mocks fault --clear openai:outage
  brownout mocks fault --clear all`,
		RunE: func(cmd *cobra.Command, args []string) error {
			desk, err := a.desk(addr)
			if err != nil {
				return err
			}
			if clear {
				return a.clearFaults(cmd.Context(), desk, args)
			}
			return a.injectFaults(cmd.Context(), desk, args)
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return allOf(chaos.KindNames()), cobra.ShellCompDirectiveNoFileComp
		},
	}
	c.Flags().BoolVar(&clear, "clear", false, "clear the named faults, those of the named providers, or all")
	adminFlag(c, &addr)
	return c
}

// allOf is each kind of fault on all providers.
func allOf(kinds []string) []string {
	out := make([]string, len(kinds))
	for i, k := range kinds {
		out[i] = admin.All + ":" + k
	}
	return out
}

func adminFlag(c *cobra.Command, addr *string) {
	c.Flags().StringVar(addr, "admin", "", "address of the mocks' admin API (default: $"+envAdmin+")")
}

// desk is the client of the mocks that a flag or the environment names.
func (a *app) desk(addr string) (admin.Client, error) {
	if addr == "" {
		addr = a.env(envAdmin)
	}
	if addr == "" {
		return admin.Client{}, errors.New("which mocks? Give --admin, or set " + envAdmin + " from their env file")
	}
	return admin.Client{Addr: addr}, nil
}

func (a *app) injectFaults(ctx context.Context, desk admin.Client, texts []string) error {
	if len(texts) == 0 {
		return errors.New("which fault? Give PROVIDER:KIND[,param=value…], or --clear")
	}
	// Everything is read before anything is switched.
	orders := make([]admin.Order, len(texts))
	for i, text := range texts {
		var err error
		if orders[i], err = admin.ParseOrder(text); err != nil {
			return err
		}
	}
	for _, o := range orders {
		made, err := desk.Inject(ctx, o)
		if err != nil {
			return err
		}
		for _, f := range made {
			fmt.Fprintf(a.out, "%s is in effect\n", f.Name)
		}
	}
	return nil
}

func (a *app) clearFaults(ctx context.Context, desk admin.Client, names []string) error {
	if len(names) == 0 {
		names = []string{admin.All}
	}
	for _, name := range names {
		gone, err := desk.Clear(ctx, name)
		if err != nil {
			return err
		}
		if len(gone) == 0 {
			fmt.Fprintln(a.out, "no fault was in effect")
			continue
		}
		fmt.Fprintf(a.out, "cleared %s\n", strings.Join(gone, ", "))
	}
	return nil
}
