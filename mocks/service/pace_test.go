package service_test

import (
	"math"
	"slices"
	"strconv"
	"testing"
	"time"

	"brownout/chance"
	"brownout/mocks/service"
	"brownout/plan"
)

var cloudSpec = plan.Service{
	Model: plan.ServiceCloud, FirstToken: 250 * time.Millisecond, FirstTokenSigma: 0.25,
	PerPromptToken: time.Millisecond, PerToken: 8 * time.Millisecond, PerTokenSigma: 0.15,
}

func TestTimingIsAFunctionOfTheKey(t *testing.T) {
	m, err := service.New(cloudSpec)
	if err != nil {
		t.Fatal(err)
	}
	k := chance.Key{Seed: 7, Provider: "openai", Marker: "m", Attempt: 1}
	once := m.Timing(k, 10)
	if again := m.Timing(k, 10); again != once {
		t.Errorf("same key, other times: %v and %v", once, again)
	}
	if more := m.Timing(k, 11); more.FirstToken-once.FirstToken != time.Millisecond || more.PerToken != once.PerToken {
		t.Errorf("one prompt token more: %v after %v", more, once)
	}
	k.Attempt = 2
	if other := m.Timing(k, 10); other.FirstToken == once.FirstToken || other.PerToken == once.PerToken {
		t.Errorf("another attempt drew the same: %v", other)
	}
	if d := once.Token(9) - once.Token(4); d != 5*once.PerToken {
		t.Errorf("five tokens take %v, not 5 x %v", d, once.PerToken)
	}
}

// The draws have the median and the sigma they were asked for.
func TestTimingIsLognormal(t *testing.T) {
	m, err := service.New(cloudSpec)
	if err != nil {
		t.Fatal(err)
	}
	const n = 20_000
	var firsts, each []float64
	together := 0.0
	for i := range n {
		x := m.Timing(chance.Key{Marker: strconv.Itoa(i)}, 0)
		firsts = append(firsts, math.Log(x.FirstToken.Seconds()))
		each = append(each, math.Log(x.PerToken.Seconds()))
		together += (firsts[i] - math.Log(0.250)) / 0.25 * (each[i] - math.Log(0.008)) / 0.15
	}
	// Independent draws have a correlation of 0, with a standard error of
	// 1/sqrt(n).
	if r := together / n; math.Abs(r) > 4/math.Sqrt(n) {
		t.Errorf("a slow first token foretells slow tokens: correlation %v", r)
	}
	for _, c := range []struct {
		name          string
		logs          []float64
		median, sigma float64
	}{{"first token", firsts, 0.250, 0.25}, {"per token", each, 0.008, 0.15}} {
		slices.Sort(c.logs)
		// A median of n draws is within 4 standard errors, sigma*1.2533/sqrt(n).
		if d := c.logs[n/2] - math.Log(c.median); math.Abs(d) > 4*1.2533*c.sigma/math.Sqrt(n) {
			t.Errorf("%s: median %v, want %v", c.name, math.Exp(c.logs[n/2]), c.median)
		}
		// One sigma above the median lies the 84.13th percentile.
		if s := c.logs[n*8413/10000] - c.logs[n/2]; math.Abs(s-c.sigma) > 0.02*c.sigma*2 {
			t.Errorf("%s: sigma %v, want %v", c.name, s, c.sigma)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for name, s := range map[string]plan.Service{
		"no model":      {},
		"unknown model": {Model: "mainframe"},
		"no slots":      {Model: plan.ServiceSlots},
		"queue < 0":     {Model: plan.ServiceSlots, Slots: 1, Queue: -1},
		"time < 0":      {Model: plan.ServiceCloud, PerToken: -1},
		"sigma < 0":     {Model: plan.ServiceCloud, FirstTokenSigma: -0.1},
		"sigma NaN":     {Model: plan.ServiceCloud, PerTokenSigma: math.NaN()},
	} {
		if _, err := service.New(s); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	wild, err := service.New(plan.Service{Model: plan.ServiceCloud, FirstToken: time.Hour, FirstTokenSigma: 100})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		if d := wild.Timing(chance.Key{Attempt: i}, 0).FirstToken; d < 0 || d > 24*time.Hour {
			t.Fatalf("a wild sigma gave %v", d)
		}
	}
}
