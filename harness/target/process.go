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

	"brownout/plan"
)

// process is a target that Brownout starts, from its files to its end.
type process struct {
	spec    plan.Target
	options Options
	view    *View

	dir   string // its own, removed when it is stopped
	tag   string // stands in its environment, so that all that it started is found
	cmd   *exec.Cmd
	said  *output
	ended chan struct{} // closed when it has ended and was waited for
	err   error         // how it ended, once that is closed

	mu       sync.Mutex
	stopping bool
	watching sync.WaitGroup
	unwatch  context.CancelFunc
	read     chan struct{} // closed when its output has been read to its end
	pipe     *os.File      // that its output is read from
}

// attempts bounds how often a process is started whose port was taken in the
// moment between its choice and its use.
const attempts = 3

// start installs what is missing, starts the process and waits until it
// serves.
func (p *process) start(ctx context.Context) error {
	home, err := Install(ctx, p.spec, p.options.Cache, p.options.Say)
	if err != nil {
		return err
	}
	p.view.Home = home
	for try := 1; ; try++ {
		err := p.launch(ctx)
		if err == nil {
			break
		}
		err = errors.Join(err, p.stop(context.WithoutCancel(ctx)))
		if try == attempts || !strings.Contains(err.Error(), "EADDRINUSE") && !strings.Contains(err.Error(), "address already in use") {
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
	if p.dir, err = os.MkdirTemp("", "brownout-target-"); err != nil {
		return err
	}
	p.view.Dir = p.dir
	made, err := Render(p.spec, p.view)
	if err != nil {
		return err
	}
	if err := writeFiles(p.dir, made.Files); err != nil {
		return err
	}
	p.tag = "BROWNOUT_TARGET=" + filepath.Base(p.dir)
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
	return append(env, p.tag)
}

// run starts the program. One goroutine starts it and waits for it on a thread
// of its own: where the system can end a child with the thread that started
// it, this thread lives as long as the child.
func (p *process) run(made *Rendered) error {
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	c := exec.Command(made.Command[0], made.Command[1:]...)
	c.Dir, c.Env, c.Stdout, c.Stderr = p.dir, p.environment(made), write, write
	ownGroup(c)
	log := p.options.Log
	if log == nil {
		log = io.Discard
	}
	p.said = newOutput(keys(p.view, p.spec.Key), func(_, line string) {
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
	over := time.NewTimer(ready.Timeout)
	defer over.Stop()
	t := time.NewTicker(askEvery)
	defer t.Stop()
	for {
		if p.serves(ctx) {
			return nil
		}
		select {
		case <-t.C:
		case <-p.ended:
			<-p.read
			return fmt.Errorf("it ended before it served anybody: %s%s", how(p.err), p.said.tail())
		case <-over.C:
			return fmt.Errorf("it did not answer at port %d within %s%s", p.view.Port, ready.Timeout, p.said.tail())
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// serves asks once.
func (p *process) serves(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(p.view.Port))
	if p.spec.Process.Ready.Path == "" {
		var d net.Dialer
		c, err := d.DialContext(ctx, "tcp", addr)
		if err != nil {
			return false
		}
		return c.Close() == nil
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+p.spec.Process.Ready.Path, nil)
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

// lingering is how long what a process started may outlive it.
const lingering = 300 * time.Millisecond

// stop ends the process and all that it started, and takes away its directory.
// It may be called where nothing was started.
func (p *process) stop(ctx context.Context) error {
	if p.unwatch != nil {
		p.unwatch()
		p.watching.Wait()
	}
	if p.cmd != nil {
		p.mu.Lock()
		p.stopping = true
		p.mu.Unlock()
		p.end(ctx)
		p.reap()
		_ = p.pipe.Close() // whoever still holds the other end writes to nobody
		<-p.read
		p.cmd = nil
	}
	if p.dir == "" {
		return nil
	}
	dir := p.dir
	p.dir = ""
	return os.RemoveAll(dir)
}

// end asks the process to end, and makes it.
func (p *process) end(ctx context.Context) {
	select {
	case <-p.ended:
		return
	default:
	}
	terminate(p.cmd)
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
	killGroup(p.cmd)
	<-p.ended
}

// reap ends what the process has left running.
func (p *process) reap() {
	over := time.Now().Add(lingering)
	left := members(p.cmd.Process.Pid, p.tag)
	for len(left) > 0 && time.Now().Before(over) {
		time.Sleep(askEvery)
		left = members(p.cmd.Process.Pid, p.tag)
	}
	if len(left) == 0 {
		return
	}
	p.options.find(LeftRunning, fmt.Sprintf("it left %s running, which had to be killed", counted(len(left), "process", "processes")))
	killGroup(p.cmd)
	for _, pid := range left {
		kill(pid)
	}
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}
