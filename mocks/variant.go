package mocks

import (
	"fmt"

	"brownout/chance"
	"brownout/plan"
)

// version is one version of a model and the end of its share, from 0 to 1.
type version struct {
	model *plan.Model
	until float64
}

// versionsOf resolves the variants of a provider, by the model that is asked
// for.
func versionsOf(spec plan.Provider, model func(id string) (*plan.Model, bool)) (map[string][]version, error) {
	if len(spec.Variants) == 0 {
		return nil, nil
	}
	total := map[string]float64{}
	for _, v := range spec.Variants {
		switch {
		case v.Model == "" || v.ID == "":
			return nil, fmt.Errorf("provider %q: a [[variant]] needs a model and an id", spec.Name)
		case !(v.Weight > 0) || v.Weight > 1e9:
			return nil, fmt.Errorf("provider %q: variant %q needs a weight above 0", spec.Name, v.ID)
		}
		if _, ok := model(v.Model); !ok {
			return nil, fmt.Errorf("provider %q: variant %q is one of model %q, which the provider does not have", spec.Name, v.ID, v.Model)
		}
		total[v.Model] += v.Weight
	}
	out := map[string][]version{}
	for _, v := range spec.Variants {
		m, ok := model(v.ID)
		if !ok {
			asked, _ := model(v.Model)
			own := *asked
			own.ID = v.ID
			m = &own
		}
		list, from := out[v.Model], 0.0
		if n := len(list); n > 0 {
			from = list[n-1].until
		}
		out[v.Model] = append(list, version{m, from + v.Weight/total[v.Model]})
	}
	return out, nil
}

// version is the version of m that answers a marker. A marker always meets the
// same one, whatever its attempt.
func (p *Provider) version(m *plan.Model, marker string) *plan.Model {
	list := p.versions[m.ID]
	if len(list) == 0 {
		return m
	}
	u := chance.Key{Seed: p.seed, Provider: p.spec.Name, Marker: marker, Purpose: "variant"}.Uniform()
	for _, v := range list {
		if u < v.until {
			return v.model
		}
	}
	return list[len(list)-1].model // sums of shares may fall short of 1
}
