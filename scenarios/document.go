package scenarios

import (
	"errors"
	"fmt"
	"strings"

	"brownout/plan"
)

// DefaultTarget is the system under test where neither the scenario nor the
// command line names one: the bundled router.
const DefaultTarget = "bundled"

// document is a scenario being read. The plan grows in it; what later checks
// need to point at is kept as nodes beside it.
type document struct {
	problems
	root *node
	plan plan.Plan

	faults  []fault    // beside plan.Faults, in the order of time
	expects []expected // beside plan.Expect
	changes []*node    // beside plan.Changes, in the order of the file
}

// head are the keys that stand before the first table.
type head struct {
	Extends string   `toml:"extends"` // put in already
	Title   string   `toml:"title"`
	About   string   `toml:"about"`
	Tags    []string `toml:"tags"`
	Seeds   []string `toml:"seeds"` // challenges
	Shows   []string `toml:"shows"` // mitigations
	Seed    *uint64  `toml:"seed"`
	Target  string   `toml:"target"`
}

// read turns a tree into a plan and reports every problem on the way. Checks
// that need more than one block run once the blocks have been read.
func read(file, name string, root *node) *document {
	d := &document{problems: problems{file: file}, root: root}
	d.plan = plan.Plan{
		Scenario: name, Title: name, Seed: plan.DefaultSeed, Target: DefaultTarget,
		Router: plan.DefaultRouter, Promise: plan.DefaultPromise, Weights: plan.DefaultWeights,
	}
	if n := root.table[scenariosKey]; n != nil && root.table["load"] == nil {
		d.fail(n, "this is a suite, which lists scenarios, and no scenario", "run it with --suite "+file)
		return d
	}
	if d.root = d.expand(root); len(d.errs) > 0 {
		d.errs = d.errs.sorted() // what the references mean is not known
		return d
	}
	root = d.root
	var providers, faults *node
	h := head{Title: name, Target: DefaultTarget}
	d.read(root, &h, shape{label: "scenario", hooks: map[string]func(*node){
		varsKey:    func(*node) {},
		"load":     d.load,
		"provider": func(n *node) { providers = n },
		"router":   func(*node) {},
		"switch":   d.switches,
		"fault":    func(n *node) { faults = n },
		"promise":  d.promise,
		"weights":  d.weights,
		"expect":   d.expect,
	}})
	d.plan.Title, d.plan.Target = oneLine(h.Title), h.Target
	d.plan.About = paragraphs(h.About)
	d.plan.Tags, d.plan.Challenges, d.plan.Shows = h.Tags, h.Seeds, h.Shows
	if h.Seed != nil {
		d.plan.Seed = *h.Seed
	}
	if d.root.table["load"] == nil {
		d.fail(root, "the scenario has no load", `add [load] with rate = 20 and duration = "30s"`)
	}
	// Providers come before what refers to them, wherever they stand.
	d.readProviders(providers)
	d.router()
	d.timeChanges()
	d.readFaults(faults)
	for i, e := range d.plan.Expect {
		if err := e.Check(&d.plan); err != nil {
			d.unexpected(d.expects[i].node, d.expects[i].metric, err)
		}
	}
	if len(d.errs) == 0 {
		d.doubts()
	}
	d.errs, d.warns = d.errs.sorted(), d.warns.sorted()
	return d
}

// oneLine is a text without line ends.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// paragraphs joins the lines of each paragraph, so that whoever shows the text
// can wrap it.
func paragraphs(text string) string {
	var out []string
	for p := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n") {
		if p = oneLine(p); p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, "\n\n")
}

func (d *document) promise(n *node) {
	d.read(n, &d.plan.Promise, shape{label: "[promise]", path: "promise"})
}

func (d *document) weights(n *node) {
	ok := d.read(n, &d.plan.Weights, shape{label: "[weights]", path: "weights"})
	if ok && d.plan.Weights == (plan.Weights{}) {
		d.fail(n, "[weights]: every weight is 0, so that no part of the score counts", "leave one of them out to keep its default")
	}
}

func (d *document) router() {
	r := &d.plan.Router
	var order *node
	if n := d.root.table["router"]; n != nil {
		d.read(n, r, shape{label: "[router]", path: "router", hooks: map[string]func(*node){
			"order": func(n *node) { order = n },
		}})
		// To the router 0 means its default; to the author of a scenario it
		// means none.
		if _, given := n.table["retries"]; given && r.Retries == 0 {
			r.Retries = -1
		}
		d.routing(n)
	}
	if order == nil {
		r.Order = d.names()
		return
	}
	list, nodes := d.texts(order, "[router]", "order")
	seen := map[string]bool{}
	for i, name := range list {
		switch {
		case !contains(d.names(), name):
			d.fail(nodes[i], fmt.Sprintf("[router]: order names an unknown provider %q", name), suggest(name, d.names()))
		case seen[name]:
			d.fail(nodes[i], fmt.Sprintf("[router]: order names provider %q twice", name), "")
		}
		seen[name] = true
	}
	if order.kind == kindArray && len(order.items) == 0 {
		d.fail(order, "[router]: order is empty", "leave it out to use the providers in the order of the file")
	}
	r.Order = list
}

// expected is where an expectation stands, and its metric as it is written.
type expected struct {
	node   *node
	metric string
}

func (d *document) expect(n *node) {
	if n.kind != kindTable {
		d.fail(n, "[expect] must be a table, not "+n.is(), "")
		return
	}
	for _, metric := range n.keys {
		c := n.table[metric]
		cond, ok := c.value.(string)
		if !ok {
			d.fail(c, fmt.Sprintf("[expect]: %s must be a condition in quotes, not %s", metric, c.is()), `write for example ">= 98%"`)
			continue
		}
		e, err := plan.ParseExpectation(metric, cond)
		if err != nil {
			d.unexpected(c, metric, err)
			continue
		}
		d.plan.Expect = append(d.plan.Expect, e)
		d.expects = append(d.expects, expected{c, metric})
	}
}

// unexpected reports what is wrong with an expectation, at the character.
func (d *document) unexpected(n *node, metric string, err error) {
	var e *plan.ExpectationError
	switch {
	case !errors.As(err, &e):
		d.fail(n, "[expect]: "+err.Error(), "")
	case e.InCond:
		d.failAt(n, e.Offset, fmt.Sprintf("[expect]: %s: %q: %s", metric, e.Text, e.Msg), e.Hint)
	default:
		at := n.at
		if e.Text == metric {
			at = n.keyChar(metric, e.Offset)
		}
		d.errs = append(d.errs, at.problem(d.file, "[expect]: "+e.Msg, e.Hint))
	}
}

// names of the providers, in the order of the file.
func (d *document) names() []string {
	out := make([]string, len(d.plan.Providers))
	for i, p := range d.plan.Providers {
		out[i] = p.Name
	}
	return out
}
