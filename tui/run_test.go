package tui

import (
	"bytes"
	"context"
	"errors"
	"io"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"brownout/harness/score"
	"brownout/plan"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/exp/teatest/v2"
)

// newPlanWithNothing is a plan as empty as a plan can be.
func newPlanWithNothing() *plan.Plan { return &plan.Plan{} }

// terminal is what a screen writes, to be read while it is written.
type terminal struct {
	mu   sync.Mutex
	text bytes.Buffer
	seen chan struct{} // told of each write
}

func newTerminal() *terminal { return &terminal{seen: make(chan struct{}, 1)} }

func (t *terminal) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	select {
	case t.seen <- struct{}{}:
	default:
	}
	return t.text.Write(p)
}

func (t *terminal) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String()
}

// await blocks until the terminal has been told something.
func (t *terminal) await(tb testing.TB, what string) {
	tb.Helper()
	deadline := time.After(10 * time.Second)
	for !strings.Contains(t.String(), what) {
		select {
		case <-t.seen:
		case <-deadline:
			tb.Fatalf("%q never came; the terminal was told %q", what, t.String())
		}
	}
}

// The sequences that enter and leave the alternate screen, and show the cursor.
const (
	altOn, altOff, cursorOn = "\x1b[?1049h", "\x1b[?1049l", "\x1b[?25h"
)

// restored fails where the terminal was not left as it was found.
func restored(tb testing.TB, written string) {
	tb.Helper()
	if !strings.Contains(written, altOn) {
		tb.Error("the alternate screen was never entered")
	}
	if strings.LastIndex(written, altOff) < strings.LastIndex(written, altOn) {
		tb.Error("the alternate screen was not left")
	}
	if !strings.Contains(written[strings.LastIndex(written, altOn):], cursorOn) {
		tb.Error("the cursor was not shown again")
	}
}

// onTerminal runs Live on a terminal and returns its keyboard and its end.
func onTerminal(ctx context.Context, tb testing.TB, src Source) (*terminal, io.Writer, <-chan error) {
	tb.Helper()
	in, keyboard := io.Pipe()
	out, end := newTerminal(), make(chan error, 1)
	go func() {
		end <- Live(ctx, src, Desk{}, Options{In: in, Out: out, Environ: []string{"TERM=xterm-256color", "LANG=C.UTF-8"}, Width: 80, Height: 24})
		in.Close()
	}()
	return out, keyboard, end
}

func ended(tb testing.TB, end <-chan error) error {
	tb.Helper()
	select {
	case err := <-end:
		return err
	case <-time.After(10 * time.Second):
		tb.Fatal("the screen did not end")
		return nil
	}
}

func TestLive(t *testing.T) {
	tests := []struct {
		name string
		keys string
		want error
	}{
		{"q and y", "qy", ErrInterrupted},
		{"ctrl+c", "\x03", ErrInterrupted},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			src := stoppable(fixture())
			out, keyboard, end := onTerminal(t.Context(), t, src)
			out.await(t, "openai")
			if _, err := io.WriteString(keyboard, tt.keys); err != nil {
				t.Fatal(err)
			}
			if err := ended(t, end); !errors.Is(err, tt.want) || errors.Is(err, ErrForced) {
				t.Errorf("Live returned %v, want %v", err, tt.want)
			}
			select {
			case <-src.done:
			default:
				t.Error("the run was not stopped")
			}
			restored(t, out.String())
		})
	}
}

func TestLiveOfAFinishedRun(t *testing.T) {
	src := stoppable(finished(score.Pass))
	close(src.done)
	out, keyboard, end := onTerminal(t.Context(), t, src)
	out.await(t, "the run is over")
	if _, err := io.WriteString(keyboard, "q"); err != nil {
		t.Fatal(err)
	}
	if err := ended(t, end); err != nil {
		t.Errorf("Live returned %v", err)
	}
	restored(t, out.String())
}

func TestForcedEnd(t *testing.T) {
	src := &fakeSource{snap: fixture(), done: make(chan struct{}), stop: func() {}} // never comes down
	out, keyboard, end := onTerminal(t.Context(), t, src)
	out.await(t, "openai")
	if _, err := io.WriteString(keyboard, "\x03"); err != nil {
		t.Fatal(err)
	}
	out.await(t, "stopping")
	if _, err := io.WriteString(keyboard, "\x03"); err != nil {
		t.Fatal(err)
	}
	if err := ended(t, end); !errors.Is(err, ErrForced) {
		t.Errorf("Live returned %v", err)
	}
	restored(t, out.String())
}

func TestLiveEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	out, _, end := onTerminal(ctx, t, stoppable(fixture()))
	out.await(t, "openai")
	term := errors.New("SIGTERM")
	cancel(term)
	if err := ended(t, end); !errors.Is(err, term) || !errors.Is(err, ErrInterrupted) {
		t.Errorf("Live returned %v", err)
	}
	restored(t, out.String())
}

func TestPanicInTheScreen(t *testing.T) {
	for _, where := range []string{"init", "update", "view"} {
		t.Run(where, func(t *testing.T) {
			in, keyboard := io.Pipe()
			defer in.Close()
			out, end := newTerminal(), make(chan error, 1)
			go func() {
				_, err := show(t.Context(), failing{where: where}, Desk{}, Options{In: in, Out: out, Width: 80, Height: 24, Environ: []string{"TERM=xterm"}})
				end <- err
			}()
			if where != "init" {
				out.await(t, "here")
				if _, err := io.WriteString(keyboard, "x"); err != nil {
					t.Fatal(err)
				}
			}
			err := ended(t, end)
			var p *PanicError
			if !errors.As(err, &p) || p.Value != where || len(p.Stack) == 0 {
				t.Errorf("show returned %v", err)
			}
			if where != "init" {
				restored(t, out.String())
			}
		})
	}
}

// failing is a screen that panics somewhere once a key is pressed, or at once.
type failing struct {
	where string
	ready bool
}

func (f failing) Init() tea.Cmd {
	if f.where == "init" {
		panic(f.where)
	}
	return nil
}

func (f failing) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if _, ok := msg.(tea.KeyPressMsg); ok {
		f.ready = true
	}
	if f.ready && f.where == "update" {
		panic(f.where)
	}
	return f, nil
}

func (f failing) View() tea.View {
	if f.ready {
		panic(f.where)
	}
	v := tea.NewView("here")
	v.AltScreen = true
	return v
}

// The whole way: from the launcher to a run, its report, and back.
func TestFromLauncherToReport(t *testing.T) {
	src := stoppable(finished(score.Pass))
	close(src.done)
	d := fixtureDesk()
	d.Begin = func(Order) (Source, error) { return src, nil }
	tm := teatest.NewTestModel(t, newRoot(newLauncher(d, Options{NoColor: true}), d, Options{NoColor: true}), teatest.WithInitialTermSize(120, 40))
	for _, step := range []struct{ shows, key string }{
		{"rate-limit-storm", "enter"}, {"the run is over", "r"}, {"What to do", "q"}, {"the run is over", "q"}, {"Scenarios", "q"},
	} {
		teatest.WaitFor(t, tm.Output(), func(b []byte) bool { return bytes.Contains(b, []byte(step.shows)) }, teatest.WithDuration(10*time.Second))
		tm.Send(press(step.key))
	}
	if _, ok := tm.FinalModel(t, teatest.WithFinalTimeout(10*time.Second)).(root).last.(launcher); !ok {
		t.Error("the launcher was not the last to leave")
	}
}

func TestLaunchOnATerminal(t *testing.T) {
	for _, tt := range []struct {
		keys string
		want []Order
	}{
		{"js9\r\r", []Order{{Scenario: "rate-limit-storm", Target: "bundled", Seed: 9}}},
		{"", nil},
	} {
		in, keyboard := io.Pipe()
		out, left := newTerminal(), make(chan error, 1)
		var orders []Order
		d := fixtureDesk()
		d.Begin = func(o Order) (Source, error) { orders = append(orders, o); return nil, errors.New("no such run") }
		go func() {
			left <- Launch(t.Context(), d, Options{In: in, Out: out, Environ: []string{"TERM=xterm", "LANG=C.UTF-8"}})
		}()
		out.await(t, "rate-limit-storm")
		if _, err := io.WriteString(keyboard, tt.keys); err != nil {
			t.Fatal(err)
		}
		if tt.keys != "" {
			out.await(t, "no such run")
		}
		if _, err := io.WriteString(keyboard, "q"); err != nil {
			t.Fatal(err)
		}
		if err := ended(t, left); err != nil || !reflect.DeepEqual(orders, tt.want) {
			t.Errorf("%q ordered %+v and ended with %v, want %+v", tt.keys, orders, err, tt.want)
		}
		in.Close()
		restored(t, out.String())
	}
}

func TestFromEnviron(t *testing.T) {
	tests := []struct {
		environ        []string
		noColor, ascii bool
	}{
		{nil, false, false},
		{[]string{"TERM=xterm", "LANG=en_GB.UTF-8"}, false, false},
		{[]string{"NO_COLOR=1", "LANG=C.utf8"}, true, false},
		{[]string{"NO_COLOR="}, false, false},
		{[]string{"TERM=dumb"}, true, false},
		{[]string{"LANG=C"}, false, true},
		{[]string{"LANG=en_GB.UTF-8", "LC_ALL=POSIX"}, false, true},
		{[]string{"LANG=C", "LC_ALL=C.UTF-8"}, false, false},
		{[]string{"LANG=de_DE.ISO-8859-1"}, false, true},
	}
	for _, tt := range tests {
		o := Options{}.FromEnviron(tt.environ)
		if o.NoColor != tt.noColor || o.ASCII != tt.ascii {
			t.Errorf("%v: no colour %v, ASCII %v", tt.environ, o.NoColor, o.ASCII)
		}
	}
}

func BenchmarkFrame(b *testing.B) {
	m := newLive(Options{})
	m.snap, m.w, m.h = fixture(), 120, 40
	b.ReportAllocs()
	for b.Loop() {
		_ = m.draw()
	}
}
