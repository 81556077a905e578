// Package wire knows how each provider's messages look on the wire: requests,
// answers, streams and errors, in both directions. The mocks use the server
// side; the router uses the client side towards providers and the server side
// towards its own clients; the load generator uses the client side.
//
// Bytes flow in and neutral values (Request, Answer, Event, Failure) flow out,
// or the reverse. A dialect knows nothing of time, load, faults or the harness.
// Facts about wire formats carry their source beside them.
package wire

// Dialect is one wire format, both sides.
type Dialect interface {
	Name() string
	Server
	Client
}

// MaxBody bounds request bodies, in bytes. Anthropic documents 32 MB; the
// others are not documented and take the same.
const MaxBody = 32 << 20

// Headers by which clients of the bundled router say what a request may cost
// them and by which the router says what it did. They carry no meaning for
// providers and are not forwarded.
const (
	HeaderDeadline = "X-Brownout-Deadline-Ms" // client: budget of the whole request, in milliseconds
	HeaderAllow    = "X-Brownout-Allow"       // client: comma-separated classes the request may reach
	HeaderRegions  = "X-Brownout-Regions"     // client: comma-separated regions the request may reach
	HeaderWorkflow = "X-Brownout-Workflow"    // client: id of the workflow that the request is a step of; traces, decisions and cost metrics name it, budgets and loop limits count by it
	HeaderPriority = "X-Brownout-Priority"    // client: low, normal (the default) or high: who goes first where requests wait for a place
	HeaderCache    = "X-Brownout-Cache"       // client: on: may be answered from an answer given before, and its own be kept; off: neither. router: hit, semantic (to a question in similar words), joined (to the call for the same request of another client) or stale, where it was
	HeaderBudget   = "X-Brownout-Budget-USD"  // client: what the request, or its whole workflow, may cost
	HeaderTrimmed  = "X-Brownout-Trimmed"     // router: turns of the conversation that were left out, as it was too long
	HeaderProvider = "X-Brownout-Provider"    // router: who answered
	HeaderAttempts = "X-Brownout-Attempts"    // router: attempts made, over all providers
	HeaderClass    = "X-Brownout-Class"       // router: class of the provider that answered
	HeaderAge      = "Age"                    // router, and any HTTP cache: seconds since the answer was made (RFC 9111)
)
