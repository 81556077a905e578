package admin

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"brownout/harness/chaos"
	"brownout/plan"
)

// All stands for every provider in an order, and for every fault in a
// clearance.
const All = "all"

// Selectors of several providers, as scenarios have them.
const (
	selectClass  = "class:"
	selectRegion = "region:"
)

// selects tells whether word, a name or a selector, means the provider.
func selects(word string, p plan.Provider) bool {
	if class, ok := strings.CutPrefix(word, selectClass); ok {
		return p.Class == class
	}
	if region, ok := strings.CutPrefix(word, selectRegion); ok {
		return p.Region == region
	}
	return word == All || word == p.Name
}

// Order asks for a fault.
type Order struct {
	Provider string         `json:"provider"`         // a name, class:NAME, region:NAME or All
	Kind     string         `json:"kind"`             // of the fault catalogue
	Share    float64        `json:"share,omitempty"`  // of calls touched, keyed by marker; 0: all of them
	Params   map[string]any `json:"params,omitempty"` // the kind's own, as a scenario has them
}

// ParseOrder reads PROVIDER:KIND[,param=value…]. Whether such a provider, kind
// and parameters exist is told when the order is placed.
func ParseOrder(text string) (Order, error) {
	head, rest, more := strings.Cut(text, ",")
	provider, kind, ok := strings.Cut(head, ":")
	if selector := provider + ":"; selector == selectClass || selector == selectRegion {
		var which string
		which, kind, ok = strings.Cut(kind, ":")
		if provider = selector + which; which == "" {
			provider = ""
		}
	}
	if !ok || provider == "" || kind == "" {
		return Order{}, fmt.Errorf("fault %q: want PROVIDER:KIND[,param=value…], for example openai:outage,mode=errors,share=0.5", text)
	}
	o := Order{Provider: provider, Kind: kind}
	types := map[string]string{"share": "number"}
	for _, p := range chaos.Params(kind) {
		types[p.Name] = p.Type
	}
	for more {
		var part string
		part, rest, more = strings.Cut(rest, ",")
		name, value, ok := strings.Cut(part, "=")
		if !ok || name == "" {
			return Order{}, fmt.Errorf("fault %q: %q is no param=value", text, part)
		}
		if _, twice := o.Params[name]; twice || name == "share" && o.Share != 0 {
			return Order{}, fmt.Errorf("fault %q: %s is given twice", text, name)
		}
		v := typed(types[name], value)
		if name == "share" {
			if o.Share, ok = v.(float64); !ok || !validShare(o.Share) {
				return Order{}, fmt.Errorf("fault %q: %s", text, shareRange)
			}
			continue
		}
		if o.Params == nil {
			o.Params = make(map[string]any)
		}
		o.Params[name] = v
	}
	return o, nil
}

const shareRange = "share must be a number above 0 and at most 1"

func validShare(s float64) bool { return s > 0 && s <= 1 }

// typed is a value as a scenario would have it. What is not of its type stays
// text, so that the catalogue can say what it wants instead.
func typed(kind, value string) any {
	switch kind {
	case "number", "integer":
		if n, err := strconv.ParseFloat(value, 64); err == nil {
			return n
		}
	case "flag":
		if b, err := strconv.ParseBool(value); err == nil {
			return b
		}
	}
	return value
}

// selectors are those that mean any of the providers.
func selectors(providers []plan.Provider) []string {
	var out []string
	for _, p := range providers {
		for _, s := range []string{selectClass + p.Class, selectRegion + p.Region} {
			if !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	return out
}

// checked is an order that can be carried out.
type checked struct {
	kind   chaos.Kind
	fault  chaos.Fault
	params map[string]any // with defaults filled in
	share  float64
	on     []plan.Provider
}

// check holds an order against the catalogue and the providers there are.
func (o Order) check(providers []plan.Provider) (*checked, error) {
	label := fmt.Sprintf("fault %s:%s", o.Provider, o.Kind)
	fail := func(msg, hint string) error {
		if hint != "" {
			msg += "; " + hint
		}
		return fmt.Errorf("%s: %s", label, msg)
	}
	names := make([]string, len(providers))
	c := &checked{share: o.Share}
	for i, p := range providers {
		names[i] = p.Name
		if selects(o.Provider, p) {
			c.on = append(c.on, p)
		}
	}
	if c.on == nil {
		if strings.Contains(o.Provider, ":") {
			return nil, fail(fmt.Sprintf("no provider is of %s", o.Provider), chaos.Suggest(o.Provider, selectors(providers)))
		}
		return nil, fail(fmt.Sprintf("unknown provider %q", o.Provider), chaos.Suggest(o.Provider, append(names, All)))
	}
	var err error
	if c.fault, c.params, err = chaos.Bind(o.Kind, o.Params); err != nil {
		return nil, fmt.Errorf("%s: %w", label, err)
	}
	c.kind, _ = chaos.Lookup(o.Kind) // bound, so there is one
	switch {
	case c.share == 0:
		c.share = 1
	case !validShare(c.share):
		return nil, fail(shareRange, "")
	}
	if ok, why := chaos.Divisible(c.fault); !ok && c.share < 1 {
		return nil, fail(why+", so that share has no meaning", "leave share out, or use a fault of single calls")
	}
	for _, p := range c.on {
		if err := chaos.Fits(c.fault, p); err != nil {
			return nil, fail(err.Error(), "")
		}
	}
	if model, _ := c.params["model"].(string); model != "" {
		for _, p := range c.on {
			ids := make([]string, len(p.Models))
			for i, m := range p.Models {
				ids[i] = m.ID
			}
			if !slices.Contains(ids, model) {
				return nil, fail(fmt.Sprintf("provider %q has no model %q", p.Name, model), chaos.Suggest(model, ids))
			}
		}
	}
	return c, nil
}
