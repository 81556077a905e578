package scenarios

import (
	"fmt"
	"time"

	"brownout/plan"
)

// loadDoc are the plain keys of [load].
type loadDoc struct {
	Rate     *float64      `toml:"rate"` // short for a flat profile
	Duration time.Duration `toml:"duration"`
	Workers  int           `toml:"workers"`
}

type pointDoc struct {
	At   time.Duration `toml:"at"`
	Rate float64       `toml:"rate"`
}

func (d *document) load(n *node) {
	l := loadDoc{Workers: plan.DefaultWorkers}
	var profile, mix *node
	d.read(n, &l, shape{label: "[load]", path: "load", hooks: map[string]func(*node){
		"profile": func(n *node) { profile = n },
		"mix":     func(n *node) { mix = n },
	}})
	if n.kind != kindTable {
		return
	}
	d.plan.Load.Duration, d.plan.Load.Workers = l.Duration, l.Workers
	if n.table["duration"] == nil {
		d.fail(n, "[load]: duration is missing", `write for example duration = "30s"`)
	}
	rate := n.table["rate"]
	switch {
	case rate != nil && profile != nil:
		d.fail(rate, "[load]: rate and profile are both given", "rate is short for a flat profile; keep one of them")
	case profile != nil:
		d.profile(profile)
	case rate != nil:
		if l.Rate != nil && *l.Rate > 0 {
			d.plan.Load.Profile = []plan.Point{{Rate: *l.Rate}}
		} else if l.Rate != nil && rate.value != nil && isZero(rate) {
			d.fail(rate, "[load]: the rate is 0, so that no request is ever sent", "give a rate in requests per second")
		}
	default:
		d.fail(n, "[load]: neither rate nor profile is given", "write for example rate = 20, in requests per second")
	}
	d.mix(mix)
}

func isZero(n *node) bool {
	x, ok := n.asNumber()
	return ok && x == 0
}

func (d *document) profile(n *node) {
	before := len(d.errs)
	points := d.tables(n, "[load] profile")
	highest, last := 0.0, time.Duration(-1)
	for _, c := range points {
		pt := pointDoc{At: -1}
		ok := d.read(c, &pt, shape{label: "[load] profile", path: "load.profile"})
		for _, key := range []string{"at", "rate"} {
			if c.table[key] == nil {
				d.fail(c, fmt.Sprintf("[load] profile: a point has no %s", key), `write for example { at = "5s", rate = 60 }`)
				ok = false
			}
		}
		if pt.At >= 0 && pt.At <= last {
			d.fail(c.find("at"), fmt.Sprintf("[load] profile: the point at %s does not come after the one at %s", pt.At, last), "order the points by time, each later than the one before")
		}
		last, highest = max(last, pt.At), max(highest, pt.Rate)
		if ok {
			d.plan.Load.Profile = append(d.plan.Load.Profile, plan.Point(pt))
		}
	}
	if len(d.errs) == before && highest == 0 {
		d.fail(n, "[load] profile: no point has a rate above 0, so that no request is ever sent", `write for example profile = [{ at = "0s", rate = 20 }]`)
	}
}

func (d *document) mix(n *node) {
	if n == nil {
		d.plan.Load.Mix = []plan.Mix{plan.DefaultMix[plan.KindChat]}
		return
	}
	entries := d.tables(n, "[load] mix")
	if n.kind == kindArray && len(n.items) == 0 {
		d.fail(n, "[load] mix: nothing is sent", `write for example mix = [{ kind = "chat" }]`)
	}
	seen := map[string]bool{}
	for _, c := range entries {
		kind := c.text("kind")
		label := "[load] mix"
		switch {
		case c.table["kind"] == nil:
			d.fail(c, label+": an entry has no kind", suggest("", plan.Kinds))
		case kind == "": // not a text, which read tells
		case !contains(plan.Kinds, kind):
			d.fail(c.find("kind"), fmt.Sprintf("%s: unknown request kind %q", label, kind), suggest(kind, plan.Kinds))
		case seen[kind]:
			d.fail(c.find("kind"), fmt.Sprintf("%s: request kind %q is given twice", label, kind), "add their weights")
		}
		if kind != "" {
			label = fmt.Sprintf("[load] mix %q", kind)
		}
		seen[kind] = true
		m := plan.DefaultMix[kind]
		ok := d.read(c, &m, shape{label: label, path: "load.mix", hooks: map[string]func(*node){
			"allow":    func(n *node) { m.Allow = d.classes(n, label, "allow") },
			"personal": func(n *node) { m.Personal = d.classes(n, label, "personal") },
		}})
		if err := m.Check(); err != nil && ok && contains(plan.Kinds, kind) {
			d.fail(c, label+": "+err.Error(), "")
		}
		if kind == plan.KindSensitive && len(m.Allow) == 0 && len(m.Regions) == 0 && c.table["allow"].isEmptyList() {
			d.fail(c.find("allow"), label+": allow is empty, so that a sensitive request may go anywhere", `name the classes it may reach, for example ["gpu", "edge"]`)
		}
		d.plan.Load.Mix = append(d.plan.Load.Mix, m)
	}
}

func (n *node) isEmptyList() bool { return n != nil && n.kind == kindArray && len(n.items) == 0 }

func (d *document) classes(n *node, label, key string) []string {
	list, nodes := d.texts(n, label, key)
	for i, class := range list {
		if !contains(plan.Classes, class) {
			d.fail(nodes[i], fmt.Sprintf("%s: unknown class %q in %s", label, class, key), suggest(class, plan.Classes))
		}
	}
	return list
}
