package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"brownout/reports"
)

// gatewayFile writes a target's file whose gateway is the bundled router, as a
// program of its own. Wrap is put around its command line where it is not "".
func gatewayFile(t *testing.T, wrap string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := fmt.Sprintf(`[%q, "router", "--config", "{{.Dir}}/router.toml", "--listen", "127.0.0.1:{{.Port}}"]`, self)
	if wrap != "" {
		command = fmt.Sprintf(`["sh", "-c", %q]`, fmt.Sprintf(wrap, self+" router --config {{.Dir}}/router.toml --listen 127.0.0.1:{{.Port}}"))
	}
	at := filepath.Join(t.TempDir(), "gateway.toml")
	text := `title = "The bundled router, as a program"
version = "7.7"
url = "http://127.0.0.1:{{.Port}}"
[process]
command = ` + command + `
env = { ` + asProgram + ` = "1" }
[process.ready]
path = "/healthz"
[[process.file]]
path = "router.toml"
text = '''
{{range .Providers}}
[[backend]]
name = {{json .Name}}
dialect = {{json .Dialect}}
base_url = {{json .URL}}
key = {{json .Key}}
class = {{json .Class}}
region = {{json .Region}}
models = {{json .Models}}
{{end}}'''
`
	if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return at
}

// reportOf reads a report that a program wrote in its directory.
func reportOf(t *testing.T, path string) reports.Report {
	t.Helper()
	var r reports.Report
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Any program can stand in the router's place: it is started, pointed at the
// links, measured and stopped, and passes what the router passes.
func TestGatewayOfOnesOwn(t *testing.T) {
	t.Parallel()
	file := gatewayFile(t, "")
	c := program(t, "run", abs(t, "testdata/short.toml"), "--headless", "--target", file, "--report", "json=report.json")
	r := finish(t, c)
	if r.code != exitPassed && r.code != exitInconclusive { // the latter on a busy machine
		t.Fatalf("exit code %d: %s%s", r.code, r.out, r.err)
	}
	got := reportOf(t, filepath.Join(c.Dir, "report.json"))
	if got.Run.Target != file || got.Run.Versions["target "+file] != "7.7" || len(got.Target.Findings) > 0 || got.Requests.OK == 0 {
		t.Errorf("run %+v, target %+v, requests %+v", got.Run, got.Target, got.Requests)
	}
	if runtime.GOOS == "linux" && (got.Target.MemoryMaxBytes == 0 || got.Target.ProcessesMax == 0) {
		t.Errorf("it was not measured: %+v", got.Target)
	}
	if text, err := os.ReadFile(filepath.Join(c.Dir, defaultOut, "latest", "target.log")); err != nil || !strings.Contains(string(text), "listening on") {
		t.Errorf("its output is not kept: %q, %v", text, err)
	}
}

// A gateway that dies under test fails the run, which says how it died.
func TestGatewayThatCrashes(t *testing.T) {
	t.Parallel()
	file := gatewayFile(t, "%s & sleep 2; kill -9 $!; echo out of memory; exit 9")
	c := program(t, "run", abs(t, "testdata/short.toml"), "--headless", "--no-journal", "--target", file, "--report", "json=report.json")
	r := finish(t, c)
	if r.code != exitFailed || !strings.Contains(r.out, "the target crashed: it ended while requests were sent: exit status 9") {
		t.Errorf("exit code %d: %s%s", r.code, r.out, r.err)
	}
	f := reportOf(t, filepath.Join(c.Dir, "report.json")).Target.Findings
	if len(f) != 1 || f[0].What != "crashed" || !strings.Contains(f[0].Detail, "out of memory") {
		t.Errorf("findings %+v", f)
	}
}

// Where a gateway does not start the environment is to blame, and what it said
// last is told without its keys.
func TestGatewayThatDoesNotStart(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := "http://" + l.Addr().String()
	l.Close()
	for name, c := range map[string]struct {
		target string
		want   []string
	}{
		"ends":    {gatewayFile(t, "%.0s echo no licence for key sk-brownout-openai; exit 5"), []string{"exit status 5", "no licence for key [redacted]"}},
		"not up":  {at, []string{"nobody answers at " + at}},
		"no tool": {abs(t, "testdata/absent.toml"), []string{"no-such-gateway"}},
	} {
		r := brownout(t, "run", abs(t, "testdata/short.toml"), "--headless", "--no-journal", "--target", c.target)
		for _, want := range c.want {
			if r.code != exitEnvironment || !strings.Contains(r.err, want) {
				t.Errorf("%s: exit code %d, stderr lacks %q:\n%s", name, r.code, want, r.err)
			}
		}
	}
}

func TestTargetsAreListedAndShown(t *testing.T) {
	t.Parallel()
	if r := brownout(t, "targets"); r.code != exitPassed || !strings.Contains(r.out, "portkey") || !strings.Contains(r.out, "ready") {
		t.Errorf("exit code %d: %s%s", r.code, r.out, r.err)
	}
	for name, want := range map[string]string{
		"portkey": `"custom_host":"http://127.0.0.1:18001/v1"`,
		"litellm": "litellm --config DIRECTORY/config.yaml --host 127.0.0.1 --port 8080",
		"direct":  `router = "direct"`,
	} {
		if r := brownout(t, "targets", "show", name); r.code != exitPassed || !strings.Contains(r.out, want) {
			t.Errorf("%s: exit code %d, output lacks %q:\n%s%s", name, r.code, want, r.out, r.err)
		}
	}
	// Each dialect has its own way into a gateway's configuration.
	for scenario, want := range map[string][]string{
		"everybody-asks-the-same": {`"provider":"google"`, `"custom_host":"http://127.0.0.1:18001",`},
		"fast-provider-helps":     {`"provider":"groq"`, `/openai/v1",`},
		"regional-partition":      {`"provider":"bedrock"`, `"aws_region":"us-east-1"`},
		"embeddings-under-outage": {`"provider":"mistral-ai"`},
	} {
		r := brownout(t, "targets", "show", "portkey", "--scenario", scenario)
		for _, w := range want {
			if r.code != exitPassed || !strings.Contains(r.out, w) {
				t.Errorf("portkey in %s: exit code %d, output lacks %q:\n%s%s", scenario, r.code, w, r.out, r.err)
			}
		}
	}
	if r := brownout(t, "targets", "show", "portkye"); r.code != exitUsage || !strings.Contains(r.err, `did you mean "portkey"?`) {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
}
