package main

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"brownout/harness/journal"
	"brownout/harness/score"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A journal that is made up is one that the score can read, and whose outage
// was failed over.
func TestMadeUpJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), journalName)
	const requests = 15 * journalRate
	if err := makeJournal(path, requests, journalRate); err != nil {
		t.Fatal(err)
	}
	snap, stats, err := score.Read(path)
	if err != nil || stats.Truncated {
		t.Fatalf("%v, %+v", err, stats)
	}
	if snap.Requests.Total != requests || snap.Requests.Failed != requests/3/500 || snap.Verdict != score.Pass || !snap.Windows[0].FailedOver {
		t.Errorf("%+v, verdict %s %q", snap.Requests, snap.Verdict, snap.Reasons)
	}
	if n := snap.Tracing.Attempts[2]; n != 6667 { // but for the questions that several requests share
		t.Errorf("attempts %v", snap.Tracing.Attempts)
	}
}

// Every stage answers, and each gets a row.
func TestChain(t *testing.T) {
	theirs := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer theirs.Close()
	for _, stream := range []bool{false, true} {
		o := &options{rounds: 1, span: 50 * time.Millisecond, workers: 2, gateway: gateway{url: theirs.URL + "/"}}
		text, err := chain(t.Context(), o, stream)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"bare handler", "mock", "link to the mock", "pass-through proxy to the link", "bundled router to the mock"} {
			i := strings.Index(text, "\n| "+name+" | ")
			if i < 0 {
				t.Errorf("no row of %q:\n%s", name, text)
				continue
			}
			row, _, _ := strings.Cut(text[i+1:], "\n")
			if !strings.HasSuffix(row, "| 0 |") || strings.Contains(row, "| 0 (") || strings.Contains(row, name+" | 0 |") {
				t.Errorf("it did not answer: %s", row)
			}
		}
		// What another's program uses of the processors is not known.
		if _, row, _ := strings.Cut(text, "\n| your gateway at "+theirs.URL+"/ | "); strings.Count(strings.SplitN(row, "\n", 2)[0], "| - ") != 2 || !strings.Contains(text, "over your gateway: ") {
			t.Errorf("the row of a gateway is not what it should be:\n%s", text)
		}
		if strings.Count(text, "Bundled router over the pass-through proxy") != 2 || len(o.figures) != 3 {
			t.Errorf("the ratios are missing:\n%s", text)
		}
	}
}

// Portkey's row says why it is empty where Portkey cannot be started.
func TestPortkeyThatIsNotThere(t *testing.T) {
	t.Setenv("PATH", "")
	o := &options{rounds: 1, span: time.Millisecond, workers: 1, portkey: true, cache: t.TempDir()}
	text, err := chain(t.Context(), o, false)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text, "\n| Portkey to the mock | not measured: it needs the program node") {
		t.Errorf("no row says that node is missing:\n%s", text)
	}
	for _, f := range o.figures {
		if strings.Contains(f.what, "Portkey") {
			t.Errorf("a figure of what was not measured: %+v", f)
		}
	}
}

// Ratios are medians of what was measured in the same round: one round in which
// the machine did something else changes none.
func TestRatiosAreMediansOfRounds(t *testing.T) {
	rates := func(perSecond ...uint64) *measured {
		m := &measured{}
		for _, r := range perSecond {
			m.rounds = append(m.rounds, round{requests: r, wall: time.Second, cpu: time.Duration(r) * 10 * time.Microsecond})
		}
		return m
	}
	a, b := rates(100, 1000, 300), rates(50, 10, 100)
	if got := a.over(b, round.rate); got != 3 {
		t.Errorf("ratio %v; want 3, between 2 and 100", got)
	}
	if got := a.of(round.rate); got != 300 {
		t.Errorf("rate %v; want 300", got)
	}
	if got := a.of(round.perRequest); got != 10 {
		t.Errorf("%v µs; want 10", got)
	}
	slow := func(p50 ...time.Duration) *measured {
		m := &measured{}
		for _, d := range p50 {
			m.rounds = append(m.rounds, round{p50: d})
		}
		return m
	}
	if got := slow(7*time.Second, 900*time.Second, 8*time.Second).added(slow(4*time.Second, 5*time.Second, 5*time.Second), slow(time.Second, time.Second, 2*time.Second)); got != 2 {
		t.Errorf("the added p50 is %v times the other's; want 2, as in two of three rounds", got)
	}
	if got := median([]float64{4, 1, 3, 2}); got != 2.5 {
		t.Errorf("the median of 1, 2, 3, 4 is %v", got)
	}
}

// The search finds the highest rate that is steady in most tries, wherever it
// is, and asks for few.
func TestClimb(t *testing.T) {
	rates := []float64{1, 2, 3, 4, 5, 6, 7, 8}
	for most := range 9 {
		tried := map[float64]int{}
		got, err := climb(rates, 5, 3, func(rate float64) (bool, error) {
			tried[rate]++
			ok := rate <= float64(most)
			return ok != (tried[rate] == 2), nil // the second try is always wrong
		})
		if err != nil || got != float64(most) {
			t.Errorf("%v, %v; want %d", got, err, most)
		}
		if len(tried) > 4 || tried[5] != 3 {
			t.Errorf("most %d: tried %v", most, tried)
		}
	}
	fails := errors.New("no")
	if _, err := climb(rates, 5, 3, func(float64) (bool, error) { return true, fails }); !errors.Is(err, fails) {
		t.Errorf("%v", err)
	}
}

// What is late is late for as long as it was; the first second does not count,
// nor does what has no schedule.
func TestLagOfAJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), journalName)
	w, err := journal.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	m := maker{w: w}
	m.add(0, &journal.RunStarted{Schema: journal.Schema})
	add := func(at, late time.Duration, step int) {
		m.add(at, &journal.Sample{Scheduled: at, Sent: at + late, Total: late + time.Millisecond, Step: step})
	}
	for range 100 {
		add(settling/2, time.Hour, 0)
	}
	for i := range 98 {
		add(settling, time.Duration(i)*time.Microsecond, 0)
	}
	for range 3 {
		add(settling, time.Hour, 2)
	}
	add(2*settling, 7*time.Second, 1)
	m.add(3*settling, &journal.Sample{Scheduled: 2 * settling, Total: 8 * time.Second}) // never sent
	if m.err != nil || w.Close() != nil {
		t.Fatal(m.err)
	}
	if got, err := lag(path); err != nil || got != 8*time.Second {
		t.Errorf("%v, %v; want 8s", got, err)
	}
}

func TestTryThatIsSteady(t *testing.T) {
	for name, c := range map[string]struct {
		of   try
		want bool
	}{
		"in time":        {try{lag: maxLag, requests: 10}, true},
		"late":           {try{lag: maxLag + 1, requests: 10}, false},
		"a wrong answer": {try{requests: 10, wrong: 1}, false},
		"nothing sent":   {try{}, false},
	} {
		if c.of.steady() != c.want {
			t.Errorf("%s: steady is %v", name, !c.want)
		}
	}
}

// A search that found nothing says so, and what the least rate came to.
func TestRowOfASearch(t *testing.T) {
	l := ladder{name: "unary", rates: []float64{10, 20, 30}}
	tries := map[float64][]try{10: {{lag: time.Second}, {lag: 3 * time.Second, wrong: 4}}, 20: {{lag: time.Minute}}}
	row := strings.Join(l.row(0, tries), " | ")
	if !strings.Contains(row, "not steady at any rate tried") || !strings.Contains(row, "10/s: lag p99 2s, 4 answers lacking") {
		t.Error(row)
	}
	if row := strings.Join(l.row(10, tries), " | "); !strings.HasPrefix(row, "unary | 10 | - | 2s |") || !strings.Contains(row, "20/s: lag p99 1m0s") {
		t.Error(row)
	}
	l.events = 102
	if row := strings.Join(l.row(10, tries), " | "); !strings.HasPrefix(row, "unary | 10 | 1020 |") {
		t.Error(row)
	}
}

// A key's time is that from pressing it to what it paints, not to anything else.
func TestTyping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &paper{}
		shown := out.expect("offered")
		if _, err := io.WriteString(out, "requests offered"); err != nil {
			t.Fatal(err)
		}
		keys := 0
		took, err := typing(t.Context(), keyboard(func() {
			keys++
			show := "the breaker"
			if keys%2 == 1 {
				show = "Shapes of things"
			}
			go func() {
				_, _ = io.WriteString(out, "something else") // never fails
				time.Sleep(time.Duration(keys) * time.Millisecond)
				_, _ = io.WriteString(out, show)
			}()
		}), out, shown)
		if err != nil || len(took) != pressed || keys != 2*pressed {
			t.Fatalf("%v, %v after %d keys", took, err, keys)
		}
		for i, s := range took {
			if want := float64(2*i+1) / 1000; s != want {
				t.Errorf("key %d took %v s; want %v", i, s, want)
			}
		}
	})
}

// keyboard does something at each key.
type keyboard func()

func (k keyboard) Write(b []byte) (int, error) { k(); return len(b), nil }

// The figures say what was not reached.
func TestFigures(t *testing.T) {
	var f figures
	f.atLeast("speed", 10, 10, "%.0f")
	f.atMost("weight", 5, 5.1, "%.1f")
	text := f.table()
	if !strings.Contains(text, "| speed | ≥ 10 | 10 | yes |") || !strings.Contains(text, "| weight | ≤ 5.0 | 5.1 | **no** |") {
		t.Error(text)
	}
}

// Without the program its start is not measured, and the row says so.
func TestStartOfAProgramThatIsNotThere(t *testing.T) {
	o := &options{program: filepath.Join(t.TempDir(), "brownout")}
	text, err := start(t.Context(), o)
	if err != nil || !strings.Contains(text, "not measured: stat ") || len(o.figures) > 0 {
		t.Errorf("%s, %v, %v", text, err, o.figures)
	}
}

// The processor time of a program that this one started counts, and is not
// other programs'.
func TestTimeOfChildren(t *testing.T) {
	if machineTime() == 0 {
		t.Skip("this system does not tell")
	}
	c := exec.CommandContext(t.Context(), "sh", "-c", "i=0; while [ $i -lt 500000 ]; do i=$((i+1)); done; echo; read x")
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	before, ever := childrenTime(os.Getpid()), everOwn()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil { // it has counted
		t.Fatal(err)
	}
	used := childrenTime(os.Getpid()) - before
	if used < 5*tick {
		t.Errorf("half a million rounds of a shell took %s", used)
	}
	if err := errors.Join(in.Close(), ignored(c.Wait())); err != nil {
		t.Fatal(err)
	}
	if childrenTime(os.Getpid()) != before {
		t.Error("it still counts among those that run")
	}
	if all := everOwn() - ever; all < used {
		t.Errorf("%s in the end, after %s", all, used)
	}
}

// ignored is no error where a program merely did not succeed.
func ignored(err error) error {
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return nil
	}
	return err
}

func TestHeadersOfAGateway(t *testing.T) {
	var h headerFlag
	if err := h.Set("X-Config: {\"a\": 1}"); err != nil || headers(map[string][]string(h)).Get("X-Config") != `{"a": 1}` {
		t.Errorf("%v, %v", err, h)
	}
	if h.Set("no colon") == nil {
		t.Error("a header without a colon is accepted")
	}
}
