package router_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"brownout/harness/router"
	"brownout/mocks/wire"
	"brownout/plan"
)

// embedded is what a client got for its texts.
type embedded struct {
	status  int
	vectors []float32 // the first number of each
	prompt  int
	by      string
	body    string
	took    time.Duration
	err     error
}

// embed asks for the embeddings of texts.
func (w *world) embed(ctx context.Context, h http.Header, deadline time.Duration, texts ...string) embedded {
	raw, err := json.Marshal(map[string]any{"model": "vectors", "input": texts})
	if err != nil {
		return embedded{err: err}
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://router/v1/embeddings", strings.NewReader(string(raw)))
	if err != nil {
		return embedded{err: err}
	}
	for k, v := range h {
		q.Header[k] = v
	}
	if deadline > 0 {
		q.Header.Set(wire.HeaderDeadline, fmt.Sprint(deadline.Milliseconds()))
	}
	began := time.Now()
	res, err := w.client.Do(q)
	if err != nil {
		return embedded{err: err, took: time.Since(began)}
	}
	defer res.Body.Close()
	var in struct {
		Data []struct {
			Embedding []float32 `json:"embedding"`
		} `json:"data"`
		Usage struct {
			Prompt int `json:"prompt_tokens"`
		} `json:"usage"`
		Error struct{ Message string } `json:"error"`
	}
	err = json.NewDecoder(res.Body).Decode(&in)
	e := embedded{status: res.StatusCode, prompt: in.Usage.Prompt, by: res.Header.Get(wire.HeaderProvider), body: in.Error.Message, err: err, took: time.Since(began)}
	for _, d := range in.Data {
		e.vectors = append(e.vectors, d.Embedding[0])
	}
	return e
}

// indexer embeds after so long.
func indexer(name string, after time.Duration) *fake {
	f := backend(name, nil)
	f.Model = "vectors"
	f.after = after
	return f
}

// embedsAtOnce sends requests at their times; each embeds texts of lengths of
// its own.
func (w *world) embedsAtOnce(at []time.Duration, h func(i int) http.Header) []embedded {
	out := make([]embedded, len(at))
	done := make(chan int)
	for i, d := range at {
		go func() {
			w.pass(d)
			out[i] = w.embed(context.Background(), h(i), 0, strings.Repeat("x", 10*i+1), strings.Repeat("y", 10*i+2))
			done <- i
		}()
	}
	for range at {
		<-done
	}
	return out
}

// sizes are how many texts each call had.
func (f *fake) sizes() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var s []string
	for _, e := range f.embeds {
		s = append(s, fmt.Sprint(len(e.Inputs)))
	}
	return strings.Join(s, " ")
}

// The first goes at once; those that come meanwhile gather, and each gets the
// vectors of its own texts.
func TestEmbedBatching(t *testing.T) {
	const ms = time.Millisecond
	for name, tt := range map[string]struct {
		set   plan.Router
		at    []time.Duration
		h     func(i int) http.Header
		sizes string // texts of each call
		took  []time.Duration
	}{
		"one at a time":       {at: []time.Duration{0, 200 * ms, 400 * ms}, sizes: "2 2 2", took: []time.Duration{100 * ms, 100 * ms, 100 * ms}},
		"gathered for 5 ms":   {at: []time.Duration{0, 10 * ms, 12 * ms, 14 * ms, 30 * ms}, sizes: "2 6 2", took: []time.Duration{100 * ms, 105 * ms, 103 * ms, 101 * ms, 105 * ms}},
		"until it is free":    {set: plan.Router{EmbedBatching: plan.EmbedBatching{MaxWait: time.Second}}, at: []time.Duration{0, 10 * ms, 20 * ms, 90 * ms}, sizes: "2 6", took: []time.Duration{100 * ms, 190 * ms, 180 * ms, 110 * ms}},
		"until it is full":    {set: plan.Router{EmbedBatching: plan.EmbedBatching{MaxWait: time.Second, Inputs: 4}}, at: []time.Duration{0, 10 * ms, 20 * ms, 30 * ms}, sizes: "2 4 2", took: []time.Duration{100 * ms, 110 * ms, 100 * ms, 190 * ms}},
		"until one has ended": {set: plan.Router{EmbedBatching: plan.EmbedBatching{Calls: 2}}, at: []time.Duration{0, 10 * ms, 20 * ms, 30 * ms, 90 * ms, 110 * ms}, sizes: "2 2 6 2", took: []time.Duration{100 * ms, 105 * ms, 180 * ms, 170 * ms, 110 * ms, 105 * ms}},
		"never across keys":   {at: []time.Duration{0, 10 * ms, 11 * ms, 12 * ms}, h: func(i int) http.Header { return http.Header{router.HeaderAgent: {fmt.Sprint(i % 2)}} }, sizes: "2 2 2 2"},
		"nor across classes":  {at: []time.Duration{0, 10 * ms, 11 * ms, 12 * ms}, h: func(i int) http.Header { return http.Header{wire.HeaderAllow: {[]string{"cloud", "cloud,gpu"}[i%2]}} }, sizes: "2 2 2 2"},
		"switched off":        {set: plan.Router{Off: []string{"embed_batching"}}, at: []time.Duration{0, 10 * ms, 11 * ms, 12 * ms}, sizes: "2 2 2 2"},
	} {
		t.Run(name, func(t *testing.T) {
			a := indexer("a", 100*ms)
			run(t, tt.set, []*fake{a}, func(w *world) {
				if tt.h == nil {
					tt.h = func(int) http.Header { return nil }
				}
				for i, e := range w.embedsAtOnce(tt.at, tt.h) {
					if e.status != http.StatusOK || len(e.vectors) != 2 || e.vectors[0] != float32(10*i+1) || e.vectors[1] != float32(10*i+2) || e.by != "a" {
						t.Errorf("%d: status %d, %v by %q, %s %v", i, e.status, e.vectors, e.by, e.body, e.err)
					}
					if tt.took != nil && e.took != tt.took[i] {
						t.Errorf("%d: took %v, want %v", i, e.took, tt.took[i])
					}
				}
				if a.sizes() != tt.sizes {
					t.Errorf("calls of %s texts, want %s", a.sizes(), tt.sizes)
				}
			})
		})
	}
}

// What a batch has cost is shared out by the length of its texts, to the token.
func TestEmbedBatchingSharesTheBill(t *testing.T) {
	a := indexer("a", 100*time.Millisecond)
	run(t, plan.Router{}, []*fake{a}, func(w *world) {
		got := w.embedsAtOnce([]time.Duration{0, 10 * time.Millisecond, 11 * time.Millisecond, 12 * time.Millisecond}, func(int) http.Header { return nil })
		sum := 0
		for _, e := range got[1:] {
			sum += e.prompt
		}
		// The fake bills a token for each text: six for 23, 43 and 63 bytes.
		if sum != 6 || got[1].prompt != 1 || got[2].prompt != 2 || got[3].prompt != 3 {
			t.Errorf("billed %d, %d and %d, of 6", got[1].prompt, got[2].prompt, got[3].prompt)
		}
	})
}

// A text that is refused fails nobody but its own request; a provider that is
// down fails over for all at once.
func TestEmbedBatchingFails(t *testing.T) {
	a := indexer("a", 100*time.Millisecond)
	a.vectors = func(n int) act {
		a.mu.Lock()
		bad := false
		for _, s := range a.embeds[n].Inputs {
			bad = bad || len(s) == 21
		}
		a.mu.Unlock()
		if bad {
			return fails(wire.FailBadRequest, 0)
		}
		return nil
	}
	at := []time.Duration{0, 10 * time.Millisecond, 11 * time.Millisecond, 12 * time.Millisecond}
	run(t, plan.Router{}, []*fake{a}, func(w *world) {
		for i, e := range w.embedsAtOnce(at, func(int) http.Header { return nil }) {
			if want := map[bool]int{true: http.StatusBadRequest, false: http.StatusOK}[i == 2]; e.status != want {
				t.Errorf("%d: status %d, want %d: %s", i, e.status, want, e.body)
			}
		}
		if a.sizes() != "2 6 2 2 2" {
			t.Errorf("calls of %s texts", a.sizes())
		}
	})
	down, b := indexer("a", 0), indexer("b", 100*time.Millisecond)
	down.vectors = always(fails(wire.FailOverload, 0))
	run(t, plan.Router{}, []*fake{down, b}, func(w *world) {
		for i, e := range w.embedsAtOnce(at, func(int) http.Header { return nil }) {
			if e.status != http.StatusOK || e.by != "b" {
				t.Errorf("%d: status %d by %q: %s", i, e.status, e.by, e.body)
			}
		}
		if b.sizes() != "2 6" {
			t.Errorf("calls of %s texts", b.sizes())
		}
	})
}

// Who leaves, or has less time, does not take the others with him; a call that
// nobody waits for ends.
func TestEmbedBatchingOutlivesItsClients(t *testing.T) {
	a := indexer("a", time.Second)
	run(t, plan.Router{EmbedBatching: plan.EmbedBatching{MaxWait: 50 * time.Millisecond}}, []*fake{a}, func(w *world) {
		first, leave := context.WithCancel(context.Background())
		go w.embed(context.Background(), nil, 0, "begins")
		w.pass(10 * time.Millisecond)
		go w.embed(first, nil, 0, "leads")
		w.pass(10 * time.Millisecond)
		time.AfterFunc(200*time.Millisecond, leave)
		if e := w.embed(context.Background(), nil, 0, "stays"); e.status != http.StatusOK || e.vectors[0] != 5 || e.took != 1040*time.Millisecond {
			t.Errorf("after %v: %d %v %v", e.took, e.status, e.vectors, e.err)
		}
		synctest.Wait()
		if a.sizes() != "1 2" {
			t.Errorf("calls of %s texts", a.sizes())
		}

		go w.embed(context.Background(), nil, 0, "begins")
		w.pass(10 * time.Millisecond)
		short := make(chan embedded)
		go func() { short <- w.embed(context.Background(), nil, 500*time.Millisecond, "short of time") }()
		w.pass(10 * time.Millisecond)
		long := w.embed(context.Background(), nil, 5*time.Second, "has time")
		if e := <-short; e.status != http.StatusGatewayTimeout || e.took != 475*time.Millisecond {
			t.Errorf("the short one: %d after %v", e.status, e.took)
		}
		if long.status != http.StatusOK || long.vectors[0] != 8 {
			t.Errorf("the long one: %d %s", long.status, long.body)
		}

		ctx, leave := context.WithTimeout(context.Background(), 300*time.Millisecond)
		defer leave()
		go w.embed(context.Background(), nil, 0, "begins")
		w.pass(10 * time.Millisecond)
		go w.embed(ctx, nil, 0, "leaves")
		w.embed(ctx, nil, 0, "leaves too")
		synctest.Wait()
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.gone == 0 {
			t.Error("the call that nobody waits for goes on")
		}
	})
}
