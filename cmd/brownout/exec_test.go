package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"brownout/harness/admin"
	"brownout/plan"
	"brownout/reports"
)

// asClient makes the test binary a program that asks a provider by the
// variables that it finds, as an application does.
const asClient = "BROWNOUT_TEST_AS_CLIENT"

// client asks so many questions, each again at once until it is answered or
// its tries are over. It prints a line for each, and fails where one was not
// answered.
func client(args []string) int {
	questions, _ := strconv.Atoi(args[0])
	tries, _ := strconv.Atoi(args[1])
	code := 0
	for q := range questions {
		status := 0
		for try := 0; try < tries && status != http.StatusOK; try++ {
			body := fmt.Sprintf(`{"model":"gpt-5.4","max_tokens":20,"messages":[{"role":"user","content":"Question %d, in 5 words"}]}`, q)
			r, err := http.NewRequest(http.MethodPost, os.Getenv("OPENAI_BASE_URL")+"/chat/completions", strings.NewReader(body))
			if err != nil {
				return 2
			}
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Authorization", "Bearer "+os.Getenv("OPENAI_API_KEY"))
			if resp, err := http.DefaultClient.Do(r); err == nil {
				status = resp.StatusCode
				_, _ = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
		}
		fmt.Printf("question %d: %d\n", q, status)
		if status != http.StatusOK {
			code = 1
		}
	}
	return code
}

// execOf runs a command under a scenario, and reads its report.
func execOf(t *testing.T, flags []string, command ...string) (result, reports.Execution) {
	t.Helper()
	c := program(t, append(append(append([]string{"exec"}, flags...), "--report", "json=conduct.json", "--"), command...)...)
	r := finish(t, c)
	var e reports.Execution
	text, err := os.ReadFile(filepath.Join(c.Dir, "conduct.json"))
	if err == nil {
		err = json.Unmarshal(text, &e)
	}
	if err != nil {
		t.Fatalf("%v: exit code %d: %s%s", err, r.code, r.out, r.err)
	}
	fitsSchema(t, "conduct", filepath.Join(c.Dir, "conduct.json"))
	return r, e
}

// program under test: the test binary as a client.
func clientCommand(t *testing.T, questions, tries string) []string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return []string{"env", asClient + "=1", self, questions, tries}
}

// errorsOf is a scenario whose first choice fails a share of the calls.
func errorsOf(t *testing.T, fault string) string {
	t.Helper()
	at := filepath.Join(t.TempDir(), "errors.toml")
	text := "title = \"Errors\"\n[load]\nrate = 10\nduration = \"30s\"\nmix = [{ kind = \"chat\" }]\n[[provider]]\nname = \"openai\"\n[[provider]]\nname = \"anthropic\"\n[[fault]]\nat = \"10s\"\non = \"openai\"\n" + fault
	if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return at
}

// A program of one's own meets the faults, and is judged by what the providers
// saw; its output and exit code are its own.
func TestExec(t *testing.T) {
	t.Parallel()
	r, e := execOf(t, []string{errorsOf(t, `kind = "server_error"
share = 0.4`), "--throughout"}, clientCommand(t, "12", "4")...)
	if r.code != exitPassed || !strings.Contains(r.out, "question 11: 200\n") || strings.Contains(r.out, "providers saw") {
		t.Errorf("exit code %d: %s%s", r.code, r.out, r.err)
	}
	if e.Requests != 12 || e.Answered != 12 || e.Calls <= 12 || e.Touched == 0 || e.Touched != e.Calls-12 || string(e.Verdict) != "pass" {
		t.Errorf("%+v", e.Report)
	}
	if e.Faults[0].InjectedS == nil || e.Faults[0].ClearedS == nil || e.Faults[0].Touched != e.Touched {
		t.Errorf("%+v", e.Faults)
	}
}

// A provider that insists on a key of its own accepts the one that the command
// is given.
func TestExecKeys(t *testing.T) {
	t.Parallel()
	file := errorsOf(t, `kind = "overload"`)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	insists := strings.Replace(string(text), "name = \"openai\"\n", "name = \"openai\"\nkey = \"sk-its-own\"\n", 1)
	if err := os.WriteFile(file, []byte(insists), 0o600); err != nil {
		t.Fatal(err)
	}
	if r, e := execOf(t, []string{file}, clientCommand(t, "1", "1")...); e.Answered != 1 || !strings.Contains(r.out, "question 0: 200\n") {
		t.Errorf("%+v: %s%s", e.Report, r.out, r.err)
	}
}

func TestExecExitCodes(t *testing.T) {
	t.Parallel()
	broke := errorsOf(t, `kind = "quota_exhausted"`)
	for name, c := range map[string]struct {
		flags   []string
		command []string
		code    int
		says    string
	}{
		"hammers":        {[]string{broke, "--throughout"}, []string{"sh", "-c", `"$@" || :`, "sh", "env"}, exitFailed, "1 request hammered a provider"},
		"private":        {[]string{broke, "--throughout", "--private", "Question 0"}, []string{"sh", "-c", `"$@" || :`, "sh", "env"}, exitFailed, "veto: 1 private prompt"},
		"asks too often": {[]string{broke, "--throughout", "--max-calls", "1.5"}, []string{"sh", "-c", `"$@" || :`, "sh", "env"}, exitFailed, "2.00 calls per request, and 1.50 are the most that were allowed"},
		"fails itself":   {[]string{broke, "--throughout"}, []string{"sh", "-c", "exit 7"}, 7, "ended with exit code 7"},
		"asks nobody":    {[]string{broke, "--throughout"}, []string{"true"}, exitInconclusive, "no call reached a provider"},
		"ends too early": {[]string{broke}, []string{"env"}, exitInconclusive, "had ended before the first fault"},
		"later in time":  {[]string{broke, "--from", "12s"}, []string{"sh", "-c", `"$@" || :`, "sh", "env"}, exitFailed, "hammered"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			command := c.command
			if command[len(command)-1] == "env" {
				tries := "5"
				switch name {
				case "private":
					tries = "1"
				case "asks too often":
					tries = "2"
				}
				command = append(command[:len(command)-1:len(command)-1], clientCommand(t, "1", tries)...)
			}
			r, _ := execOf(t, c.flags, command...)
			if r.code != c.code || !strings.Contains(r.err, c.says) {
				t.Errorf("exit code %d, stderr lacks %q:\n%s%s", r.code, c.says, r.out, r.err)
			}
		})
	}
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"exec", broke}, exitUsage, "two dashes and a command"},
		{[]string{"exec", broke, "--"}, exitUsage, "two dashes and a command"},
		{[]string{"exec", "provider-outtage", "--", "true"}, exitUsage, "provider-outage"},
		{[]string{"exec", broke, "--from", "1s", "--throughout", "--", "true"}, exitUsage, "contradict"},
		{[]string{"exec", broke, "--private", "", "--", "true"}, exitUsage, "--private is empty"},
		{[]string{"exec", broke, "--no-journal", "--", "brownout-no-such-program"}, exitEnvironment, "cannot start brownout-no-such-program"},
	} {
		if r := brownout(t, c.args...); r.code != c.code || !strings.Contains(r.err, c.says) {
			t.Errorf("%v: exit code %d: %s%s", c.args, r.code, r.out, r.err)
		}
	}
}

// A signal reaches the command, which may end in its own way.
func TestExecPassesSignalsOn(t *testing.T) {
	t.Parallel()
	c := program(t, "exec", errorsOf(t, `kind = "overload"`), "--no-journal", "--", "sh", "-c", "trap 'echo told; exit 0' INT; echo ready; while :; do sleep 0.05; done")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 100)
	if _, err := out.Read(buffer); err != nil {
		t.Fatal(err)
	}
	if err := c.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(out)
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Wait()
	if !strings.Contains(string(rest), "told") || c.ProcessState.ExitCode() != exitInterrupted {
		t.Errorf("exit code %d: %s", c.ProcessState.ExitCode(), rest)
	}
}

// What the command reads comes from whoever started brownout.
func TestExecPassesInputOn(t *testing.T) {
	t.Parallel()
	c := program(t, "exec", errorsOf(t, `kind = "overload"`), "--no-journal", "--", "sh", "-c", `read word; test "$word" = hello && exit 9`)
	c.Stdin = strings.NewReader("hello\n")
	if r := finish(t, c); r.code != 9 {
		t.Errorf("exit code %d: %s%s", r.code, r.out, r.err)
	}
}

// In a terminal the command has it: it reads what is typed, sees that it may
// colour what it writes, and hears Ctrl-C once.
func TestExecInATerminal(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	script := filepath.Join(dir, "script")
	text := `test -t 0 && test -t 1 && echo a terminal
trap 'echo told; exit 5' INT
read word; echo "it reads $word"
while :; do sleep 0.05; done
`
	if err := os.WriteFile(script, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	w := openTerminalIn(t, dir, 120, 60, "", "exec", errorsOf(t, `kind = "overload"`), "--no-journal", "--", "sh", script)
	w.waitFor("a terminal")
	w.keys("hello", "Enter")
	w.waitFor("it reads hello")
	w.keys("C-c")
	s := w.waitFor("exit code 130")
	if strings.Count(s, "told") != 1 {
		t.Errorf("the screen:\n%s", s)
	}
}

// A command that cannot be started is told before anything else is, and keeps
// nothing.
func TestExecOfNothing(t *testing.T) {
	t.Parallel()
	c := program(t, "exec", errorsOf(t, `kind = "overload"`), "--", "brownout-no-such-program")
	r := finish(t, c)
	left, err := os.ReadDir(c.Dir)
	if r.code != exitEnvironment || err != nil || len(left) > 0 {
		t.Errorf("exit code %d, left %v, %v: %s", r.code, left, err, r.err)
	}
}

// What the command leaves running is ended, and told.
func TestExecLeavesNothingRunning(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("a process out of the command's group cannot be found here")
	}
	pids := filepath.Join(t.TempDir(), "pids")
	r, e := execOf(t, []string{errorsOf(t, `kind = "overload"`), "--no-journal"}, "sh", "-c", `sleep 60 & echo $! >`+pids+`; setsid sleep 60 & echo $! >>`+pids)
	text, err := os.ReadFile(pids)
	if err != nil {
		t.Fatal(err)
	}
	if e.Left != 2 || !strings.Contains(r.err, "left 2 processes running") {
		t.Errorf("%d left: %s", e.Left, r.err)
	}
	for pid := range strings.FieldsSeq(string(text)) {
		stat, err := os.ReadFile("/proc/" + pid + "/stat")
		if err == nil && !strings.Contains(string(stat), ") Z ") {
			t.Errorf("process %s still runs: %s", pid, stat)
		}
	}
}

// Each provider is found by the variables of its own SDKs, where a proxy is set,
// too; and one that has none by OpenAI's, which would otherwise ask OpenAI.
func TestExecEnvironment(t *testing.T) {
	t.Parallel()
	at := func(dialects ...string) []admin.Provider {
		var out []admin.Provider
		for i, d := range dialects {
			out = append(out, admin.Provider{Name: "p" + strconv.Itoa(i), Dialect: d, URL: "http://" + strconv.Itoa(i)})
		}
		return out
	}
	for _, c := range []struct {
		providers []admin.Provider
		want      string // OPENAI_BASE_URL
	}{
		{at("openai", "vllm"), "http://0/v1"},
		{at("vllm", "openai"), "http://1/v1"},
		{at("anthropic", "vllm", "ollama"), "http://1/v1"},
		{at("llamacpp"), "http://0/v1"},
		{at("ollama"), "http://0/v1"},
		{at("groq"), "http://0/openai/v1"},
		{at("azure", "vllm"), ""},
		{at("anthropic", "bedrock"), ""},
	} {
		got := map[string]string{}
		for _, v := range environment(c.providers, "k") {
			got[v.Name] = v.Value
		}
		if got["OPENAI_BASE_URL"] != c.want || got["OPENAI_API_BASE"] != c.want || (got["OPENAI_API_KEY"] == "k") != (c.want != "") {
			t.Errorf("%+v: %v", c.providers, got)
		}
	}
	c := program(t, "exec", errorsOf(t, `kind = "overload"`), "--no-journal", "--", "env")
	c.Env = append(c.Env, "HTTP_PROXY=http://127.0.0.1:1", "NO_PROXY=example.com")
	r := finish(t, c)
	for _, want := range []string{"\nNO_PROXY=example.com,127.0.0.1,localhost\n", "\nno_proxy=127.0.0.1,localhost\n", "\nOPENAI_BASE_URL=http://127.0.0.1:", "\nANTHROPIC_API_KEY=" + defaultKey + "\n"} {
		if !strings.Contains("\n"+r.out, want) {
			t.Errorf("its environment lacks %q:\n%s", want, r.out)
		}
	}
}

// The command begins where the flags say: what is over by then never was, what
// is under way is so at once, and what waits for its moment waits as ever, but
// where everything is to last.
func TestExecTimeline(t *testing.T) {
	t.Parallel()
	made := func() *plan.Plan {
		p := &plan.Plan{Faults: []plan.Fault{
			{Name: "over", At: time.Second, For: 2 * time.Second},
			{Name: "just over", At: time.Second, For: 9 * time.Second},
			{Name: "under way", At: 6 * time.Second, For: 8 * time.Second, Ramp: 5 * time.Second},
			{Name: "to come", At: 15 * time.Second, For: 4 * time.Second, Ramp: time.Second},
			{Name: "waits", At: time.Second, For: 20 * time.Second, When: &plan.Trigger{}},
		}}
		p.Load.Duration = 30 * time.Second
		return p
	}
	for _, c := range []struct {
		flags execFlags
		want  string
	}{
		{execFlags{}, "over 1s 2s 0s, just over 1s 9s 0s, under way 6s 8s 5s, to come 15s 4s 1s, waits 1s 20s 0s; 30s"},
		{execFlags{from: 10 * time.Second}, "under way 0s 4s 1s, to come 5s 4s 1s, waits 1s 20s 0s; 20s"},
		{execFlags{from: time.Minute}, "waits 1s 20s 0s; 1ms"},
		{execFlags{throughout: true}, "over 0s 720h0m0s 0s, just over 0s 720h0m0s 0s, under way 0s 720h0m0s 0s, to come 0s 720h0m0s 0s, waits 0s 720h0m0s 0s; 30s"},
	} {
		p := made()
		c.flags.shift(p)
		var got []string
		for _, f := range p.Faults {
			if waits := f.When != nil; waits != (f.Name == "waits" && !c.flags.throughout) {
				t.Errorf("throughout %v: %s waits: %v", c.flags.throughout, f.Name, waits)
			}
			got = append(got, fmt.Sprintf("%s %s %s %s", f.Name, f.At, f.For, f.Ramp))
		}
		if text := strings.Join(got, ", ") + "; " + p.Load.Duration.String(); text != c.want {
			t.Errorf("from %s, throughout %v: %s, want %s", c.flags.from, c.flags.throughout, text, c.want)
		}
	}
}
