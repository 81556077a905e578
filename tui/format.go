package tui

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"brownout/harness/score"

	"github.com/charmbracelet/x/ansi"
)

// clock writes a time of a run as minutes and seconds.
func clock(d time.Duration) string {
	s := int(max(d, 0) / time.Second)
	return fmt.Sprintf("%02d:%02d", s/60, s%60)
}

// span writes a duration with as many digits as a person reads.
func span(d time.Duration) string {
	switch {
	case d <= 0:
		return "–"
	case d < time.Millisecond:
		return strconv.Itoa(int(d/time.Microsecond)) + "µs"
	case d < 10*time.Millisecond:
		return strconv.FormatFloat(float64(d)/float64(time.Millisecond), 'f', 1, 64) + "ms"
	case d < time.Second:
		return strconv.Itoa(int(d/time.Millisecond)) + "ms"
	case d < 10*time.Second:
		return strconv.FormatFloat(d.Seconds(), 'f', 2, 64) + "s"
	case d < time.Minute:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + "s"
	}
	return clock(d)
}

// seconds writes a number of seconds, of which none is a number too.
func seconds(s float64) string {
	if s <= 0 {
		return "0s"
	}
	return span(time.Duration(s * float64(time.Second)))
}

// short writes a duration that a person chose: 10s, 1m30s, 500ms.
func short(d time.Duration) string {
	switch {
	case d <= 0:
		return "0s"
	case d%time.Second != 0:
		return d.String()
	case d < time.Minute:
		return strconv.Itoa(int(d/time.Second)) + "s"
	case d%time.Minute == 0:
		return strconv.Itoa(int(d/time.Minute)) + "m"
	}
	return fmt.Sprintf("%dm%02ds", d/time.Minute, d%time.Minute/time.Second)
}

// percent writes a share; it never rounds a loss away.
func percent(share float64) string {
	p := share * 100
	switch {
	case p > 99.9 && p < 100:
		return strconv.FormatFloat(math.Floor(p*100)/100, 'f', 2, 64) + "%"
	case p == math.Trunc(p):
		return strconv.FormatFloat(p, 'f', 0, 64) + "%"
	}
	return strconv.FormatFloat(math.Floor(p*10)/10, 'f', 1, 64) + "%"
}

// tenth writes a number with one decimal, none where it is whole or large.
func tenth(v float64) string {
	if v >= 100 || v == math.Trunc(v) {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'f', 1, 64)
}

// points writes a score. It rounds down: 79.96 is not 80.
func points(v float64) string {
	return strconv.FormatFloat(math.Floor(v*10)/10, 'f', 1, 64)
}

// dollars writes a sum of money.
func dollars(v float64) string {
	switch {
	case v == 0:
		return "$0"
	case v < 0.01: // three digits of cents say more than five zeros
		return strconv.FormatFloat(v*100, 'g', 2, 64) + "¢"
	case v < 100:
		return "$" + strconv.FormatFloat(v, 'f', 2, 64)
	}
	return "$" + strconv.FormatFloat(v, 'f', 0, 64)
}

// count writes a number with its thousands apart.
func count(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// promise writes what a part attained beside what was promised.
func (th *theme) promise(p score.Part) (attained, promised string) {
	switch p.Unit {
	case score.UnitShare:
		return percent(p.Attained), th.glyph.atLeast + percent(p.Promised)
	case score.UnitTime:
		return seconds(p.Attained), th.glyph.atMost + strings.Replace(seconds(p.Promised), ".00s", "s", 1)
	case score.UnitSteady:
		return strconv.FormatFloat(p.Attained, 'f', 2, 64) + "x", th.glyph.atMost + tenth(p.Promised) + "x"
	case score.UnitCost:
		return dollars(p.Attained), th.glyph.atMost + dollars(p.Promised)
	}
	return strconv.FormatFloat(p.Attained, 'f', 2, 64), th.glyph.atMost + tenth(p.Promised)
}

// wrap breaks text into lines of at most w columns, between words where it
// can.
func wrap(text string, w int) []string {
	if w < 1 {
		return nil
	}
	return strings.Split(ansi.Wrap(strings.TrimSpace(text), w, ""), "\n")
}
