package router

// policy puts the backends that a request may reach in the order in which to
// ask them. It is called once for each request and must not keep or change
// what it is given.
type policy func(c *call, allowed []*backend) []*backend

// policies by the name in plan.Router.Policy.
var policies = map[string]policy{
	"priority": priority,
}

// priority keeps the configured order: the first usable one answers.
func priority(_ *call, allowed []*backend) []*backend { return allowed }
