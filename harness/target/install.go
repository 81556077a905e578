package target

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"brownout/harness/child"
	"brownout/harness/redact"
	"brownout/plan"
)

// DefaultCache is the directory below which targets are installed.
const DefaultCache = ".brownout/targets"

// installTime bounds an installation.
const installTime = 10 * time.Minute

// installedMark is the file that says that an installation came to its end.
const installedMark = ".installed"

// Home is the directory in which a target is, or will be, installed: another
// one for each version and each change of what is installed. "": nothing needs
// to be installed there.
func Home(t plan.Target, cache string) (string, error) {
	if t.Install == nil || len(t.Install.Command) == 0 {
		return "", nil
	}
	if cache == "" {
		cache = DefaultCache
	}
	h := sha256.New()
	fmt.Fprintf(h, "%q", t.Install.Command)
	for _, f := range t.Install.Files {
		fmt.Fprintf(h, "%q%q", f.Path, f.Text)
	}
	name := strings.TrimSuffix(filepath.Base(t.Name), ".toml")
	if t.Version != "" {
		name += "-" + t.Version
	}
	return filepath.Abs(filepath.Join(cache, fmt.Sprintf("%s-%x", name, h.Sum(nil)[:4])))
}

// Installed tells whether what a target needs is there, and if not, what is
// missing.
func Installed(t plan.Target, cache string) error {
	if t.Install == nil {
		return nil
	}
	for _, program := range t.Install.Needs {
		if _, err := exec.LookPath(program); err != nil {
			hint := t.Install.Hint
			if hint == "" {
				hint = "install it first"
			}
			return fmt.Errorf("it needs the program %s, which is not on the PATH; %s", program, hint)
		}
	}
	home, err := Home(t, cache)
	if err != nil || home == "" {
		return err
	}
	if !whole(home) {
		return fmt.Errorf("%w in %s; brownout targets install %s does that, and so does its first run", errNotInstalled, home, t.Name)
	}
	return nil
}

// errNotInstalled is what Installed says of a target that Install can mend.
var errNotInstalled = errors.New("it is not yet installed")

// Install brings what a target needs into its directory, unless it is there
// already, and returns that directory. Say is told what takes a while; it may
// be nil.
func Install(ctx context.Context, t plan.Target, cache string, say func(string)) (string, error) {
	home, err := Home(t, cache)
	if err != nil {
		return "", err
	}
	if err := Installed(t, cache); err == nil || !errors.Is(err, errNotInstalled) {
		return home, err
	}
	if say != nil {
		say(fmt.Sprintf("installing target %s into %s: %s", t.Name, home, strings.Join(t.Install.Command, " ")))
	}
	if err := install(ctx, t, home); err != nil {
		return "", fmt.Errorf("cannot install it into %s: %w", home, err)
	}
	return home, nil
}

// install installs a target beside its place and then puts it there at once, so
// that nobody finds half of it, and two at a time do not meet.
func install(ctx context.Context, t plan.Target, home string) error {
	if err := os.MkdirAll(filepath.Dir(home), 0o755); err != nil {
		return err
	}
	prefix := filepath.Base(home) + ".new-"
	abandoned(filepath.Dir(home), prefix)
	dir, err := makeDirectory(filepath.Dir(home), prefix)
	if err != nil {
		return err
	}
	defer func() { _ = dir.remove() }() // where all went well it is in its place
	if err := writeFiles(dir.path, t.Install.Files); err != nil {
		return err
	}
	if err := runIn(ctx, dir.path, t.Install.Command); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir.path, installedMark), nil, 0o644); err != nil {
		return err
	}
	if err = os.Rename(dir.path, home); err == nil || whole(home) { // somebody else was faster
		return nil
	}
	// Somebody took half of it away, or put something else there.
	if err := os.RemoveAll(home); err != nil {
		return err
	}
	return os.Rename(dir.path, home)
}

// whole tells whether an installation came to its end.
func whole(home string) bool {
	_, err := os.Stat(filepath.Join(home, installedMark))
	return err == nil
}

// stopTime is how long the command of an installation may take to end when it
// is told to.
const stopTime = 2 * time.Second

// runIn runs the command of an installation, and ends all that it started. Its
// output is told where it fails.
func runIn(ctx context.Context, dir string, command []string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, installTime, fmt.Errorf("it took longer than %s", installTime))
	defer cancel()
	said := newOutput(nil, nil, io.Discard)
	c := exec.Command(command[0], command[1:]...)
	c.Dir, c.Stdout, c.Stderr = dir, said, said
	p := child.Program{Cmd: c, Tag: "BROWNOUT_INSTALL=" + filepath.Base(dir), Grace: stopTime}
	end, err := p.Run(ctx, nil)
	said.end()
	switch {
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case err == nil && end.Code == 0:
		return nil
	case err == nil:
		err = fmt.Errorf("exit code %d", end.Code)
	}
	return fmt.Errorf("%q: %w%s", strings.Join(command, " "), err, said.tail())
}

// writeFiles writes texts below a directory.
func writeFiles(dir string, files []plan.TargetFile) error {
	for _, f := range files {
		at := filepath.Join(dir, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			return err
		}
		// Keys may stand in it, though none that opens anything real.
		if err := os.WriteFile(at, []byte(f.Text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// maxLine bounds what is kept of a line of output, in bytes.
const maxLine = 300

// cleaned makes a line of output fit to be shown.
func cleaned(line string, secrets []string) string {
	return redact.Line(escapes.ReplaceAllString(line, ""), maxLine, secrets...)
}
