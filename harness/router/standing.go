package router

import (
	"slices"
	"strings"
	"time"

	"brownout/chance"
)

// standing is how one candidate stands at the moment a request looks for whom
// to ask: what it is, what it costs and what was seen of it. Policies read it
// and nothing else.
type standing struct {
	index         int // the caller's own place for it; policies keep it
	name          string
	class, region string
	weight        float64       // share of traffic by the weighted policies; 0: only where nobody else is
	priceIn       float64       // USD per million prompt tokens; see priced
	priceOut      float64       // USD per million answer tokens
	priced        bool          // the prices are known; a price of 0 is free
	context       int           // prompt plus answer, in tokens; 0: not known
	lacks         ability       // what it is known not to do
	outstanding   int           // calls in progress
	latency       time.Duration // what a call is expected to take; 0: nothing known
	scarce        bool          // little is left of its rate limit
	full          bool          // its rate limit would not take this request now
	ejected       bool          // an outlier, or known to be unhealthy
	warming       bool          // just back, and not ready for this request
}

// ability is a set of things that a request may need of a model.
type ability uint8

const (
	canTools ability = 1 << iota
	canJSON
	canEmbed
	canChat
	canStream
)

// String names the abilities for people.
func (a ability) String() string {
	var list []string
	for i, name := range []string{"tools", "JSON answers", "embeddings", "chat", "streams"} {
		if a>>i&1 != 0 {
			list = append(list, name)
		}
	}
	return strings.Join(list, ", ")
}

// need is what a request asks of whoever answers it.
type need struct {
	seed      uint64
	marker    string        // keys every draw
	prompt    int           // tokens
	words     int           // of the prompt, for rules
	answer    int           // expected tokens of the answer
	abilities ability       // all of which it needs
	budget    time.Duration // it must be answered in; 0: any time
	batch     bool          // latency does not matter; false: somebody waits
	sensitive bool          // its prompt may not go everywhere
	home      string        // the region to stay near; "": anywhere is near
	classes   []string      // allowed; nil: any. An empty list that is not nil allows nobody
	regions   []string      // as classes
}

// draw is a keyed number in [0, 1) for this request and a provider.
func (n *need) draw(provider, purpose string) float64 {
	return chance.Key{Seed: n.seed, Provider: provider, Marker: n.marker, Purpose: purpose}.Uniform()
}

// allows tells whether the request may reach s at all. It fails closed: a
// class or region that is not known is in no list.
func (n *need) allows(s *standing) bool {
	return (n.classes == nil || s.class != "" && slices.Contains(n.classes, s.class)) &&
		(n.regions == nil || s.region != "" && slices.Contains(n.regions, s.region))
}

// unfit says why s cannot do what the request needs; "" where it can, or
// where nobody knows.
func (n *need) unfit(s *standing) string {
	if missing := n.abilities & s.lacks; missing != 0 {
		return "has no " + missing.String()
	}
	if s.context > 0 && n.prompt+n.answer > s.context {
		return "has too short a context"
	}
	return ""
}

// eligible keeps those that the request may reach and that can do what it
// needs, in their order and in the same array. Where some may be reached but
// none can do it, why says what the first of those lacks.
func (n *need) eligible(list []standing) (kept []standing, why string) {
	kept = list[:0]
	for i := range list {
		s := &list[i]
		if !n.allows(s) {
			continue
		}
		if lack := n.unfit(s); lack != "" {
			if why == "" {
				why = s.name + " " + lack
			}
			continue
		}
		kept = append(kept, *s)
	}
	if len(kept) > 0 {
		why = ""
	}
	return kept, why
}

// nearest moves those in the home region to the front, then those of the same
// part of the world (the region's name up to its first dash: us-east-1 and
// us-west-2), each in the order they had.
func (n *need) nearest(list []standing) {
	if n.home == "" {
		return
	}
	part, _, _ := strings.Cut(n.home, "-")
	far := func(s *standing) int {
		at, _, _ := strings.Cut(s.region, "-")
		switch {
		case s.region == n.home:
			return 0
		case s.region != "" && at == part:
			return 1
		}
		return 2
	}
	slices.SortStableFunc(list, func(a, b standing) int { return far(&a) - far(&b) })
}
