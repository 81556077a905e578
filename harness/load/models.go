package load

import (
	"strings"

	"brownout/plan"
)

// models are the ids under which a request may be answered; nil: any.
type models map[string]bool

// modelsOf are the models that may answer a kind of request: those of its sort
// in the catalogues of the providers that it may reach. Any other that claims
// to have answered was swapped in. Which of them it was is judged by whoever
// sees the calls.
func modelsOf(p *plan.Plan, e plan.Mix, asked string) models {
	if len(p.Providers) == 0 {
		return nil
	}
	ids := models{}
	ids.add(asked)
	for _, v := range p.Providers {
		if !e.Reaches(v.Class, v.Region) {
			continue
		}
		for _, m := range v.Models {
			if (m.Embedding > 0) != (e.Kind == plan.KindEmbed) {
				continue
			}
			ids.add(m.Base)
			for _, id := range append(v.Names(m), m.Aliases...) {
				ids.add(id)
			}
		}
	}
	return ids
}

func (m models) add(id string) {
	if id != "" && m != nil {
		m[id], m[bare(id)] = true, true
	}
}

// has tells whether a model is one of them.
func (m models) has(id string) bool { return m == nil || m[id] || m[bare(id)] }

// bare is a model's id without the provider that some gateways put before it:
// "openai/gpt-5.4".
func bare(id string) string { return id[strings.LastIndexByte(id, '/')+1:] }

// lengthOf is how long the vectors are that a request asks for; 0: not known.
func lengthOf(p *plan.Plan, e plan.Mix, asked string) int {
	if e.Dimensions > 0 {
		return e.Dimensions
	}
	for _, v := range p.Preferred() {
		if m, ok := v.Model(asked); ok {
			return m.Embedding
		}
	}
	return 0
}
