package reports

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Again is how a report that was computed again from its journal stands to the
// one that was kept. A newer version may tell more than the kept one, so that
// fields which only one of them has are told apart from figures that differ.
type Again struct {
	Identical bool     // bit for bit
	Different []string // "score.total: 84.1, and now 83.9"
	New       []string // fields that the kept report lacks, such as "windows[].wait_p95_s"
	Gone      []string // fields that only the kept report has
}

// CompareAgain holds a report against the one that was kept. The error says
// that the kept one is no JSON.
func CompareAgain(kept, now []byte) (Again, error) {
	a := Again{Identical: bytes.Equal(kept, now)}
	if a.Identical {
		return a, nil
	}
	old, err := decoded(kept)
	if err != nil {
		return a, fmt.Errorf("the report that was kept is damaged: %w", err)
	}
	recent, err := decoded(now)
	if err != nil {
		return a, err
	}
	a.walk("", "", old, recent)
	return a, nil
}

// mostDifferent is how many figures that differ are listed.
const mostDifferent = 10

// WriteAgain says how the report of so many events stands to the one at path.
func WriteAgain(w io.Writer, a Again, path string, events uint64) {
	switch {
	case a.Identical:
		fmt.Fprintf(w, "IDENTICAL  %d events give the report that was written, bit for bit\n", events)
	case len(a.Different) == 0:
		fmt.Fprintf(w, "IDENTICAL  %d events give every figure that %s has, too\n", events, path)
	default:
		fmt.Fprintf(w, "DIFFERENT  the journal gives another report than %s\n", path)
	}
	for i, d := range a.Different {
		if i == mostDifferent {
			fmt.Fprintf(w, "  - and %d more\n", len(a.Different)-i)
			break
		}
		fmt.Fprintf(w, "  - %s\n", oneLine(d))
	}
	if len(a.New) > 0 {
		fmt.Fprintf(w, "  - told only now: %s\n", oneLine(strings.Join(a.New, ", ")))
	}
	if len(a.Gone) > 0 {
		fmt.Fprintf(w, "  - told only then: %s\n", oneLine(strings.Join(a.Gone, ", ")))
	}
	if len(a.New)+len(a.Gone) > 0 {
		fmt.Fprintln(w, "  - the run was kept by another version of brownout")
	}
}

// decoded keeps numbers as they are written.
func decoded(text []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
}

// walk compares two values at a place, and lists fields by the place without
// its numbers, once each.
func (a *Again) walk(place, field string, old, now any) {
	switch o := old.(type) {
	case map[string]any:
		n, ok := now.(map[string]any)
		if !ok {
			break
		}
		all := maps.Clone(o)
		maps.Copy(all, n)
		for _, key := range slices.Sorted(maps.Keys(all)) {
			was, before := o[key]
			is, after := n[key]
			switch in := under(field, key); {
			case !before:
				a.New = once(a.New, in)
			case !after:
				a.Gone = once(a.Gone, in)
			default:
				a.walk(under(place, key), in, was, is)
			}
		}
		return
	case []any:
		n, ok := now.([]any)
		if !ok || len(n) != len(o) {
			break
		}
		for i := range o {
			a.walk(fmt.Sprintf("%s[%d]", place, i), field+"[]", o[i], n[i])
		}
		return
	default:
		if old == now {
			return
		}
	}
	a.Different = append(a.Different, fmt.Sprintf("%s: %s, and now %s", place, shown(old), shown(now)))
}

// shown is a value in a line.
func shown(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case map[string]any:
		return "an object"
	case []any:
		return fmt.Sprintf("a list of %d", len(v))
	case string:
		return fmt.Sprintf("%q", v)
	}
	return fmt.Sprint(v)
}

func under(place, key string) string {
	if place == "" {
		return key
	}
	return place + "." + key
}

func once(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}
