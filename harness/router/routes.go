package router

import (
	"fmt"
	"path"
	"strings"
)

// route is who answers for the models that its pattern matches.
type route struct {
	pattern string
	to      []hop
}

// hop is one entry of a route.
type hop struct {
	*backend
	model string // "": as without routes; {model} in it is the asked name
}

// asked is the word that stands for the asked name.
const asked = "{model}"

// addRoutes reads the configured routes.
func (r *engine) addRoutes() error {
	for _, v := range r.set.Route {
		at := route{pattern: v.Model}
		for _, to := range v.To {
			name, model, _ := strings.Cut(to, "/")
			b := r.byName[name]
			if b == nil {
				return fmt.Errorf("route: %q leads to no backend; the backends are %s", to, strings.Join(r.names(), ", "))
			}
			at.to = append(at.to, hop{b, model})
		}
		r.routes = append(r.routes, at)
	}
	return nil
}

// names of the backends, as configured.
func (r *engine) names() []string {
	out := make([]string, len(r.backends))
	for i, b := range r.backends {
		out[i] = b.Name
	}
	return out
}

// route finds who answers for a model; nil: no route says.
func (r *engine) route(model string) []hop {
	for i := range r.routes {
		if matches(r.routes[i].pattern, model) {
			return r.routes[i].to
		}
	}
	return nil
}

// target is the model to ask of b by way of h.
func (h *hop) target(want string) string {
	if h.model == "" {
		return h.backend.model(want)
	}
	return strings.ReplaceAll(h.model, asked, want)
}

// matches tells whether a pattern with * and ? matches a model's name. Names
// may have slashes, which are letters like any other here.
func matches(pattern, name string) bool {
	if pattern == name {
		return true
	}
	flat := strings.NewReplacer("/", "\x00")
	ok, err := path.Match(flat.Replace(pattern), flat.Replace(name))
	return ok && err == nil
}
