// Package router is the bundled failover router: a front in the dialects of
// OpenAI and Anthropic for a list of backends that may each speak another.
//
// Clients' HTTP requests flow in; one HTTP answer flows out to each, and a
// Decision to whoever listens for each thing the router did on its own account
// (a breaker opened, a call moved on).
//
// The core is a request's way. Files stand without their .go, and in the last
// column the places of stages.go at which mitigations have a say:
//
//	    step                                        files                               places
//	 1  read headers and body                       serve, front, headers, sampling
//	 2  what the asked model means                  choose, routes, modelmap            resolve, model
//	 3  who may answer, best first                  choose, policy, balance, prefer,    choose
//	                                                rules
//	 4  answer from memory, or join another's call  caching, joining, batching          lookup
//	 5  let the request in                          serve                               admit
//	 6  is one more attempt allowed                 forward, retrybudget                grant
//	 7  whom to ask next, or whom to wait for       next, refusal, gate                 bars, claim, await
//	 8  the call, and a second one beside it        hedge, attempt                      attempt, hedge
//	 9  its HTTP request, and how its answer        ask, fields                         prepare, edit,
//	    begins                                                                          heard, refused
//	10  a whole answer                              ask                                 answer
//	11  a stream, up to its first token             ask, stream, patience, watch        rewrite, flow
//	12  after a failure: again, elsewhere, or stop  retry, conduct, failure             amend; then 6
//	13  the answer to the client, token by token    relay, outlet
//	14  a stream that breaks goes on elsewhere      continue                            then 6
//	15  nobody answered                             failure, serve                      fallback
//	16  account, metrics, span, log                 billedprices, metrics, trace,
//	                                                decision
//
// What is known of a request is in call, of one call to a provider in attempt.
// Every mitigation is a small file and one line in the table of mitigations,
// and can be switched off by its name. Where they live:
//
//	breaker            breaker (its states), gate (who is let in), hold (failures that last)
//	retries            retry; over all requests: retrybudget, allowance
//	rate limits        ratelimits, ratelimit (the room left), ratelimit_headers; a stated
//	                   retry-after: gate, doubt
//	hedging            hedging (when), hedge (how)
//	outlier ejection   outlier, peers (who is compared), standing (with what), stats
//	slow start         slowstart
//	health checks      health, probe
//	admission          admission, queue (who waits), concurrency (how many go at once)
//	budgets            budgets, ledger, billedprices, promptsize
//	caches             caching, cache, cachekey, cachewish; semantic, likeness
//	shared calls       joining, flight; embeddings: batching, embed, embedparts; fanout
//	streams            stream (in), relay and outlet (out), continue (joins), watch (silence)
//	content            validate, validstream, toolcalls, schemabook; guard, guardscan, guardrules
//	privacy            choose, headers; redaction, personal, personalids, placeholders,
//	                   redactjson, unredact
//	prompts too long   context, trim, capability
//	changed interfaces shim, interfaces, missing, fields
//	ending models      endings, listing, models, samemodel, migration, modelmap
//	loop limit         looplimit, loops
//	ladder             ladder
//
// A router is made of settings, keys, keyvalues and check, which a file gives
// (file, locate, printconfig), by router, engine, backend and transport; gauges
// are metrics that are asked for.
//
// The package knows the dialects of mocks/wire and the settings of plan. It
// must not know scenarios, faults, scores, or that its backends are mocks: it
// serves real ones just as well.
package router
