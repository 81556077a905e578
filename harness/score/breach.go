package score

import (
	"fmt"
	"strings"

	"brownout/harness/journal"
)

// breaches are the violations found in the fold or told by the journal. The
// first are kept, all are counted.
type breaches struct {
	kept  []journal.Violation // append-only, so that snapshots can share it
	count uint64
	known map[string]struct{} // of those counted, so that nothing counts twice
}

const (
	// MaxViolations is how many violations a snapshot lists.
	MaxViolations = 100
	// knownBreaches bounds the memory for telling a repeated violation.
	knownBreaches = 10_000
)

// kindName is the request kind that a marker begins with.
func kindName(marker string) string {
	name, _, _ := strings.Cut(marker, "-")
	return name
}

// privacy checks that a call's request was allowed to reach its provider. The
// board judges by what the providers saw, so that any gateway is judged alike.
func (b *Board) privacy(e *journal.Call) {
	name := kindName(e.Marker)
	k := b.kindOf(name)
	if k == nil || k.mix.Reaches(e.Class, e.Region) {
		return
	}
	allowed := "classes " + strings.Join(k.mix.Allow, ", ")
	if len(k.mix.Allow) == 0 {
		allowed = "regions " + strings.Join(k.mix.Regions, ", ")
	} else if len(k.mix.Regions) > 0 {
		allowed += " in " + strings.Join(k.mix.Regions, ", ")
	}
	b.breach(journal.Violation{
		What: "privacy", Marker: e.Marker, Provider: e.Provider,
		Detail: fmt.Sprintf("a %s request may only reach %s; %s is %s in %s", name, allowed, e.Provider, e.Class, e.Region),
	})
}

// breach counts a violation, once for each request and provider.
func (b *Board) breach(v journal.Violation) {
	key := v.What + "\x00" + v.Marker + "\x00" + v.Provider
	if _, ok := b.breaches.known[key]; ok {
		return
	}
	if b.breaches.known == nil {
		b.breaches.known = make(map[string]struct{})
	}
	if len(b.breaches.known) < knownBreaches {
		b.breaches.known[key] = struct{}{}
	}
	b.breaches.count++
	if len(b.breaches.kept) < MaxViolations {
		b.breaches.kept = append(b.breaches.kept, v)
		b.log.violation(b.now, v, len(b.breaches.kept))
	}
}
