package reports

import (
	"fmt"
	"io"

	"brownout/harness/score"
)

// Change is one figure of two runs.
type Change struct {
	Figure    string
	Base, New string
	Worse     bool // beyond noise
	Note      string
}

// Diff is what a new run did better or worse than a base.
type Diff struct {
	Comparable bool   // same scenario, windows and load
	Why        string // it is not
	Drop       float64
	// Noise tells that the intervals of the two scores overlap, so that the
	// drop may be chance.
	Noise   bool
	Changes []Change
}

// Compare sets a new run against a base. A share is called worse where the
// Wilson intervals of both do not overlap; the score where its bootstrap
// intervals do not.
func Compare(base, now *score.Snapshot) Diff {
	d := Diff{Comparable: true}
	switch {
	case base.Plan.Scenario != now.Plan.Scenario:
		d.Comparable, d.Why = false, fmt.Sprintf("the base is a run of %s and the new one of %s", base.Plan.Scenario, now.Plan.Scenario)
	case !base.Score.Scored || !now.Score.Scored:
		d.Comparable, d.Why = false, "one of the runs has no score"
	}
	if d.Comparable {
		d.Drop = base.Score.Total - now.Score.Total
		d.Noise = base.Score.Low <= now.Score.High && now.Score.Low <= base.Score.High
		d.add("score", fmt.Sprintf("%.1f (%.1f to %.1f)", base.Score.Total, base.Score.Low, base.Score.High),
			fmt.Sprintf("%.1f (%.1f to %.1f)", now.Score.Total, now.Score.Low, now.Score.High), d.Drop > 0 && !d.Noise, noise(d.Noise))
		for i, name := range score.PartNames {
			b, n := base.Score.Parts[i], now.Score.Parts[i]
			if b.Known && n.Known {
				d.add("part "+name, percent(b.Value), percent(n.Value), b.Value-n.Value > .05, "")
			}
		}
	}
	d.share("availability", base.Requests.Value, base.Requests.Total, now.Requests.Value, now.Requests.Total)
	d.share("integrity", float64(base.Requests.Total-base.Requests.Corrupt), base.Requests.Total,
		float64(now.Requests.Total-now.Requests.Corrupt), now.Requests.Total)
	for i, w := range now.Windows {
		if i < len(base.Windows) && base.Windows[i].Fault == w.Fault {
			o := base.Windows[i]
			d.add("failover after "+w.Fault, came(o, "failover", o.FailedOver, o.TimeToFailover), came(w, "failover", w.FailedOver, w.TimeToFailover),
				o.FailedOver && (!w.FailedOver && knows(w, "failover") || w.TimeToFailover.Seconds() > 2*o.TimeToFailover.Seconds()+.5), "")
			if b, n := o.WaitP95, w.WaitP95; b > 0 && n > 0 {
				d.add("p95 during "+w.Fault, seconds(b), seconds(n), n.Seconds() > 1.25*b.Seconds(), "")
			}
		}
	}
	d.add("wasted", dollars(base.Tracing.WastedUSD), dollars(now.Tracing.WastedUSD), now.Tracing.WastedUSD > 1.5*base.Tracing.WastedUSD+.01, "")
	if now.ViolationCount > base.ViolationCount {
		d.add("violations", fmt.Sprint(base.ViolationCount), fmt.Sprint(now.ViolationCount), true, "")
	}
	return d
}

func noise(within bool) string {
	if within {
		return "not distinguishable: the 95 % intervals overlap"
	}
	return ""
}

func (d *Diff) add(figure, base, now string, worse bool, note string) {
	d.Changes = append(d.Changes, Change{Figure: figure, Base: base, New: now, Worse: worse, Note: note})
}

func (d *Diff) share(figure string, bn float64, bt uint64, nn float64, nt uint64) {
	bl, bh := score.Wilson(bn, bt)
	nl, nh := score.Wilson(nn, nt)
	overlap := bl <= nh && nl <= bh
	d.add(figure, fmt.Sprintf("%s (%s to %s)", percent(ratio(bn, bt)), percent(bl), percent(bh)),
		fmt.Sprintf("%s (%s to %s)", percent(ratio(nn, nt)), percent(nl), percent(nh)), nh < bl, noise(overlap))
}

func ratio(n float64, of uint64) float64 {
	if of == 0 {
		return 1
	}
	return n / float64(of)
}

// DiffTable prints a diff.
func DiffTable(w io.Writer, d Diff, st Style) {
	var rows [][]string
	for _, c := range d.Changes {
		mark := ""
		if c.Worse {
			mark = "worse"
		}
		rows = append(rows, []string{c.Figure, c.Base, c.New, mark, c.Note})
	}
	Listing(w, []string{"figure", "base", "new", "", "note"}, rows, st)
}
