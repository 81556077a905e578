package main

import (
	"fmt"
	"slices"
)

// figure is something that should be so, and how it is on this machine.
type figure struct {
	what, should, is string
	reached          bool
}

// figures are collected as they are measured.
type figures []figure

// atLeast adds a figure that should be no smaller.
func (f *figures) atLeast(what string, want, is float64, format string) {
	f.add(what, "≥ "+fmt.Sprintf(format, want), fmt.Sprintf(format, is), is >= want)
}

// atMost adds a figure that should be no larger.
func (f *figures) atMost(what string, want, is float64, format string) {
	f.add(what, "≤ "+fmt.Sprintf(format, want), fmt.Sprintf(format, is), is <= want)
}

func (f *figures) add(what, should, is string, reached bool) {
	*f = append(*f, figure{what, should, is, reached})
}

// table shows all of them.
func (f figures) table() string {
	rows := make([][]string, len(f))
	for i, v := range f {
		rows[i] = []string{v.what, v.should, v.is, map[bool]string{true: "yes", false: "**no**"}[v.reached]}
	}
	return markdown("What it should be, and what it is here", []string{"", "should be", "is", "reached"}, rows)
}

// median is the middle one; of an even number the mean of the two. 0 of none.
func median(of []float64) float64 {
	if len(of) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(of))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}
