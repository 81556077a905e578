package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is set by the linker: by make build, for releases and for images.
var version string

// versionOf is what the linker was told, else what go install has written down
// from the repository or the module proxy.
func versionOf(linked string, info *debug.BuildInfo) string {
	switch {
	case linked != "":
		return linked
	case info != nil && info.Main.Version != "" && info.Main.Version != "(devel)":
		return info.Main.Version
	default:
		return "dev"
	}
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the versions of brownout and of the parts that shape its results",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			v := versions()
			for _, name := range []string{"brownout", "commit", "go", "toxiproxy", "vegeta"} {
				if v[name] != "" {
					fmt.Fprintf(a.out, "%-10s %s\n", name, v[name])
				}
			}
			return nil
		},
	}
}

// versions tells which parts a result was made with.
func versions() map[string]string {
	info, ok := debug.ReadBuildInfo()
	v := map[string]string{"brownout": versionOf(version, info), "go": runtime.Version()}
	if !ok {
		return v
	}
	parts := map[string]string{
		"github.com/Shopify/toxiproxy/v2": "toxiproxy",
		"github.com/tsenart/vegeta/v12":   "vegeta",
	}
	for _, d := range info.Deps {
		if name, ok := parts[d.Path]; ok {
			v[name] = d.Version
		}
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			v["commit"] = s.Value
		}
	}
	return v
}
