package router

import (
	"encoding/json"
	"slices"
	"strings"
)

// plainFields are fields of messages whose texts name things of the protocol,
// which a provider must get as they are.
var plainFields = []string{"role", "type", "id", "tool_call_id", "tool_use_id", "model", "media_type", "detail", "format"}

// hideJSON is valid JSON with each of its texts as it is shown, names of
// fields too; with numbers also those, which become texts.
func (v *veil) hideJSON(raw []byte, numbers bool) []byte {
	out := make([]byte, 0, len(raw))
	field := ""
	for i := 0; i < len(raw); {
		switch c := raw[i]; {
		case c == '"':
			end := min(skipText(raw, i), len(raw))
			text, isName := "", isFieldName(raw, end)
			if json.Unmarshal(raw[i:end], &text) != nil {
				out = append(out, raw[i:end]...)
				i = end
				continue
			}
			shown := text
			if isName || !slices.Contains(plainFields, field) && !isBlob(text) {
				shown = v.hide(text)
			}
			if shown == text {
				out = append(out, raw[i:end]...)
			} else {
				out = append(out, '"')
				out = append(out, inJSON(shown)...)
				out = append(out, '"')
			}
			if field = ""; isName {
				field = text
			}
			i = end
		case numbers && (c == '-' || '0' <= c && c <= '9'):
			end := skipValue(raw, i)
			number := string(raw[i:end])
			if shown := v.hide(number); shown != number {
				number = `"` + inJSON(shown) + `"`
			}
			out = append(out, number...)
			i = end
		default:
			out = append(out, c)
			i++
		}
	}
	return out
}

// isFieldName tells whether the text that ends before i is a field's name.
func isFieldName(raw []byte, i int) bool {
	i = skipBlank(raw, i)
	return i < len(raw) && raw[i] == ':'
}

// leastBlob is the length in bytes from which a text without a word in it is
// taken for a picture or a file.
const leastBlob = 256

// isBlob tells whether a text is base64, in which numbers mean nothing.
func isBlob(s string) bool {
	if strings.HasPrefix(s, "data:") {
		_, s, _ = strings.Cut(s, ";base64,")
	}
	if len(s) < leastBlob {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '+', c == '/', c == '=', c == '-', c == '_', c == '\n', c == '\r':
		default:
			return false
		}
	}
	return true
}

// inJSON is a text as it stands between the quotes of JSON.
func inJSON(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(s) != nil {
		return "" // no text fails
	}
	return strings.TrimSuffix(b.String(), "\"\n")[1:]
}
