package router

import (
	"context"
	"log/slog"
	"time"
)

// Decision is one thing the router did on its own account.
type Decision struct {
	What     string        // one of the words below
	Provider string        // whom it concerns; empty: nobody in particular
	Marker   string        // the request's marker, or its id where the prompt has none; empty: no one request's doing
	Detail   string        // the cause, in words
	Wait     time.Duration // how long it waits, or stays away
}

// What a Decision may be.
const (
	BreakerOpen       = "breaker_open"
	BreakerHalfOpen   = "breaker_half_open"
	BreakerClosed     = "breaker_closed"
	Retry             = "retry"               // the same provider again
	Failover          = "failover"            // the next provider
	FirstTokenTimeout = "first_token_timeout" // gave up on a silent provider
	GapTimeout        = "gap_timeout"         // gave up on a stream that went silent
	WaitRetryAfter    = "wait_retry_after"    // nobody else was usable, and a provider said when to come back
	LastResort        = "last_resort"         // every breaker was open; one call was let through
	Refused           = "refused"             // no provider was allowed
	Exhausted         = "exhausted"           // nobody was left, or no time
	Continued         = "continued"           // a broken stream goes on elsewhere
	LongerContext     = "longer_context"      // a prompt that was too long went to a longer context
	Trimmed           = "trimmed"             // turns of a conversation that was too long are left out
	LeftAlone         = "left_alone"          // a provider refused for its limit, and is not asked for a while beyond what it said
	Shed              = "shed"                // a request was refused, as it could not be answered in time
	Hedge             = "hedge"               // a second provider was asked beside a slow one
	HedgeWon          = "hedge_won"           // and was the first to answer
	BudgetSpent       = "budget_spent"        // an attempt beyond the first was refused: the retry budget is spent
	Shimmed           = "shimmed"             // a provider refused a field, which was left out
	APIChanged        = "api_changed"         // a provider's interface is not what it was; told once
	Deprecated        = "deprecated"          // a model is announced to end, is gone, or is back
	RolledBack        = "rolled_back"         // a migration was taken back
	Guarded           = "guarded"             // an answer carried poison, and was refused
	OverBudget        = "over_budget"         // no provider could be paid for
	LoopStopped       = "loop_stopped"        // a workflow called without end
	Unhealthy         = "unhealthy"           // health probes found nobody well there
	Healthy           = "healthy"             // they found it well again
	Ejected           = "ejected"             // a provider does far worse than its peers, and is left alone for a while
	Returned          = "returned"            // that is over
	Degraded          = "degraded"            // a step down the ladder
	Redacted          = "redacted"            // a provider was shown placeholders in the place of personal data
)

// record logs a request, where somebody reads the log at that level.
func (r *engine) record(c *call, end *ending) {
	ctx := context.Background()
	if !r.log.Enabled(ctx, slog.LevelDebug) {
		return
	}
	list := []slog.Attr{
		slog.String("request", c.id), slog.String("marker", c.marker), slog.String("key", c.terms.account()),
		slog.String("workflow", c.terms.workflow), slog.Int("attempts", c.attempts),
		slog.Duration("took", time.Since(c.began)), slog.Float64("cost_usd", end.costUSD),
	}
	if end.by != nil {
		list = append(list, slog.String("provider", end.by.Name), slog.String("model", end.by.model))
	}
	if end.source != fromProvider {
		list = append(list, slog.String("source", string(end.source)))
	}
	if end.fail != nil {
		list = append(list, slog.String("error", end.fail.Error()))
	}
	r.log.LogAttrs(ctx, slog.LevelDebug, "request", list...)
}

// announce returns the function that tells f and the log of a decision.
func (r *engine) announce(f func(Decision)) func(Decision) {
	return func(d Decision) {
		r.metrics.decisions.WithLabelValues(d.What).Inc()
		if r.log.Enabled(context.Background(), slog.LevelInfo) {
			r.log.Info(d.What, "provider", d.Provider, "marker", d.Marker, "detail", d.Detail, "wait", d.Wait)
		}
		if f != nil {
			f(d)
		}
	}
}
