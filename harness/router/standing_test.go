package router

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestEligible(t *testing.T) {
	fleet := fleetOf("cloud", "gpu", "edge", "nowhere")
	fleet[1].class, fleet[1].region, fleet[1].context = "gpu", "eu-west-1", 8000
	fleet[2].class, fleet[2].region, fleet[2].lacks, fleet[2].context = "edge", "", canTools|canEmbed, 2000
	fleet[3].class, fleet[3].region = "", ""
	for _, c := range []struct {
		name string
		need need
		want string
		why  string
	}{
		{"anything", need{}, "cloud gpu edge nowhere", ""},
		{"tools", need{abilities: canTools}, "cloud gpu nowhere", ""},
		{"a class", need{classes: []string{"gpu", "edge"}}, "gpu edge", ""},
		{"a region", need{regions: []string{"eu-west-1"}}, "gpu", ""},
		{"no class at all", need{classes: []string{}}, "", ""},
		{"an empty class matches none without one", need{classes: []string{""}, regions: []string{""}}, "", ""},
		{"a prompt as long as the context", need{prompt: 7000, answer: 1000}, "cloud gpu nowhere", ""},
		{"a longer one", need{prompt: 7000, answer: 1001}, "cloud nowhere", ""},
		{"what nobody allowed can do", need{classes: []string{"edge"}, abilities: canTools | canJSON}, "", "edge has no tools"},
		{"too long for the only one", need{classes: []string{"edge"}, prompt: 2000, answer: 1}, "", "edge has too short a context"},
	} {
		got, why := c.need.eligible(slices.Clone(fleet))
		if namesOf(got) != c.want || why != c.why {
			t.Errorf("%s: %q (%s), want %q (%s)", c.name, namesOf(got), why, c.want, c.why)
		}
	}
}

// A request that names classes or regions never reaches anybody else.
func TestEligibleFailsClosed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := []string{"", "cloud", "gpu", "us-east-1", "eu-west-1"}
		lists := rapid.SliceOfN(rapid.SampledFrom(words), 0, 3)
		n := need{classes: lists.Draw(t, "classes"), regions: lists.Draw(t, "regions")}
		list := fleetOf("a", "b", "c", "d")
		for i := range list {
			list[i].class, list[i].region = rapid.SampledFrom(words).Draw(t, "class"), rapid.SampledFrom(words).Draw(t, "region")
		}
		kept, _ := n.eligible(list)
		for _, s := range kept {
			if s.class == "" || s.region == "" || !slices.Contains(n.classes, s.class) || !slices.Contains(n.regions, s.region) {
				t.Fatalf("%+v was reached with classes %q and regions %q", s, n.classes, n.regions)
			}
		}
	})
}

func TestNearest(t *testing.T) {
	list := fleetOf("far", "same-part", "unknown", "home", "far-too", "home-too")
	for i, region := range []string{"eu-west-1", "us-west-2", "", "us-east-1", "ap-south-1", "us-east-1"} {
		list[i].region = region
	}
	(&need{}).nearest(list)
	if got := namesOf(list); got != "far same-part unknown home far-too home-too" {
		t.Errorf("without a home the order changed to %q", got)
	}
	(&need{home: "us-east-1"}).nearest(list)
	if got := namesOf(list); got != "home home-too same-part far unknown far-too" {
		t.Errorf("order %q", got)
	}
}

func TestRules(t *testing.T) {
	yes, no := true, false
	list := fleetOf("gpt", "claude", "gpu-a", "gpu-b", "phone")
	list[2].class, list[3].class, list[4].class = "gpu", "gpu", "edge"
	list[2].outstanding, list[2].priced, list[3].priced = 4, true, true
	rs := rules{
		{sensitive: &yes, prefer: []string{"edge", "gpu"}},
		{tools: &yes, promptMin: 1000, prefer: []string{"claude"}},
		{latency: latencyBatch, prefer: []string{"gpu"}, policy: "least_outstanding"},
		{deadlineMax: 2 * time.Second, promptMax: 50, tools: &no, prefer: []string{"phone"}},
	}
	if err := rs.check([]string{"cloud", "gpu", "edge", "gpt", "claude", "gpu-a", "gpu-b", "phone"}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		need need
		want string
	}{
		{"no rule", need{words: 500, budget: time.Second}, "gpt claude gpu-a gpu-b phone"},
		{"sensitive goes before all", need{sensitive: true, batch: true}, "phone gpu-a gpu-b gpt claude"},
		{"long with tools", need{abilities: canTools, words: 1000}, "claude gpt gpu-a gpu-b phone"},
		{"short with tools", need{abilities: canTools, words: 999, budget: time.Second}, "gpt claude gpu-a gpu-b phone"},
		{"in a hurry and simple", need{words: 50, budget: 2 * time.Second}, "phone gpt claude gpu-a gpu-b"},
		{"no deadline is no hurry", need{words: 50}, "gpt claude gpu-a gpu-b phone"},
	} {
		mine := slices.Clone(list)
		rs.rank(&c.need, mine)
		if got := namesOf(mine); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	mine := slices.Clone(list)
	rs.rank(&need{batch: true}, mine)
	if got := namesOf(mine); !strings.HasPrefix(got, "gpu-b gpu-a ") {
		t.Errorf("batch: %q, want the idle GPU first, then the busy one", got)
	}
}

func TestBadRules(t *testing.T) {
	ok := rule{prefer: []string{"gpu"}, promptMin: 1}
	for want, rs := range map[string]rules{
		"rule 1: it prefers nobody":                                   {{}},
		`rule 2: prefer: "clowd" is neither`:                          {ok, {prefer: []string{"clowd"}}},
		`rule 1: latency: "fast" is not known`:                        {{latency: "fast", prefer: ok.prefer}},
		"rule 1: deadline_max: -1s is negative":                       {{deadlineMax: -time.Second, prefer: ok.prefer}},
		"rule 1: no prompt has at least 9 words and at most 3":        {{promptMin: 9, promptMax: 3, prefer: ok.prefer}},
		`rule 1: policy: unknown policy "best"; use one of: cost`:     {{policy: "best"}},
		"rule 2 is never reached, because rule 1 holds for every req": {{prefer: ok.prefer}, ok},
	} {
		if err := rs.check([]string{"cloud", "gpu"}); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %q…", err, want)
		}
	}
}
