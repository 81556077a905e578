package scenarios

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"brownout/harness/chaos"
	"brownout/mocks/presets"
)

// Skeleton is what a new scenario is made from.
type Skeleton struct {
	Title     string        // empty: one is made from the faults
	Providers []string      // presets, the first choice first
	Faults    []string      // kinds, in the order in which they come
	Rate      float64       // requests per second
	Duration  time.Duration // of the load
	Schema    string        // path of the schema that editors look for; empty: none is named
}

// How a new scenario divides its time.
const (
	skeletonLead = 10 * time.Second // to learn what is steady
	skeletonSlot = 12 * time.Second // the least for a fault and its recovery
)

// Least is the shortest load in which so many faults can be told apart.
func Least(faults int) time.Duration {
	return skeletonLead + time.Duration(faults)*skeletonSlot
}

// Text writes the scenario, with a comment for all that one may want to change.
// What it writes is valid; the error says what was asked that cannot be.
func (s Skeleton) Text() ([]byte, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	var b strings.Builder
	if s.Schema != "" {
		fmt.Fprintf(&b, "#:schema %s\n# brownout schema > %s makes editors complete what follows.\n\n", s.Schema, strings.TrimPrefix(s.Schema, "./"))
	}
	title := s.Title
	if title == "" {
		title = "What happens under " + strings.ReplaceAll(strings.Join(s.Faults, ", "), "_", " ")
	}
	fmt.Fprintf(&b, "title = %s\n", quoted(title))
	b.WriteString("about = \"\"\"\nWhat happens in the world, and what a good system does about it.\n\"\"\"\ntags  = []\nseeds = [] # the challenges that it exercises, such as \"API Downtime\"\n\n")
	fmt.Fprintf(&b, "[load]\nrate     = %s # requests per second; profile = [{ at = \"0s\", rate = 5 }, …] changes it over time\nduration = %q\n", number64(s.Rate), s.Duration)
	b.WriteString(`mix = [ # what is sent, by weight
  { kind = "chat", weight = 5, deadline = "4s" },
  { kind = "stream", weight = 4, tokens = 80 },
  { kind = "faq", weight = 1 },
]

# The first provider is the first choice. Every value of a preset can be
# overridden; brownout explain NAME shows them.
`)
	names := s.providerNames()
	for i, preset := range s.Providers {
		fmt.Fprintf(&b, "[[provider]]\nname = %q\n", names[i])
		if names[i] != preset {
			fmt.Fprintf(&b, "preset = %q\n", preset)
		}
		b.WriteByte('\n')
	}
	slot := (s.Duration - skeletonLead) / time.Duration(max(len(s.Faults), 1))
	slot = slot.Truncate(time.Second)
	for i, kind := range s.Faults {
		at := skeletonLead + time.Duration(i)*slot
		on, err := s.victim(kind, names)
		if err != nil {
			return nil, err
		}
		if err := writeFault(&b, kind, on, at, (slot / 2).Truncate(time.Second)); err != nil {
			return nil, err
		}
	}
	b.WriteString("# What users were promised; brownout explain score says how it counts.\n[promise]\navailability = 0.99\nfailover     = \"2s\"\nrecovery     = \"10s\"\n\n")
	b.WriteString("# What must hold for the run to pass.\n[expect]\navailability = \">= 95%\"\n")
	if len(s.Faults) > 0 {
		b.WriteString("score        = \">= 70\"\n")
	}
	if _, err := Decode("scenario.toml", []byte(b.String())); err != nil {
		return nil, fmt.Errorf("these do not go together: %w", err)
	}
	return []byte(b.String()), nil
}

func (s Skeleton) check() error {
	if len(s.Providers) == 0 {
		return fmt.Errorf("a scenario needs a provider; %s", suggest("", presets.Names()))
	}
	for _, name := range s.Providers {
		if _, ok := presets.Get(name); !ok {
			return fmt.Errorf("unknown provider %q; %s", name, suggest(name, presets.Names()))
		}
	}
	for _, kind := range s.Faults {
		if _, ok := chaos.Lookup(kind); !ok {
			return fmt.Errorf("unknown fault kind %q; %s", kind, suggest(kind, kindNames()))
		}
	}
	if !(s.Rate > 0) || s.Rate > 1e6 {
		return fmt.Errorf("the rate is %v; give requests per second, more than 0", s.Rate)
	}
	if least := Least(len(s.Faults)); s.Duration < least {
		return fmt.Errorf("the duration is %s; %d faults with time to recover need at least %s", s.Duration, len(s.Faults), least)
	}
	return nil
}

// providerNames are the presets' own names, numbered where one comes twice.
func (s Skeleton) providerNames() []string {
	taken := map[string]bool{}
	out := make([]string, len(s.Providers))
	for i, preset := range s.Providers {
		name := preset
		for k := 2; taken[name]; k++ {
			name = fmt.Sprintf("%s-%d", preset, k)
		}
		taken[name], out[i] = true, name
	}
	return out
}

// victim is the first provider that can have the fault.
func (s Skeleton) victim(kind string, names []string) (string, error) {
	k, _ := chaos.Lookup(kind)
	var why error
	for i, preset := range s.Providers {
		p, _ := presets.Get(preset)
		p.Name = names[i]
		err := chaos.Fits(k.New(), p)
		if err == nil {
			return names[i], nil
		}
		if why == nil {
			why = err
		}
	}
	return "", fmt.Errorf("fault %q fits none of these providers: %w", kind, why)
}

// writeFault writes one [[fault]] with the parameters of its kind as comments;
// those without which it would be nothing have a value.
func writeFault(b *strings.Builder, kind, on string, at, length time.Duration) error {
	k, _ := chaos.Lookup(kind)
	given, err := required(kind)
	if err != nil {
		return err
	}
	fmt.Fprintf(b, "# %s\n[[fault]]\nkind = %q\non   = %q # or a list, \"class:cloud\", \"region:us-east-1\", \"model:…\", \"all\"\nat   = %q\nfor  = %q\n", k.Summary, kind, on, at, length)
	for _, p := range chaos.Params(kind) {
		value, set := given[p.Name], true
		if value == "" {
			value, set = paramText(p, p.Default), false
		}
		line := fmt.Sprintf("%s = %s # %s", p.Name, value, p.Doc)
		if r := p.Range(); r != "" {
			line += " (" + r + ")"
		}
		if !set {
			line = "# " + line
		}
		fmt.Fprintln(b, line)
	}
	b.WriteByte('\n')
	return nil
}

// required finds a value for the one parameter without which a kind does
// nothing, as TOML text by the parameter's name.
func required(kind string) (map[string]string, error) {
	_, _, missing := chaos.Bind(kind, nil)
	if missing == nil {
		return nil, nil
	}
	for _, p := range chaos.Params(kind) {
		for _, try := range []any{int64(60), 0.5, int64(1), "2s", "500ms", true} {
			if _, _, err := chaos.Bind(kind, map[string]any{p.Name: try}); err == nil {
				return map[string]string{p.Name: literal(try)}, nil
			}
		}
		for _, word := range p.Enum {
			if _, _, err := chaos.Bind(kind, map[string]any{p.Name: word}); err == nil {
				return map[string]string{p.Name: literal(word)}, nil
			}
		}
	}
	return nil, fmt.Errorf("fault %q needs parameters that only you know (%w); leave it out, and add it by hand", kind, missing)
}

// paramText writes a parameter's default as TOML.
func paramText(p chaos.Param, text string) string {
	switch p.Type {
	case "number", "integer":
		if text == "" {
			return "0"
		}
		return text
	case "flag":
		return strconv.FormatBool(text == "true")
	case "duration":
		if text == "" {
			text = "0s"
		}
	}
	return quoted(text)
}

func literal(v any) string {
	switch v := v.(type) {
	case string:
		return quoted(v)
	case float64:
		return number64(v)
	}
	return fmt.Sprint(v)
}

// number64 writes a number as TOML, never as an integer with an exponent.
func number64(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// quoted writes a TOML basic string.
func quoted(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
