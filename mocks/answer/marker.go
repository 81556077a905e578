package answer

import (
	"strconv"
	"strings"

	"brownout/chance"
)

// A marker stands in a prompt as [[bo:ID]].
const (
	markerOpen  = "[[bo:"
	markerClose = "]]"
)

// MaxID is the longest ID of a marker, in bytes.
const MaxID = 64

// Mark returns the marker of an ID as it stands in a prompt.
func Mark(id string) string { return markerOpen + id + markerClose }

// ValidID tells whether id is 1 to MaxID of a-z, 0-9 and "-".
func ValidID(id string) bool {
	return len(id) > 0 && len(id) <= MaxID && idLength(id) == len(id)
}

// FindMarker returns the ID of the last marker in text. The last, because a
// conversation quotes earlier turns before it asks.
func FindMarker(text string) (id string, ok bool) {
	for end := len(text); ; {
		i := strings.LastIndex(text[:end], markerOpen)
		if i < 0 {
			return "", false
		}
		rest := text[i+len(markerOpen):]
		if n := idLength(rest); n > 0 && strings.HasPrefix(rest[n:], markerClose) {
			return rest[:n], true
		}
		end = i
	}
}

// Derive makes an ID from a text that carries no marker: the same for the same
// text, at any provider.
func Derive(text string) string {
	k := chance.Key{Marker: text, Purpose: "answer derived id"}
	return "x-" + strconv.FormatUint(k.Bits(), 36)
}

// idLength counts the bytes at the start of s that may stand in an ID, up to
// MaxID of them.
func idLength(s string) int {
	n := 0
	for n < len(s) && n < MaxID && isIDByte(s[n]) {
		n++
	}
	return n
}

func isIDByte(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-'
}
