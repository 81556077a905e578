package score_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"brownout/harness/journal"
	"brownout/harness/score"
	"brownout/plan"
)

func nines(a float64) float64 { return -math.Log10(1 - a) }

// each returns a counter that is true for the first n requests of every `of`.
func each(n, of int) func() bool {
	i := -1
	return func() bool { i++; return i%of < n }
}

func TestPartsByHand(t *testing.T) {
	tests := []struct {
		name  string
		part  string
		setup func(m *sim)
		want  float64
		slack float64 // default 0.001; latencies are kept to 1 %
	}{
		{"nothing lost", "availability", func(*sim) {}, 1, 0},
		{"2 % failed during", "availability", func(m *sim) {
			bad := each(1, 50)
			m.request = func(at time.Duration, r *request) {
				if during(at) && bad() {
					r.outcome = journal.Failed
				}
			}
		}, nines(396./404) / 2, 0}, // four good ones were under way when it struck
		{"the horizon is lower", "availability", func(m *sim) {
			bad := each(1, 10)
			m.request = func(at time.Duration, r *request) {
				if at >= 20*s && bad() {
					r.outcome = journal.Hung
					r.took = 4 * s
				}
			}
		}, nines(.9) / 2, 0},
		{"degraded is worth 0.7", "availability", func(m *sim) {
			m.request = func(at time.Duration, r *request) {
				if during(at) {
					r.calls[0].Provider = "rack"
				}
			}
		}, nines((.7*400+4)/404) / 2, 0},
		{"all lost", "availability", func(m *sim) {
			m.request = func(at time.Duration, r *request) {
				if during(at) {
					r.outcome = journal.Failed
				}
			}
		}, nines(4./404) / 2, 0},

		{"never fell", "failover", func(*sim) {}, 1, 0},
		{"back after 1.25 s of 2 s", "failover", outageFor(1250 * ms), 1, 0},
		{"back after 4 s of 2 s", "failover", outageFor(4 * s), .5, 0},
		{"back after 8 s of 2 s", "failover", outageFor(8 * s), .25, 0},
		{"never back", "failover", outageFor(10 * s), 0, 0},
		{"a single failure later is forgiven", "failover", func(m *sim) {
			once := each(1, 1000)
			m.request = func(at time.Duration, r *request) {
				if during(at) && (at < 14*s || (at > 16*s && once())) {
					r.outcome = journal.Failed
				}
			}
			m.rate = 200
		}, .5, 0},
		{"a flapping fault is over after its last flap", "failover", func(m *sim) {
			m.request = func(at time.Duration, r *request) {
				if during(at) && int(at/s)%4 < 2 { // 12..14 and 16..18 are down, 10 and 18 up
					r.outcome = journal.Failed
				}
			}
		}, 2. / 8, 0},

		{"as fast as ever", "latency", func(*sim) {}, 1, 0},
		{"three times slower", "latency", slower(300 * ms), 2. / 3, .01},
		{"6 % hang: the deadline counts", "latency", func(m *sim) {
			bad := each(6, 100)
			m.request = func(at time.Duration, r *request) {
				if during(at) && bad() {
					r.outcome, r.took = journal.Hung, 2*s // even where the client told of it sooner
				}
			}
		}, 2. / 40, .001},
		{"fast errors count as the deadline they missed", "latency", func(m *sim) {
			m.request = func(at time.Duration, r *request) {
				if !during(at) {
					return
				}
				r.took = 300 * ms
				if at%(2*s) < 1800*ms {
					r.outcome, r.took = journal.Failed, ms
				}
			}
		}, 2. / 40, .001},
		{"streams by first token", "latency", func(m *sim) {
			m.request = func(at time.Duration, r *request) {
				r.kind, r.took, r.ttft = plan.KindStream, s, 100*ms
				if during(at) {
					r.took = 3 * s
				}
			}
		}, 1, 0},
		{"each kind by its own steady state", "latency", func(m *sim) {
			odd := each(1, 2)
			m.request = func(at time.Duration, r *request) {
				if odd() {
					r.kind, r.took, r.ttft = plan.KindStream, 1200*ms, 1000*ms
				} else if during(at) {
					r.took = 400 * ms // still faster than any stream
				}
			}
		}, .5, .01},

		{"nothing corrupt", "integrity", func(*sim) {}, 1, 0},
		{"4 of 800 corrupt", "integrity", func(m *sim) {
			bad := each(1, 200)
			m.request = func(at time.Duration, r *request) {
				if at >= 10*s && bad() {
					r.outcome = journal.Corrupt
				}
			}
		}, nines(.995) / 3, 0},

		{"at once", "recovery", func(*sim) {}, 1, 0},
		// beta serves until 25 s; a span of 2 s tolerates 0.3 s of it, so that
		// the first that is within tolerance begins at 24.75 s.
		{"shares are back after 4.75 s of 2 s", "recovery", func(m *sim) {
			m.plan.Promise.Recovery = 2 * s
			m.request = func(at time.Duration, r *request) {
				if at >= 10*s && at < 25*s {
					r.calls[0].Provider = "beta"
				}
			}
		}, 2 / 4.75, 0},
		{"shares never come back", "recovery", func(m *sim) {
			m.request = func(at time.Duration, r *request) {
				if at >= 10*s {
					r.calls[0].Provider = "beta"
				}
			}
		}, 0, 0},
		{"latency never comes back", "recovery", func(m *sim) {
			m.request = func(at time.Duration, r *request) {
				if at >= 10*s {
					r.took = 150 * ms
				}
			}
		}, 0, 0},
		{"cost never comes back", "recovery", func(m *sim) {
			m.request = func(at time.Duration, r *request) {
				if at >= 10*s {
					r.calls[0].CostUSD *= 1.5
				}
			}
		}, 0, 0},

		{"three calls each", "efficiency", func(m *sim) {
			m.request = func(at time.Duration, r *request) {
				if during(at) {
					r.calls = append(r.calls, r.calls[0], r.calls[0])
				}
			}
		}, .5, 0},
		{"early calls count twice", "efficiency", func(m *sim) {
			m.request = func(at time.Duration, r *request) {
				if during(at) {
					early := r.calls[0]
					early.Early, early.Status, early.Failure = true, 429, "rate_limit"
					r.calls = append(r.calls, early)
				}
			}
		}, .5, 0},

		{"a dearer provider", "cost", func(m *sim) {
			m.request = func(at time.Duration, r *request) {
				if during(at) {
					r.calls[0].CostUSD *= 3
				}
			}
		}, .5, 0},
		{"billed for nothing", "cost", func(m *sim) {
			m.request = func(at time.Duration, r *request) {
				if during(at) {
					r.outcome = journal.Failed
				}
			}
		}, 0, 0},
		{"free of charge stays free", "cost", func(m *sim) {
			m.request = func(_ time.Duration, r *request) { r.calls[0].CostUSD = 0 }
		}, 1, 0},
	}
	for _, tt := range tests {
		t.Run(tt.part+"/"+tt.name, func(t *testing.T) {
			m := newSim()
			tt.setup(m)
			sn := m.snapshot()
			p := part(sn, tt.part)
			slack := max(tt.slack, .001)
			if !p.Known || math.Abs(p.Value-tt.want) > slack {
				t.Errorf("got %+v, want known and %.4f ± %.3f", p, tt.want, slack)
			}
			if p.Note == "" || p.Unit == "" || p.Promised <= 0 && tt.name != "free of charge stays free" {
				t.Errorf("part cannot be traced: %+v", p)
			}
		})
	}
}

// outageFor fails every request for d from the fault's injection on.
func outageFor(d time.Duration) func(*sim) {
	return func(m *sim) {
		m.request = func(at time.Duration, r *request) {
			if at >= 10*s && at < 10*s+d {
				r.outcome = journal.Failed
			}
		}
	}
}

// slower makes each request take that long while the fault lasts.
func slower(took time.Duration) func(*sim) {
	return func(m *sim) {
		m.request = func(at time.Duration, r *request) {
			if during(at) {
				r.took = took
			}
		}
	}
}

// A system that fails nearly everything at once is not faster than steady
// state for it.
func TestFastErrorsAreNotFast(t *testing.T) {
	m := newSim()
	m.request = func(at time.Duration, r *request) {
		if during(at) {
			r.outcome, r.took = journal.Failed, ms
		}
	}
	sn := m.snapshot()
	if p := part(sn, "latency"); p.Attained < .99 {
		t.Errorf("%+v, want no less than steady state", p)
	}
}

// What users waited is a time that somebody may have seen: who got no answer
// waited to the deadline of its kind, however fast it failed.
func TestWaits(t *testing.T) {
	fail := func(of int, o journal.Outcome, took time.Duration) func(*sim) {
		bad := each(1, of)
		return func(m *sim) {
			m.request = func(at time.Duration, r *request) {
				if during(at) && bad() {
					r.outcome, r.took = o, took
				}
			}
		}
	}
	for _, tt := range []struct {
		name  string
		setup func(*sim)
		want  time.Duration
	}{
		{"as fast as ever", func(*sim) {}, 100 * ms},
		{"slower", slower(2 * s), 2 * s},
		{"too few failures to be felt", fail(40, journal.Failed, ms), 100 * ms},
		{"a tenth fails at once", fail(10, journal.Failed, ms), 4 * s},
		{"a tenth hangs, and is cut off late", fail(10, journal.Hung, 5*s), 4 * s},
		{"a tenth is corrupt at once", fail(10, journal.Corrupt, ms), 100 * ms},
		{"all are corrupt at once, which is not fast", fail(1, journal.Corrupt, ms), 100 * ms},
		{"streams by first token", func(m *sim) {
			m.request = func(_ time.Duration, r *request) { r.kind, r.took, r.ttft = plan.KindStream, 3*s, 200*ms }
		}, 200 * ms},
		{"a tenth of the streams breaks off after its first token", func(m *sim) {
			bad := each(1, 10)
			m.request = func(at time.Duration, r *request) {
				r.kind, r.took, r.ttft = plan.KindStream, 3*s, 200*ms
				if during(at) && bad() {
					r.outcome = journal.Corrupt
				}
			}
		}, 200 * ms},
		{"a kind of long deadline that is always answered", func(m *sim) {
			m.plan.Load.Mix[1].Deadline = 20 * s
			stream := each(1, 2)
			m.request = func(at time.Duration, r *request) {
				if stream() {
					r.kind, r.took, r.ttft = plan.KindStream, 3*s, 200*ms
				} else if during(at) {
					r.outcome, r.took = journal.Failed, ms
				}
			}
		}, 4 * s},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newSim()
			tt.setup(m)
			got := m.snapshot().Windows[0].WaitP95
			if got > tt.want+tt.want/1000 || got < tt.want-tt.want/1000 || got > 4*s {
				t.Errorf("waited %v, want %v", got, tt.want)
			}
		})
	}
}

func TestPartsThatNobodyCanKnow(t *testing.T) {
	tests := []struct {
		name  string
		part  string
		setup func(m *sim)
	}{
		{"the fault outlasts the load", "recovery", func(m *sim) { m.plan.Faults[0].For = 20 * s }},
		{"the horizon is shorter than the promise and nothing came back", "recovery", func(m *sim) {
			m.plan.Faults[0].Horizon = 6 * s
			m.request = func(at time.Duration, r *request) {
				if at >= 10*s {
					r.calls[0].Provider = "beta"
				}
			}
		}},
		{"steady state was free", "cost", func(m *sim) {
			m.request = func(at time.Duration, r *request) {
				if !during(at) {
					r.calls[0].CostUSD = 0
				}
			}
		}},
		{"no steady state", "latency", func(m *sim) { m.plan.Faults[0].At = 0 }},
	}
	for _, tt := range tests {
		t.Run(tt.part+"/"+tt.name, func(t *testing.T) {
			m := newSim()
			tt.setup(m)
			sn := m.snapshot()
			p := part(sn, tt.part)
			if p.Known || p.Note == "" {
				t.Errorf("got %+v, want unknown with a note", p)
			}
			if !sn.Windows[0].Scored {
				t.Error("the window has no score, though other parts are known")
			}
		})
	}
}

// A lost part cannot be bought back (design.md 4.4).
func TestOneLostPartCapsTheScore(t *testing.T) {
	for _, tt := range []struct {
		name  string
		lost  string
		setup func(m *sim)
		cap   float64
	}{
		{"availability", "availability", func(m *sim) {
			// In the horizon, so that no other part of the fault's own time is lost,
			// and a horizon too short to judge recovery.
			m.plan.Faults[0].Horizon = 5 * s
			m.request = func(at time.Duration, r *request) {
				if at >= 20*s && at < 25*s {
					r.outcome = journal.Failed
				}
			}
		}, 100 * math.Pow(.01, .35/.90)},
		{"recovery", "recovery", func(m *sim) {
			m.request = func(at time.Duration, r *request) {
				if at >= 10*s {
					r.calls[0].Provider = "beta"
				}
			}
		}, 100 * math.Pow(.01, .10)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newSim()
			tt.setup(m)
			sn := m.snapshot()
			if got := sn.Windows[0].Score; math.Abs(got-tt.cap) > .1 {
				t.Errorf("score %.2f, want %.2f; parts %+v", got, tt.cap, sn.Windows[0].Parts)
			}
		})
	}
}

func TestRunScoreIsTheGeometricMeanOfItsWindows(t *testing.T) {
	m := newSim()
	m.plan.Load.Duration = 60 * s
	m.plan.Faults = append(m.plan.Faults, plan.Fault{Name: "upset-2", Kind: "latency_spike", On: []string{"alpha"}, At: 35 * s, For: 10 * s, Horizon: 10 * s})
	m.request = func(at time.Duration, r *request) {
		if at >= 35*s && at < 45*s {
			r.took = 400 * ms
		}
	}
	sn := m.snapshot()
	want := 100 * math.Pow(.5, .15)
	if got := sn.Windows[1].Score; math.Abs(got-want) > .2 {
		t.Fatalf("second window %.2f, want %.2f", got, want)
	}
	if got := sn.Windows[0].Score; math.Abs(got-100) > .01 {
		t.Fatalf("first window %.2f, want 100", got)
	}
	if got, want := sn.Score.Total, math.Sqrt(sn.Windows[0].Score*sn.Windows[1].Score); math.Abs(got-want) > .001 {
		t.Errorf("total %.3f, want %.3f", got, want)
	}
	if sn.Score.Worst != sn.Windows[1].Score {
		t.Errorf("worst %.2f, want %.2f", sn.Score.Worst, sn.Windows[1].Score)
	}
	if l := sn.Score.Parts[2]; math.Abs(l.Value-math.Sqrt(.5)) > .01 {
		t.Errorf("latency over windows %+v, want √0.5", l)
	}
}

// One fault may stand on several providers: each call that met it is counted at
// the provider that got it.
func TestCallsThatMetAFaultAreCountedByProvider(t *testing.T) {
	m := newSim()
	m.plan.Faults[0].On = []string{"alpha", "beta"}
	second := each(1, 4)
	m.request = func(at time.Duration, r *request) {
		if during(at) && second() {
			r.calls[0].Provider = "beta"
		}
	}
	w := m.snapshot().Windows[0]
	want := []score.ProviderCalls{{Provider: "alpha", Calls: 300}, {Provider: "beta", Calls: 100}}
	if w.Touched != 400 || !slices.Equal(w.TouchedBy, want) {
		t.Errorf("%d calls met the fault, %v; want 400, %v", w.Touched, w.TouchedBy, want)
	}
}
