package chaos

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"brownout/mocks"
	"brownout/plan"
)

// endRenamed is the mode in which a model lives on under another id.
const endRenamed = "renamed"

// Deprecation announces a model's end, then retires or renames it.
type Deprecation struct {
	Mode         string        `toml:"mode" default:"retired" enum:"retired,renamed" doc:"how it ends. retired: the model is gone. renamed: it answers under another id, and its old one is gone."`
	Model        string        `toml:"model" default:"" doc:"which model; empty: the provider's first"`
	To           string        `toml:"to" default:"" doc:"renamed: the new id; empty: the old one with -v2 behind it"`
	AnnouncedFor time.Duration `toml:"announced_for" default:"5s" max:"24h" doc:"from announcement to the end; 0 ends it at once, without notice"`
	NoticeDays   int           `toml:"notice_days" default:"14" min:"0" max:"3650" unit:"days" doc:"how far ahead the announced shutdown date lies in the model list, since a run is shorter than a notice period"`
}

var deprecationKind = Kind{
	Name: "deprecation", Layer: LayerService, Claims: "catalogue",
	Summary: "a model is announced to end (dates in the model list), then answers as that provider's retired models do",
	Page: `Models end. First the provider's model list gives a shutdown date, where it has
a place for one (OpenAI: shutdown_date; Anthropic: lifecycle, deprecated_at and
retires_at), and everything still works. Then the model is gone, and each call
for it is answered in that provider's own words: 404 model_not_found at OpenAI,
404 not_found_error at Anthropic, 404 NotFoundError at vLLM, 404 at Ollama. A
renamed model only goes away under its old id: it is in the list under the new
one, its aliases have moved along, and answers name the new id.

A good system reads the list before that day, or maps the call to an equivalent
model on the first refusal, and does not ask for the dead model on every request
that follows. None of this is an outage: no time-out and no 5xx shows it.`,
	New: func() Fault { return new(Deprecation) },
}

// Check wants a new id only where there is a use for it.
func (d *Deprecation) Check() *ParamError {
	switch {
	case d.To != "" && d.Mode != endRenamed:
		return &ParamError{Param: "to", Msg: "to is a renamed model's new id", Hint: `give mode = "renamed", or leave to out`}
	case d.To != "" && d.To == d.Model:
		return &ParamError{Param: "to", Msg: "the new id is the old one", Hint: "give another"}
	}
	return nil
}

// OnLink is false: the mock answers.
func (d *Deprecation) OnLink() bool { return false }

// Undivided tells that a model ends for all calls.
func (d *Deprecation) Undivided() {}

// Fits tells whether the new id is still free.
func (d *Deprecation) Fits(p plan.Provider) error {
	if d.Mode != endRenamed || len(p.Models) == 0 {
		return nil
	}
	to := d.to(cmp.Or(d.Model, p.Models[0].ID))
	for _, m := range p.Models {
		if m.ID == to || slices.Contains(m.Aliases, to) {
			return fmt.Errorf("%s has a model %q already; give another id in to", p.Name, to)
		}
	}
	return nil
}

// Renamed lists the ids that a plan's faults give to models while it runs.
func Renamed(p *plan.Plan) []string {
	var ids []string
	for _, f := range p.Faults {
		bound, _, err := Bind(f.Kind, f.Params)
		d, ok := bound.(*Deprecation)
		if err != nil || !ok || d.Mode != endRenamed {
			continue
		}
		for _, name := range f.On {
			if v, ok := p.Provider(name); ok && len(v.Models) > 0 {
				ids = append(ids, d.to(cmp.Or(d.Model, v.Models[0].ID)))
			}
		}
	}
	return ids
}

// to is the new id of a renamed model.
func (d *Deprecation) to(model string) string { return cmp.Or(d.To, model+"-v2") }

// Inject announces the end and retires or renames the model once AnnouncedFor
// has passed.
func (d *Deprecation) Inject(ctx context.Context, v Victim, env Env) (func(context.Context) error, error) {
	spec := v.Provider.Spec()
	model := d.Model
	if model == "" && len(spec.Models) > 0 {
		model = spec.Models[0].ID
	}
	known := false
	for _, m := range spec.Models {
		known = known || m.ID == model
	}
	if !known {
		return nil, fmt.Errorf("deprecation: %s has no model %q", spec.Name, model)
	}
	if err := d.Fits(spec); err != nil {
		return nil, err
	}
	now := time.Now()
	announced := mocks.Lifecycle{Deprecated: now, Shutdown: now.AddDate(0, 0, d.NoticeDays)}
	restore := v.Provider.SetLifecycle(env.Name, model, announced)
	retire := func() func() {
		l := announced
		l.Retired = true
		note := fmt.Sprintf("%s retired the model %s", spec.Name, model)
		if d.Mode == endRenamed {
			l = mocks.Lifecycle{Renamed: d.to(model)}
			note = fmt.Sprintf("%s renamed the model %s to %s", spec.Name, model, l.Renamed)
		}
		back := v.Provider.SetLifecycle(env.Name, model, l)
		env.Note(note) // only of what is so already
		return back
	}
	if d.AnnouncedFor <= 0 {
		back := retire()
		return func(context.Context) error { back(); restore(); return nil }, nil
	}
	env.Note(fmt.Sprintf("%s announced the end of the model %s", spec.Name, model))
	waiting, stop := context.WithCancel(context.WithoutCancel(ctx))
	var wg sync.WaitGroup
	back := func() {}
	wg.Go(func() {
		t := time.NewTimer(d.AnnouncedFor)
		defer t.Stop()
		select {
		case <-t.C:
			back = retire()
		case <-waiting.Done():
		}
	})
	return func(context.Context) error {
		stop()
		wg.Wait()
		back()
		restore()
		return nil
	}, nil
}
