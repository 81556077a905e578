package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"brownout/harness"
	"brownout/harness/chaos"
	"brownout/mocks/presets"
	"brownout/reports"
	"brownout/scenarios"
)

// initFlags are the flags of init, and the answers to its questions.
type initFlags struct {
	title             string
	providers, faults []string
	rate              float64
	duration          time.Duration
	out               string
	force             bool
}

func (a *app) initCommand() *cobra.Command {
	var f initFlags
	c := &cobra.Command{
		Use:   "init",
		Short: "Write a scenario to begin with",
		Long: `Init writes a commented scenario from flags, or, on a terminal and without any,
from the answers to a few questions. What it writes is valid and can be run as it
is. An existing file is kept, unless --force says otherwise.`,
		Example: `  brownout init
  brownout init --provider openai,anthropic --fault outage --out lunch.toml
  brownout init --provider gemini --provider vllm --fault rate_limit --rate 50 --duration 60s --out -`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().NFlag() == 0 && a.interactive() {
				if err := a.ask(&f); err != nil {
					return err
				}
			}
			return a.init(f, cmd.Flags().Changed("duration"))
		},
	}
	fl := c.Flags()
	fl.StringVar(&f.title, "title", "", "one line for people (default: made from the faults)")
	fl.StringSliceVar(&f.providers, "provider", []string{"openai", "anthropic"}, "presets of providers, the first choice first (repeatable or comma-separated)")
	fl.StringSliceVar(&f.faults, "fault", []string{"outage"}, "kinds of faults, which come one after the other (repeatable or comma-separated)")
	fl.Float64Var(&f.rate, "rate", 20, "requests per second")
	fl.DurationVar(&f.duration, "duration", 45*time.Second, "how long requests are sent; longer by itself where there are many faults")
	fl.StringVar(&f.out, "out", "scenario.toml", "file to write; - is standard output")
	fl.BoolVar(&f.force, "force", false, "replace a file that exists")
	must(c.RegisterFlagCompletionFunc("provider", several(presets.Names)))
	must(c.RegisterFlagCompletionFunc("fault", several(chaos.KindNames)))
	return c
}

func (a *app) init(f initFlags, timed bool) error {
	if least := scenarios.Least(len(f.faults)); !timed && f.duration < least {
		f.duration = least
	}
	text, err := scenarios.Skeleton{
		Title: f.title, Providers: f.providers, Faults: f.faults, Rate: f.rate, Duration: f.duration,
		Schema: "./brownout.schema.json",
	}.Text()
	if err != nil {
		return err
	}
	if f.out == "-" {
		_, err := a.out.Write(text)
		return err
	}
	if _, err := os.Lstat(f.out); err == nil && !f.force {
		return fmt.Errorf("%s exists; name another file with --out, or replace it with --force", f.out)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return &harness.EnvironmentError{Err: err}
	}
	err = reports.Replace(f.out, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
	if err != nil {
		return &harness.EnvironmentError{Err: fmt.Errorf("cannot write %s: %w", f.out, err)}
	}
	fmt.Fprintf(a.out, "wrote %s\n\n  brownout plan %s       shows what it does\n  brownout validate %s   checks it after a change\n  brownout run %s        runs it\n", f.out, f.out, f.out, f.out)
	return nil
}

// ask asks a person for what the flags would say; an empty answer takes what is
// offered.
func (a *app) ask(f *initFlags) error {
	in := bufio.NewScanner(a.in)
	question := func(text, offered string, take func(string) error) error {
		for {
			fmt.Fprintf(a.out, "%s [%s]: ", text, offered)
			if !in.Scan() {
				fmt.Fprintln(a.out)
				if err := in.Err(); err != nil {
					return err
				}
				return harness.ErrInterrupted
			}
			answer := strings.TrimSpace(in.Text())
			if answer == "" {
				return nil
			}
			err := take(answer)
			if err == nil {
				return nil
			}
			fmt.Fprintf(a.out, "  %v\n", err)
		}
	}
	words := func(into *[]string, what string, known []string) func(string) error {
		return func(answer string) error {
			list := strings.FieldsFunc(answer, func(r rune) bool { return r == ',' || r == ' ' })
			for _, word := range list {
				if !has(known, word) {
					return fmt.Errorf("unknown %s %q; %s", what, word, chaos.Suggest(word, known))
				}
			}
			*into = list
			return nil
		}
	}
	return firstError(
		func() error {
			return question("Providers, the first choice first", strings.Join(f.providers, ", "), words(&f.providers, "provider", presets.Names()))
		},
		func() error {
			return question("What goes wrong", strings.Join(f.faults, ", "), words(&f.faults, "fault kind", chaos.KindNames()))
		},
		func() error {
			return question("Requests per second", strconv.FormatFloat(f.rate, 'f', -1, 64), func(answer string) (err error) {
				v, err := strconv.ParseFloat(answer, 64)
				if err != nil || !(v > 0) {
					return errors.New("give a number above 0")
				}
				f.rate = v
				return nil
			})
		},
		func() error {
			f.duration = max(f.duration, scenarios.Least(len(f.faults)))
			return question("Duration", f.duration.String(), func(answer string) error {
				v, err := time.ParseDuration(answer)
				if least := scenarios.Least(len(f.faults)); err != nil || v < least {
					return fmt.Errorf("give a duration with a unit, at least %s for these faults", least)
				}
				f.duration = v
				return nil
			})
		},
		func() error {
			return question("File", f.out, func(answer string) error { f.out = answer; return nil })
		},
	)
}

// firstError does one thing after the other until one fails.
func firstError(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}
