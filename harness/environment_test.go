package harness_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"brownout/harness"
	"brownout/harness/target"
	"brownout/plan"
)

func isEnvironment(err error) bool {
	var env *harness.EnvironmentError
	return errors.As(err, &env)
}

// linksOf are the addresses of the links that a target is given.
func linksOf(o target.Options) []string {
	var out []string
	for _, b := range o.Backends {
		out = append(out, strings.TrimPrefix(b.BaseURL, "http://"))
	}
	return out
}

// What the machine refuses is told as such, and nothing of the run is left.
func TestNowhereToWrite(t *testing.T) {
	t.Parallel()
	t.Run("the directory cannot be made", func(t *testing.T) {
		t.Parallel()
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := harness.Start(t.Context(), tiny(), harness.Options{OutDir: filepath.Join(file, "runs")})
		if !isEnvironment(err) || !strings.Contains(err.Error(), "--out") {
			t.Errorf("error %v", err)
		}
	})
	t.Run("the journal cannot be made", func(t *testing.T) {
		t.Parallel()
		root := t.TempDir()
		_, err := harness.Start(t.Context(), tiny(), harness.Options{OutDir: almostTooLong(t, root)})
		if !isEnvironment(err) || !strings.Contains(err.Error(), "--out") {
			t.Errorf("error %v", err)
		}
		if err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
			if err == nil && strings.Contains(d.Name(), "-tiny-") {
				t.Errorf("left behind: …%s", path[len(path)-40:])
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("vegeta's results cannot be made", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		_, err := harness.Start(t.Context(), tiny(), harness.Options{OutDir: dir, VegetaResults: filepath.Join(dir, "no", "such", "dir")})
		if !isEnvironment(err) || !strings.Contains(err.Error(), "--vegeta-results") {
			t.Errorf("error %v", err)
		}
		mustBeEmpty(t, dir)
	})
}

// almostTooLong is a directory in which a run's own directory can be made, and
// no file in that: its path would be longer than the system allows.
func almostTooLong(t *testing.T, root string) string {
	t.Helper()
	const pathMax = 4096 // with the terminating zero
	id := len("20060102-150405-tiny-0000")
	dir := root
	for room := pathMax - 2 - id - 2 - len(dir); room > 0; room = pathMax - 2 - id - 2 - len(dir) {
		dir += "/" + strings.Repeat("d", min(room, 200))
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Skipf("this system takes no such paths: %v", err)
	}
	return dir
}

func TestPortTaken(t *testing.T) {
	t.Parallel()
	for name, offset := range map[string]int{"the first": 0, "the last": 2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from := listenSomewhere(t, offset)
			dir := t.TempDir()
			_, err := harness.Start(t.Context(), tiny(), harness.Options{OutDir: dir, PortFrom: from})
			if !isEnvironment(err) || !strings.Contains(err.Error(), "port "+strconv.Itoa(from+offset)+" is taken") {
				t.Errorf("error %v", err)
			}
			mustBeEmpty(t, dir)
			for i := range offset {
				mustBeDown(t, []string{net.JoinHostPort("127.0.0.1", strconv.Itoa(from+i))})
			}
		})
	}
}

// listenSomewhere takes a port for the test's length, and returns the one that
// lies so far below it.
func listenSomewhere(t *testing.T, offset int) int {
	t.Helper()
	for from := ownPorts + slotSize*slotCount; from < ownPorts+slotSize*(slotCount+5); from += slotSize {
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(from+offset)))
		if err == nil {
			t.Cleanup(func() { l.Close() })
			return from
		}
	}
	t.Fatal("no free port")
	return 0
}

func TestTargetThatDoesNotStart(t *testing.T) {
	t.Parallel()
	t.Run("by its own fault", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		var links []string
		_, err := harness.Start(t.Context(), tiny(against("portal")), harness.Options{
			OutDir: dir,
			Target: func(_ context.Context, o target.Options) (*target.Target, error) {
				links = linksOf(o)
				return nil, errors.New("no such executable")
			},
		})
		if !isEnvironment(err) || !strings.Contains(err.Error(), "target portal did not start: no such executable") {
			t.Errorf("error %v", err)
		}
		mustBeEmpty(t, dir)
		mustBeDown(t, links)
	})
	t.Run("unknown", func(t *testing.T) {
		t.Parallel()
		_, err := harness.Start(t.Context(), tiny(against("portal")), harness.Options{})
		if err == nil || !strings.Contains(err.Error(), `unknown target "portal"`) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("unfit settings", func(t *testing.T) {
		t.Parallel()
		_, err := harness.Start(t.Context(), tiny(func(p *plan.Plan) { p.Router.Order = []string{"nobody"} }), harness.Options{})
		if err == nil || !strings.Contains(err.Error(), "nobody") {
			t.Errorf("error %v", err)
		}
	})
}
