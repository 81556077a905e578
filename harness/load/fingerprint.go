package load

// fingerprint stands for a text that is compared with another: its FNV-1a hash
// of 64 bits, taken piece by piece.
type fingerprint struct {
	on    bool // the text is compared with another at all
	whole bool // it has come to its end
	sum   uint64
}

// FNV-1a as in hash/fnv, which would allocate for every text.
const (
	fnvOffset = 14695981039346656037
	fnvPrime  = 1099511628211
)

// take takes the next piece of the text.
func (f *fingerprint) take(s string) {
	if !f.on {
		return
	}
	if f.sum == 0 {
		f.sum = fnvOffset
	}
	for i := range len(s) {
		f.sum = (f.sum ^ uint64(s[i])) * fnvPrime
	}
}

// differs tells whether both texts are whole and not the same.
func (f *fingerprint) differs(from fingerprint) bool {
	return f.whole && from.whole && f.sum != from.sum
}
