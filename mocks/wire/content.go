package wire

import (
	"encoding/json"
	"strings"
)

// content is a message's content: a string, or an array of parts of which only
// those with text count. It never fails to decode; where it holds something
// else, bad names the JSON type found, so that each dialect can complain in
// its own words and with the message's index.
type content struct {
	text string
	set  bool // present and not null
	bad  string
}

// UnmarshalJSON reads either form.
func (c *content) UnmarshalJSON(b []byte) error {
	*c = content{set: true}
	switch jsonType(b) {
	case "null":
		c.set = false
	case "string":
		var ok bool
		if c.text, ok = unquote(b); !ok {
			c.bad = "string"
		}
	case "array":
		var parts []struct {
			Type string `json:"type"`
			Text string `json:"text"`
		}
		if err := json.Unmarshal(b, &parts); err != nil {
			c.bad = "array of other things"
			return nil
		}
		if len(parts) == 1 && isText(parts[0].Type) {
			c.text = parts[0].Text
			return nil
		}
		var all strings.Builder
		for _, p := range parts {
			if isText(p.Type) {
				all.WriteString(p.Text)
			}
		}
		c.text = all.String()
	default:
		c.bad = jsonType(b)
	}
	return nil
}

// isText tells whether a part of that type holds text: OpenAI's chat parts, or
// what its responses API calls them.
func isText(typ string) bool { return typ == "text" || typ == "input_text" || typ == "output_text" }

// stops is a list of stop sequences given as a string or as an array.
type stops struct {
	list []string
	bad  string
}

// UnmarshalJSON reads either form.
func (s *stops) UnmarshalJSON(b []byte) error {
	*s = stops{}
	switch jsonType(b) {
	case "null":
	case "string":
		if one, ok := unquote(b); ok {
			s.list = []string{one}
		}
	case "array":
		if json.Unmarshal(b, &s.list) != nil {
			*s = stops{bad: "array of other things"}
		}
	default:
		s.bad = jsonType(b)
	}
	return nil
}
