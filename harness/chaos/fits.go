package chaos

import (
	"fmt"
	"slices"
	"strings"

	"brownout/plan"
)

// Fitter is implemented by faults that not every provider can have.
type Fitter interface {
	// Fits tells why a provider cannot have the fault; nil where it can.
	Fits(p plan.Provider) error
}

// Fits tells why a provider cannot have a fault; nil where it can.
func Fits(f Fault, p plan.Provider) error {
	if fit, ok := f.(Fitter); ok {
		return fit.Fits(p)
	}
	return nil
}

// Undivided is implemented by faults that act on a provider as a whole, though
// in the service: no share of its calls can be spared.
type Undivided interface{ Undivided() }

// Divisible tells whether a fault can be had by a share of a provider's calls,
// and if not, why.
func Divisible(f Fault) (ok bool, why string) {
	if f.OnLink() {
		return false, "acts on the link, where calls cannot be told apart"
	}
	if _, whole := f.(Undivided); whole {
		return false, "acts on the provider as a whole"
	}
	return true, ""
}

// needsService tells whether a provider's service is of one of the models that
// have what a fault takes away. instead names what to use otherwise.
func needsService(p plan.Provider, what, instead string, models ...string) error {
	if slices.Contains(models, p.Service.Model) {
		return nil
	}
	return fmt.Errorf("%s is served by the model %q, which has no %s; put it on a provider whose service is %s, or use %s",
		p.Name, p.Service.Model, what, strings.Join(models, " or "), instead)
}

// needsAccount tells whether there is an account at somebody else's that can be
// closed: own machines have none.
func needsAccount(p plan.Provider, what string) error {
	if p.Class == plan.ClassGPU || p.Class == plan.ClassEdge {
		return fmt.Errorf("%s is of class %q, on own machines, where %s; put it on a provider of class cloud or managed", p.Name, p.Class, what)
	}
	return nil
}
