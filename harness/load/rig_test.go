package load_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"brownout/harness/journal"
	"brownout/harness/load"
	"brownout/mocks/answer"
	"brownout/mocks/wire"
	"brownout/plan"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// steady is a plan of a constant rate.
func steady(rate float64, duration time.Duration, mix ...plan.Mix) *plan.Plan {
	return &plan.Plan{
		Scenario: "steady",
		Seed:     7,
		Load:     plan.Load{Profile: []plan.Point{{Rate: rate}}, Duration: duration, Mix: mix, Workers: 100},
	}
}

// one is a plan of a single request.
func one(m plan.Mix) *plan.Plan { return steady(1, time.Second, m) }

func of(kind string) plan.Mix { return plan.DefaultMix[kind] }

// samples collects what a runner emits.
type samples struct {
	mu        sync.Mutex
	all       []*journal.Sample
	workflows []*journal.Workflow
}

func (s *samples) emit(e journal.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if w, ok := e.(*journal.Workflow); ok {
		s.workflows = append(s.workflows, w)
		return
	}
	s.all = append(s.all, e.(*journal.Sample))
}

// scheduled returns the samples in the order in which they were due.
func (s *samples) scheduled() []*journal.Sample {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := slices.Clone(s.all)
	slices.SortStableFunc(all, func(a, b *journal.Sample) int { return int(a.Scheduled - b.Scheduled) })
	return all
}

// runner makes a runner for a plan against a transport.
func runner(t testing.TB, p *plan.Plan, rt http.RoundTripper) (*load.Runner, *samples) {
	t.Helper()
	s := &samples{}
	r, err := load.New(load.Config{
		Plan: p, BaseURL: "http://target.test", Key: testKey, Model: "gpt-test",
		Start: time.Now(), Emit: s.emit, Transport: rt,
	})
	if err != nil {
		t.Fatal(err)
	}
	return r, s
}

const testKey = "a-key-that-must-not-be-written"

// run sends a whole plan and returns its samples.
func run(t testing.TB, p *plan.Plan, rt http.RoundTripper) []*journal.Sample {
	t.Helper()
	r, s := runner(t, p, rt)
	if err := r.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	return s.scheduled()
}

// question is what a request asks for, as a mock would read it.
type question struct {
	*wire.Request
	marker string
	words  int
}

var (
	markerIn = regexp.MustCompile(`\[\[bo:([^\]]+)\]\]`)
	wordsIn  = regexp.MustCompile(`in (\d+) words`)
)

var openAI = func() wire.Dialect {
	d, ok := wire.Lookup("openai")
	if !ok {
		panic("no dialect of OpenAI")
	}
	return d
}()

func read(r *http.Request) question {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	q, fail := openAI.DecodeRequest(r, body)
	if fail != nil {
		panic(fail)
	}
	words, _ := strconv.Atoi(wordsIn.FindStringSubmatch(q.LastUser())[1])
	return question{q, markerIn.FindStringSubmatch(q.LastUser())[1], words}
}

func (q question) text() string { return answer.Text(q.marker, q.words) }

func (q question) usage() wire.Usage { return wire.Usage{Prompt: 10, Completion: q.words} }

// answer is the right answer, whole.
func (q question) answer(text string) *wire.Answer {
	return &wire.Answer{ID: "chatcmpl-1", Model: "gpt-test-1", Text: text, Finish: wire.FinishStop, Usage: q.usage()}
}

// good answers every request rightly, streamed where that was asked for.
func good(w http.ResponseWriter, r *http.Request) {
	q := read(r)
	if !q.Stream {
		_ = openAI.WriteAnswer(w, q.Request, q.answer(q.text()))
		return
	}
	s, err := openAI.StartStream(w, q.Request, q.answer(""))
	if err != nil {
		return
	}
	for _, word := range pieces(q.text()) {
		if s.Text(word) != nil {
			return
		}
	}
	_ = s.End(wire.FinishStop, q.usage())
}

// pieces cuts a text into words, each with the space before it.
func pieces(text string) []string { return regexp.MustCompile(`\s*\S+`).FindAllString(text, -1) }

// memory is a target without a network: a handler whose answer reaches the
// client as it is written. The request's end ends the answer, as a closed
// connection does.
type memory struct{ handler http.HandlerFunc }

func (m memory) RoundTrip(r *http.Request) (*http.Response, error) {
	pr, pw := io.Pipe()
	w := &writer{header: http.Header{}, head: make(chan int, 1), body: pw}
	stop := context.AfterFunc(r.Context(), func() { pw.CloseWithError(r.Context().Err()) })
	go func() {
		defer stop()
		defer func() {
			switch err := recover(); err {
			case nil:
				w.WriteHeader(http.StatusOK)
				pw.Close()
			case http.ErrAbortHandler:
				pw.CloseWithError(errReset)
			default:
				panic(err)
			}
		}()
		m.handler(w, r)
	}()
	select {
	case status := <-w.head:
		return &http.Response{StatusCode: status, Header: w.header.Clone(), Body: pr, Request: r}, nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

var errReset = errors.New("connection reset by peer")

type writer struct {
	header http.Header
	once   sync.Once
	head   chan int
	body   *io.PipeWriter
}

func (w *writer) Header() http.Header { return w.header }

func (w *writer) WriteHeader(status int) { w.once.Do(func() { w.head <- status }) }

func (w *writer) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(b)
}

func (w *writer) Flush() { w.WriteHeader(http.StatusOK) }
