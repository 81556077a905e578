package router

import (
	"context"
	"net/http"

	"brownout/mocks/wire"
)

// stage is what a mitigation puts into the path of requests: one function for
// each place where it has a say. All may be nil. The table of mitigations
// gives the order in which the functions of one place are called; a place
// without any costs nothing.
//
// A request meets the places in the order of the fields. Functions are called
// from the request's goroutine, but for those of a hedge (claim, attempt,
// prepare, edit, rewrite, heard, refused, answer and flow), which are called
// from its own, one at a time. They must not block, but for admit, lookup and
// await.
type stage struct {
	// resolve turns the model that was asked for into the one that is meant.
	resolve func(c *call, asked string) string

	// admit lets a request in, waits for its turn, or refuses it. leave, where
	// it is not nil, is called once when the request has ended.
	admit func(c *call) (leave func(*ending), fail *wire.Failure)

	// lookup may have an answer without asking a provider, or a failure where
	// it had hoped for one; nil: it has neither. leave is as of admit.
	lookup func(c *call) (rep *reply, leave func(*ending), fail *wire.Failure)

	// model picks the model to ask of a provider; "": no opinion.
	model func(c *call, b *backend, asked string) string

	// choose changes whom a request may ask, best first, after the policy has
	// put them in order.
	choose func(c *call, cands []candidate) []candidate

	// bars tells why a candidate should not be asked now; nil: it may be. It
	// reserves nothing.
	bars func(c *call, cand *candidate) *refusal

	// claim takes what an attempt needs of a candidate that was chosen; where
	// that is gone meanwhile, somebody else is.
	claim *claim

	// grant tells whether a request may make an attempt beyond its first; a
	// refusal ends the request's attempts. back, where it is not nil, is called
	// if the attempt is not made after all.
	grant func(c *call) (back func(), no *refusal)

	// await waits for what everybody who might be asked lacks now; again tells
	// that somebody may be asked. A failure refuses the request.
	await func(c *call) (again bool, fail *wire.Failure)

	// attempt is told of an attempt that is about to be made, and may follow
	// it.
	attempt func(c *call, a *attempt) trial

	// hedge has a second provider asked where the first is slow. At most one
	// mitigation has it.
	hedge *hedge

	// prepare changes the request for one candidate. It returns req itself, or
	// a changed copy, or a failure where it cannot be asked of that one.
	prepare func(c *call, a *attempt, req *wire.Request) (*wire.Request, *wire.Failure)

	// edit changes the HTTP request of an attempt, just before it is sent.
	edit func(a *attempt, q *http.Request)

	// rewrite changes a streamed answer before anybody else sees it; nil: it does
	// not want to. At most one mitigation has it.
	rewrite func(c *call, a *attempt) rewriter

	// heard sees status and headers of each answer of a provider, errors too.
	heard func(a *attempt, status int, h http.Header)

	// refused reads a provider's refusal, and may say better what it means.
	refused func(c *call, a *attempt, fail *wire.Failure)

	// answer judges a whole unary answer, and may change it. A failure is the
	// provider's.
	answer func(c *call, a *attempt, w *wire.Answer) *wire.Failure

	// flow judges a streamed answer as it comes; nil: it does not want to.
	flow func(c *call, a *attempt) flow

	// amend is told of a failed attempt, and may change what prepare does so
	// that the same provider is worth asking once more; then it says so.
	amend func(c *call, a *attempt) bool

	// fallback may answer where nobody did; nil: it cannot.
	fallback func(c *call, fail *wire.Failure) *reply

	// run is its work beside requests; it ends with ctx.
	run func(ctx context.Context)
}

// claim takes something that there is only so much of, such as a place among
// the calls in progress.
type claim struct {
	// take tells whether it got it. It must get it where force says so:
	// somebody has to be asked.
	take func(c *call, cand *candidate, force bool) bool
	// back gives it back, because the candidate was not asked after all.
	back func(c *call, cand *candidate)
}

// flow is a stream's text on its way to the client. A failure ends the attempt
// as if its provider had failed; before anything was delivered it becomes
// another provider's answer.
type flow interface {
	// text takes in what came and returns what may go on now.
	text(s string) (string, *wire.Failure)
	// end returns what was held back, when the provider has said all.
	end(f wire.Finish) (string, *wire.Failure)
}

// rewriter changes what a stream says, and may hold some of it back.
type rewriter interface {
	// text takes in what came and returns what may go on.
	text(s string) string
	// toolCall does so with a piece of a call of a function. Text that was held
	// back comes before it.
	toolCall(d wire.ToolCallDelta) (text string, calls []wire.ToolCallDelta)
	// end returns what was held back, when the provider has said all.
	end() (text string, calls []wire.ToolCallDelta)
}

// attentive is a flow that hears more than text.
type attentive interface {
	flow
	// model is what the stream says of who answers, when it first does.
	model(name string) *wire.Failure
	// toolCall hears a piece of a call of a function. It cannot be held back.
	toolCall(d wire.ToolCallDelta)
	// counted hears the usage that the provider reports.
	counted(u wire.Usage)
}

// trial follows one attempt. Its functions may be nil.
type trial struct {
	began func(a *attempt) // the first token or whole answer is there, or the attempt failed
	ended func(a *attempt) // the last token is there, or the attempt was given up
}

// ending is how a request ended.
type ending struct {
	fail    *wire.Failure // nil: answered
	by      *candidate    // who answered; nil: no provider
	source  source
	answer  *wire.Answer // whole, also of a stream; nil where it failed
	costUSD float64      // of all attempts, by the prices known
	told    bool         // the client was told of a failure, in the stream
	gone    bool         // the client had left
}

// source says where an answer comes from if not from a provider; it is what
// the answer's X-Brownout-Cache header says.
type source string

// Sources.
const (
	fromProvider source = ""
	fromCache    source = "hit"
	fromSimilar  source = "semantic"
	fromFlight   source = "joined"
	fromStale    source = "stale"
	fromStatic   source = "static"
)

// stages are the functions of all active mitigations by place.
type stages struct {
	resolve  []func(c *call, asked string) string
	admit    []func(c *call) (func(*ending), *wire.Failure)
	lookup   []func(c *call) (*reply, func(*ending), *wire.Failure)
	model    []func(c *call, b *backend, asked string) string
	choose   []func(c *call, cands []candidate) []candidate
	bars     []func(c *call, cand *candidate) *refusal
	claim    []*claim
	grant    []func(c *call) (func(), *refusal)
	await    []func(c *call) (bool, *wire.Failure)
	attempt  []func(c *call, a *attempt) trial
	hedge    *hedge
	prepare  []func(c *call, a *attempt, req *wire.Request) (*wire.Request, *wire.Failure)
	edit     []func(a *attempt, q *http.Request)
	rewrite  func(c *call, a *attempt) rewriter
	heard    []func(a *attempt, status int, h http.Header)
	refused  []func(c *call, a *attempt, fail *wire.Failure)
	answer   []func(c *call, a *attempt, w *wire.Answer) *wire.Failure
	flow     []func(c *call, a *attempt) flow
	amend    []func(c *call, a *attempt) bool
	fallback []func(c *call, fail *wire.Failure) *reply
	run      []func(ctx context.Context)
}

// build sets up the stages of the mitigations that are on.
func (r *engine) build() {
	for _, m := range mitigations() {
		if m.build == nil || !r.set.has(m.Name) {
			continue
		}
		if s := m.build(r); s != nil {
			r.stages.add(s)
		}
	}
}

func (v *stages) add(s *stage) {
	put(&v.resolve, s.resolve, s.resolve != nil)
	put(&v.admit, s.admit, s.admit != nil)
	put(&v.lookup, s.lookup, s.lookup != nil)
	put(&v.model, s.model, s.model != nil)
	put(&v.choose, s.choose, s.choose != nil)
	put(&v.bars, s.bars, s.bars != nil)
	put(&v.claim, s.claim, s.claim != nil)
	put(&v.grant, s.grant, s.grant != nil)
	put(&v.await, s.await, s.await != nil)
	put(&v.attempt, s.attempt, s.attempt != nil)
	if s.hedge != nil {
		v.hedge = s.hedge
	}
	put(&v.prepare, s.prepare, s.prepare != nil)
	put(&v.edit, s.edit, s.edit != nil)
	if s.rewrite != nil {
		v.rewrite = s.rewrite
	}
	put(&v.heard, s.heard, s.heard != nil)
	put(&v.refused, s.refused, s.refused != nil)
	put(&v.answer, s.answer, s.answer != nil)
	put(&v.flow, s.flow, s.flow != nil)
	put(&v.amend, s.amend, s.amend != nil)
	put(&v.fallback, s.fallback, s.fallback != nil)
	put(&v.run, s.run, s.run != nil)
}

func put[F any](list *[]F, f F, given bool) {
	if given {
		*list = append(*list, f)
	}
}
