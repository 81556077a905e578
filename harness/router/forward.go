package router

import (
	"brownout/mocks/wire"
)

// forward asks one backend after the other until one begins to answer. It
// returns that answer, or the failure to tell the client.
func (c *call) forward() (*reply, *wire.Failure) {
	most := c.r.set.MaxAttempts
	for (most < 0 || c.attempts < most) && c.left() > leastBudget {
		unused, granted := c.granted()
		if !granted {
			break
		}
		cand, p, ok := c.next()
		if !ok {
			unused()
			again, fail := c.await()
			if fail != nil && len(c.causes) == 0 {
				return nil, fail
			}
			if again || fail == nil && c.wait() {
				continue
			}
			break
		}
		c.announce(cand)
		rep, failed := c.run(cand, p)
		for _, a := range failed {
			c.causes = append(c.causes, cause{a.cand.backend, a.fail})
		}
		if rep != nil {
			return rep, nil
		}
		if c.ctx.Err() != nil {
			break
		}
		for _, a := range failed {
			end, more := c.follow(a)
			if end != nil {
				return nil, end
			}
			if !more {
				return nil, c.exhausted()
			}
		}
	}
	return nil, c.exhausted()
}

// await lets the stages wait for what everybody lacks now. again tells that
// somebody may be asked; fail, that it is not to be waited for.
func (c *call) await() (again bool, fail *wire.Failure) {
	for _, f := range c.r.stages.await {
		if again, fail = f(c); again || fail != nil {
			return again, fail
		}
	}
	return false, nil
}

// granted tells whether the stages allow another attempt. The first is always
// allowed. unused gives the grants back, where nobody can be asked.
func (c *call) granted() (unused func(), ok bool) {
	unused = func() {}
	if c.attempts == 0 {
		return unused, true
	}
	for _, f := range c.r.stages.grant {
		back, no := f(c)
		if c.denied = no; no != nil {
			unused()
			return unused, false
		}
		if back != nil {
			others := unused
			unused = func() { back(); others() }
		}
	}
	return unused, true
}

// announce tells of a retry or a failover before it happens.
func (c *call) announce(cand *candidate) {
	if n := len(c.causes); n > 0 {
		d := Decision{What: Failover, Provider: cand.Name, Marker: c.marker, Detail: c.causes[n-1].String()}
		if cand == c.last {
			d.What, d.Wait = Retry, c.pause
		}
		c.r.tell(d)
	}
	c.last, c.pause = cand, 0
}
