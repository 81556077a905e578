package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
)

func TestDoctor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := inside(t, "doctor", "--out", filepath.Join(dir, "not", "yet"))
	if r.code != exitPassed {
		t.Errorf("exit code %d:\n%s%s", r.code, r.out, r.err)
	}
	for _, want := range []string{"open files", "blocks between 20000 and 32000", "ephemeral ports", "none that could draw", "litellm", "brownout dev", "+-"} {
		if !strings.Contains(r.out, want) {
			t.Errorf("lacks %q:\n%s", want, r.out)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("it leaves %v (%v)", left, err)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r = inside(t, "doctor", "--json", "--out", filepath.Join(file, "runs"))
	var told struct {
		Versions map[string]string
		Findings []finding
	}
	if err := json.Unmarshal([]byte(r.out), &told); err != nil || r.code != exitEnvironment || told.Versions["go"] == "" {
		t.Errorf("exit code %d, %v:\n%s", r.code, err, r.out)
	}
	for _, f := range told.Findings {
		if bad := f.State == stateFail; bad != (f.Check == "runs") || bad && (f.Mend == "" || !strings.HasPrefix(f.Found, "nothing can be written in "+file)) {
			t.Errorf("%+v", f)
		}
	}
}

func TestDoctorJudgesTheLimitOfOpenFiles(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		limit uint64
		err   error
		state string
	}{
		{64, nil, stateFail},
		{fewestFiles, nil, stateWarn},
		{256, errors.New("no"), stateFail}, // it stays as it was
		{0, errors.New("no"), stateWarn},
		{enoughFiles, nil, stateOK},
	} {
		if f := openFiles(c.limit, c.err); f.State != c.state || f.Found == "" || (f.Mend != "") != (c.state != stateOK && c.limit > 0) {
			t.Errorf("%d, %v: %+v, want %s", c.limit, c.err, f, c.state)
		}
	}
}

func TestDoctorSeesPortsThatOverlap(t *testing.T) {
	t.Parallel()
	for text, state := range map[string]string{
		"32768\t60999\n": stateOK, "1024 65535": stateWarn, "10000 20000": stateWarn, "10000 19999": stateOK, "many": stateNote,
	} {
		file := filepath.Join(t.TempDir(), "range")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if f := ephemeralPorts(file); f.State != state || (state == stateWarn) != (f.Mend != "") {
			t.Errorf("%q: %+v, want %s", text, f, state)
		}
	}
	if f := ephemeralPorts(filepath.Join(t.TempDir(), "none")); f.State != stateNote {
		t.Errorf("%+v", f)
	}
}

func TestTheFirstLocaleThatIsSetDecides(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		env  map[string]string
		utf8 bool
	}{
		{map[string]string{"LC_ALL": "C", "LANG": "en_US.UTF-8"}, false},
		{map[string]string{"LC_CTYPE": "C.utf8", "LANG": "C"}, true},
		{map[string]string{"LANG": "de_DE.UTF-8"}, true},
		{nil, false},
	} {
		if got := utf8Locale(func(name string) string { return c.env[name] }); got != c.utf8 {
			t.Errorf("%v: %t", c.env, got)
		}
	}
}

// What the linker was told stands before what Go has written down.
func TestVersionOfEveryBuild(t *testing.T) {
	t.Parallel()
	built := func(v string) *debug.BuildInfo { return &debug.BuildInfo{Main: debug.Module{Version: v}} }
	for _, c := range []struct {
		linked string
		info   *debug.BuildInfo
		want   string
	}{
		{"v1.2.3", built("v0.0.1"), "v1.2.3"},
		{"", built("v0.0.0-20261125152701-7bd861d0c4f5"), "v0.0.0-20261125152701-7bd861d0c4f5"},
		{"", built("(devel)"), "dev"},
		{"", built(""), "dev"},
		{"", nil, "dev"},
	} {
		if got := versionOf(c.linked, c.info); got != c.want {
			t.Errorf("%q and %v: %q, want %q", c.linked, c.info, got, c.want)
		}
	}
}
