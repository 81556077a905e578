package service

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// epoch is when simulated time begins.
var epoch = time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)

// check fails where the engine's books do not add up.
func (e *engine) check(t interface{ Fatalf(string, ...any) }) {
	held := 0
	for _, s := range e.running {
		held += s.blocks
		if s.blocks < min(e.p.blocksOf(s.computed+s.chunk), e.capacity) {
			t.Fatalf("a sequence of %d tokens holds %d blocks", s.computed+s.chunk, s.blocks)
		}
	}
	for s := e.waiting.head; s != nil; s = s.next {
		if s.blocks != 0 {
			t.Fatalf("a waiting sequence holds %d blocks", s.blocks)
		}
	}
	chunks := 0
	for _, s := range e.running {
		chunks += s.chunk
	}
	switch {
	case held+e.free != e.capacity || e.free < 0:
		t.Fatalf("%d blocks held and %d free, of %d", held, e.free, e.capacity)
	case len(e.running) > e.p.sequences:
		t.Fatalf("%d sequences in a batch of %d", len(e.running), e.p.sequences)
	case chunks > e.p.batchTokens:
		t.Fatalf("%d tokens in a step of %d", chunks, e.p.batchTokens)
	case !e.stepping && e.load() > 0:
		t.Fatalf("at rest with %d waiting and %d running", e.waiting.n, len(e.running))
	}
}

// Whatever comes and goes: no block is given out twice, no batch or step is
// too large, sequences join in the order in which they came, and every token
// that is asked for is given once.
func TestEngineKeepsItsBooks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := &gpuParams{
			base:        time.Duration(rapid.IntRange(0, 20).Draw(t, "base")) * time.Millisecond,
			perSequence: time.Duration(rapid.IntRange(0, 3).Draw(t, "each")) * time.Millisecond,
			prefillRate: 1000,
			sequences:   rapid.IntRange(1, 6).Draw(t, "sequences"),
			batchTokens: rapid.IntRange(1, 64).Draw(t, "batch"),
			blockTokens: rapid.IntRange(1, 8).Draw(t, "block"),
			blocks:      rapid.IntRange(1, 30).Draw(t, "blocks"),
		}
		e := newEngine(p)
		var all []*sequence
		now, asked := epoch, uint64(0)
		for range rapid.IntRange(1, 40).Draw(t, "events") {
			switch rapid.IntRange(0, 3).Draw(t, "event") {
			case 0, 1:
				s := &sequence{
					prompt: rapid.IntRange(1, 120).Draw(t, "prompt"), want: rapid.IntRange(1, 40).Draw(t, "want"),
					ready: make(chan struct{}, 1),
				}
				all = append(all, s)
				e.arrive(now, s)
			case 2:
				now = now.Add(time.Duration(rapid.IntRange(0, 300).Draw(t, "pause")) * time.Millisecond)
				e.advance(now)
			case 3:
				if len(all) > 0 {
					e.leave(now, all[rapid.IntRange(0, len(all)-1).Draw(t, "who")])
				}
			}
			e.check(t)
		}
		for range 200_000 {
			if !e.stepping {
				break
			}
			e.advance(e.stepEnd)
			e.check(t)
		}
		if e.load() != 0 {
			t.Fatalf("%d waiting and %d running for ever", e.waiting.n, len(e.running))
		}
		if e.free != e.capacity {
			t.Fatalf("%d of %d blocks free at the end", e.free, e.capacity)
		}
		var last time.Time
		for _, s := range all {
			asked += uint64(s.done)
			if !s.over || s.done > s.want {
				t.Fatalf("a sequence got %d of %d tokens", s.done, s.want)
			}
			if s.joined.IsZero() {
				continue // left while it waited
			}
			if s.joined.Before(last) {
				t.Fatal("a later sequence joined first")
			}
			last = s.joined
		}
		if asked != e.generated {
			t.Fatalf("%d tokens generated, %d received", e.generated, asked)
		}
	})
}

// exactParams has round figures: a step takes 10 ms, 1 ms for each sequence
// and 1 ms for each prompt token.
func exactParams() *gpuParams {
	return &gpuParams{
		base: 10 * time.Millisecond, perSequence: time.Millisecond, prefillRate: 1000,
		sequences: 4, batchTokens: 100, blockTokens: 10, blocks: 100,
	}
}

// times are when each token of a sequence was ready, in milliseconds.
func times(e *engine, seqs ...*sequence) [][]int {
	out := make([][]int, len(seqs))
	for e.stepping {
		end := e.stepEnd
		e.advance(end)
		for i, s := range seqs {
			for len(out[i]) < s.done {
				out[i] = append(out[i], int(end.Sub(epoch).Milliseconds()))
			}
		}
	}
	return out
}

func TestEngineSteps(t *testing.T) {
	for _, c := range []struct {
		name        string
		edit        func(*gpuParams)
		seqs        []*sequence
		want        [][]int
		preemptions uint64
	}{
		{
			// 10 + 50, then 10 + 1 for each token.
			name: "one", seqs: []*sequence{{prompt: 50, want: 3}}, want: [][]int{{60, 71, 82}},
		},
		{
			// The second comes when the first step has begun. Its prompt shares a
			// step with a token of the first: 10 + 1 + 20.
			name: "two", seqs: []*sequence{{prompt: 50, want: 3}, {prompt: 20, want: 2}}, want: [][]int{{60, 91, 103}, {91, 103}},
		},
		{
			// 250 tokens are computed in three steps: 110 + 110 + 60.
			name: "long prompt", seqs: []*sequence{{prompt: 250, want: 1}}, want: [][]int{{280}},
		},
		{
			// One at a time: the second begins when the first is done.
			name: "full batch", edit: func(p *gpuParams) { p.sequences = 1 },
			seqs: []*sequence{{prompt: 10, want: 2}, {prompt: 10, want: 1}}, want: [][]int{{20, 31}, {51}},
		},
		{
			// Room for 20 tokens. Both fit until the first needs a second block;
			// the second is thrown out and computed anew, its token included.
			name: "cache exhausted", edit: func(p *gpuParams) { p.blocks = 2 },
			seqs: []*sequence{{prompt: 9, want: 3}, {prompt: 8, want: 3}},
			// 9: 19; 10+1+8: 38 (first of the second, second of the first); then
			// the first needs an 11th place: 11 ms alone to 49; then 8+1 anew: 19
			// to 68, and 11 to 79.
			want: [][]int{{19, 38, 49}, {38, 68, 79}}, preemptions: 1,
		},
		{
			// Larger than the cache: served alone in all of it.
			name: "larger than the cache", edit: func(p *gpuParams) { p.blocks = 2 },
			seqs: []*sequence{{prompt: 50, want: 2}}, want: [][]int{{60, 71}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := exactParams()
			if c.edit != nil {
				c.edit(p)
			}
			e := newEngine(p)
			for _, s := range c.seqs {
				s.ready = make(chan struct{}, 1)
				e.arrive(epoch, s)
			}
			got := times(e, c.seqs...)
			for i := range got {
				if len(got[i]) != len(c.want[i]) {
					t.Fatalf("sequence %d: tokens at %v, want %v", i, got[i], c.want[i])
				}
				for j := range got[i] {
					if got[i][j] != c.want[i][j] {
						t.Errorf("sequence %d: tokens at %v, want %v", i, got[i], c.want[i])
						break
					}
				}
			}
			if e.preemptions != c.preemptions {
				t.Errorf("%d preemptions, want %d", e.preemptions, c.preemptions)
			}
		})
	}
}

// A cache that a fault makes smaller throws out what does not fit; it all ends
// all the same.
func TestEngineShrinks(t *testing.T) {
	e := newEngine(exactParams())
	var seqs []*sequence
	for range 4 {
		s := &sequence{prompt: 20, want: 30, ready: make(chan struct{}, 1)}
		seqs = append(seqs, s)
		e.arrive(epoch, s)
	}
	e.advance(epoch.Add(200 * time.Millisecond))
	e.shrink(6)
	for e.stepping {
		e.advance(e.stepEnd)
		e.check(t)
	}
	for i, s := range seqs {
		if s.done != 30 {
			t.Errorf("sequence %d: %d tokens", i, s.done)
		}
	}
	if e.preemptions == 0 {
		t.Error("nothing was thrown out of a cache of 6 blocks that held 4 sequences of 2 and more")
	}
}
