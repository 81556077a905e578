package target

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"brownout/harness/child"
	"brownout/plan"
)

// process is a target that Brownout starts, from its files to its end.
type process struct {
	spec    plan.Target
	options Options
	view    *View

	dir   *directory // its own; nil: it has none
	cmd   *exec.Cmd  // nil: it does not run
	said  *output
	read  chan struct{} // closed when its output has been read to its end
	pipe  *os.File      // that its output is read from
	ended chan struct{} // closed when it has ended and was waited for
	err   error         // how it ended, once that is closed

	watching sync.WaitGroup
	unwatch  context.CancelFunc // nil: it never served
	crash    sync.Once          // is told
}

// attempts bounds how often a process is started whose port was taken in the
// moment between its choice and its use.
const attempts = 3

// portTaken tells whether a process said that its port was.
func portTaken(err error) bool {
	text := strings.ToLower(err.Error())
	return strings.Contains(text, "eaddrinuse") || strings.Contains(text, "address already in use")
}

// start installs what is missing, starts the process and waits until it
// serves.
func (p *process) start(ctx context.Context) error {
	home, err := Install(ctx, p.spec, p.options.Cache, p.options.Say)
	if err != nil {
		return err
	}
	p.view.Home = home
	sweep(p.options.Say)
	for try := 1; ; try++ {
		err := p.launch(ctx)
		if err == nil {
			break
		}
		err = errors.Join(err, p.stop(context.WithoutCancel(ctx)))
		if try == attempts || !portTaken(err) {
			return err
		}
	}
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	p.unwatch = stop
	p.watching.Go(func() { p.watch(watching) })
	return nil
}

// launch is one attempt.
func (p *process) launch(ctx context.Context) error {
	var err error
	if p.view.Port, err = freePort(ctx); err != nil {
		return err
	}
	if p.dir, err = makeDirectory(os.TempDir(), prefix); err != nil {
		return err
	}
	p.view.Dir = p.dir.path
	made, err := Render(p.spec, p.view)
	if err != nil {
		return err
	}
	if err := writeFiles(p.dir.path, made.Files); err != nil {
		return err
	}
	if err := p.run(made); err != nil {
		return err
	}
	return p.await(ctx)
}

// freePort is a port that nobody listens on, on any interface: not every
// gateway can be told to listen on loopback alone.
func freePort(ctx context.Context) (int, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", ":0")
	if err != nil {
		return 0, fmt.Errorf("no free port: %w", err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}

// passed are the variables of our own environment that every process is given.
// Those of HTTP proxies are not among them: nothing leaves the machine.
var passed = []string{"PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR", "SYSTEMROOT"}

// environment is what the process finds in its environment.
func (p *process) environment(made *Rendered) []string {
	var env []string
	for _, name := range append(passed[:len(passed):len(passed)], p.spec.Process.Pass...) {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	env = append(env, made.Env...)
	return append(env, p.tag())
}

// tag stands in the environment of all that the process starts.
func (p *process) tag() string { return tag(filepath.Base(p.dir.path)) }

// run starts the program. One goroutine starts it and waits for it on a thread
// of its own: where the system can end a child with the thread that started
// it, this thread lives as long as the child.
func (p *process) run(made *Rendered) error {
	key, err := p.view.render("key", p.spec.Key)
	if err != nil {
		return err
	}
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	c := exec.Command(made.Command[0], made.Command[1:]...)
	c.Dir, c.Env, c.Stdout, c.Stderr = p.dir.path, p.environment(made), write, write
	child.OwnGroup(c)
	log := p.options.Log
	if log == nil {
		log = io.Discard
	}
	p.said = newOutput(keys(p.view, key), func(line string) {
		p.options.find(Printed, "it printed a key that it was given, where logs may be kept: "+line)
	}, log)
	p.cmd, p.pipe, p.ended, p.read = c, read, make(chan struct{}), make(chan struct{})
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := c.Start()
		started <- err
		if err == nil {
			p.err = c.Wait()
		}
		close(p.ended)
	}()
	err = <-started
	_ = write.Close() // the child has its own
	go func() {
		defer close(p.read)
		_, _ = io.Copy(p.said, read) // ends when every writer is gone, or when stop closes it
		p.said.end()
	}()
	if err != nil {
		p.cmd = nil
		_ = read.Close()
		<-p.read
		if errors.Is(err, exec.ErrNotFound) && p.spec.Install != nil && p.spec.Install.Hint != "" {
			return fmt.Errorf("%w; %s", err, p.spec.Install.Hint)
		}
		return err
	}
	return nil
}

// Times of waiting for a process to serve.
const (
	askEvery = 50 * time.Millisecond
	askTime  = 2 * time.Second // for one answer
)

// await waits until the process serves.
func (p *process) await(ctx context.Context) error {
	ready := p.spec.Process.Ready
	within, cancel := context.WithTimeout(ctx, ready.Timeout)
	defer cancel()
	t := time.NewTicker(askEvery)
	defer t.Stop()
	for {
		served := p.serves(within, askTime)
		select {
		case <-p.ended: // whoever answered, it was somebody else
			p.heard()
			return fmt.Errorf("it ended before it served anybody: %s%s", how(p.err), p.said.tail())
		default:
		}
		if served {
			return nil
		}
		select {
		case <-t.C:
		case <-p.ended:
		case <-within.Done():
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return fmt.Errorf("it did not serve at http://%s%s within %s, the timeout of [process.ready] in its file%s", p.addr(), ready.Path, ready.Timeout, p.said.tail())
		}
	}
}

// heard waits until all is read that the process printed. What it started may
// hold its output open, so that there is no end; then what has come is enough.
func (p *process) heard() {
	over := time.NewTimer(child.Lingering)
	defer over.Stop()
	select {
	case <-p.read:
	case <-over.C:
	}
}

// addr is where it is to listen.
func (p *process) addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(p.view.Port)) }

// serves asks once, and waits so long for the answer.
func (p *process) serves(ctx context.Context, most time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	if p.spec.Process.Ready.Path == "" {
		var d net.Dialer
		c, err := d.DialContext(ctx, "tcp", p.addr())
		if err != nil {
			return false
		}
		return c.Close() == nil
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.addr()+p.spec.Process.Ready.Path, nil)
	if err != nil {
		return false
	}
	q.Close = true
	r, err := http.DefaultTransport.RoundTrip(q)
	if err != nil {
		return false
	}
	_ = r.Body.Close()
	return r.StatusCode < http.StatusInternalServerError
}

// how says how a process ended.
func how(err error) string {
	if err == nil {
		return "it exited with status 0"
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.String()
	}
	return err.Error()
}

// reapTime bounds what is left to do when a process has ended.
const reapTime = 2 * time.Second

// stop ends the process and all that it started, and takes away its directory.
// It may be called where nothing was started.
func (p *process) stop(ctx context.Context) error {
	if p.unwatch != nil {
		p.unwatch()
		p.watching.Wait()
	}
	if p.cmd != nil {
		p.end(ctx)
		if n := child.Reap(p.cmd.Process.Pid, p.tag(), child.Lingering); n > 0 {
			p.options.find(LeftRunning, fmt.Sprintf("it left %s running, which had to be killed", counted(n, "process", "processes")))
		}
		p.heard()
		_ = p.pipe.Close() // whoever still holds the other end writes to nobody
		<-p.read
		p.cmd = nil
	}
	if p.dir == nil {
		return nil
	}
	dir := p.dir
	p.dir = nil
	return dir.remove()
}

// end asks the process to end, and makes it.
func (p *process) end(ctx context.Context) {
	select {
	case <-p.ended:
		if p.unwatch != nil {
			p.crashed() // in the very moment in which it would have been told to end
		}
		return
	default:
	}
	child.Terminate(p.cmd)
	grace := time.NewTimer(p.spec.Process.Grace)
	defer grace.Stop()
	select {
	case <-p.ended:
		return
	case <-grace.C:
		p.options.find(Hung, fmt.Sprintf("it did not end within %s when it was told to, and was killed", p.spec.Process.Grace))
	case <-ctx.Done():
		p.options.find(Hung, "it did not end when it was told to, and was killed")
	}
	child.KillGroup(p.cmd)
	<-p.ended
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}
