package scenarios

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Error is one problem and its place. An override has no line: its File is
// "--set" with the path that was set.
type Error struct {
	File string // as the user named it
	Line int    // from 1; 0: the file as a whole, or an override
	Col  int    // from 1, in characters
	Msg  string // what is wrong
	Hint string // how to mend it; may be empty
}

// Error gives "file:line:col: msg; hint".
func (e Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", e.Line, e.Col)
	}
	b.WriteString(": " + e.Msg)
	if e.Hint != "" {
		b.WriteString("; " + e.Hint)
	}
	return b.String()
}

// Errors are all problems found in one scenario, in the order of their places.
// As an error it is never empty.
type Errors []Error

// Error gives one line for each problem.
func (es Errors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives the problems one by one to errors.As.
func (es Errors) Unwrap() []error {
	out := make([]error, len(es))
	for i, e := range es {
		out[i] = e
	}
	return out
}

// sorted orders by place, overrides last, and drops repetitions.
func (es Errors) sorted() Errors {
	slices.SortStableFunc(es, func(a, b Error) int {
		return cmp.Or(
			cmp.Compare(overrideRank(a), overrideRank(b)),
			cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col),
		)
	})
	return slices.Compact(es)
}

func overrideRank(e Error) int {
	if strings.HasPrefix(e.File, setPrefix) {
		return 1
	}
	return 0
}
