package router

import "strings"

// locate finds the line and column, from 1, of a place in a TOML text. The
// decoder does not keep them. It reads headers and keys line by line, which is
// enough for a configuration; what it cannot find is at 1:1.
func locate(src string, where at) (line, col int) {
	key, isKey := "", false
	table, index := "", 0
	for i, p := range where {
		switch v := p.(type) {
		case int:
			index = v
		case string:
			if i == len(where)-1 {
				key, isKey = v, true
				continue
			}
			table = dotted(table, v)
		}
	}
	current, seen, n := "", -1, 0
	for text := range strings.Lines(src) {
		n++
		trimmed := strings.TrimLeft(text, " \t")
		c := len(text) - len(trimmed) + 1
		if strings.HasPrefix(trimmed, "[") {
			name, _, _ := strings.Cut(strings.TrimLeft(trimmed, "[ \t"), "]")
			current = strings.TrimSpace(name)
			if strings.HasPrefix(trimmed, "[[") && current == table {
				seen++
			}
			if isKey && current == dotted(table, key) || !isKey && current == table && seen == index {
				return n, c
			}
			continue
		}
		name, _, ok := strings.Cut(trimmed, "=")
		if !ok || !isKey {
			continue
		}
		name = strings.Trim(strings.TrimSpace(name), `"'`)
		if (seen < 0 || seen == index) && dotted(current, name) == dotted(table, key) {
			return n, c
		}
	}
	return 1, 1
}

func dotted(table, key string) string {
	if table == "" {
		return key
	}
	return table + "." + key
}
