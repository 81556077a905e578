package admin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"brownout/harness/chaos"
	"brownout/harness/rig"
)

// Fault is one in effect at one provider.
type Fault struct {
	Name     string         `json:"name"` // PROVIDER:KIND, numbered from the second of that name on
	Provider string         `json:"provider"`
	Kind     string         `json:"kind"`
	Share    float64        `json:"share"`
	Params   map[string]any `json:"params"` // defaults filled in; durations as text
	Since    time.Time      `json:"since"`
}

// ErrNoFault says that no fault in effect is meant by a name.
var ErrNoFault = errors.New("no such fault in effect")

// ConflictError says that a fault which is in effect claims what another wants.
type ConflictError struct{ Fault, Claims, Held string }

func (e *ConflictError) Error() string {
	return fmt.Sprintf("fault %s: the fault %s already claims the %s; clear it first", e.Fault, e.Held, e.Claims)
}

// board is the faults in effect.
type board struct {
	acting sync.Mutex // held by whoever injects or clears, which takes a while
	mu     sync.Mutex // guards list
	list   []*active
}

type active struct {
	Fault
	claims string
	end    func(context.Context) error
}

// clearTime bounds how long injecting or clearing one fault may take.
const clearTime = 5 * time.Second

// Inject puts a fault in effect on each provider that an order means, and
// confirms it; where one fails, those that succeeded are ended again.
func (d *Desk) Inject(ctx context.Context, o Order) ([]Fault, error) {
	c, err := o.check(d.specs())
	if err != nil {
		return nil, err
	}
	d.board.acting.Lock()
	defer d.board.acting.Unlock()
	made := make([]*active, 0, len(c.on))
	for _, p := range c.on {
		asked := p.Name + ":" + o.Kind
		name := d.board.name(asked)
		if held := d.board.claimed(p.Name, c.kind.Claims); held != "" {
			return nil, &ConflictError{Fault: asked, Claims: c.kind.Claims + " of " + p.Name, Held: held}
		}
		made = append(made, &active{claims: c.kind.Claims, Fault: Fault{
			Name: name, Provider: p.Name, Kind: o.Kind, Share: c.share, Params: c.params, Since: time.Now(),
		}})
	}
	// Whoever asked may be gone before the answer; the fault still is as told.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), clearTime)
	defer cancel()
	err = inParallel(made, func(a *active) (err error) {
		a.end, err = c.fault.Inject(ctx, d.Rig.Victims[a.Provider], chaos.Env{
			Name: a.Name, Share: a.Share, Seed: d.seed, Note: d.log.print,
		})
		return err
	})
	if err != nil {
		made = slices.DeleteFunc(made, func(a *active) bool { return a.end == nil })
		return nil, &rig.EnvironmentError{Err: errors.Join(err, endAll(ctx, made))}
	}
	d.board.add(made)
	out := make([]Fault, len(made))
	for i, a := range made {
		out[i] = a.Fault
		d.log.print(fmt.Sprintf("fault %s is in effect", a.Name))
	}
	return out, nil
}

// Clear ends the faults that name means (a fault's name, a provider's, a
// selector of providers, or All) and tells which. It fails with ErrNoFault where there is none, unless all
// were meant.
func (d *Desk) Clear(ctx context.Context, name string) ([]string, error) {
	d.board.acting.Lock()
	defer d.board.acting.Unlock()
	gone := d.board.take(func(a *active) bool {
		return name == a.Name || selects(name, d.Rig.Victims[a.Provider].Provider.Spec())
	})
	if len(gone) == 0 && name != All {
		return nil, fmt.Errorf("%q: %w", name, ErrNoFault)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), clearTime)
	defer cancel()
	names := make([]string, len(gone))
	for i, a := range gone {
		names[i] = a.Name
	}
	if err := endAll(ctx, gone); err != nil {
		return names, &rig.EnvironmentError{Err: err}
	}
	for _, n := range names {
		d.log.print(fmt.Sprintf("fault %s is cleared", n))
	}
	return names, nil
}

// Faults lists those in effect, the oldest first.
func (d *Desk) Faults() []Fault {
	d.board.mu.Lock()
	defer d.board.mu.Unlock()
	out := make([]Fault, len(d.board.list))
	for i, a := range d.board.list {
		out[i] = a.Fault
	}
	return out
}

func endAll(ctx context.Context, list []*active) error {
	return inParallel(list, func(a *active) error {
		if err := a.end(ctx); err != nil {
			return fmt.Errorf("fault %s could not be cleared: %w", a.Name, err)
		}
		return nil
	})
}

// inParallel does something to each at once.
func inParallel(list []*active, do func(*active) error) error {
	errs := make([]error, len(list))
	var wg sync.WaitGroup
	for i, a := range list {
		wg.Go(func() { errs[i] = do(a) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (b *board) add(made []*active) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.list = append(b.list, made...)
}

// take removes those that are meant and returns them.
func (b *board) take(means func(*active) bool) []*active {
	b.mu.Lock()
	defer b.mu.Unlock()
	var gone []*active
	b.list = slices.DeleteFunc(b.list, func(a *active) bool {
		meant := means(a)
		if meant {
			gone = append(gone, a)
		}
		return meant
	})
	return gone
}

// name is base, or the first of base-2, base-3 … that no fault has.
func (b *board) name(base string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	name := base
	for k := 2; slices.ContainsFunc(b.list, func(a *active) bool { return a.Name == name }); k++ {
		name = fmt.Sprintf("%s-%d", base, k)
	}
	return name
}

// claimed is the name of the fault that claims the same of a provider, or "".
func (b *board) claimed(provider, what string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, a := range b.list {
		if what != "" && a.Provider == provider && a.claims == what {
			return a.Name
		}
	}
	return ""
}
