package scenarios_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"brownout/plan"
)

// spans writes the faults of a plan as name, injection, clearance and horizon.
func spans(p *plan.Plan) []string {
	var out []string
	for _, f := range p.Faults {
		out = append(out, fmt.Sprintf("%s %s-%s+%s", f.Name, f.At, f.Clear(), f.Horizon))
	}
	return out
}

func TestFaultTimesBecomeAbsolute(t *testing.T) {
	const more = `
[[fault]]
kind = "outage"
on = "other"
after = "clear:flap-2"
at = "1s"
for = "3s"
[[fault]]
name = "flap"
kind = "outage"
on = "openai"
at = "10s"
for = "4s"
repeat = 3
every = "9s"
[[fault]]
kind = "latency_spike"
on = "gpu-a"
after = "outage"
for = "5s"
[[fault]]
kind = "outage"
on = "gpu-a"
at = "50s"
for = "1s"
repeat = 2
every = "2s"
`
	want := []string{
		"flap 10s-14s+5s", "flap-2 19s-23s+5s", "outage 24s-27s+15s", "latency_spike 24s-29s+15s",
		"flap-3 28s-32s+15s", "outage-2 50s-51s+1s", "outage-2-2 52s-53s+7s",
	}
	if got := spans(decode(t, minimal+more)); !slices.Equal(got, want) {
		t.Errorf("got  %s\nwant %s", strings.Join(got, ", "), strings.Join(want, ", "))
	}
}

func TestRampTriggerAndModelReachThePlan(t *testing.T) {
	p := decode(t, minimal+`
[[fault]]
name = "cascade"
kind = "latency_spike"
first_token = "1s"
on = "other"
when = "share(openai) < 10%"
at = "8s"
share = 0.5
ramp = "4s"
[[fault]]
name = "model"
kind = "deprecation"
on = "model:gpt-5.4"
at = "10s"
`)
	f := p.Faults[0]
	if want := (plan.Trigger{Metric: "share", Arg: "openai", Op: "<", Bound: .1}); f.When == nil || *f.When != want || f.At != 8*time.Second || f.Ramp != 4*time.Second {
		t.Errorf("%+v, when %v", f, f.When)
	}
	if a, b, c, d := f.ShareAt(-time.Second), f.ShareAt(time.Second), f.ShareAt(4*time.Second), f.ShareAt(time.Minute); a != 0 || b != .125 || c != .5 || d != .5 {
		t.Errorf("shares along the ramp: %v %v %v %v", a, b, c, d)
	}
	if f := p.Faults[1]; f.Model != "gpt-5.4" || !slices.Equal(f.On, []string{"openai"}) || f.Params["model"] != "gpt-5.4" || f.When != nil {
		t.Errorf("%+v", f)
	}
}

func TestVariablesTakeThePlaceOfTheirReferences(t *testing.T) {
	const text = `
title = "${who} at ${rate}/s costs $${x}"
[vars]
who = "openai"
rate = 20.5
long = true
victims = ["openai", "other"]
[load]
rate = "${rate}"
duration = "60s"
mix = [{ kind = "chat", strict = "${long}" }]
[[provider]]
name = "${who}"
[[provider]]
name = "other"
preset = "anthropic"
[[fault]]
kind = "outage"
on = "${victims}"
at = "10s"
[expect]
availability = ">= ${rate}%"
`
	p := decode(t, text)
	if p.Title != "openai at 20.5/s costs ${x}" || p.Load.Rate(0) != 20.5 || !p.Load.Mix[0].Strict ||
		p.Providers[0].Name != "openai" || len(p.Faults[0].On) != 2 || p.Expect[0].Bound != .205 {
		t.Errorf("%+v", p)
	}
	dir := write(t, map[string]string{"v.toml": text})
	q := resolve(t, dir+"/v.toml", "vars.rate=40", "vars.victims=[\"other\"]", "vars.who=gemini")
	for set, want := range map[string]string{
		"vars.raet=1": `--set vars.raet: the scenario has no variable "raet"; did you mean "rate"?`,
		"rate=1":      `--set rate: unknown key "rate", but there is a variable of that name; did you mean --set vars.rate?`,
		"vars.rate=x": `[load]: rate must be a finite number, not the text "x" (from ${rate}, given by --set vars.rate)`,
	} {
		if _, err := open(t, dir+"/v.toml").With(set); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("--set %s: %v, want %s", set, err, want)
		}
	}
	if q.Load.Rate(0) != 40 || !slices.Equal(q.Faults[0].On, []string{"other"}) || q.Providers[0].Preset != "gemini" {
		t.Errorf("overrides: %+v", q)
	}
}
