package harness

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"brownout/harness/chaos"
	"brownout/plan"
)

// order makes the fault that a person asks for, as if it stood in the plan to
// begin now, and holds it against what else there is. The error is a
// *plan.OrderError.
func (c *conductor) order(o plan.Order) (plan.Fault, error) {
	p, at := c.hand.standing(), c.now()
	left := p.Load.Duration - at
	if left <= 0 {
		return plan.Fault{}, ErrOver
	}
	bound, params, err := chaos.Bind(o.Kind, o.Params)
	if err != nil {
		field := "kind"
		var pe *chaos.ParamError
		if _, known := chaos.Lookup(o.Kind); known && errors.As(err, &pe) {
			return plan.Fault{}, &plan.OrderError{Field: pe.Param, Msg: pe.Msg, Hint: pe.Hint}
		}
		return plan.Fault{}, &plan.OrderError{Field: field, Msg: err.Error()}
	}
	f := plan.Fault{
		Kind: o.Kind, At: at, For: o.For, Horizon: plan.DefaultHorizon, Share: o.Share, Ramp: o.Ramp,
		Params: params, LinkOnly: bound.OnLink(),
	}
	if f.For == 0 {
		f.For = left
	}
	if f.Share == 0 {
		f.Share = 1
	}
	if f.On, err = victims(p, o.On); err != nil {
		return plan.Fault{}, err
	}
	if err := fits(p, &f, bound); err != nil {
		return plan.Fault{}, err
	}
	if err := c.contradicts(p, &f); err != nil {
		return plan.Fault{}, err
	}
	f.Name = freeName(p, f.Kind)
	return f, nil
}

// victims are the providers that names and selectors mean, in the plan's order.
func victims(p *plan.Plan, words string) ([]string, error) {
	hit := map[string]bool{}
	for word := range strings.SplitSeq(words, ",") {
		word = strings.TrimSpace(word)
		class, isClass := strings.CutPrefix(word, "class:")
		region, isRegion := strings.CutPrefix(word, "region:")
		found := false
		var known []string
		for _, v := range p.Providers {
			if word == "all" || word == v.Name || isClass && v.Class == class || isRegion && v.Region == region {
				hit[v.Name], found = true, true
			}
			known = append(known, v.Name)
		}
		if !found {
			return nil, &plan.OrderError{
				Field: "on", Msg: fmt.Sprintf("no provider is meant by %q", word),
				Hint: chaos.Suggest(word, append(known, "all")),
			}
		}
	}
	var on []string
	for _, v := range p.Providers {
		if hit[v.Name] {
			on = append(on, v.Name)
		}
	}
	return on, nil
}

// fits sees that the fault's own figures are within bounds, and that its
// victims can have it.
func fits(p *plan.Plan, f *plan.Fault, bound chaos.Fault) error {
	bad := func(field, msg, hint string) error { return &plan.OrderError{Field: field, Msg: msg, Hint: hint} }
	switch {
	case f.For <= 0:
		return bad("for", "for must be more than 0s", "leave it empty to clear the fault by hand")
	case f.Share <= 0 || f.Share > 1:
		return bad("share", "share must be more than 0 and at most 1", "")
	case f.Ramp < 0 || f.Ramp > f.For:
		return bad("ramp", fmt.Sprintf("ramp must be at most the %s that the fault lasts", f.For), "")
	}
	if ok, why := chaos.Divisible(bound); !ok {
		if f.Share < 1 {
			return bad("share", f.Kind+" "+why+", so that share has no meaning", "make it 1, or use a fault of single calls")
		}
		if f.Ramp > 0 && f.LinkOnly {
			return bad("ramp", f.Kind+" "+why+", so that no share of them can grow", "make it 0s, or use a fault of single calls")
		}
	}
	model, _ := f.Params["model"].(string)
	for _, name := range f.On {
		v, _ := p.Provider(name)
		if err := chaos.Fits(bound, v); err != nil {
			return bad("on", err.Error(), "")
		}
		var ids []string
		for _, m := range v.Models {
			ids = append(ids, m.ID)
		}
		if model != "" && !slices.Contains(ids, model) {
			return bad("model", fmt.Sprintf("provider %s has no model %q", name, model), chaos.Suggest(model, ids))
		}
	}
	return nil
}

// contradicts tells of another fault that claims the same of one of the
// victims while this one would last.
func (c *conductor) contradicts(p *plan.Plan, f *plan.Fault) error {
	claims := claimsOf(f.Kind)
	for _, g := range p.Faults {
		if claims == "" || claimsOf(g.Kind) != claims {
			continue
		}
		both := slices.DeleteFunc(slices.Clone(g.On), func(name string) bool { return !slices.Contains(f.On, name) })
		until := g.Clear()
		if g.When != nil {
			until = max(until, p.Load.Duration)
		}
		if len(both) == 0 || until <= f.At || g.At >= f.Clear() {
			continue
		}
		e := &plan.OrderError{Field: "kind", Msg: fmt.Sprintf("fault %s claims the %s of %s, too", g.Name, claims, strings.Join(both, ", "))}
		switch {
		case g.When != nil:
			e.Msg += ", at a moment that nobody knows"
			e.Hint = "choose another provider, or a fault of another kind"
		case g.At <= f.At:
			e.Hint = "clear it first, or choose another provider"
		default:
			e.Field = "for"
			e.Hint = fmt.Sprintf("it comes in %s: let this one be over by then", (g.At - f.At).Truncate(time.Second/10))
		}
		return e
	}
	return nil
}

func claimsOf(kind string) string {
	k, _ := chaos.Lookup(kind)
	return k.Claims
}

// freeName is the kind, or the first of kind-2, kind-3 … that no fault has.
func freeName(p *plan.Plan, kind string) string {
	name := kind
	for k := 2; slices.ContainsFunc(p.Faults, func(f plan.Fault) bool { return f.Name == name }); k++ {
		name = fmt.Sprintf("%s-%d", kind, k)
	}
	return name
}
