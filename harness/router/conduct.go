package router

import "brownout/mocks/wire"

// verdict is what a call says of its backend's health.
type verdict int

const (
	neutral   verdict = iota // nothing: it never got to show, or said to slow down
	healthy                  // it answers, if only to say what is wrong with the request
	unhealthy                // it fails
	condemned                // it fails, and will for a while: opens the breaker at once
)

// conduct is what to do about a failure.
type conduct struct {
	passOn bool    // the request itself is at fault: neither retry nor failover, the client is told
	again  bool    // worth one more try in place before moving on
	alone  bool    // worth one more try in place where there is nobody to move to
	says   verdict // of the backend
	model  bool    // concerns the model asked for, not the whole backend
}

// conducts holds the right conduct for each kind of failure. A kind that is
// not in it counts as a server error.
var conducts = map[wire.FailureKind]conduct{
	// One 500 or reset is noise; a second is a sign.
	wire.FailServer:    {again: true, alone: true, says: unhealthy},
	wire.FailTransport: {again: true, alone: true, says: unhealthy},

	// Out of capacity: asking again at once makes it worse.
	wire.FailOverload: {alone: true, says: unhealthy},
	// A limit is no illness. The gate keeps away until the stated moment.
	wire.FailRateLimit: {alone: true, says: neutral},

	// Silence has cost a whole time-out already; never wait there twice.
	wire.FailTimeout:   {says: unhealthy},
	wire.FailMalformed: {says: unhealthy},

	// These do not pass by themselves within a request's life.
	wire.FailQuota:         {says: condemned},
	wire.FailAuth:          {says: condemned},
	wire.FailPermission:    {says: condemned},
	wire.FailNotFound:      {says: condemned},
	wire.FailMethod:        {says: condemned},
	wire.FailModelNotFound: {says: condemned, model: true},

	// The request is as right as it was before the interface changed.
	kindChanged: {says: condemned},

	// Asking again elsewhere may do; here it gave another answer.
	kindMismatch: {says: healthy},

	// Another may be cheaper.
	kindOverBudget: {says: neutral},

	// Wrong everywhere, or refused on purpose.
	wire.FailContextLength: {passOn: true, says: healthy},
	wire.FailContentFilter: {passOn: true, says: healthy},
	wire.FailBadRequest:    {passOn: true, says: healthy},
	wire.FailTooLarge:      {passOn: true, says: healthy},
}

func conductFor(k wire.FailureKind) conduct {
	c, ok := conducts[k]
	if !ok {
		return conducts[wire.FailServer]
	}
	return c
}
