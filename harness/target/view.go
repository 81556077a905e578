package target

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"time"

	"brownout/harness/router"
	"brownout/plan"
)

// View is what the templates of a target may speak of.
type View struct {
	Port      int           // that the process is to listen on, on loopback
	Home      string        // directory in which it is installed
	Dir       string        // directory of its own, where its files are
	Seed      uint64        // of the run
	Asked     string        // the model that clients ask for
	Longest   time.Duration // the longest deadline of the plan's requests
	Providers []Provider    // that it may be pointed at, best first; in headers and body: those that the request may reach
	Settings  plan.Router   // how the plan wants the providers used
	Request   plan.Mix      // in headers and body: the kind of request
}

// Provider is one of the providers.
type Provider struct {
	Name, Dialect, Class, Region string

	URL  string // of its link: scheme, host and port
	Host string
	Port int
	Key  string // that it accepts

	Model     string   // to ask it for: its first; in headers and body: the one for the request
	Embedding string   // its first model for embeddings; "": it has none
	Models    []string // all of them
}

// functions are what templates have beside those of text/template.
var functions = template.FuncMap{
	// json writes a text, or anything else, as JSON, which YAML takes, too.
	"json": func(v any) (string, error) {
		b, err := json.Marshal(v)
		return string(b), err
	},
	// env is a variable of the environment, which must be set.
	"env": func(name string) (string, error) {
		v, ok := os.LookupEnv(name)
		if !ok || v == "" {
			return "", fmt.Errorf("the variable %s is not set", name)
		}
		return v, nil
	},
	// envOr is a variable of the environment, or something in its place.
	"envOr": func(name, otherwise string) string {
		if v := os.Getenv(name); v != "" {
			return v
		}
		return otherwise
	},
	// lookup finds a word among pairs of words; an odd last one is for all others.
	"lookup": func(word string, pairs ...string) (string, error) {
		for i := 0; i+1 < len(pairs); i += 2 {
			if pairs[i] == word {
				return pairs[i+1], nil
			}
		}
		if len(pairs)%2 == 1 {
			return pairs[len(pairs)-1], nil
		}
		return "", fmt.Errorf("lookup has no word for %q", word)
	},
	"half":         func(d time.Duration) time.Duration { return d / 2 },
	"ms":           func(d time.Duration) int64 { return d.Milliseconds() },
	"seconds":      func(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) },
	"wholeSeconds": func(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) },
	"first": func(list []Provider) (*Provider, error) {
		if len(list) == 0 {
			return nil, errors.New("there is no provider")
		}
		return &list[0], nil
	},
	"rest": func(list []Provider) []Provider { return list[min(1, len(list)):] },
	"join": strings.Join,
}

// parse reads a template; what says where it stands.
func parse(what, text string) (*template.Template, error) {
	t, err := template.New(what).Option("missingkey=error").Funcs(functions).Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, trimmed(err))
	}
	return t, nil
}

// render fills a template in.
func (v *View) render(what, text string) (string, error) {
	t, err := parse(what, text)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	if err := t.Execute(&b, v); err != nil {
		return "", fmt.Errorf("%s: %w", what, trimmed(err))
	}
	return b.String(), nil
}

// trimmed drops the package's name from an error of text/template.
func trimmed(err error) error {
	return errors.New(strings.TrimPrefix(err.Error(), "template: "))
}

// oneLine joins the lines of a rendered text, for headers, which have one.
func oneLine(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.TrimSpace(line))
	}
	return b.String()
}

// view is what the templates of t may say of these options. What it cannot be
// pointed at is left out, and named in second place.
func view(t plan.Target, o Options) (v *View, left []string, err error) {
	v = &View{Seed: o.Seed, Settings: o.Settings, Asked: o.Asked, Longest: o.Longest}
	for _, b := range inOrder(o.Backends, o.Settings.Order) {
		if len(t.Speaks) > 0 && !slices.Contains(t.Speaks, b.Dialect) {
			left = append(left, fmt.Sprintf("%s, which speaks %s", b.Name, b.Dialect))
			continue
		}
		p, err := provider(b)
		if err != nil {
			return nil, nil, err
		}
		v.Providers = append(v.Providers, p)
	}
	if len(o.Backends) > 0 && len(v.Providers) == 0 {
		return nil, nil, fmt.Errorf("it can be pointed at providers that speak %s, and there is none: %s", strings.Join(t.Speaks, ", "), strings.Join(left, "; "))
	}
	return v, left, nil
}

// inOrder are the backends, best first.
func inOrder(list []router.Backend, order []string) []router.Backend {
	out := slices.Clone(list)
	rank := func(b router.Backend) int {
		if i := slices.Index(order, b.Name); i >= 0 {
			return i
		}
		return len(order)
	}
	slices.SortStableFunc(out, func(a, b router.Backend) int { return rank(a) - rank(b) })
	return out
}

func provider(b router.Backend) (Provider, error) {
	u, err := url.Parse(b.BaseURL)
	if err != nil {
		return Provider{}, err
	}
	host, port, err := net.SplitHostPort(u.Host)
	if err != nil {
		return Provider{}, fmt.Errorf("provider %s: %w", b.Name, err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return Provider{}, fmt.Errorf("provider %s: %w", b.Name, err)
	}
	p := Provider{
		Name: b.Name, Dialect: b.Dialect, Class: b.Class, Region: b.Region,
		URL: b.BaseURL, Host: host, Port: n, Key: b.Key, Models: b.Models, Model: b.Model,
	}
	chat := false
	for _, m := range b.Catalogue {
		switch {
		case m.Embedding > 0 && p.Embedding == "":
			p.Embedding = m.ID
		case m.Embedding == 0 && !chat:
			p.Model, chat = m.ID, true
		}
	}
	return p, nil
}

// of is the view of one kind of request: the providers that it may reach,
// each with the model to ask it for.
func (v *View) of(m plan.Mix) *View {
	w := *v
	w.Request, w.Providers = m, nil
	for _, p := range v.Providers {
		switch {
		case !m.Reaches(p.Class, p.Region):
			continue
		case m.Kind == plan.KindEmbed && p.Embedding == "":
			continue
		case m.Model != "" && slices.Contains(p.Models, m.Model):
			p.Model = m.Model
		case m.Kind == plan.KindEmbed:
			p.Model = p.Embedding
		}
		w.Providers = append(w.Providers, p)
	}
	return &w
}

// Check tells what is wrong with the templates of a target, as far as can be
// told without providers.
func Check(t plan.Target) error {
	if t.Router != "" {
		return nil
	}
	texts := map[string]string{"url": t.URL, "key": t.Key, "model": t.Model}
	for name, text := range t.Headers {
		texts["header "+name] = text
	}
	for name, text := range t.Body {
		texts["body field "+name] = text
	}
	if p := t.Process; p != nil {
		for i, text := range p.Command {
			texts[fmt.Sprintf("command %d", i+1)] = text
		}
		for name, text := range p.Env {
			texts["variable "+name] = text
		}
		for _, f := range p.Files {
			texts["file "+f.Path] = f.Text
		}
	}
	var errs []error
	for what, text := range texts {
		if _, err := parse(what, text); err != nil {
			errs = append(errs, fmt.Errorf("target %s: %w", t.Name, err))
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

// base is a URL as clients of a dialect want it: without the version that they
// add themselves.
func base(text string) (string, error) {
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", fmt.Errorf("url: %q has no scheme and host; write for example http://127.0.0.1:4000", text)
	}
	u.Path = strings.TrimSuffix(strings.TrimRight(u.Path, "/"), "/v1")
	return strings.TrimRight(u.Scheme+"://"+u.Host+path.Clean("/"+u.Path), "/"), nil
}
