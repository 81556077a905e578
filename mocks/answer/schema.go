package answer

import (
	"encoding/json"
	"slices"
	"strings"
)

// schema is what is understood of a JSON Schema.
type schema struct {
	Ref        string                     `json:"$ref"`
	Defs       map[string]json.RawMessage `json:"$defs"`
	Old        map[string]json.RawMessage `json:"definitions"`
	Type       typeNames                  `json:"type"`
	Enum       []json.RawMessage          `json:"enum"`
	Const      json.RawMessage            `json:"const"`
	Properties map[string]json.RawMessage `json:"properties"`
	Required   []string                   `json:"required"`
	Items      json.RawMessage            `json:"items"`
	MinItems   int                        `json:"minItems"`
	MaxItems   *int                       `json:"maxItems"`
	Minimum    *float64                   `json:"minimum"`
	Maximum    *float64                   `json:"maximum"`
	Above      *float64                   `json:"exclusiveMinimum"`
	Below      *float64                   `json:"exclusiveMaximum"`
	MinLength  int                        `json:"minLength"`
	MaxLength  *int                       `json:"maxLength"`
	Format     string                     `json:"format"`
	Pattern    string                     `json:"pattern"`
	AnyOf      []json.RawMessage          `json:"anyOf"`
	OneOf      []json.RawMessage          `json:"oneOf"`
	AllOf      []json.RawMessage          `json:"allOf"`
}

// typeNames is one type or a list of them. Gemini writes them in capitals.
type typeNames []string

// UnmarshalJSON takes either form.
func (t *typeNames) UnmarshalJSON(b []byte) error {
	var one string
	var many []string
	if json.Unmarshal(b, &one) == nil {
		many = []string{one}
	} else if err := json.Unmarshal(b, &many); err != nil {
		return nil // no type that is understood
	}
	for i := range many {
		many[i] = strings.ToLower(many[i])
	}
	*t = many
	return nil
}

// readSchema reads a schema as far as it is one: a field of an unexpected type
// leaves the others as they are.
func readSchema(raw json.RawMessage) *schema {
	s := new(schema)
	_ = json.Unmarshal(raw, s) // as above
	return s
}

// bounds are the least and the greatest number that s allows, 1 and 100 where
// it does not say; step is the distance to a bound that is excluded.
func (s *schema) bounds(step float64) (low, high float64) {
	floor, ceiling := s.Minimum, s.Maximum
	if s.Above != nil {
		floor = new(*s.Above + step)
	}
	if s.Below != nil {
		ceiling = new(*s.Below - step)
	}
	low, high = 1, 100
	switch {
	case floor != nil && ceiling != nil:
		low, high = *floor, *ceiling
	case floor != nil:
		low, high = *floor, *floor+100
	case ceiling != nil:
		low, high = min(1, *ceiling), *ceiling
	}
	const most = 1 << 53 // beyond it floats are no integers any more
	return max(-most, min(low, most)), max(-most, min(high, most))
}

// choose takes the first choice that is not null.
func choose(choices []json.RawMessage) *schema {
	for _, raw := range choices {
		if s := readSchema(raw); !slices.Equal(s.Type, typeNames{"null"}) {
			return s
		}
	}
	return readSchema(choices[0])
}

// merged is s with what its allOf adds.
func (s *schema) merged() *schema {
	all := *s
	all.AllOf = nil
	all.Properties = make(map[string]json.RawMessage)
	all.Required = slices.Clone(s.Required)
	for _, part := range append([]*schema{s}, mapped(s.AllOf)...) {
		for name, p := range part.Properties {
			all.Properties[name] = p
		}
		for _, name := range part.Required {
			if !slices.Contains(all.Required, name) {
				all.Required = append(all.Required, name)
			}
		}
		if len(all.Type) == 0 {
			all.Type = part.Type
		}
		if all.Ref == "" {
			all.Ref = part.Ref
		}
	}
	return &all
}

func mapped(raws []json.RawMessage) []*schema {
	list := make([]*schema, len(raws))
	for i, raw := range raws {
		list[i] = readSchema(raw)
	}
	return list
}
