package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"brownout/harness"
	"brownout/harness/chaos"
	"brownout/reports"
	"brownout/scenarios"
)

// finding is what doctor says of one thing that runs need.
type finding struct {
	Check string `json:"check"`
	State string `json:"state"` // ok, note, warn or fail
	Found string `json:"found"`
	Mend  string `json:"mend,omitempty"`
}

// States of a finding. A note is of something that only some commands need.
const (
	stateOK   = "ok"
	stateNote = "note"
	stateWarn = "warn"
	stateFail = "fail"
)

// Limits of open files. A request in flight holds about four (client, target
// and both sides of a link). Below the first even the flagship scenario cannot
// open and close its links; below the second a run at the highest rates would be
// cut off, since plan.DefaultWorkers may be in flight.
const (
	fewestFiles = 512
	enoughFiles = 16_384
)

func (a *app) doctorCommand() *cobra.Command {
	var out string
	var asJSON bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Look whether this machine has what runs need",
		Long: `Doctor looks at the limit of open files, the ports of the links, the directory of
the runs, the terminal and the programs that some targets need, and says how to
mend what is missing. It ends with exit code 4 where a run could not work, and with
0 otherwise: what is only a warning or a note hinders some runs, or none.`,
		Example: `  brownout doctor
  brownout doctor --json`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			programs, err := targetPrograms()
			if err != nil {
				return err
			}
			limit, err := harness.OpenFiles()
			found := []finding{openFiles(limit, err), linkPorts(), ephemeralPorts("/proc/sys/net/ipv4/ip_local_port_range"), runsDirectory(out), a.terminal()}
			return a.tell(append(found, programs...), asJSON)
		},
	}
	c.Flags().StringVar(&out, "out", defaultOut, "directory in which runs are kept")
	c.Flags().BoolVar(&asJSON, "json", false, "print the findings as JSON")
	return c
}

// tell prints findings; its error has the exit code.
func (a *app) tell(found []finding, asJSON bool) error {
	failed := false
	var rows [][]string
	for _, f := range found {
		failed = failed || f.State == stateFail
		rows = append(rows, []string{f.State, f.Check, f.Found, f.Mend})
	}
	if asJSON {
		e := json.NewEncoder(a.out)
		e.SetIndent("", "  ")
		if err := e.Encode(map[string]any{"versions": versions(), "findings": found}); err != nil {
			return err
		}
	} else {
		v := versions()
		fmt.Fprintf(a.out, "brownout %s, %s, toxiproxy %s, vegeta %s\n", v["brownout"], v["go"], v["toxiproxy"], v["vegeta"])
		reports.Listing(a.out, []string{"state", "check", "found", "how to mend it"}, rows, a.style(!utf8Locale(a.env)))
	}
	if failed {
		return &exitError{code: exitEnvironment}
	}
	return nil
}

// openFiles judges the limit that harness.OpenFiles told.
func openFiles(limit uint64, err error) finding {
	f := finding{Check: "open files", State: stateOK, Found: fmt.Sprintf("at most %d", limit)}
	switch {
	case err != nil && limit == 0:
		f.State, f.Found = stateWarn, err.Error()
	case limit < fewestFiles:
		f.State, f.Mend = stateFail, fmt.Sprintf("ulimit -n %d; below %d links cannot be opened and closed", enoughFiles, fewestFiles)
	case limit < enoughFiles:
		f.State, f.Mend = stateWarn, fmt.Sprintf("ulimit -n %d; below it high rates saturate", enoughFiles)
	}
	return f
}

// linkPorts counts the blocks of ports that links could have now.
func linkPorts() finding {
	f := finding{Check: "ports of links", State: stateOK}
	free, all := 0, 0
	var last error
	for from := chaos.FirstPort; from+chaos.BlockSize <= chaos.LastPort; from += chaos.BlockSize {
		all++
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(from)))
		if err != nil {
			last = err
			continue
		}
		free++
		_ = l.Close() // nobody had time to connect
	}
	f.Found = fmt.Sprintf("%d of %d blocks between %d and %d are free", free, all, chaos.FirstPort, chaos.LastPort)
	if free == 0 {
		f.State, f.Mend = stateFail, fmt.Sprintf("end what listens there, or name another first port with --port-from (%v)", last)
	}
	return f
}

// ephemeralPorts looks whether the kernel gives ports of links to outgoing
// connections. The file is Linux's; elsewhere there is nothing to see.
func ephemeralPorts(file string) finding {
	f := finding{Check: "ephemeral ports", State: stateOK}
	b, err := os.ReadFile(file)
	var from, to int
	if err == nil {
		_, err = fmt.Sscan(string(b), &from, &to)
	}
	if err != nil {
		f.State, f.Found = stateNote, "this system does not tell its range"
		return f
	}
	f.Found = fmt.Sprintf("%d to %d", from, to)
	if from <= chaos.LastPort && to >= chaos.FirstPort {
		f.State = stateWarn
		f.Mend = fmt.Sprintf("sysctl net.ipv4.ip_local_port_range=%q: a link that is switched off could lose its port to an outgoing connection", fmt.Sprintf("%d %d", chaos.LastPort+768, max(to, 60999)))
	}
	return f
}

// runsDirectory looks whether a run could be kept.
func runsDirectory(out string) finding {
	f := finding{Check: "runs", State: stateOK, Found: out}
	there := out // the nearest that exists
	for {
		if _, err := os.Stat(there); !errors.Is(err, os.ErrNotExist) || filepath.Dir(there) == there {
			break
		}
		there = filepath.Dir(there)
	}
	file, err := os.CreateTemp(there, ".brownout-doctor-")
	if err != nil {
		var path *fs.PathError
		if errors.As(err, &path) {
			err = path.Err // its name is that of a file which only doctor knows
		}
		if whole, err := filepath.Abs(there); err == nil {
			there = whole
		}
		f.State, f.Found = stateFail, fmt.Sprintf("nothing can be written in %s: %v", there, err)
		f.Mend = "name another directory with --out, or keep nothing with --no-journal"
		return f
	}
	_ = errors.Join(file.Close(), os.Remove(file.Name())) // it was only to see
	return f
}

func (a *app) terminal() finding {
	f := finding{Check: "terminal", State: stateOK}
	name := a.env("TERM")
	switch {
	case !a.interactive():
		f.State, f.Found, f.Mend = stateNote, "none that could draw", "runs print a line a second here, as with --headless"
	case !utf8Locale(a.env):
		f.State, f.Found, f.Mend = stateWarn, name+", and no locale with UTF-8", "set LC_ALL=C.UTF-8, or draw with --ascii"
	default:
		f.Found = fmt.Sprintf("%s, %d columns", name, a.width())
	}
	return f
}

// utf8Locale tells whether the locale in force draws more than ASCII: the first
// of the three that is set decides (POSIX, Environment Variables, section 8.2).
func utf8Locale(env func(string) string) bool {
	locale := strings.ToLower(cmp.Or(env("LC_ALL"), env("LC_CTYPE"), env("LANG")))
	return strings.Contains(locale, "utf-8") || strings.Contains(locale, "utf8")
}

// targetPrograms looks for the programs that built-in targets need.
func targetPrograms() ([]finding, error) {
	users := map[string][]string{}
	for _, name := range scenarios.Targets() {
		t, err := openTarget(name)
		if err != nil {
			return nil, err
		}
		if t.Install == nil {
			continue
		}
		for _, program := range t.Install.Needs {
			users[program] = append(users[program], name)
		}
	}
	var out []finding
	for _, program := range slices.Sorted(maps.Keys(users)) {
		f := finding{Check: program, State: stateOK}
		path, err := exec.LookPath(program)
		if f.Found = path; err != nil {
			f.State, f.Found = stateNote, "not here"
			f.Mend = "only for --target " + strings.Join(users[program], ", ") + "; brownout targets says how to get it"
		}
		out = append(out, f)
	}
	return out, nil
}
