package plan

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// example is a bound of each unit as a person would write it.
var example = map[Unit]string{
	UnitPoints: "80", UnitShare: "98%", UnitTime: "3s", UnitFactor: "1.5", UnitUSD: "0.002", UnitCount: "0",
	UnitRate: "50",
}

// parseBound reads a value in a unit. msg is empty where it is well; bad is
// the offset of what is not.
func parseBound(unit Unit, s string) (bound float64, bad int, msg string) {
	if unit == UnitTime {
		d, err := time.ParseDuration(s)
		switch {
		case err != nil && isNumber(s):
			return 0, len(s), "a time needs a unit: ms, s, m or h"
		case err != nil:
			return 0, wrongAt(s), fmt.Sprintf("%q is not a time", s)
		case d < 0:
			return 0, 0, "a time cannot be negative"
		}
		return d.Seconds(), 0, ""
	}
	digits, from, scale := s, 0, 1.0 // dividing by 100 gives 0.95 for 95, multiplying by .01 does not
	switch {
	case unit == UnitShare && strings.HasSuffix(s, "%"):
		digits, scale = strings.TrimRight(s[:len(s)-1], " "), 100
	case unit == UnitFactor && strings.HasSuffix(s, "x"):
		digits = s[:len(s)-1]
	case unit == UnitUSD && strings.HasPrefix(s, "$"):
		digits, from = s[1:], 1
	case unit == UnitRate:
		digits = strings.TrimSuffix(s, "/s")
	}
	if !isNumber(digits) {
		return 0, from + wrongAt(digits), fmt.Sprintf("%q is not a %s", s, unitWords(unit))
	}
	v, err := strconv.ParseFloat(digits, 64)
	v /= scale
	switch {
	case err != nil || math.IsInf(v, 0):
		return 0, from, fmt.Sprintf("%q is too large", s)
	case v < 0:
		return 0, from, "a bound cannot be negative"
	case unit == UnitShare && v > 1:
		return 0, from, "a share cannot be above 100%"
	case unit == UnitPoints && v > 100:
		return 0, from, "a score cannot be above 100"
	case unit == UnitCount && v != math.Trunc(v):
		return 0, from, "a count must be a whole number"
	}
	return v, 0, ""
}

func unitWords(u Unit) string {
	switch u {
	case UnitShare:
		return "share such as 98% or 0.98"
	case UnitPoints:
		return "number of points"
	case UnitFactor:
		return "number such as 1.5"
	case UnitRate:
		return "number of requests per second"
	case UnitUSD:
		return "sum of money such as 0.002"
	}
	return string(u)
}

// isNumber takes plain decimals only: no hexadecimals, infinities or
// underscores, which strconv would also read.
func isNumber(s string) bool {
	if _, err := strconv.ParseFloat(s, 64); err != nil && !isRange(err) {
		return false
	}
	return wrongAt(s) == len(s)
}

func isRange(err error) bool {
	n, ok := err.(*strconv.NumError)
	return ok && n.Err == strconv.ErrRange
}

// wrongAt is the offset of the first byte that no plain decimal has.
func wrongAt(s string) int {
	for i := range len(s) {
		if !strings.ContainsRune("+-.0123456789e", rune(s[i])) {
			return i
		}
	}
	return len(s)
}
