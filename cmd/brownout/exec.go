package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"brownout/harness"
	"brownout/harness/admin"
	"brownout/harness/chaos"
	"brownout/harness/child"
	"brownout/harness/conduct"
	"brownout/plan"
	"brownout/reports"
	"brownout/scenarios"
)

// execOut is where the journals of exec are kept.
const execOut = ".brownout/exec"

// execFlags are the flags of exec.
type execFlags struct {
	runFlags
	from       time.Duration
	throughout bool
	private    []string
	mostCalls  float64
	grace      time.Duration
}

func (a *app) execCommand() *cobra.Command {
	var f execFlags
	c := &cobra.Command{
		Use:   "exec SCENARIO -- COMMAND...",
		Short: "Run a program of your own under a scenario's faults, and judge how it treats the providers",
		Long: `Exec brings up the scenario's providers and links, sets the environment
variables by which the providers' own SDKs find them, and runs the command: a
test suite, an agent. The scenario's faults take their course from the moment
it starts; its load is not sent. When the command has ended, what the providers
saw is judged: how often it asked again, whether it waited as it was told, which
streams it walked away from, and who was shown a private prompt.

The command's requests are told apart by the text of the last user message: a
call that repeats one which was not answered is a retry.

Exit codes: that of the command where it is not 0 (128 and the number of the
signal that ended it); else 0 where its conduct passed, 1 where it failed (it
hammered a provider, exceeded --max-calls, or showed what is private), and 3
where no fault met any of its calls. 4 where the command could not be started,
130 where brownout was interrupted. Signals are passed on to the command.`,
		Example: `  brownout exec provider-outage --throughout -- pytest tests/
  brownout exec rate-limit-storm --from 8s -- npm test
  brownout exec hybrid-routing --private "Jane Doe" --report md=conduct.md -- ./agent`,
		Args:              execArgs,
		ValidArgsFunction: completeScenarios,
		RunE: func(cmd *cobra.Command, args []string) error {
			f.seeded = cmd.Flags().Changed("seed")
			return a.exec(cmd.Context(), args[0], args[1:], f)
		},
	}
	fl := c.Flags()
	fl.Uint64Var(&f.seed, "seed", 0, "key of every random decision (default: the scenario's, else 1)")
	fl.StringArrayVar(&f.set, "set", nil, "override a value of the scenario: key=value, by dotted path (repeatable)")
	fl.DurationVar(&f.from, "from", 0, "begin the scenario's timeline so late in it")
	fl.BoolVar(&f.throughout, "throughout", false, "have every fault from the command's start to its end, whatever its times")
	fl.StringArrayVar(&f.private, "private", nil, "a text that makes a prompt private: it may reach only the classes and regions of the scenario's sensitive requests, or else own machines (repeatable)")
	fl.Float64Var(&f.mostCalls, "max-calls", 0, "most calls per request, on average (default: any number)")
	fl.DurationVar(&f.grace, "grace", 10*time.Second, "how long the command may take to end when it is told to")
	fl.StringSliceVar(&f.report, "report", nil, "write a report: FORMAT=PATH; formats: "+strings.Join(reports.ConductFormats(), ", "))
	fl.StringVar(&f.out, "out", execOut, "directory in which journals are kept")
	fl.BoolVar(&f.noJournal, "no-journal", false, "keep nothing on disk")
	fl.IntVar(&f.portFrom, "port-from", 0, "first port of the links, exactly (default: free ones are found)")
	fl.StringVar(&f.toxiproxy, "toxiproxy", "", "URL of a toxiproxy server that you run on this machine (default: one is started)")
	fl.BoolVar(&f.ascii, "ascii", false, "draw with ASCII characters only")
	must(c.RegisterFlagCompletionFunc("set", completeSettings))
	must(c.RegisterFlagCompletionFunc("report", outputs(reports.ConductFormats())))
	return c
}

// execArgs wants a scenario, two dashes and a command.
func execArgs(cmd *cobra.Command, args []string) error {
	if cmd.ArgsLenAtDash() != 1 || len(args) < 2 {
		return errors.New("want one scenario, two dashes and a command: brownout exec provider-outage -- pytest tests/")
	}
	return nil
}

func (a *app) exec(ctx context.Context, scenario string, command []string, f execFlags) error {
	outputs, err := outputsIn(f.report, reports.ConductFormats())
	if err != nil {
		return err
	}
	if err := chaos.CheckToxiproxy(f.toxiproxy); err != nil {
		return fmt.Errorf("--toxiproxy: %w", err)
	}
	if f.from > 0 && f.throughout {
		return errors.New("--from and --throughout contradict each other: give one of them")
	}
	for _, text := range f.private {
		if text == "" {
			return errors.New("--private is empty, which every prompt holds; give a text")
		}
	}
	sc, err := scenarios.Open(scenario)
	if err != nil {
		return err
	}
	r, err := resolveEntry(scenarios.Entry{Scenario: sc}, f.runFlags, 0)
	if err != nil {
		return err
	}
	if _, err := exec.LookPath(command[0]); err != nil {
		return &harness.EnvironmentError{Err: fmt.Errorf("cannot start %s: %w", command[0], err)}
	}
	f.shift(r.Plan)
	board := &conduct.Board{MostCalls: f.mostCalls}
	o := harness.AccompanyOptions{
		PortFrom: f.portFrom, Toxiproxy: f.toxiproxy, Versions: versions(),
		Private: f.private, Reach: sensitive(r.Plan), Keys: keysFor(r.Plan), Tap: board.Fold,
	}
	if !f.noJournal {
		o.OutDir = f.out
	}
	e := &reports.Execution{Command: command}
	dir, err := harness.Accompany(ctx, r.Plan, o, func(ctx context.Context, urls map[string]string) error {
		end, err := a.runProgram(ctx, command, environment(providersAt(r.Plan, urls), defaultKey), f.grace)
		e.ExitCode, e.Left = end.Code, end.Left
		return err
	})
	if err != nil {
		return err
	}
	e.Report = board.Report()
	return a.tellConduct(ctx, e, dir, outputs, f.ascii)
}

// shift moves a plan's faults to where the flags want them.
func (f execFlags) shift(p *plan.Plan) {
	var kept []plan.Fault
	for _, v := range p.Faults {
		switch {
		case f.throughout:
			v.At, v.For, v.Ramp, v.When = 0, maxExec, 0, nil
		case v.When != nil: // it waits for its moment as ever
		case v.Clear() <= f.from:
			continue // over by then
		default:
			gone := max(0, f.from-v.At)
			v.At, v.For = max(0, v.At-f.from), v.For-gone
			v.Ramp = max(0, v.Ramp-gone)
		}
		kept = append(kept, v)
	}
	p.Faults = kept
	p.Load.Duration = max(p.Load.Duration-f.from, time.Millisecond)
}

// maxExec is longer than any command is waited for.
const maxExec = 30 * 24 * time.Hour

// sensitive is whom private prompts may reach: those that the scenario's
// sensitive requests may, or else own machines.
func sensitive(p *plan.Plan) plan.Mix {
	if m, ok := p.MixOf(plan.KindSensitive); ok {
		return m
	}
	return plan.DefaultMix[plan.KindSensitive]
}

// keysFor are the keys that every provider accepts: ours where one insists on
// its own, else any.
func keysFor(p *plan.Plan) []string {
	for _, v := range p.Providers {
		if v.Key != "" {
			return []string{defaultKey}
		}
	}
	return nil
}

// providersAt are a plan's providers as a desk would tell of them.
func providersAt(p *plan.Plan, urls map[string]string) []admin.Provider {
	var out []admin.Provider
	for _, v := range p.Providers {
		out = append(out, admin.Provider{Name: v.Name, Dialect: v.Dialect, URL: urls[v.Name]})
	}
	return out
}

// runProgram runs the command to its end, with its own input and output.
func (a *app) runProgram(ctx context.Context, command []string, env []envVar, grace time.Duration) (child.End, error) {
	c := exec.Command(command[0], command[1:]...)
	c.Stdin, c.Stdout, c.Stderr = a.in, a.out, a.err
	c.Env = os.Environ()
	for _, v := range append(env, pastProxies(a.env)...) {
		c.Env = append(c.Env, v.Name+"="+v.Value)
	}
	// Signals are the command's, as they come. The end of ctx, which is such a
	// signal, would tell it twice.
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGHUP, syscall.SIGQUIT, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	if ctx.Err() != nil { // the signal came before
		return child.End{}, harness.ErrInterrupted
	}
	p := child.Program{
		Cmd: c, Tag: fmt.Sprintf("BROWNOUT_EXEC=%d-%d", os.Getpid(), time.Now().UnixNano()), Grace: grace,
		Foreground: isTerminal(a.in), // which a group in the background may not read
	}
	end, err := p.Run(context.WithoutCancel(ctx), signals)
	if err != nil {
		return end, &harness.EnvironmentError{Err: fmt.Errorf("cannot start %s: %w", command[0], err)}
	}
	return end, nil
}

// pastProxies are the variables by which clients that are told of a proxy ask
// providers on this machine without it.
func pastProxies(env func(string) string) []envVar {
	var out []envVar
	for _, name := range []string{"NO_PROXY", "no_proxy"} {
		list := "127.0.0.1,localhost"
		if v := env(name); v != "" {
			list = v + "," + list
		}
		out = append(out, envVar{name, list})
	}
	return out
}

// tellConduct prints and writes the report, and makes an exit code of it.
func (a *app) tellConduct(ctx context.Context, e *reports.Execution, dir string, outputs []matrixOutput, ascii bool) error {
	// The command's output stays its own.
	reports.Conduct(a.err, e, a.style(ascii))
	if dir != "" {
		fmt.Fprintf(a.err, "journal  %s\n", dir)
		outputs = append(outputs, matrixOutput{"json", filepath.Join(dir, "conduct.json")})
	}
	for _, out := range outputs {
		write := func(w io.Writer) error { return reports.WriteConduct(w, out.format, e) }
		if err := reports.Replace(out.path, write); err != nil {
			return &harness.EnvironmentError{Err: fmt.Errorf("--report %s=%s: %w", out.format, out.path, err)}
		}
	}
	switch {
	case ctx.Err() != nil:
		return harness.ErrInterrupted
	case e.ExitCode != 0:
		return &exitError{code: e.ExitCode}
	case e.Verdict == conduct.Fail:
		return &exitError{code: exitFailed}
	case e.Verdict == conduct.Inconclusive:
		return &exitError{code: exitInconclusive}
	}
	return nil
}
