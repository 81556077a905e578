package router

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"brownout/mocks/wire"
	"brownout/plan"
)

// Headers of the router's own, beside those that package wire names, which other
// gateways may have too. None is forwarded.
const (
	HeaderAgent = "X-Brownout-Key"   // client: whose account it is, where that is not the API key
	HeaderStep  = "X-Brownout-Step"  // router: the step of the degradation ladder, where the answer is not from the best one: a class, cache or static
	HeaderModel = "X-Brownout-Model" // router: the model that was asked of the provider

	// HeaderContinued is a trailer of streams that broke and were gone on with
	// elsewhere: by whom, as "provider/model", in their order.
	HeaderContinued = "X-Brownout-Continued"
)

// terms are what a client's headers say about a request.
type terms struct {
	bound               bool // it restricts whom it may reach
	anyClass, anyRegion bool
	classes, regions    []string
	key                 string // whose money it is; "": not said
	priority            urgency
	budgeted            bool // it names what it may cost
	workflow            string
	budgetUSD           float64 // what it, or its whole workflow, may cost; 0: not said
	wish                cacheWish
}

// budgetKey is wire.HeaderBudget as net/http spells it, which it would else work
// out for each request.
const budgetKey = "X-Brownout-Budget-Usd"

// readTerms takes in the headers of a request.
func (s *settings) readTerms(h http.Header) terms {
	t := terms{anyClass: true, anyRegion: true, workflow: h.Get(wire.HeaderWorkflow)}
	if h[wire.HeaderAllow] != nil {
		t.classes, t.anyClass = words(h, wire.HeaderAllow), false
	} else if len(s.Privacy.Allow) > 0 {
		t.classes, t.anyClass = s.Privacy.Allow, false
	}
	if h[wire.HeaderRegions] != nil {
		t.regions, t.anyRegion = words(h, wire.HeaderRegions), false
	} else if len(s.Privacy.Regions) > 0 {
		t.regions, t.anyRegion = s.Privacy.Regions, false
	}
	t.wish = wishOf(h)
	if usd, err := strconv.ParseFloat(h.Get(wire.HeaderBudget), 64); err == nil && usd > 0 {
		t.budgetUSD = usd
	}
	t.priority = readPriority(h)
	t.budgeted = len(h[budgetKey]) > 0
	t.bound = !t.anyClass || !t.anyRegion
	for _, name := range [...]string{HeaderAgent, "Authorization", "X-Api-Key"} {
		if t.key = h.Get(name); t.key != "" {
			break
		}
	}
	return t
}

// account names whose request it is without telling the key; "": not said.
func (t *terms) account() string {
	if t.key == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(t.key))
	return hex.EncodeToString(sum[:6])
}

// permit tells whether the request may reach a backend.
func (t *terms) permit(b *Backend) bool {
	return (t.anyClass || slices.Contains(t.classes, b.Class)) && (t.anyRegion || slices.Contains(t.regions, b.Region))
}

// budget is the time a request may take: what the client says, else the
// setting; 0 where the deadline is switched off.
func (s *settings) budget(q *http.Request) time.Duration {
	if s.Deadline < 0 {
		return 0
	}
	ms, err := strconv.ParseInt(q.Header.Get(wire.HeaderDeadline), 10, 64)
	if err != nil || ms <= 0 || ms > int64(24*time.Hour/time.Millisecond) {
		return s.Deadline
	}
	return time.Duration(ms) * time.Millisecond
}

// margin is how long before the client's deadline the router ends a request,
// so that a clean error still arrives in time.
func margin(budget time.Duration) time.Duration {
	return min(budget/20, 100*time.Millisecond)
}

// words are the comma-separated words of a header.
func words(h http.Header, name string) (list []string) {
	for _, v := range h[name] {
		for w := range strings.SplitSeq(v, ",") {
			if w = strings.TrimSpace(w); w != "" {
				list = append(list, w)
			}
		}
	}
	return list
}

// mark sets the headers that say what the router did. rep is the answer; nil
// where there is none.
func (c *call) mark(h http.Header, rep *reply) {
	if rep != nil && rep.by != nil {
		v := []string{rep.by.Name, rep.by.Class, rep.by.model} // one allocation for all
		h[wire.HeaderProvider], h[wire.HeaderClass], h[HeaderModel] = v[0:1:1], v[1:2:2], v[2:3:3]
	}
	h.Set(wire.HeaderAttempts, strconv.Itoa(c.attempts))
	if rep == nil {
		return
	}
	if rep.source != fromProvider && rep.source != fromStatic {
		h.Set(wire.HeaderCache, string(rep.source))
		h.Set(wire.HeaderAge, strconv.Itoa(int(rep.age/time.Second)))
	}
	if c.trimmed > 0 && rep.by != nil {
		h.Set(wire.HeaderTrimmed, strconv.Itoa(c.trimmed))
	}
	if step := c.step(rep); step != "" {
		h.Set(HeaderStep, step)
		c.r.tell(Decision{What: Degraded, Marker: c.marker, Detail: step})
	}
}

// step is the step of the degradation ladder that an answer stands on; ""
// for the best one, and where the ladder is off. A fresh answer of the cache
// is as good as it was when it was given.
func (c *call) step(rep *reply) string {
	if !c.r.set.has("degradation_ladder") {
		return ""
	}
	switch {
	case rep.source == fromStale:
		return plan.StepCache
	case rep.source == fromStatic:
		return plan.StepStatic
	}
	class := rep.class
	if rep.by != nil {
		class = rep.by.Class
	}
	if class == "" || len(c.cands) == 0 || rank(class) <= rank(c.cands[0].Class) {
		return ""
	}
	return class
}

// rank orders classes from the most to the least capable.
func rank(class string) int { return slices.Index(plan.Classes, class) }
