package router

import (
	"net/http"

	"brownout/mocks/wire"
)

// models is the union of what the backends are said to have, in the order of
// the configuration, and of the names that the operator has given to models.
// Backends are not asked for it: a list must not hang on one that is down.
func (r *engine) models() []wire.ModelInfo {
	var list []wire.ModelInfo
	seen := map[string]bool{}
	for _, b := range r.backends {
		for _, id := range append(b.Models[:len(b.Models):len(b.Models)], b.Model) {
			if id != "" && !seen[id] {
				seen[id] = true
				m := b.entry(id)
				list = append(list, wire.ModelInfo{ID: id, OwnedBy: b.Name, Context: m.Context, MaxOutput: m.MaxOutput, Embedding: m.Embedding})
			}
		}
	}
	for _, name := range r.mapped.names() {
		if !seen[name] {
			list = append(list, wire.ModelInfo{ID: name, OwnedBy: "router"})
		}
	}
	return list
}

// model answers for one entry of the list.
func (r *engine) model(w http.ResponseWriter, front wire.Dialect, id string) {
	for _, m := range r.models() {
		if m.ID == id {
			front.WriteModel(w, m)
			return
		}
	}
	front.WriteFailure(w, &wire.Failure{Kind: wire.FailModelNotFound, Model: id})
}
