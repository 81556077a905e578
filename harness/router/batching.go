package router

import (
	"context"
	"math"
	"sync"
	"time"

	"brownout/mocks/wire"
	"brownout/plan"
)

// batcher joins requests for embeddings into calls. The first of a kind goes at
// once; those that come while a call of that kind is under way gather, and go
// as one when there are enough of them, when the first of them has waited for
// long enough, or when nothing is under way any more. So nobody waits at low
// load, and at high load there are few calls. Where many are under way already,
// as they are when a provider is slow or makes them wait for its limit, those
// that gather wait for one of them to end, so that calls grow and do not queue.
type batcher struct {
	set plan.EmbedBatching

	mu sync.Mutex
	by map[batchKind]*batches
}

// batchKind is what requests have in common that may share a call: vectors of
// one model and length, one client's money, and the same bounds.
type batchKind struct {
	model      string
	dimensions int
	surface    string
	workflow   string
	budgetUSD  float64
	who        digest
}

// batches are those of one kind.
type batches struct {
	busy      int    // calls under way
	gathering *batch // nil: nobody waits
}

// batch are the requests that share one call.
type batch struct {
	inputs []string
	riders int           // who wait for it
	until  time.Time     // the earliest of their deadlines; zero: none has one
	start  chan struct{} // closed when it should go before its time
	due    bool          // it has waited for long enough
	ended  chan struct{} // closed when what follows is known
	answer *wire.Embeddings
	by     *candidate
	tries  int
	fail   *wire.Failure
	alone  context.CancelFunc // ends the call, where nobody waits for it any more; nil: it is not made yet
}

// embedBatching is the mitigation.
func embedBatching(r *engine) *stage {
	set := r.set.EmbedBatching
	all := keep(r, "embed_batching", set, func() *batcher { return &batcher{set: set, by: map[batchKind]*batches{}} })
	return &stage{lookup: func(c *call) (*reply, func(*ending), *wire.Failure) {
		t := &c.terms
		if c.embed == nil || len(c.embed.Inputs) >= set.Inputs || t.workflow == "" && t.budgetUSD > 0 {
			return nil, nil, nil
		}
		return all.join(c, batchKind{
			model: c.model, dimensions: c.embed.Dimensions, surface: c.embed.Surface,
			workflow: t.workflow, budgetUSD: t.budgetUSD, who: digestOf(&wire.Request{}, "", c.asker()),
		})
	}}
}

// join puts a request into a batch and waits for its part of the answer. It
// returns nothing where the request is to make a call of its own.
func (v *batcher) join(c *call, kind batchKind) (*reply, func(*ending), *wire.Failure) {
	v.mu.Lock()
	all := v.by[kind]
	if all == nil {
		all = &batches{}
		v.by[kind] = all
	}
	if all.busy == 0 && all.gathering == nil {
		all.busy++
		v.mu.Unlock()
		return nil, func(*ending) { v.done(kind, all) }, nil
	}
	b, n := all.gathering, len(c.embed.Inputs)
	if b != nil && len(b.inputs)+n > v.set.Inputs { // it is as full as it gets
		all.send()
		b = nil
	}
	leads := b == nil
	if leads {
		b = &batch{start: make(chan struct{}), ended: make(chan struct{})}
		all.gathering = b
	}
	from := len(b.inputs)
	b.inputs = append(b.inputs, c.embed.Inputs...)
	b.riders++
	if !c.deadline.IsZero() && (b.until.IsZero() || c.deadline.Before(b.until)) {
		b.until = c.deadline
	}
	if len(b.inputs) == v.set.Inputs {
		all.send()
	}
	v.mu.Unlock()

	defer context.AfterFunc(c.ctx, func() { v.left(b) })()
	if leads {
		v.call(c, b, kind, all)
	} else {
		select {
		case <-b.ended:
		case <-c.ctx.Done():
			return nil, nil, c.exhausted()
		}
	}
	return b.part(c, from)
}

// send has those go who gather. The batcher's lock is held.
func (a *batches) send() {
	close(a.gathering.start)
	a.gathering = nil
}

// done counts a call that is over.
func (v *batcher) done(kind batchKind, all *batches) {
	v.mu.Lock()
	defer v.mu.Unlock()
	all.busy--
	switch b := all.gathering; {
	case b != nil && (all.busy == 0 || b.due && all.busy < v.set.Calls):
		all.send()
	case b == nil && all.busy == 0 && v.by[kind] == all:
		delete(v.by, kind)
	}
}

// mayNotGo tells whether a batch that has waited for long enough waits on, for
// a call to end: there are as many as there may be.
func (v *batcher) mayNotGo(b *batch, all *batches) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	b.due = true
	return all.gathering == b && all.busy >= v.set.Calls
}

// left counts a request that waits no more.
func (v *batcher) left(b *batch) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if b.riders--; b.riders == 0 && b.alone != nil {
		b.alone()
	}
}

// call waits for company and makes the call, in the first one's goroutine but
// not only on its behalf: it goes on where that one's client leaves.
func (v *batcher) call(c *call, b *batch, kind batchKind, all *batches) {
	t := time.NewTimer(v.set.MaxWait)
	defer t.Stop()
	select {
	case <-b.start:
	case <-t.C:
		if v.mayNotGo(b, all) {
			select {
			case <-b.start:
			case <-c.ctx.Done(): // it leads the others no further than its own time
			}
		}
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(c.ctx))
	defer cancel()
	v.mu.Lock()
	if all.gathering == b {
		all.gathering = nil
	}
	all.busy++
	if b.alone = cancel; b.riders == 0 {
		cancel()
	}
	v.mu.Unlock()
	defer v.done(kind, all)
	defer close(b.ended)

	j := &call{
		r: c.r, front: c.front, id: c.id, marker: c.marker, terms: c.terms, trace: c.trace,
		began: c.began, budget: c.budget, deadline: b.until, ctx: ctx,
	}
	if !b.until.IsZero() {
		var end context.CancelFunc
		j.ctx, end = context.WithDeadlineCause(ctx, b.until, errDeadline)
		defer end()
	}
	own := *c.embed
	own.Inputs = b.inputs
	j.embeds(&own)
	var rep *reply
	if b.fail = j.choose(); b.fail == nil {
		if b.fail = j.admit(); b.fail == nil {
			rep, b.fail = j.forward()
		}
	}
	end := ending{fail: b.fail, costUSD: j.costUSD, gone: j.gone()}
	if rep != nil {
		b.answer, b.by, end.by = rep.embeds, rep.by, rep.by
	}
	b.tries = j.attempts
	j.leave(&end)
	c.costUSD += j.costUSD
}

// part is a request's part of the answer, with its share of what was counted,
// by the length of its texts. Where the call may have failed because of
// others' texts, the request makes one of its own.
func (b *batch) part(c *call, from int) (*reply, func(*ending), *wire.Failure) {
	to := from + len(c.embed.Inputs)
	c.attempts = b.tries
	if b.fail != nil {
		shared := len(b.inputs) > to-from
		late := b.fail.Kind == wire.FailTimeout && c.left() > leastBudget
		if shared && (conductFor(b.fail.Kind).passOn || b.fail.Kind == wire.FailQuota || late) {
			c.attempts = 0
			return nil, nil, nil
		}
		return nil, nil, c.asOwn(b.fail)
	}
	all, before, own := 0, 0, 0
	for i, s := range b.inputs {
		switch all += len(s); {
		case i < from:
			before += len(s)
		case i < to:
			own += len(s)
		}
	}
	share := func(bytes int) int { // rounded where it ends, so that the parts sum to the whole
		return int(math.Round(float64(b.answer.Usage.Prompt) * float64(bytes) / float64(max(all, 1))))
	}
	e := *b.answer
	e.Vectors = e.Vectors[from:to:to]
	e.Usage.Prompt = share(before+own) - share(before)
	return &reply{by: b.by, embeds: &e}, nil, nil
}
