package wire

// Words counts runs of bytes that are not ASCII white space.
func Words(s string) int {
	n, inWord := 0, false
	for i := range len(s) {
		space := s[i] == ' ' || s[i] == '\n' || s[i] == '\t' || s[i] == '\r'
		if !space && !inWord {
			n++
		}
		inWord = !space
	}
	return n
}
