package admin

import (
	"time"

	"brownout/plan"
)

// Status is all that a desk tells of itself.
type Status struct {
	Seed      uint64     `json:"seed"`
	Started   time.Time  `json:"started"`
	Toxiproxy string     `json:"toxiproxy"` // host:port for toxiproxy-cli
	Providers []Provider `json:"providers"`
	Faults    []Fault    `json:"faults"` // in effect, the oldest first
}

// Provider is one that is served.
type Provider struct {
	Name    string   `json:"name"`
	Preset  string   `json:"preset"`
	Dialect string   `json:"dialect"`
	Class   string   `json:"class"`
	Region  string   `json:"region"`
	URL     string   `json:"url"` // scheme, host and port of its link
	Models  []string `json:"models"`
	Busy    int      `json:"busy"`    // calls being served
	Waiting int      `json:"waiting"` // calls in its queue
	Calls   Calls    `json:"calls"`   // that have ended
}

// Status tells how things are now.
func (d *Desk) Status() Status {
	s := Status{Seed: d.seed, Started: d.started, Toxiproxy: d.Rig.Links.API, Faults: d.Faults()}
	for _, p := range d.Rig.Fleet.Providers() {
		spec, gauge := p.Spec(), p.Gauge()
		models := make([]string, len(spec.Models))
		for i, m := range spec.Models {
			models[i] = m.ID
		}
		s.Providers = append(s.Providers, Provider{
			Name: spec.Name, Preset: spec.Preset, Dialect: spec.Dialect, Class: spec.Class, Region: spec.Region,
			URL: d.Rig.URL(spec.Name), Models: models,
			Busy: gauge.Busy, Waiting: gauge.Waiting, Calls: d.tallies.get(spec.Name),
		})
	}
	return s
}

// specs are the providers as they were given.
func (d *Desk) specs() []plan.Provider {
	var out []plan.Provider
	for _, p := range d.Rig.Fleet.Providers() {
		out = append(out, p.Spec())
	}
	return out
}
