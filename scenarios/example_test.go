package scenarios_test

import (
	"fmt"

	"brownout/scenarios"
)

func ExampleOpen() {
	s, err := scenarios.Open("provider-outage")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(s.Info().Title)
	p, err := s.Resolve(scenarios.ResolveOptions{Set: []string{"fault.outage.for=5s"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	f := p.Faults[0]
	fmt.Println(f.Kind, "of", f.On, "from", f.At, "to", f.Clear())
	// Output:
	// Primary provider outage at steady load
	// outage of [openai] from 12s to 17s
}

func ExampleDecode_errors() {
	_, err := scenarios.Decode("mine.toml", []byte(`
[load]
rate = 20
duration = "-30s"

[[provider]]
name = "opnai"
`))
	fmt.Println(err)
	// Output:
	// mine.toml:4:1: [load]: duration must be more than 0s, not -30s
	// mine.toml:7:1: provider "opnai": unknown preset "opnai"; did you mean "openai"?
}
