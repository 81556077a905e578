package router_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"brownout/harness/router"
	"brownout/mocks/wire"
	"brownout/plan"
)

// models gives a backend models beside its own.
func (f *fake) with(models ...string) *fake {
	f.Models = models
	f.Model = models[0]
	return f
}

// asks sends one request for a model and returns who was asked for what.
func (w *world) asks(model string) string {
	w.t.Helper()
	g := w.send(ask{model: model})
	if g.fail != nil || g.err != nil {
		return g.fail.Error()
	}
	return g.by() + "/" + g.header.Get(router.HeaderModel)
}

// Aliases stand for models; of a class each provider is asked for the best that
// it has, and an answer in the name of another is none of a swap; a pinned
// model is answered by itself or not at all.
func TestModelMap(t *testing.T) {
	fleet := func() []*fake {
		return []*fake{
			backend("a", always(answers("from a", 0))).with("large", "mini-1"),
			backend("b", always(answers("from b", 0))).with("tiny", "mini-2"),
		}
	}
	set := plan.Router{ModelMap: plan.ModelMap{
		Alias: []plan.ModelAlias{{Name: "best", Model: "large"}, {Name: "cheap", Model: "small"}},
		Class: []plan.ModelClass{{Name: "small", Members: []string{"mini-2", "mini-1"}}},
		Pin:   []string{"tiny"},
	}}
	for _, tt := range []struct{ name, asked, on, off string }{
		{"alias", "best", "a/large", "a/large"},
		{"alias of a class", "cheap", "a/mini-1", "a/large"},
		{"class", "small", "a/mini-1", "a/large"},
		{"another of the class", "mini-2", "a/mini-1", "a/large"},
		{"its own", "mini-1", "a/mini-1", "a/mini-1"},
		{"pinned", "tiny", "b/tiny", "a/large"},
		{"unknown", "huge", "a/large", "a/large"},
	} {
		run(t, set, fleet(), func(w *world) {
			if got := w.asks(tt.asked); got != tt.on {
				t.Errorf("%s: %q was asked of %s, want %s", tt.name, tt.asked, got, tt.on)
			}
		})
		off := set
		off.Off = []string{"model_map"}
		run(t, off, fleet(), func(w *world) {
			if got := w.asks(tt.asked); got != tt.off {
				t.Errorf("%s, without a map: %q was asked of %s, want %s", tt.name, tt.asked, got, tt.off)
			}
		})
	}
	down := fleet()
	down[0].script = always(fails(wire.FailOverload, 0))
	down[1].script = always(claims("mini-1", "from b")) // equivalent to what it was asked for
	run(t, set, down, func(w *world) {
		if got := w.asks("small"); got != "b/mini-2" {
			t.Errorf("the class's second is %s", got)
		}
	})
	down[1].script = always(fails(wire.FailOverload, 0))
	run(t, set, down, func(w *world) {
		if g := w.send(ask{model: "tiny"}); g.status == http.StatusOK || down[0].count() > 1 {
			t.Errorf("the pinned model was answered by %s", g.by())
		}
	})
}

// The names that only the router knows are in its list.
func TestModelMapIsListed(t *testing.T) {
	set := plan.Router{ModelMap: plan.ModelMap{Alias: []plan.ModelAlias{{Name: "best", Model: "large"}}}}
	run(t, set, []*fake{backend("a", nil).with("large")}, func(w *world) {
		client := w.sdk()
		list, err := client.Models.List(context.Background())
		if err != nil || len(list.Data) != 2 || list.Data[1].ID != "best" {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

func TestModelMapIsChecked(t *testing.T) {
	for want, m := range map[string]plan.ModelMap{
		`model_map.alias: an alias has no name`:     {Alias: []plan.ModelAlias{{Name: "x"}}},
		`model_map.alias: "x" is given twice`:       {Alias: []plan.ModelAlias{{Name: "x", Model: "a"}, {Name: "x", Model: "b"}}},
		`model_map.alias: "x" stands for "y"`:       {Alias: []plan.ModelAlias{{Name: "x", Model: "y"}, {Name: "y", Model: "b"}}},
		`model_map.class: a class has no name`:      {Class: []plan.ModelClass{{Name: "x"}}},
		`model_map.class: "a" is in "x" and in "y"`: {Class: []plan.ModelClass{{Name: "x", Members: []string{"a"}}, {Name: "y", Members: []string{"a"}}}},
		`model_map.pin: "x" is an alias`:            {Alias: []plan.ModelAlias{{Name: "x", Model: "a"}}, Pin: []string{"x"}},
	} {
		_, err := router.New(router.Config{Settings: plan.Router{ModelMap: m}, Backends: []router.Backend{{Name: "a", Dialect: "openai", BaseURL: "http://127.0.0.1:1"}}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
