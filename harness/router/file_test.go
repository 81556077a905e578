package router_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"brownout/harness/router"
	"brownout/plan"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const oneBackend = `
[[backend]]
name = "a"
dialect = "openai"
base_url = "https://127.0.0.1:1"
`

func env(name string) (string, bool) {
	if name == "A_KEY" {
		return "sk-secret", true
	}
	return "", false
}

func TestParse(t *testing.T) {
	src := `
deadline = "5s"
retries = 0
max_retry_after_wait = "off"
failover = false

[router]
first_token_timeout = "250ms"
order = ["b", "a"]

[router.breaker]
failure_ratio = 1
disabled = true

[[backend]]
name = "a"
dialect = "openai"
base_url = "https://127.0.0.1:1/"
key_env = "A_KEY"
class = "cloud"
region = "us"
model = "m"
models = ["m", "n"]

[[backend]]
name = "b"
dialect = "ollama"
base_url = "http://127.0.0.1:2"
`
	got, err := router.Parse("r.toml", []byte(src), env)
	if err != nil {
		t.Fatal(err)
	}
	no := false
	want := router.Config{
		Settings: plan.Router{
			Deadline: 5 * time.Second, Retries: -1, MaxRetryAfterWait: -1, Failover: &no,
			FirstTokenTimeout: 250 * time.Millisecond, Order: []string{"b", "a"},
			Breaker: plan.Breaker{FailureRatio: 1, Disabled: true},
		},
		Backends: []router.Backend{
			{Name: "a", Dialect: "openai", BaseURL: "https://127.0.0.1:1/", Key: "sk-secret", Class: "cloud", Region: "us", Model: "m", Models: []string{"m", "n"}},
			{Name: "b", Dialect: "ollama", BaseURL: "http://127.0.0.1:2"},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestParseErrors(t *testing.T) {
	tests := []struct{ name, src, want string }{
		{"no backend", "", `r.toml:1:1: no backend; add a [[backend]] with name, dialect and base_url`},
		{"syntax", "deadline = \n" + oneBackend, `r.toml:1:12: `},
		{"unknown key", "\n  dedline = \"5s\"" + oneBackend, `r.toml:2:3: unknown key "dedline"; did you mean "deadline"?`},
		{"unknown key far off", "zzzzzzzzzz = 1" + oneBackend, `r.toml:1:1: unknown key "zzzzzzzzzz"; known are off, on, policy, `},
		{"unknown key in a block", "[router]\nretrys = 1" + oneBackend, `r.toml:2:1: unknown key "retrys"; did you mean "retries"?`},
		{"unknown key in breaker", "[router.breaker]\nprobe = 1" + oneBackend, `r.toml:2:1: unknown key "breaker.probe"; did you mean "breaker.probes"?`},
		{"unknown key in the second backend", oneBackend + strings.Replace(oneBackend, `"a"`, `"b"`, 1) + "regoin = 1", `r.toml:11:1: unknown key "regoin" in [[backend]]; did you mean "region"?`},
		{"number for a duration", "deadline = 5" + oneBackend, `r.toml:1:1: deadline = 5 is out of place; give a duration such as "1.5s"`},
		{"negative duration", `deadline = "-5s"` + oneBackend, `r.toml:1:1: deadline = -5s is out of place; give a duration such as "1.5s"`},
		{"negative count", `retries = -5` + oneBackend, `r.toml:1:1: retries = -5 is out of place; give a whole number`},
		{"ratio", "[breaker]\nfailure_ratio = 1.5" + oneBackend, `r.toml:2:1: breaker.failure_ratio: 1.5 is no share; give a number above 0 and up to 1`},
		{"policy", `policy = "best"` + oneBackend, `r.toml:1:1: policy: unknown policy "best"; use one of: priority`},
		{"given twice", "retries = 1\n[router]\nretries = 2" + oneBackend, `r.toml:3:1: "retries" is given at the top and in [router]; keep one`},
		{"unknown key in a route", "[[route]]\nmodle = \"x\"" + oneBackend, `r.toml:2:1: unknown key "modle" in [[route]]; did you mean "model"?`},
		{"route to nobody", "[[route]]\nmodel = \"x\"\nto = [\"b\"]" + oneBackend, `r.toml:1:1: route: "b" leads to no backend; the backends are a`},
		{"mitigation", "off = [\"braker\"]" + oneBackend, `r.toml:1:1: off: no mitigation is called "braker"; did you mean "breaker"?`},
		{"order", "[router]\norder = [\"b\"]" + oneBackend, `r.toml:2:1: order: no backend is named "b"; the backends are a`},
		{"dialect", strings.Replace(oneBackend, "openai", "opnai", 1), `r.toml:2:1: backend "a": unknown dialect "opnai"; use one of: openai`},
		{"base url", strings.Replace(oneBackend, "https://", "", 1), `r.toml:2:1: backend "a": "127.0.0.1:1" is no base URL; give scheme and host`},
		{"name twice", oneBackend + oneBackend, `r.toml:7:1: backend "a": the name is used twice; names must differ`},
		{"variable not set", oneBackend + `key_env = "NONE"`, `r.toml:6:1: the environment has no NONE; set it, or take key_env away`},
		{"two keys", oneBackend + "key = \"x\"\nkey_env = \"A_KEY\"", `r.toml:7:1: key and key_env are both given; keep one`},
		{"key of the wrong sort", oneBackend + "key = 12345", `r.toml:6:1: key is of the wrong sort; give a text in quotes`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := router.Parse("r.toml", []byte(tt.src), env)
			if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}

func TestFromFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.toml")
	if _, err := router.FromFile(path); !os.IsNotExist(err) {
		t.Errorf("a missing file gives %v", err)
	}
	if err := os.WriteFile(path, []byte(oneBackend), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err := router.FromFile(path); err != nil || len(c.Backends) != 1 {
		t.Errorf("got %v %v", c, err)
	}
}

// What --print-config prints is a working configuration of the defaults, and
// is kept in a golden file so that a change of it is seen.
func TestPrintConfig(t *testing.T) {
	var out bytes.Buffer
	if err := router.PrintConfig(&out); err != nil {
		t.Fatal(err)
	}
	c, err := router.Parse("printed", out.Bytes(), env)
	if err != nil {
		t.Fatal(err)
	}
	got, want := router.Resolve(c.Settings), router.Resolve(plan.Router{})
	got.Order = nil // an empty list, not none
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	golden := filepath.Join("testdata", "config.golden.toml")
	if *update {
		if err := os.WriteFile(golden, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(kept, out.Bytes()) {
		t.Errorf("the printed configuration differs from %s; run with -update if that is meant", golden)
	}
}

// Every field of the settings can be named in a file.
func TestEverySettingHasAKey(t *testing.T) {
	var out bytes.Buffer
	if err := router.PrintConfig(&out); err != nil {
		t.Fatal(err)
	}
	var look func(typ reflect.Type, block string)
	look = func(typ reflect.Type, block string) {
		for i := range typ.NumField() {
			key := typ.Field(i).Tag.Get("toml")
			if typ.Field(i).Type.Kind() == reflect.Struct {
				look(typ.Field(i).Type, key+".")
			} else if text := out.String(); !strings.Contains(text, "\n"+key+" = ") && !strings.Contains(text, "[["+block+key+"]]") {
				t.Errorf("%s has no key %q", typ.Field(i).Name, block+key)
			}
		}
	}
	look(reflect.TypeFor[plan.Router](), "")
}

// Lists of tables, and what is known of a backend's models.
func TestParseTables(t *testing.T) {
	c, err := router.Parse("r.toml", []byte(`
off = ["continuation"]
[[route]]
model = "gpt-*"
to = ["a/{model}"]
`+oneBackend+`
[[backend.catalogue]]
id = "x"
context = 1000
price_in = 0.5
`), env)
	if err != nil {
		t.Fatal(err)
	}
	want := plan.Router{
		Off:   []string{"continuation"},
		Route: []plan.Route{{Model: "gpt-*", To: []string{"a/{model}"}}},
	}
	if !reflect.DeepEqual(c.Settings, want) {
		t.Errorf("got  %+v\nwant %+v", c.Settings, want)
	}
	if got := c.Backends[0].Catalogue; !reflect.DeepEqual(got, []router.Model{{ID: "x", Context: 1000, PriceIn: 0.5}}) {
		t.Errorf("catalogue %+v", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("deadline = \"5s\"" + oneBackend)
	f.Add("[router]\norder = [\"a\"]\n[router.breaker]\nprobes = 1" + oneBackend)
	f.Add("backend = 1")
	f.Add("router = 1")
	f.Fuzz(func(t *testing.T, src string) {
		c, err := router.Parse("r.toml", []byte(src), env)
		if err != nil {
			return
		}
		r, err := router.New(c)
		if err != nil {
			t.Fatalf("what Parse took, New refuses: %v", err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
}
