package reports

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"brownout/harness/journal"
	"brownout/harness/score"
)

// chart is a drawing over the time of a run, laid out in px: what a template
// needs to write SVG and nothing else.
type chart struct {
	Title, About  string
	Caption       bool // the title stands above it, too, and not only in its label
	Width, Height float64
	Left, Right   float64 // x of the plot
	Top, Bottom   float64 // y of the plot
	Shades        []shade
	Marks         []mark
	Bars          []bar
	Lines         []line
	XTicks        []tick
	YTicks        []tick
	Legend        []legend
	Empty         string // why there is nothing to see
}

// shade is a fault window.
type shade struct {
	X, W, HorizonW float64
	Label          string
}

type bar struct {
	X, Y, W, H float64
	Class      string
	Text       string
}

type line struct {
	Points string
	Class  string
}

type tick struct {
	At    float64
	Label string
}

// legend explains one class of what is drawn; of a line the class begins with
// the word line.
type legend struct{ Class, Label string }

// Line tells whether it is one.
func (l legend) Line() bool { return strings.HasPrefix(l.Class, "line ") }

// Geometry of the charts, in px.
const (
	chartWidth  = 900.0
	chartHeight = 210.0
	laneHeight  = 70.0
	chartLeft   = 52.0
	chartPad    = 12.0
	chartTop    = 22.0
	chartFoot   = 24.0
	labelChar   = 7.0
	mostBars    = 240 // more seconds are drawn several to a bar
	mostLabels  = 12  // more faults are named only on the large charts
)

// newChart lays out the axes: time from 0 to the end of the run, and values
// from 0 to top.
func newChart(s *score.Snapshot, title, about string, height, top float64, unit func(float64) string) (chart, func(time.Duration) float64, func(float64) float64) {
	c := chart{
		Title: title, About: about, Caption: height > laneHeight, Width: chartWidth, Height: height,
		Left: chartLeft, Right: chartWidth - chartPad, Top: chartTop, Bottom: height - chartFoot,
	}
	end := max(time.Duration(len(s.Seconds))*time.Second, time.Second)
	x := func(t time.Duration) float64 {
		return c.Left + (c.Right-c.Left)*min(1, max(0, float64(t)/float64(end)))
	}
	y := func(v float64) float64 {
		return c.Bottom - (c.Bottom-c.Top)*min(1, max(0, v/max(top, 1e-12)))
	}
	for _, v := range ticks(end.Seconds(), 10) {
		c.XTicks = append(c.XTicks, tick{At: x(time.Duration(v * float64(time.Second))), Label: fmt.Sprintf("%g s", v)})
	}
	n := 5
	if height < 100 {
		n = 1
	}
	for _, v := range ticks(top, n) {
		c.YTicks = append(c.YTicks, tick{At: y(v), Label: unit(v)})
	}
	if c.Caption {
		c.Marks = marksOf(s, x)
	}
	labelled := 0.0 // x up to which a fault's name stands
	for _, w := range s.Windows {
		if w.Injected == 0 {
			continue
		}
		cleared := w.Cleared
		if cleared == 0 {
			cleared = end
		}
		label := w.Fault
		if x(w.Injected) < labelled || !c.Caption && len(s.Windows) > mostLabels {
			label = "" // it would stand on the one before it; the tables name them all
		} else {
			labelled = x(w.Injected) + labelChar*float64(len(label)+3)
		}
		c.Shades = append(c.Shades, shade{X: x(w.Injected), W: x(cleared) - x(w.Injected), HorizonW: x(max(w.End, cleared)) - x(w.Injected), Label: label})
	}
	return c, x, y
}

// ticks are round values from 0 up to top, about n of them.
func ticks(top float64, n int) []float64 {
	if !(top > 0) || math.IsInf(top, 1) {
		return []float64{0}
	}
	step := math.Pow(10, math.Floor(math.Log10(top/float64(n))))
	for _, m := range []float64{1, 2, 5, 10} {
		if top/(step*m) <= float64(n) {
			step *= m
			break
		}
	}
	var out []float64
	for i := 0; float64(i)*step <= top*1.0001; i++ {
		out = append(out, float64(i)*step)
	}
	return out
}

// outcomeChart stacks the requests of each second by outcome.
func outcomeChart(s *score.Snapshot) chart {
	per := max(1, (len(s.Seconds)+mostBars-1)/mostBars)
	top := 1.0
	for i := 0; i < len(s.Seconds); i += per {
		n, offered := 0.0, 0.0
		for _, v := range s.Seconds[i:min(i+per, len(s.Seconds))] {
			n += float64(v.Tally.Total)
			offered = max(offered, v.Offered)
		}
		top = max(top, n/float64(per), offered)
	}
	c, x, y := newChart(s, "Requests per second, by outcome", "What became of the requests, by the second in which they were scheduled.", chartHeight, top*1.05, plain)
	var offered []string
	for i := 0; i < len(s.Seconds); i += per {
		var t score.Tally
		last := min(i+per, len(s.Seconds))
		for _, v := range s.Seconds[i:last] {
			for _, o := range journal.Outcomes {
				addTo(&t, o, v.Tally.Count(o))
			}
		}
		from, to := x(s.Seconds[i].At), x(s.Seconds[last-1].At+time.Second)
		below := 0.0
		for _, o := range journal.Outcomes {
			n := float64(t.Count(o)) / float64(last-i)
			if n == 0 {
				continue
			}
			c.Bars = append(c.Bars, bar{
				X: from + .5, W: max(1, to-from-1), Y: y(below + n), H: y(below) - y(below+n), Class: string(o),
				Text: fmt.Sprintf("%s: %d %s", seconds(s.Seconds[i].At), t.Count(o), o),
			})
			below += n
		}
		if s.Seconds[i].At < s.Plan.Load.Duration { // afterwards nobody was to be asked
			offered = append(offered, fmt.Sprintf("%.1f,%.1f", (from+to)/2, y(s.Seconds[i].Offered)))
		}
	}
	c.Lines = []line{{Points: strings.Join(offered, " "), Class: "offered"}}
	for _, o := range journal.Outcomes {
		c.Legend = append(c.Legend, legend{Class: string(o), Label: fmt.Sprintf("%s (%d)", o, s.Requests.Count(o))})
	}
	c.Legend = append(c.Legend, legend{Class: "line offered", Label: "offered rate"})
	return c
}

func addTo(t *score.Tally, o journal.Outcome, n uint64) {
	switch o {
	case journal.OK:
		t.OK += n
	case journal.Degraded:
		t.Degraded += n
	case journal.Failed:
		t.Failed += n
	case journal.Hung:
		t.Hung += n
	case journal.Corrupt:
		t.Corrupt += n
	}
}

// latencyChart draws the 95th percentiles.
func latencyChart(s *score.Snapshot) chart {
	top := 0.0
	for _, v := range s.Seconds {
		top = max(top, v.TTFTP95.Seconds(), v.TotalP95.Seconds())
	}
	c, x, y := newChart(s, "Latency, 95th percentile", "Time to first token of streams, and total time of whole answers, by the second in which they were scheduled.", chartHeight, top*1.1, secondsLabel)
	if top == 0 {
		c.Empty = "no request was answered"
		return c
	}
	c.Lines = append(
		lines(s, "total", x, y, func(v score.Second) (float64, bool) { return v.TotalP95.Seconds(), v.TotalP95 > 0 }),
		lines(s, "ttft", x, y, func(v score.Second) (float64, bool) { return v.TTFTP95.Seconds(), v.TTFTP95 > 0 })...,
	)
	c.Legend = []legend{{"line total", "whole answers, total"}, {"line ttft", "streams, time to first token"}}
	return c
}

// trendChart draws the score as it was known at each second.
func trendChart(s *score.Snapshot) chart {
	c, x, y := newChart(s, "Score as known at each second", "The score of the run up to that second, 0 to 100.", chartHeight*.7, 100, plain)
	c.Lines = lines(s, "score", x, y, func(v score.Second) (float64, bool) { return v.Score, v.Score > 0 })
	if len(c.Lines) == 0 {
		c.Empty = "no window could be scored"
	}
	return c
}

// shareChart draws one provider's share of the good calls of each second.
func shareChart(s *score.Snapshot, provider int) chart {
	c, x, y := newChart(s, s.Providers[provider].Name+": share of good calls", "Share of the calls answered well in each second that this provider answered.", laneHeight, 1, func(v float64) string { return fmt.Sprintf("%.0f %%", 100*v) })
	per := max(1, (len(s.Seconds)+mostBars-1)/mostBars)
	for i := 0; i < len(s.Seconds); i += per {
		sum, n := 0.0, 0.0
		last := min(i+per, len(s.Seconds))
		for _, v := range s.Seconds[i:last] {
			if provider < len(v.Share) {
				sum += v.Share[provider]
				n++
			}
		}
		if n == 0 || sum == 0 {
			continue
		}
		from, to := x(s.Seconds[i].At), x(s.Seconds[last-1].At+time.Second)
		c.Bars = append(c.Bars, bar{X: from, W: to - from, Y: y(sum / n), H: c.Bottom - y(sum/n), Class: "share", Text: fmt.Sprintf("%s: %s", seconds(s.Seconds[i].At), percent(sum/n))})
	}
	return c
}

// lines draws a figure of each second; of many seconds the greatest of several.
// Where it is not known there is a gap.
func lines(s *score.Snapshot, class string, x func(time.Duration) float64, y func(float64) float64, of func(score.Second) (float64, bool)) []line {
	var out []line
	var points []string
	end := func() {
		if len(points) == 1 { // a single second is a short dash
			points = append(points, points[0])
		}
		if len(points) > 0 {
			out = append(out, line{Points: strings.Join(points, " "), Class: class})
		}
		points = nil
	}
	per := max(1, (len(s.Seconds)+mostBars-1)/mostBars)
	for group := range slices.Chunk(s.Seconds, per) {
		top, known := 0.0, false
		for _, v := range group {
			if f, ok := of(v); ok {
				top, known = max(top, f), true
			}
		}
		if !known {
			end()
			continue
		}
		middle := group[0].At + time.Duration(len(group))*time.Second/2
		points = append(points, fmt.Sprintf("%.1f,%.1f", x(middle), y(top)))
	}
	end()
	return out
}

func plain(v float64) string { return fmt.Sprintf("%g", v) }

func secondsLabel(v float64) string { return fmt.Sprintf("%g s", math.Round(v*1e4)/1e4) }
