package wire

// appendIndented appends JSON with two spaces of indentation, as Google writes
// its whole bodies. src must be valid. It is json.Indent, but skips strings in
// one step and takes no buffer.
func appendIndented(dst, src []byte) []byte {
	depth := 0
	line := func() {
		dst = append(dst, '\n')
		for range depth {
			dst = append(dst, ' ', ' ')
		}
	}
	for i := 0; i < len(src); i++ {
		switch c := src[i]; c {
		case ' ', '\t', '\r', '\n':
		case '"':
			n := literalEnd(src[i:])
			if n < 0 {
				return append(dst, src[i:]...)
			}
			dst = append(dst, src[i:i+n]...)
			i += n - 1
		case '{', '[':
			dst = append(dst, c)
			if next := nextToken(src, i+1); next < len(src) && (src[next] == '}' || src[next] == ']') {
				dst = append(dst, src[next])
				i = next
				continue
			}
			depth++
			line()
		case '}', ']':
			depth--
			line()
			dst = append(dst, c)
		case ',':
			dst = append(dst, c)
			line()
		case ':':
			dst = append(dst, ':', ' ')
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// nextToken is where the next byte stands that is not white space.
func nextToken(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\r' || b[i] == '\n') {
		i++
	}
	return i
}
