package target_test

import (
	"strings"
	"testing"
	"time"

	"brownout/harness/router"
	"brownout/harness/target"
	"brownout/plan"
)

// shown renders one text of a target that is pointed at three providers.
func shown(text string, backends ...router.Backend) (string, error) {
	o := target.Options{Backends: backends, Settings: plan.DefaultRouter, Seed: 7, Asked: "big", Longest: 2500 * time.Millisecond}
	o.Settings.Order = []string{"second", "first"}
	spec := plan.DefaultTarget
	spec.URL, spec.Headers = "http://127.0.0.1:{{.Port}}", map[string]string{"x": text}
	made, err := target.Show(spec, o, 8080, "/home-of-it", "/dir-of-it", plan.DefaultMix[plan.KindChat])
	if err != nil {
		return "", err
	}
	return made.Extra.Headers["x"], nil
}

func three() []router.Backend {
	return []router.Backend{
		{Name: "unnamed", Dialect: "vllm", BaseURL: "http://127.0.0.1:3", Models: []string{"c"}},
		{Name: "first", Dialect: "openai", BaseURL: "http://127.0.0.1:1", Key: "k1", Models: []string{"vec", "vec-2", "a", "a-2"}, Model: "given", Catalogue: []router.Model{
			{ID: "vec", Embedding: 3}, {ID: "vec-2", Embedding: 4}, {ID: "a"}, {ID: "a-2"},
		}},
		{Name: "second", Dialect: "anthropic", BaseURL: "http://localhost:2", Models: []string{"b"}, Model: "b"},
	}
}

// What templates may speak of, function by function.
func TestTemplates(t *testing.T) {
	t.Setenv("BROWNOUT_TEST_SET", "yes")
	t.Setenv("BROWNOUT_TEST_EMPTY", "")
	for text, want := range map[string]string{
		`{{range .Providers}}{{.Name}} {{end}}`:                                            "second first unnamed ",
		`{{with index .Providers 1}}{{.URL}} {{.Host}} {{.Port}} {{.Key}}{{end}}`:          "http://127.0.0.1:1 127.0.0.1 1 k1",
		`{{with index .Providers 1}}{{.Model}} {{.Embedding}} {{join .Models ","}}{{end}}`: "a vec vec,vec-2,a,a-2",
		`{{with index .Providers 0}}{{.Host}} {{.Model}} {{.Embedding}}{{end}}`:            "localhost b ",
		`{{(first .Providers).Name}} {{range (rest .Providers)}}{{.Name}} {{end}}`:         "second first unnamed ",
		`{{.Port}} {{.Home}} {{.Dir}} {{.Seed}} {{.Asked}} {{.Longest}}`:                   "8080 /home-of-it /dir-of-it 7 big 2.5s",
		`{{env "BROWNOUT_TEST_SET"}} {{envOr "BROWNOUT_TEST_SET" "no"}}`:                   "yes yes",
		`{{envOr "BROWNOUT_TEST_EMPTY" "no"}} {{envOr "BROWNOUT_TEST_NONE" "no"}}`:         "no no",
		`{{lookup "a" "a" "one" "b" "two"}} {{lookup "b" "a" "one" "b" "two" "more"}}`:     "one two",
		`{{lookup "c" "a" "one" "more"}}`:                                                  "more",
		`{{ms .Longest}} {{ms (half .Longest)}} {{seconds .Longest}}`:                      "2500 1250 2.5",
		`{{wholeSeconds .Longest}} {{wholeSeconds (half .Longest)}}`:                       "3 2",
		`{{json "a \"b\""}}`: `"a \"b\""`,
	} {
		if got, err := shown(text, three()...); err != nil || got != strings.TrimSpace(want) {
			t.Errorf("%s: %q, %v, want %q", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		`{{env "BROWNOUT_TEST_EMPTY"}}`: "BROWNOUT_TEST_EMPTY is not set",
		`{{env "BROWNOUT_TEST_NONE"}}`:  "BROWNOUT_TEST_NONE is not set",
		`{{lookup "c" "a" "one"}}`:      `lookup has no word for "c"`,
		`{{.Nothing}}`:                  "Nothing",
	} {
		if got, err := shown(text, three()...); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "template: ") {
			t.Errorf("%s: %q, error %v, want one about %q", text, got, err, want)
		}
	}
	if got, err := shown(`{{(first .Providers).Name}}`); err == nil || !strings.Contains(err.Error(), "there is no provider") {
		t.Errorf("without providers: %q, %v", got, err)
	}
	if got, err := shown(`{{range (rest .Providers)}}x{{end}}`); err != nil || got != "" {
		t.Errorf("the rest of none: %q, %v", got, err)
	}
	for _, url := range []string{"http://127.0.0.1", "http://127.0.0.1:http", "://"} {
		if _, err := shown("x", router.Backend{Name: "odd", BaseURL: url}); err == nil {
			t.Errorf("a provider at %q has no port, and nobody says so", url)
		}
	}
}

// A request for a model goes only to those who have it by that name, and each
// other is asked for its own; what a target shows is said where it cannot be.
func TestWhatRequestsCarry(t *testing.T) {
	chat, embed := plan.DefaultMix[plan.KindChat], plan.DefaultMix[plan.KindEmbed]
	chat.Model = "a-2"
	for name, c := range map[string]struct {
		mix  plan.Mix
		want string
	}{
		"of a model":        {chat, "b a-2 c"},
		"of an embedding":   {embed, "vec"},
		"of none named":     {plan.DefaultMix[plan.KindChat], "b a c"},
		"of an unknown one": {func() plan.Mix { m := chat; m.Model = "d"; return m }(), "b a c"},
	} {
		o := target.Options{Backends: three(), Settings: plan.DefaultRouter}
		o.Backends[0].Model = "c"
		o.Settings.Order = []string{"second", "first"}
		spec := plan.DefaultTarget
		spec.URL = "http://127.0.0.1"
		spec.Body = map[string]string{"models": `"{{range $i, $p := .Providers}}{{if $i}} {{end}}{{$p.Model}}{{end}}"`}
		made, err := target.Show(spec, o, 0, "", "", c.mix)
		if err != nil || string(made.Extra.Body["models"]) != `"`+c.want+`"` || made.Rendered != nil || made.Extra.Headers != nil {
			t.Errorf("%s: %s, %v, want %q", name, made.Extra.Body, err, c.want)
		}
	}
	spec := plan.DefaultTarget
	spec.URL = "http://127.0.0.1"
	for what, edit := range map[string]func(*plan.Target){
		"is not JSON":             func(s *plan.Target) { s.Body = map[string]string{"x": "{"} },
		"body field x":            func(s *plan.Target) { s.Body = map[string]string{"x": "{{.Nothing}}"} },
		"header x":                func(s *plan.Target) { s.Headers = map[string]string{"x": "{{.Nothing}}"} },
		"has no scheme":           func(s *plan.Target) { s.URL = "127.0.0.1:4000" },
		`"ftp://a" has no scheme`: func(s *plan.Target) { s.URL = "ftp://a" },
		"key":                     func(s *plan.Target) { s.Key = "{{.Nothing}}" },
		"model":                   func(s *plan.Target) { s.Model = "{{.Nothing}}" },
		"command 1":               func(s *plan.Target) { s.Process = &plan.TargetProcess{Command: []string{"{{.Nothing}}"}} },
		"variable V":              func(s *plan.Target) { s.Process = &plan.TargetProcess{Env: map[string]string{"V": "{{.Nothing}}"}} },
		"file f": func(s *plan.Target) {
			s.Process = &plan.TargetProcess{Files: []plan.TargetFile{{Path: "f", Text: "{{.Nothing}}"}}}
		},
	} {
		bad := spec
		edit(&bad)
		if _, err := target.Show(bad, options(), 0, "", "", plan.DefaultMix[plan.KindChat]); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("error %v, want one about %q", err, what)
		}
	}
	for url, ok := range map[string]bool{"https://gateway/v1": true, "http://": false, "https://": false, "{{": false} {
		to := spec
		to.URL = url
		if made, err := target.Show(to, options(), 0, "", "", plan.DefaultMix[plan.KindChat]); (err == nil) != ok || ok && made.URL != "https://gateway" {
			t.Errorf("%s: %+v, %v", url, made, err)
		}
	}
	if err := target.Check(plan.Target{Router: "direct", URL: "{{"}); err != nil {
		t.Errorf("what is served in this process has no templates: %v", err)
	}
	if err := target.Check(spec); err != nil {
		t.Error(err)
	}
}
