package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"brownout/harness/admin"
	"brownout/reports"
)

func (a *app) mocksStatusCommand() *cobra.Command {
	var addr string
	var asJSON bool
	c := &cobra.Command{
		Use:   "status",
		Short: "Show running mocks: addresses, calls, faults",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			desk, err := a.desk(addr)
			if err != nil {
				return err
			}
			s, err := desk.Status(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				out := json.NewEncoder(a.out)
				out.SetIndent("", "  ")
				return out.Encode(s)
			}
			a.printStatus(s)
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print everything there is to know as JSON")
	adminFlag(c, &addr)
	return c
}

func (a *app) printStatus(s admin.Status) {
	rows := make([][]string, len(s.Providers))
	for i, p := range s.Providers {
		rows[i] = []string{
			p.Name, p.URL, fmt.Sprint(p.Calls.Total), fmt.Sprint(p.Calls.OK), failures(p.Calls),
			fmt.Sprint(p.Busy), fmt.Sprint(p.Waiting), fmt.Sprintf("$%.4f", p.Calls.CostUSD),
		}
	}
	reports.Listing(a.out, []string{"provider", "address", "calls", "ok", "failed", "busy", "waiting", "billed"}, rows, a.style(false))
	if len(s.Faults) == 0 {
		fmt.Fprintln(a.out, "no fault is in effect")
		return
	}
	rows = make([][]string, len(s.Faults))
	for i, f := range s.Faults {
		rows[i] = []string{f.Name, time.Since(f.Since).Round(time.Second).String(), fmt.Sprintf("%g", f.Share), params(f)}
	}
	reports.Listing(a.out, []string{"fault", "for", "share", "parameters"}, rows, a.style(false))
}

// failures tells why calls failed, and how many left.
func failures(c admin.Calls) string {
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(c.Failed)) {
		parts = append(parts, fmt.Sprintf("%d %s", c.Failed[kind], kind))
	}
	if c.Aborted > 0 {
		parts = append(parts, fmt.Sprintf("%d aborted", c.Aborted))
	}
	return strings.Join(parts, ", ")
}

func params(f admin.Fault) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(f.Params)) {
		if v := fmt.Sprint(f.Params[name]); v != "" {
			parts = append(parts, name+"="+v)
		}
	}
	return strings.Join(parts, ", ")
}
