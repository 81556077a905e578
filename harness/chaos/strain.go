package chaos

import (
	"context"
	"sync"
	"time"

	"brownout/mocks/service"
)

// Strains that change while they last do so in so many steps, of at least so
// long.
const (
	courseSteps = 40
	courseStep  = 50 * time.Millisecond
)

// strain puts a provider's service under a strain, at once or, where the fault
// has a ramp, growing over it: at says what the strain is when x of it is
// there, from 0 to 1.
func strain(ctx context.Context, v Victim, env Env, at func(x float64) service.Strain) (func(context.Context) error, error) {
	return strainCourse(ctx, v, env, env.Ramp, func(part float64) service.Strain { return at(part) })
}

// strainCourse puts a service under a strain that follows a course: at says
// what it is when that part of the length has passed, from 0 to 1. After the
// length it stays as it is at 1.
func strainCourse(ctx context.Context, v Victim, env Env, length time.Duration, at func(part float64) service.Strain) (func(context.Context) error, error) {
	part := 1.0
	if length > 0 {
		part = 0
	}
	on, err := v.Provider.Strain(env.Name, at(part))
	if err != nil {
		return nil, err
	}
	if length <= 0 {
		return func(context.Context) error { on.End(); return nil }, nil
	}
	start := time.Now()
	following, stop := context.WithCancel(context.WithoutCancel(ctx))
	var wg sync.WaitGroup
	wg.Go(func() {
		t := time.NewTicker(max(courseStep, length/courseSteps))
		defer t.Stop()
		for part < 1 {
			select {
			case <-following.Done():
				return
			case <-t.C:
			}
			part = min(1, float64(time.Since(start))/float64(length))
			on.Turn(at(part))
		}
	})
	return func(context.Context) error {
		stop()
		wg.Wait()
		on.End()
		return nil
	}, nil
}
