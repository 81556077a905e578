//go:build unix

package target_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"brownout/harness/child"
	"brownout/harness/target"
	"brownout/plan"
)

// What Brownout starts is installed once, in a directory of its own for each
// version.
func TestInstall(t *testing.T) {
	spec := fake(t, "serves")
	spec.Install = &plan.TargetInstall{
		Needs: []string{"sh"}, Command: []string{"sh", "-c", "cat name >> made"},
		Files: []plan.TargetFile{{Path: "name", Text: "first"}},
	}
	cache := t.TempDir()
	if err := target.Installed(spec, cache); err == nil {
		t.Error("it is installed before it was")
	}
	var said []string
	for range 2 {
		home, err := target.Install(t.Context(), spec, cache, func(s string) { said = append(said, s) })
		if err != nil {
			t.Fatal(err)
		}
		if made, err := os.ReadFile(filepath.Join(home, "made")); err != nil || string(made) != "first" {
			t.Errorf("it made %q, %v", made, err)
		}
	}
	if len(said) != 1 {
		t.Errorf("said %q", said)
	}
	before, _ := target.Home(spec, cache)
	spec.Install.Files[0].Text = "second"
	if after, _ := target.Home(spec, cache); after == before {
		t.Error("another text is installed in the same place")
	}
	spec.Install.Command = []string{"sh", "-c", "printf 'no %s' disk; exit 3"}
	if _, err := target.Install(t.Context(), spec, cache, nil); err == nil || !strings.Contains(err.Error(), "no disk") {
		t.Errorf("error %v", err)
	}
	nothingHalf(t, cache)
}

// nothingHalf sees that no installation is left on its way.
func nothingHalf(t *testing.T, cache string) {
	t.Helper()
	if left, _ := filepath.Glob(filepath.Join(cache, "*.new-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// installed is a target whose installation is a shell's.
func installed(t *testing.T, script string) plan.Target {
	t.Helper()
	spec := fake(t, "serves")
	spec.Install = &plan.TargetInstall{Command: []string{"sh", "-c", script}}
	return spec
}

// An installation that fails halfway leaves nothing, says why, and is done from
// its beginning when it is asked for again; a directory that another left half
// done, or that somebody took apart, is in nobody's way.
func TestInstallAgain(t *testing.T) {
	cache, mend := t.TempDir(), filepath.Join(t.TempDir(), "mended")
	spec := installed(t, `test ! -e half && echo x >half && test -e `+mend+` || { echo it broke; exit 3; }`)
	home, err := target.Home(spec, cache)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(home+".new-77", "half"), 0o755); err != nil { // of one that was killed
		t.Fatal(err)
	}
	_, err = target.Install(t.Context(), spec, cache, nil)
	for _, want := range []string{home, "exit code 3", "it broke"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one about %q", err, want)
		}
	}
	nothingHalf(t, cache)
	if _, err := os.Stat(home); !os.IsNotExist(err) {
		t.Errorf("half of it stands in its place: %v", err)
	}
	if err := os.WriteFile(mend, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, broken := range []string{"", "installed", ".installed"} {
		if broken != "" {
			if err := os.RemoveAll(filepath.Join(home, broken)); err != nil {
				t.Fatal(err)
			}
		}
		if at, err := target.Install(t.Context(), spec, cache, nil); err != nil || at != home || target.Installed(spec, cache) != nil {
			t.Errorf("without %q: installed in %s, %v", broken, at, err)
		}
		nothingHalf(t, cache)
	}
}

// Two that install one target at a time both have it, whole.
func TestInstallTwiceAtOnce(t *testing.T) {
	var both sync.WaitGroup
	both.Add(2)
	meet := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		both.Done()
		both.Wait()
		_, _ = w.Write([]byte("both"))
	}))
	defer meet.Close()
	cache := t.TempDir()
	spec := fake(t, "refuses") // and so does nothing more
	t.Setenv(envMode, "refuses")
	t.Setenv(envCall, meet.URL)
	t.Setenv(envExpect, "both")
	spec.Install = &plan.TargetInstall{Command: []string{"sh", "-c", spec.Process.Command[0] + "; echo whole >made"}}
	var wg sync.WaitGroup
	var found [2]os.FileInfo
	for i := range found {
		wg.Go(func() {
			home, err := target.Install(t.Context(), spec, cache, nil)
			if err == nil {
				found[i], err = os.Stat(home)
			}
			if err != nil {
				t.Error(err)
				return
			}
			if made, err := os.ReadFile(filepath.Join(home, "made")); err != nil || string(made) != "whole\n" {
				t.Errorf("it made %q, %v", made, err)
			}
		})
	}
	wg.Wait()
	if !t.Failed() && !os.SameFile(found[0], found[1]) {
		t.Error("the slower one took away what the faster one had")
	}
	nothingHalf(t, cache)
}

// An installation that is interrupted ends with all that it started.
func TestInstallInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cache := t.TempDir()
	var at []string
	called := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		at, _ = filepath.Glob(filepath.Join(cache, "*.new-*"))
		cancel()
	}))
	defer called.Close()
	spec := fake(t, "leaves")
	t.Setenv(envMode, "leaves")
	t.Setenv(envCall, called.URL)
	t.Setenv(envAddr, "127.0.0.1:0")
	spec.Install = &plan.TargetInstall{Command: spec.Process.Command}
	if _, err := target.Install(ctx, spec, cache, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	nothingHalf(t, cache)
	if len(at) != 1 {
		t.Fatalf("it was installed in %q", at)
	}
	if left := child.Members(0, "BROWNOUT_INSTALL="+filepath.Base(at[0])); len(left) > 0 {
		t.Errorf("processes %v are left", left)
	}
}

// Where there is no room, or no way to write, that is what is said.
func TestInstallNowhere(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err == nil {
		cache := t.TempDir()
		_, err := target.Install(t.Context(), installed(t, "head -c 9 /dev/zero >/dev/full"), cache, nil)
		if err == nil || !strings.Contains(strings.ToLower(err.Error()), "no space left on device") {
			t.Errorf("error %v", err)
		}
		nothingHalf(t, cache)
	}
	taken := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(taken, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := target.Install(t.Context(), installed(t, "true"), taken, nil); err == nil || !strings.Contains(err.Error(), "cannot install it into "+taken) {
		t.Errorf("error %v", err)
	}
}
